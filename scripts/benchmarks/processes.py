"""The driver's side of worker.py: starts a worker, asks it, and keeps it still while another one is measured."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.machine import flags_with_device

from . import peers

WORKER = Path(__file__).resolve().with_name("worker.py")
PATIENCE = 900  # seconds for an answer; compiling takes the longest
THREADS = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BENCHMARK_THREADS"]
# What else tells libraries how many threads to use, where, and how these wait.
ABOUT_THREADS = r"(G?OMP|KMP|MKL|OPENBLAS|GOTO|BLIS|DNNL|ONEDNN)_|(BENCHMARK|NUMEXPR_NUM|NUMEXPR_MAX)_THREADS$"


# The engines that run in the environment of this process. Those of scripts/libraries find Lasagne and Keras 2.3 in a folder.
BESIDE_LIBRARIES = {"by_hand", "by_module", "by_lasagne", "by_keras_on_theano"}
ON_THEANO = {"Theano", *BESIDE_LIBRARIES}


class WorkerError(Exception):
    """An engine that died, hangs, or computes something else."""


class Worker:
    """A process with one engine and one workload, stopped except while it answers.

    An idle engine is not a quiet one: its threads go on looking for work for a while, on the processors of the next.
    """

    def __init__(self, engine, workload, data, setting, compiledir=None):
        command = [
            python_of(engine),
            WORKER,
            engine,
            workload.to_json(),
            data,
            setting.n_processors or setting.n_threads,
        ]
        self.errors = tempfile.TemporaryFile(dir=setting.folder)
        self.process = subprocess.Popen(
            list(map(str, command)),
            env=environment(engine, setting, compiledir),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            start_new_session=True,  # with all the processes that it starts, it is stopped and ended as one group
        )

    def first_answer(self):
        answer = self.read()
        self.send_signal(signal.SIGSTOP)
        return answer

    def ask(self, command, number=""):
        self.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(f"{command} {number}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it died: `read` says why
        answer = self.read()
        self.send_signal(signal.SIGSTOP)
        return answer

    def read(self):
        ready, *_ = select.select([self.process.stdout], [], [], PATIENCE)
        if not ready:
            raise WorkerError(f"no answer for {PATIENCE} s")
        line = self.process.stdout.readline()
        if not line:
            raise WorkerError(
                f"the worker ended (exit status {self.process.wait()}); its last lines:\n{self.last_words()}"
            )
        return json.loads(line)

    def last_words(self):
        self.errors.seek(0)
        return "\n".join(self.errors.read().decode(errors="replace").splitlines()[-12:])

    def send_signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def close(self):
        self.send_signal(signal.SIGKILL)
        self.process.wait()
        for file in (self.process.stdout, self.errors):
            file.close()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass


def python_of(engine):
    if engine in ON_THEANO:
        return sys.executable
    return peers.TENSORFLOW_PYTHON if engine == "by_tensorflow" else peers.PYTHON


def environment(engine, setting, compiledir=None):
    """What a worker finds in its environment: how many threads, which device, and no compiled code of an earlier run."""
    if setting.n_threads is None:
        values = without_threads(os.environ)
    else:
        values = {**os.environ, **dict.fromkeys(THREADS, str(setting.n_threads))}
    values["BENCHMARK_DEVICE"] = setting.device
    if engine in BESIDE_LIBRARIES:
        values["PYTHONPATH"] = str(peers.ON_THEANO)
        values["KERAS_HOME"] = tempfile.mkdtemp(dir=setting.folder)
    if engine in ON_THEANO:
        values["THEANO_FLAGS"] = flags_with_device(setting.device)
        if compiledir:
            values["THEANO_FLAGS"] += f",base_compiledir={compiledir}"
    values["TORCHINDUCTOR_CACHE_DIR"] = tempfile.mkdtemp(dir=setting.folder)
    values["JAX_ENABLE_COMPILATION_CACHE"] = "false"
    return values


def without_threads(variables):
    """An environment in which nothing is said about threads: libraries choose, as they do where nobody has thought of it."""
    return {name: value for name, value in variables.items() if not re.match(ABOUT_THREADS, name)}
