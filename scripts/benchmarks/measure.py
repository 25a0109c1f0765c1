"""The comparison itself: every engine trains every workload, is checked, and is timed in turns with the others."""

import contextlib
import datetime
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scripts.machine import describe_machine, flags_with_device

from . import numpy_engine
from .processes import Worker, WorkerError
from .workloads import WORKLOADS

CHECKED_STEPS = 20
TOLERANCE = 1e-4  # of a loss; float32 rounds to 6e-8, and 20 steps carry that on
NOISY_STEPS = 200
NOISY_TOLERANCE = 0.05  # of their mean cost: each engine draws random numbers of its own
PRODUCT_SIZE = 2048  # large enough that a product of two such matrices shows the machine's peak
FEWEST_STEPS = 5
CHANNELS_LAST = "PyTorch channels last"


@dataclass(frozen=True)
class Setting:
    """What is the same for all workers of a workload; times are in seconds."""

    n_threads: int | None  # that libraries are told to use; None: they choose, as they do by default
    device: str
    folder: str
    n_rounds: int
    turn: float
    n_processors: int | None = None  # that a worker may use; None: one for each thread


def compare(options, folder):
    """Measure everything that was asked for.

    Returns
    -------
    dict
        What is written to benchmark.json: for each number of threads and each workload, what each engine needed.
    """
    digits = save_digits(Path(folder, "digits.npz"), 12_000)
    versions, problems, blocks, cold = {}, [], [], {}
    for n_threads in options.threads:
        setting = Setting(n_threads, options.device, folder, options.rounds, options.turn)
        block = {"threads": n_threads, "product_s": {}, "workloads": {}}
        for name in options.workloads:
            contest = Contest(name, WORKLOADS[name], engines_for(WORKLOADS[name], options.engines), digits, setting)
            if "Theano" in options.engines and not options.quick:
                contest.compiledir = Path(folder, f"theano-{name}")
                if name not in cold:
                    cold[name] = contest.start_cold()
            with contest:
                contest.run(with_product=not block["product_s"])
            block["product_s"] |= contest.products
            block["workloads"][name] = contest.found
            problems += contest.problems
            versions |= contest.versions
        blocks.append(block)
    return {
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine(options.device),
        "device": options.device,
        "versions": versions,
        "digits": len(load(digits)[0]),
        "rounds": options.rounds,
        "seconds_a_turn": options.turn,
        "product_size": PRODUCT_SIZE,
        "engines": options.engines,
        "workloads": {
            name: {
                "title": WORKLOADS[name].title,
                "flops": WORKLOADS[name].flops,
                "theano_cold_first_result_s": cold.get(name),
            }
            for name in options.workloads
        },
        "threads": blocks,
        "problems": problems,
    }


