"""Train the same network in seven libraries, each in a process of its own, and compare what comes of it.

Theano by hand, this module, Lasagne 0.1, Keras 2.3 on Theano, PyTorch, TensorFlow with Keras 3, and JAX get the same
digits, initial weights, mini-batches and learning rate. The losses of the first 20 steps must be those of the formulas in
NumPy, to 1e-4 of their size. Then they are timed in turns. The table goes to standard output; libraries.json,
libraries.png and libraries-graphs.png into a folder.

What they need is installed in .venv/benchmark and .venv/libraries the first time: 4 GB to download, and 8 GB on disk.

The exit status is 1 if a library failed, or computed something else.
"""

import argparse
import contextlib
import datetime
import io
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from scripts import ROOT
from scripts.arguments import file_to_read, folder_to_write, some_of, whole_number
from scripts.benchmarks import measure, peers
from scripts.benchmarks.processes import ON_THEANO
from scripts.benchmarks.tables import heading, row
from scripts.benchmarks.worker import LIBRARIES
from scripts.benchmarks.workloads import LENET, Workload
from scripts.files import write_atomically
from scripts.machine import describe_machine

NETWORKS = {
    "mlp": Workload("MLP 784-500-10, batch 20", (500,), 20, 0.01),
    "lenet": Workload("LeNet 20-50-500, batch 100", batch_size=100, **LENET),
}
ENGINES = {
    engine.removeprefix("by_").replace("_", "-"): engine for engine in LIBRARIES
}  # by their names for --libraries
CODE = Path(__file__).with_name("one_network")
END_OF_CODE = "\n\n# --- what is told about it\n"


def main(arguments=None):
    options = parse(arguments)
    if options.report:
        print(tables(read(options.report)))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        results = run(options)
    except KeyboardInterrupt:
        print("\nStopped; nothing was written.", file=sys.stderr)
        return 130
    print(tables(results))
    write(results, options.output)
    print("", *results["problems"], sep="\n", file=sys.stderr)
    return 1 if results["problems"] else 0


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="scripts/libraries", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--libraries", type=some_of(ENGINES), metavar="A,B", help=f"of {', '.join(ENGINES)} (default: all)"
    )
    parser.add_argument(
        "--rounds", type=whole_number(1, 1000, "a number of rounds"), default=5, metavar="N",
        help="turns of each library (default: 5)",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=whole_number(1, len(os.sched_getaffinity(0)), "a number of threads"), default=1, metavar="N",
        help="of each library (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--cold", action="store_true", help="also: the first step where nothing was ever compiled; minutes for each"
    )
    parser.add_argument(
        "--output", type=folder_to_write, default=ROOT / "results", metavar="FOLDER",
        help="where to write (default: results)",
    )  # fmt: skip
    parser.add_argument(
        "--report", type=file_to_read, metavar="FILE", help="only print the table of a file written before"
    )
    options = parser.parse_args(arguments)
    options.libraries = [ENGINES[name] for name in options.libraries or ENGINES]
    return options


# ----------------------------------------------------------------------------------------------------------------------
# What is measured


def run(options):
    peers.make_libraries(tensorflow="by_tensorflow" in options.libraries)
    if {"by_pytorch", "by_jax"} & set(options.libraries):
        peers.make_environment("cpu")
    load = round(os.getloadavg()[0], 2)
    with tempfile.TemporaryDirectory(prefix="libraries-", ignore_cleanup_errors=True) as folder:
        return {**compare(options, folder), "load_before": load}


