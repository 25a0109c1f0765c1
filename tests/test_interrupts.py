"""Interrupts: noted in the block, raised where somebody asks, at its end, or at once for who waited long enough."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
from jupyter_client.manager import start_new_kernel

from deeplearning_tutorial import ROOT, interrupts
from deeplearning_tutorial.interrupts import Interrupts


def press():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.01)  # Python calls the handler between two instructions of this


def test_an_interrupt_waits_until_somebody_asks():
    done = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as waiting:
        waiting.take()
        press()
        done.append("the step")
        waiting.take()
        done.append("another step")
    assert done == ["the step"]


def test_without_the_block_it_does_not_wait():
    done = []
    with pytest.raises(KeyboardInterrupt):
        press()
        done.append("the step")
    assert done == []


def test_one_that_nobody_took_is_raised_at_the_end():
    done = []
    with pytest.raises(KeyboardInterrupt), Interrupts():
        press()
        done.append("the step")
    assert done == ["the step"]


def test_many_are_one():
    done = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as waiting:
        for _ in range(5):
            press()
        try:
            waiting.take()
        finally:
            press()
            done.append("what is done to its end")
    assert done == ["what is done to its end"]
    time.sleep(0.01)


def test_who_waits_long_is_heard_at_once(monkeypatch):
    monkeypatch.setattr(interrupts, "AT_ONCE_AFTER", 0.05)
    with pytest.raises(KeyboardInterrupt), Interrupts():
        press()
        time.sleep(0.1)
        press()
        pytest.fail("the step goes on")


def test_but_not_after_it_was_closed(monkeypatch):
    monkeypatch.setattr(interrupts, "AT_ONCE_AFTER", 0.05)
    done = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as waiting:
        press()
        waiting.close()
        time.sleep(0.1)
        press()
        done.append("what is done to its end")
    assert done == ["what is done to its end"]


def test_an_error_is_not_hidden_by_an_interrupt():
    with pytest.raises(ZeroDivisionError), Interrupts():
        press()
        1 / 0  # noqa: B018


def test_the_handler_that_was_there_is_called_and_put_back():
    heard = []

    def handler(number, frame):
        heard.append(number)

    before = signal.signal(signal.SIGINT, handler)
    try:
        with Interrupts() as waiting:
            press()
            assert heard == []
            waiting.take()
            assert heard == [signal.SIGINT]
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts() as waiting:
            press()
            waiting.take()
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_gets_none():
    found = []

    def work():
        with Interrupts() as waiting:
            waiting.take()
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGINT)]


# Training that is interrupted at random moments ---------------------------------------------------------------------

MODEL = """
import deeplearning_tutorial, numpy as np, theano, theano.tensor as T
from deeplearning_tutorial.layers import LogisticRegression
from deeplearning_tutorial.training import MinibatchFunction, fit, last_history
from deeplearning_tutorial.updates import sgd
x, y = T.matrix("x"), T.ivector("y")
rng = np.random.RandomState(0)
labels = theano.shared(np.arange(400) % 2)
data = [theano.shared(rng.rand(400, 4).astype("float32")), T.cast(labels, "int32")]
model = LogisticRegression(x, 4, 2)
cost = model.negative_log_likelihood(y)
train = MinibatchFunction([x, y], cost, data, 100, sgd(cost, model.params, 0.5))
validate = MinibatchFunction([x, y], cost, data, 100)
"""

# The cell of somebody who tries three learning rates; the validation error falls in each epoch, so that the best parameters are
# those of the last validation.
LOOP = """
loops = []
for rate in [1, 2, 3]:
    loops.append(rate)
    if len(loops) == 1:
        print("begun", flush=True)
    fit(train, validate, model.params, n_epochs=10**9, patience=None, progress=False, percent=False, monitor={"w": model.W.mean})
"""

LOOP = LOOP.replace("model.W.mean", "lambda: float(model.W.get_value()[0, 0])")

STATE = """
history = last_history()
curves = [history.epoch, history.elapsed, history.train_cost, history.validation_error, *history.monitored.values()]
same = history.validation_error == [] or validate.mean() == history.best_validation_error == min(history.validation_error)
print("loops", loops, "lengths", len({len(curve) for curve in curves}), "kept", same, "steps", history.n_steps > 0, flush=True)
"""

AS_WANTED = "loops [1] lengths 1 kept True steps True"
BEFORE_THE_FIRST_STEP = AS_WANTED.replace("steps True", "steps False")  # where others use the processor, too


@pytest.mark.slow(15)
def test_a_cell_with_a_loop_ends_with_history_and_parameters_at_any_moment():
    """In a real kernel; interrupts once, twice and many times."""
    random.seed(0)
    manager, client = start_new_kernel(cwd=ROOT)
    try:
        client.execute_interactive(MODEL, timeout=120, output_hook=lambda message: None)
        for times in (1, 2, 2, 5):
            assert _interrupted_loop(manager, client, times) in (AS_WANTED, BEFORE_THE_FIRST_STEP)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _interrupted_loop(manager, client, times):
    """What is left after so many presses of the button, at random moments."""

    def interrupt():
        for _ in range(times):
            time.sleep(random.uniform(0.001, 0.05))
            manager.interrupt_kernel()

    def begin(message):
        if "begun" in message["content"].get("text", ""):
            threading.Thread(target=interrupt).start()

    reply = client.execute_interactive(LOOP, timeout=120, output_hook=begin)["content"]
    assert reply["ename"] == "KeyboardInterrupt"
    time.sleep(0.3)  # until the last of them has come
    heard = []
    # A press that came after the end of the cell interrupts the next one, as it would anything: once more then.
    for _ in range(3):
        client.execute_interactive(
            STATE, timeout=120, output_hook=lambda message: heard.append(message["content"].get("text", ""))
        )
        if shown := re.findall("loops.*", "".join(heard)):
            return shown[-1]
    return "".join(heard)


PROGRAM = (
    MODEL
    + """
import os, random, signal, sys, threading, time
random.seed(int(sys.argv[1]))
begun = threading.Event()
def press(times):
    begun.wait()
    for _ in range(times):
        time.sleep(random.uniform(0, 0.01))
        os.kill(os.getpid(), signal.SIGINT)
inside = False
def handler(number, frame):  # Python's own, but that those after the end of the cell are not for this program
    global inside
    if inside:
        inside = False
        raise KeyboardInterrupt
signal.signal(signal.SIGINT, handler)
for attempt in range(40):
    presses = threading.Thread(target=press, args=[random.randint(1, 4)])
    presses.start()
    inside = True
    try:
"""
    + LOOP.replace('print("begun", flush=True)', "begun.set()").replace("\n", "\n        ")
    + """
    except KeyboardInterrupt:
        pass
    presses.join()
    begun.clear()
    assert signal.getsignal(signal.SIGINT) is handler and not inside
"""
    + STATE.replace("\n", "\n    ")
)


@pytest.mark.slow(15)
@pytest.mark.parametrize("seed", range(3))
def test_forty_times_in_a_program(seed):
    program = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(seed)], cwd=ROOT, capture_output=True, text=True, timeout=200
    )
    assert program.returncode == 0, program.stderr
    shown = [line for line in program.stdout.splitlines() if line.startswith("loops")]
    # An interrupt before `fit` has begun finds another's history.
    assert len(shown) == 40 and set(shown) <= {AS_WANTED, BEFORE_THE_FIRST_STEP} and shown.count(AS_WANTED) >= 20