class Contest:
    """All engines on one workload, with one number of threads. An engine that fails leaves; the others go on."""

    def __init__(self, name, workload, engines, digits, setting):
        self.name, self.workload, self.engines = name, workload, engines
        self.digits, self.setting = digits, setting
        self.compiledir = None
        self.workers = {}
        self.found = {}  # of each engine, as it goes into the file
        self.products, self.versions, self.problems = {}, {}, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers.values():
            worker.close()

    def start_cold(self):
        """Seconds until Theano's first result where nothing was ever compiled; None if it failed."""
        say(f"{self.name}: Theano compiles everything anew")
        worker = self.new_worker("Theano")
        with contextlib.closing(worker), self.reporting("Theano"):
            return worker.first_answer()["first_result_s"]

    def run(self, with_product):
        n_threads = self.setting.n_threads
        say(f"{self.name}, {n_threads} thread{'s' * (n_threads > 1)}: ", end="")
        for engine in self.engines:
            say(engine, end=", ")
            self.start(engine)
        say("losses", end=", ")
        self.expected = expected_costs(self.workload, self.digits)
        self.each(self.check)
        if with_product:
            say("product", end=", ")
            self.each(self.multiply)
        say("rounds", end="")
        self.each(self.choose_steps)
        for number in range(self.setting.n_rounds):
            say(f" {number + 1}", end="")
            self.each(self.take_turn, first=number)
        self.each(self.ask_memory)
        say("")
        # Who stops a run of an hour has seen what was measured until then.
        steps = {engine: 1e6 * np.median(one["seconds"]) for engine, one in self.found.items()}
        say(f"  µs a step: {', '.join(f'{engine} {step:,.0f}' for engine, step in steps.items()) or 'none'}")

    def new_worker(self, engine):
        return Worker(engine, self.workload, self.digits, self.setting, self.compiledir)

    def circumstances(self):
        """What a problem is told with: under which of several conditions it came up."""
        return f"threads {self.setting.n_threads}"

    @contextlib.contextmanager
    def reporting(self, engine):
        """Turn a failure into a sentence."""
        try:
            yield
        except WorkerError as error:
            self.problems.append(f"{engine}, {self.name}, {self.circumstances()}: {error}")
            say(f"\n{self.problems[-1]}")
            self.found.pop(engine, None)

    def each(self, action, first=0):
        """Do this with every engine in turn, beginning with another one each round."""
        engines = list(self.found)
        first %= max(len(engines), 1)
        for engine in engines[first:] + engines[:first]:
            with self.reporting(engine):
                action(engine, self.workers[engine])

    def start(self, engine):
        with self.reporting(engine):
            self.workers[engine] = self.new_worker(engine)
            answer = self.workers[engine].first_answer()
            self.versions[engine] = answer.pop("version")
            self.found[engine] = answer

    def check(self, engine, worker):
        losses, noisy_cost = self.expected
        self.found[engine]["losses"] = worker.ask("check", CHECKED_STEPS)
        problem = find_difference(self.found[engine]["losses"], losses)
        if self.workload.is_noisy and not problem:
            cost = self.found[engine]["noisy_cost"] = float(np.mean(worker.ask("train", NOISY_STEPS)))
            if not abs(cost - noisy_cost) <= NOISY_TOLERANCE * noisy_cost:
                problem = f"the mean cost of {NOISY_STEPS} steps is {cost:.4f} and NumPy's {noisy_cost:.4f}"
        if problem:
            raise WorkerError(problem)

    def multiply(self, engine, worker):
        self.products[engine] = worker.ask("product", PRODUCT_SIZE)

    def choose_steps(self, engine, worker):
        """As many steps as fill a turn. What compiles anew for each number of steps does so now."""
        worker.ask("time", FEWEST_STEPS)
        a_step = worker.ask("time", FEWEST_STEPS) / FEWEST_STEPS
        steps = max(FEWEST_STEPS, round(self.setting.turn / a_step))
        worker.ask("time", steps)
        self.found[engine] |= {"steps": steps, "seconds": []}

    def take_turn(self, engine, worker):
        steps = self.found[engine]["steps"]
        self.found[engine]["seconds"].append(worker.ask("time", steps) / steps)

    def ask_memory(self, engine, worker):
        self.found[engine]["memory_mib"] = worker.ask("memory")


def engines_for(workload, engines):
    """Those that make a difference: without images there is nothing to lay out another way."""
    return [engine for engine in engines if workload.convolutions or engine != CHANNELS_LAST]


def expected_costs(workload, digits):
    """What the formulas give, computed in this process: the losses without noise; and with it the mean, else None."""
    pixels, labels = load(digits)
    params = workload.initial_params()
    n_batches = len(pixels) // workload.batch_size
    # A worker trained one step before it is asked for these.
    steps = [step % n_batches for step in range(max(CHECKED_STEPS, NOISY_STEPS + 1))]
    losses = numpy_engine.Engine(workload.without_noise(), pixels, labels, params).run(steps[:CHECKED_STEPS])
    if not workload.is_noisy:
        return losses, None
    return losses, float(np.mean(numpy_engine.Engine(workload, pixels, labels, params).run(steps)[1:]))


def find_difference(losses, expected):
    """A sentence about the first loss that is not the expected one; None if there is none."""
    if len(losses) != len(expected):
        return f"{len(losses)} losses came back, and NumPy has {len(expected)}"
    for step, (loss, right) in enumerate(zip(losses, expected), start=1):
        if not abs(loss - right) <= TOLERANCE * abs(right):  # a NaN is different too
            return f"the loss of step {step} is {loss:.7g} and NumPy's {right:.7g}: more than {TOLERANCE:g} of it apart"


# ----------------------------------------------------------------------------------------------------------------------
# Digits


def save_digits(path, n_rows):
    """Write the first training digits to an .npz file, for the workers; returns its path."""
    # This process only reads them: the device is for the workers.
    os.environ["THEANO_FLAGS"] = flags_with_device("cpu")
    import deeplearning_tutorial  # noqa: F401  before theano
    from deeplearning_tutorial.data import load_data
    from deeplearning_tutorial.data.download import DataError

    try:
        with contextlib.redirect_stdout(sys.stderr):
            x, y = load_data()[0]
    except (DataError, ValueError) as error:
        sys.exit(str(error))
    np.savez(path, pixels=x.get_value(borrow=True)[:n_rows], labels=y.eval()[:n_rows].astype("int32"))
    return path


def load(digits):
    with np.load(digits, allow_pickle=False) as data:
        return data["pixels"], data["labels"]


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)