def compare(options, folder):
    """What goes into libraries.json."""
    digits = measure.save_digits(Path(folder, "digits.npz"), 12_000)
    setting = measure.Setting(options.threads, "cpu", folder, options.rounds, turn=0.3)
    networks, versions, graphs, choices, problems = {}, {}, {}, {}, []
    for name, workload in NETWORKS.items():
        contest = Libraries(name, workload, options.libraries, digits, setting, options.cold)
        first = {engine: contest.start_once(engine) for engine in options.libraries if engine in ON_THEANO}
        with contest:
            contest.run(with_product=False)
            if name == "mlp":
                contest.each(lambda engine, worker: graphs.update({engine: worker.ask("graph")}))
                contest.each(lambda engine, worker: choices.update({engine: worker.ask("choices")}))
        for engine in contest.found.keys() & first.keys() if options.cold else ():
            contest.found[engine]["cold_s"] = first[engine]
        networks[name] = {
            "title": workload.title,
            "learning_rate": workload.learning_rate,
            "expected": contest.expected[0],
            "libraries": contest.found,
        }
        versions |= contest.versions
        problems += contest.problems
    return {
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine(),
        "threads": options.threads,
        "rounds": options.rounds,
        "tolerance": measure.TOLERANCE,
        "versions": versions,
        "lines": {engine: len(lines_of_code(engine)) for engine in options.libraries},
        "networks": networks,
        "choices": choices,
        "graphs": graphs,
        "problems": problems,
    }


class Libraries(measure.Contest):
    """All libraries on one network. Those on Theano compile what they need before their time counts."""

    def __init__(self, name, workload, engines, digits, setting, is_cold):
        super().__init__(name, workload, engines, digits, setting)
        self.is_cold = is_cold

    def start_once(self, engine):
        """Seconds from a new process to the end of the first step, this time with compiling; None if it failed."""
        measure.say(f"{self.name}: {LIBRARIES[engine]} compiles what it lacks")
        worker = self.new_worker(engine)
        with contextlib.closing(worker), self.reporting(engine):
            answer = worker.first_answer()
            return answer["import_s"] + answer["first_result_s"]

    def new_worker(self, engine):
        folder = Path(self.setting.folder, f"theano-{self.name}-{engine}") if self.is_cold else None
        return measure.Worker(engine, self.workload, self.digits, self.setting, folder)


def code_of(engine):
    """The text of a library's network: what is between the head of its module and what is told about it."""
    text = (CODE / f"{engine}.py").read_text(encoding="utf-8")
    return text[: text.index(END_OF_CODE)].strip() + "\n"


def lines_of_code(engine):
    """Those that hold something, but for the comments and the docstring."""
    lines = code_of(engine).split('"""')[2].splitlines()
    return [line for line in lines if line.strip() and not line.strip().startswith("#")]


# ----------------------------------------------------------------------------------------------------------------------
# What came of it


def read(path):
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        if "networks" in results:
            return results
    except (OSError, ValueError) as error:
        sys.exit(f"{path} cannot be read: {error}")
    sys.exit(f"{path} is no file that scripts/libraries wrote.")


def tables(results):
    """A table in Markdown for each network."""
    parts = [f"{'; '.join(results['versions'].values())}; {results['date']}, threads: {results['threads']}."]
    for network in results["networks"].values():
        columns = ["library", "losses differ by", "a step, µs", "first step, s", "nothing compiled yet, s", "MiB"]
        lines = heading([f"{network['title']}: {columns[0]}", *columns[1:]])
        for engine, found in network["libraries"].items():
            lines.append(row([LIBRARIES[engine], *in_words(found, network["expected"])]))
        parts.append("\n".join(lines))
    if results["problems"]:
        parts.append("Failed: " + "; ".join(results["problems"]) + ".")
    return "\n\n".join(parts)


def in_words(found, expected):
    cold = found.get("cold_s")
    return [
        f"{largest_difference(found['losses'], expected):.0e}",
        f"{1e6 * np.median(found['seconds']):,.0f}",
        f"{found['import_s'] + found['first_result_s']:.1f}",
        "" if cold is None else f"{cold:.0f}",
        f"{found['memory_mib']:.0f}",
    ]


def largest_difference(losses, expected):
    """As a fraction of the loss."""
    return max(abs(loss - right) / abs(right) for loss, right in zip(losses, expected, strict=True))


