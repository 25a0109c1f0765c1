"""How time and memory of this project grow: with width, depth, mini-batch and data set."""

import contextlib
import datetime
import tempfile
from pathlib import Path

import numpy as np

from scripts.benchmarks.tables import heading, row
from scripts.machine import describe_machine

from . import measure, report
from .measure import FEWEST_STEPS, PRODUCT_SIZE, say
from .processes import Worker, WorkerError
from .workloads import Workload

ROWS = 12_000


def mlp(n_hidden, batch_size=20):
    return Workload(f"MLP {', '.join(map(str, n_hidden))}, batch {batch_size}", n_hidden, batch_size, 0.01)


# What grows: its values, and the network and the rows of the data set at one of them.
GROWTH = {
    "units in one hidden layer": ([100, 200, 500, 1000, 2000, 4000], lambda n: (mlp((n,)), ROWS)),
    "hidden layers of 500 units": ([1, 2, 3, 4, 6, 8], lambda n: (mlp((500,) * n), ROWS)),
    "rows in a mini-batch": ([1, 5, 20, 100, 500, 2000], lambda n: (mlp((500,), n), ROWS)),
    "rows in the data set": ([1000, 2000, 5000, 10_000, 20_000, 50_000], lambda n: (mlp((500,)), n)),
}


def grow(options, folder):
    """Measure every point with a worker of its own, those of a panel in turns; returns what goes into benchmark-scale.json."""
    setting = measure.Setting(options.threads[-1], options.device, folder, options.rounds, options.turn)
    n_available = len(measure.load(measure.save_digits(Path(folder, "all.npz"), 50_000))[0])
    growth, problems, results = {}, [], {"versions": {}, "product_s": {}}
    for what, (values, case) in GROWTH.items():
        panel = Panel(what, setting, problems)
        with panel:
            for value in values[:: len(values) - 1] if options.quick else values:
                workload, n_rows = case(value)
                if max(n_rows, workload.batch_size) > n_available:
                    say(f"{what}: only {n_available:,} rows are here, and {value:,} are left out")
                else:
                    panel.add(value, workload, n_rows)
            panel.measure(results)
        growth[what] = [point for _, point in panel.points]
    return {
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine(options.device),
        "device": options.device,
        "threads": setting.n_threads,
        "product_size": PRODUCT_SIZE,
        **results,
        "growth": growth,
        "problems": problems,
    }


class Panel:
    """The points of a panel, each with its worker. One that fails leaves; the others go on."""

    def __init__(self, what, setting, problems):
        self.what, self.setting, self.problems = what, setting, problems
        self.points = []
        self.workers = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.workers.close()

    def add(self, value, workload, n_rows):
        say(f"{self.what}: {value:,}")
        point = {"value": value, "flops": workload.flops, "seconds": []}
        with tempfile.TemporaryDirectory(dir=self.setting.folder) as folder:
            worker = Worker("Theano", workload, first_rows(n_rows, self.setting.folder, folder), self.setting)
            self.workers.callback(worker.close)
            self.points.append((worker, point))
            self.each(self.start, [self.points[-1]])

    def measure(self, results):
        """Rounds in which each worker has its turn, so that a slow minute of the machine hits all of them."""
        for _ in range(self.setting.n_rounds):
            self.each(self.take_turn)
        self.each(lambda worker, point: self.finish(worker, point, results))

    def each(self, action, points=None):
        for worker, point in list(self.points if points is None else points):
            try:
                action(worker, point)
            except WorkerError as error:
                self.problems.append(f"{self.what}, {point['value']}: {error}")
                say(self.problems[-1])
                self.points.remove((worker, point))

    def start(self, worker, point):
        point["version"] = worker.first_answer()["version"]
        worker.ask("time", FEWEST_STEPS)
        a_step = worker.ask("time", FEWEST_STEPS) / FEWEST_STEPS
        point["steps"] = max(FEWEST_STEPS, round(self.setting.turn / a_step))

    def take_turn(self, worker, point):
        point["seconds"].append(worker.ask("time", point["steps"]) / point["steps"])

    def finish(self, worker, point, results):
        """The most memory; and for the peak, the fastest product of all workers."""
        point["memory_mib"] = worker.ask("memory")
        product = worker.ask("product", PRODUCT_SIZE)
        results["product_s"]["Theano"] = min(product, results["product_s"].get("Theano", product))
        results["versions"]["Theano"] = point.pop("version")


def first_rows(n_rows, source, folder):
    pixels, labels = measure.load(Path(source, "all.npz"))
    np.savez(Path(folder, "digits.npz"), pixels=pixels[:n_rows], labels=labels[:n_rows])
    return Path(folder, "digits.npz")


def tables(results):
    machine = results["machine"]
    peak = report.peak(results, results) if results["product_s"] else np.nan  # where all failed
    parts = [
        f"This project with {report.plural(results['threads'], 'thread')} on {machine['processors']} processors of an "
        f"{machine['processor']}, {results['date']}; the share is that of the peak, {peak / 1e9:,.0f} GFLOP/s."
    ]
    for what, points in results["growth"].items():
        lines = heading([what, "a step, µs", "GFLOP/s", "share", "peak memory, MiB"])
        for point in points:
            seconds = np.median(point["seconds"])
            speed = point["flops"] / seconds
            cells = [f"{1e6 * seconds:,.0f}", f"{speed / 1e9:,.1f}", f"{100 * speed / peak:.0f} %"]
            lines.append(row([f"{point['value']:,}", *cells, f"{point['memory_mib']:,.0f}"]))
        parts.append("\n".join(lines))
    if results["problems"]:
        parts.append("Failed: " + "; ".join(results["problems"]) + ".")
    return "\n\n".join(parts)


def draw(results):
    """Four panels, one for each thing that grows: time on the left axis, memory on the right."""
    plt = report.plt
    figure, panels = plt.subplots(2, 2, figsize=(10, 7))
    for panel, (what, points) in zip(panels.flat, results["growth"].items()):
        values = [point["value"] for point in points]
        panel.loglog(values, [1e3 * np.median(point["seconds"]) for point in points], "o-", color="#c8452f")
        panel.set_xlabel(what)
        panel.set_xticks(values, [f"{value:,}" for value in values])
        panel.set_ylabel("a step, ms", color="#c8452f")
        # What hardly changes shall not look as if it did.
        low, high = panel.get_ylim()
        panel.set_ylim(low / max(1, (4 * low / high) ** 0.5), high * max(1, (4 * low / high) ** 0.5))
        panel.yaxis.set_major_locator(plt.LogLocator(subs=(1, 2, 5)))
        panel.minorticks_off()
        panel.yaxis.set_major_formatter(lambda number, _: f"{number:g}")
        panel.grid(color="#dddddd", linewidth=0.6)
        memory = panel.twinx()
        memory.plot(values, [point["memory_mib"] for point in points], "s--", color="#2468a8", markersize=4)
        memory.set_ylim(0, 1.15 * memory.get_ylim()[1])
        memory.set_ylabel("peak memory, MiB", color="#2468a8")
        for axes in (panel, memory):
            axes.spines["top"].set_visible(False)
    figure.tight_layout()
    return figure
