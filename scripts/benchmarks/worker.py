"""One engine with one workload, in a process of its own: reads commands from standard input, answers in JSON.

The workload is one of `WORKLOADS`, or one of your own as `Workload.to_json` writes it. The first answer, unasked, says
how long the start took: until the libraries were imported, and until the first step was done, all in seconds.

    check N      N steps without random numbers, from the initial weights: the cost of each
    train N      N steps: the cost of each
    time N       N steps: seconds
    settle N     steps for N milliseconds, so that the engine gets used to what else the machine does, and then steps for as
                 long that are timed: seconds a step, processor seconds a step, and how many these were
    product N    a product of two N x N matrices: seconds
    memory       the most memory this process ever held: MiB
    graph        of an engine of `LIBRARIES`: the nodes of the graph of a step
    choices      of such an engine: what its library chose, as one_network/choices.py says
"""

import ctypes
import functools
import itertools
import json
import os
import re
import signal
import sys
import time
from pathlib import Path

ENGINES = {
    "Theano": ("theano_engine", "Engine"),
    "NumPy": ("numpy_engine", "Engine"),
    "PyTorch": ("torch_engine", "Engine"),
    "PyTorch channels last": ("torch_engine", "ChannelsLastEngine"),
    "PyTorch compiled": ("torch_engine", "CompiledEngine"),
    "JAX": ("jax_engine", "Engine"),
    "JAX scanned": ("jax_engine", "ScannedEngine"),
}

# The same network as each library has it, by the module in one_network/ that builds it; scripts/libraries runs these.
LIBRARIES = {
    "by_hand": "Theano by hand",
    "by_module": "this module",
    "by_lasagne": "Lasagne",
    "by_keras_on_theano": "Keras 2 on Theano",
    "by_pytorch": "PyTorch",
    "by_tensorflow": "TensorFlow",
    "by_jax": "JAX",
}


PR_SET_PDEATHSIG = 1


def main():
    # A stopped worker would outlive a driver that was killed.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    engine_name, workload, data_file, n_processors = sys.argv[1:]
    # Before any library counts the processors.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(n_processors)])
    # What libraries say while they start must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    started = time.perf_counter()

    import numpy as np
    from workloads import WORKLOADS, Workload

    workload = WORKLOADS.get(workload) or Workload.from_json(workload)
    with np.load(data_file, allow_pickle=False) as data:
        pixels, labels = data["pixels"], data["labels"]
    n_batches = len(pixels) // workload.batch_size
    pixels, labels = (array[: n_batches * workload.batch_size] for array in (pixels, labels))
    params = workload.initial_params()

    module, make = load(engine_name)
    imported = time.perf_counter()
    engine = make(workload, pixels, labels, params)
    engine.run([0])
    first_result = time.perf_counter()
    ready = {"version": module.version(), "import_s": imported - started, "first_result_s": first_result - started}
    print(json.dumps(ready), file=answers)

    batches = itertools.cycle(range(n_batches))

    def indices(n):
        return list(itertools.islice(batches, n))

    for line in sys.stdin:
        command, *numbers = line.split()
        n = int(numbers[0]) if numbers else 0
        if command == "check":
            quiet = make(workload.without_noise(), pixels, labels, params)
            answer = quiet.run([index % n_batches for index in range(n)])
        elif command == "train":
            answer = engine.run(indices(n))
        elif command == "time":
            answer = seconds(functools.partial(engine.run, indices(n)))
        elif command == "settle":
            answer = settled(engine, indices, n / 1000)
        elif command == "product":
            a, b = np.random.RandomState(0).normal(size=(2, n, n)).astype("float32")
            multiply = module.matrix_product(a, b)
            multiply()
            answer = min(seconds(multiply) for _ in range(5))
        elif command == "graph":
            answer = engine.graph()
        elif command == "choices":
            answer = engine.choices()
        else:
            answer = peak_memory()
        print(json.dumps(answer), file=answers)


def load(engine_name):
    """The module of an engine, and what makes the engine of a workload, pixels, labels and initial weights."""
    if engine_name in LIBRARIES:
        sys.path.insert(0, str(Path(__file__).with_name("one_network")))
        from engine import Engine

        module = __import__(engine_name)
        return module, functools.partial(Engine, module)
    module, name = ENGINES[engine_name]
    module = __import__(module)
    return module, getattr(module, name)


def settled(engine, indices, duration):
    """Seconds a step once the engine has trained for `duration` seconds, measured for as long."""
    steps, started = 1, time.perf_counter()
    while True:
        took = seconds(functools.partial(engine.run, indices(steps)))
        if time.perf_counter() - started >= duration:
            break
        # Calls long enough that their beginning and end do not count; each length was compiled for before it is timed.
        if took < duration / 10:
            steps *= 2
    n_calls, elapsed = 0, 0.0
    started, processor_started = time.perf_counter(), time.process_time()
    while elapsed < duration:
        engine.run(indices(steps))
        n_calls, elapsed = n_calls + 1, time.perf_counter() - started
    n_steps = n_calls * steps
    processor_seconds = time.process_time() - processor_started
    return {"seconds": elapsed / n_steps, "processor_s": processor_seconds / n_steps, "steps": n_steps}


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def peak_memory():
    # getrusage would count the memory of the process that started this one.
    return int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024


if __name__ == "__main__":
    main()