def draw(results):
    """For each network a panel: microseconds a step, seconds to the first step, and memory."""
    networks = list(results["networks"].values())
    measures = {
        "milliseconds a step": lambda found: 1e3 * np.median(found["seconds"]),
        "seconds to the first step": lambda found: found["import_s"] + found["first_result_s"],
        "memory, MiB": lambda found: found["memory_mib"],
    }
    figure, panels = plt.subplots(len(networks), 3, figsize=(11, 2.8 * len(networks)), sharey=True, squeeze=False)
    for line, network in zip(panels, networks):
        engines = list(network["libraries"])
        for panel, (title, measure_of) in zip(line, measures.items()):
            values = [measure_of(network["libraries"][engine]) for engine in engines]
            colors = ["#2468a8" if engine in ON_THEANO else "#f0a57d" for engine in engines]
            bars = panel.barh(range(len(engines)), values, color=colors)
            panel.bar_label(bars, [f"{value:,.3g}" if value < 100 else f"{value:,.0f}" for value in values], padding=3)
            panel.set_xlim(0, 1.25 * max(values, default=1))
            panel.set_xlabel(title)
            panel.spines[["top", "right"]].set_visible(False)
        line[0].set_yticks(range(len(engines)), [LIBRARIES[engine] for engine in engines])
        line[0].set_title(network["title"], loc="left", fontsize=11)
    panels[0, 0].invert_yaxis()
    figure.tight_layout()
    return figure


def draw_graphs(graphs):
    """The graph of a step of the MLP in each library: inputs above, what is computed of them below."""
    columns = 3
    lines = max(1, -(-len(graphs) // columns))
    figure, panels = plt.subplots(lines, columns, figsize=(13, 8 * lines), squeeze=False)
    for panel in panels.flat:
        panel.axis("off")
    for panel, (engine, nodes) in zip(panels.flat, graphs.items()):
        draw_graph(panel, nodes)
        panel.set_title(f"{LIBRARIES[engine]}: {len(nodes)} nodes", fontsize=12)
    figure.tight_layout()
    return figure


def draw_graph(panel, nodes):
    """Each node below all of its inputs, as many in a line as there are at that depth."""
    depths = []
    for _, inputs in nodes:
        depths.append(1 + max((depths[i] for i in inputs), default=-1))
    levels = [[i for i, depth in enumerate(depths) if depth == level] for level in range(max(depths, default=-1) + 1)]
    x, y = {}, {}
    for level, members in enumerate(levels):
        for place, i in enumerate(members):
            x[i], y[i] = (place + 0.5) / len(members), -level
    for i, (label, inputs) in enumerate(nodes):
        for j in inputs:
            panel.plot([x[j], x[i]], [y[j], y[i]], color="#bbbbbb", linewidth=0.7, zorder=1)
        is_given = label.split()[0] in ("input", "weights")
        panel.text(
            x[i], y[i], label[:26], ha="center", va="center", fontsize=6.5, zorder=2, rotation=15,
            bbox={"boxstyle": "round,pad=0.2", "fc": "#c9ebdd" if is_given else "#ffffff", "ec": "#777777", "lw": 0.5},
        )  # fmt: skip
    panel.set(xlim=(-0.1, 1.1), ylim=(-len(levels), 1))


def write(results, folder):
    """The numbers and the figures, each file whole or not at all."""
    # An error's further lines show paths of this machine.
    results = {**results, "problems": [problem.splitlines()[0] for problem in results["problems"]]}
    write_atomically(folder / "libraries.json", json.dumps(results, ensure_ascii=False) + "\n")
    for name, figure in ("libraries", draw(results)), ("libraries-graphs", draw_graphs(results["graphs"])):
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=100)
        write_atomically(folder / f"{name}.png", picture.getvalue())
        plt.close(figure)
    print(f"libraries.json, libraries.png and libraries-graphs.png are in {folder}.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
