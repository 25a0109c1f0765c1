"""Each engine as users have it, alone and beside programs that compute; and kernels of notebook 01 side by side."""

import datetime
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from scripts.benchmarks.tables import heading, row
from scripts.machine import describe_machine

from . import kernels, measure, report
from .load import Load, LoadError
from .measure import say
from .processes import Worker, without_threads
from .workloads import WORKLOADS

ENGINES = ["Theano", "NumPy", "PyTorch", "JAX"]
NETWORKS = ["mlp-100", "mlp-500", "mlp-500-large-batch"]
ONE_THREAD = "Theano, one thread"
TURN = 1.0  # seconds: long beside the few milliseconds for which a processor is given to one program
N_PROGRAMS = [0, 1, 2, 4, 8]
N_KERNELS = [(1, 0), (1, 2), (2, 0), (8, 0)]  # how many, and beside how many programs that compute
# What is quick, and says whether a machine that is shared is one that can be worked on.
QUICK_NETWORKS, QUICK_N_PROGRAMS, QUICK_N_KERNELS = ["mlp-100"], [0, 2, 8], [(1, 2), (2, 0)]


def crowd(options, folder):
    """Measure everything that was asked for; returns what goes into benchmark-busy.json."""
    if told := sorted(os.environ.keys() - without_threads(os.environ).keys()):
        say(f"Engines choose their threads by themselves here, without your {', '.join(told)}.")
    began = time.perf_counter()
    setting = measure.Setting(
        None, "cpu", folder, options.rounds, options.turn, n_processors=len(os.sched_getaffinity(0))
    )
    digits = measure.save_digits(Path(folder, "digits.npz"), 12_000)
    engines = list(options.engines)
    if "Theano" in engines:
        engines.insert(engines.index("Theano") + 1, ONE_THREAD)
    versions, problems, found, side_by_side = {}, [], {}, []
    for name in options.workloads:
        with Crowd(name, WORKLOADS[name], engines, digits, setting) as contest:
            contest.run(QUICK_N_PROGRAMS if options.quick else N_PROGRAMS)
        found[name] = {"title": WORKLOADS[name].title, "programs": contest.beside}
        problems += contest.problems
        versions |= contest.versions
    if "Theano" in engines:
        for n_kernels, n_programs in QUICK_N_KERNELS if options.quick else N_KERNELS:
            side_by_side += run_kernels(n_kernels, n_programs, problems)
    return {
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine(),
        "versions": versions,
        "rounds": options.rounds,
        "seconds_a_turn": options.turn,
        "engines": engines,
        "busy": found,
        "kernels": side_by_side,
        "seconds": time.perf_counter() - began,
        "problems": problems,
    }


class Crowd(measure.Contest):
    """All engines on one network, beside more and more programs that compute."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.n_programs = 0
        self.beside = []  # for each number of programs, what each engine needed

    def circumstances(self):
        return beside(self.n_programs)

    def new_worker(self, engine):
        if engine == ONE_THREAD:
            return Worker("Theano", self.workload, self.digits, replace(self.setting, n_threads=1))
        return Worker(engine, self.workload, self.digits, self.setting)

    def run(self, numbers_of_programs):
        say(f"{self.name}: ", end="")
        for engine in self.engines:
            say(engine, end=", ")
            self.start(engine)
        say("losses")
        self.expected = measure.expected_costs(self.workload, self.digits)
        self.each(self.check)
        for self.n_programs in numbers_of_programs:
            try:
                self.measure_beside()
            except LoadError as error:
                self.problems.append(f"{self.name}, {self.circumstances()}: {error}")
                say(f"\n{self.problems[-1]}")

    def measure_beside(self):
        self.turns = {engine: [] for engine in self.found}
        say(f"  {self.circumstances()}: rounds", end="")
        with Load(self.n_programs) as load:
            for number in range(self.setting.n_rounds):
                say(f" {number + 1}", end="")
                self.each(self.take_turn, first=number)
            shares = load.shares()
        say("")
        columns = {
            engine: {what: [turn[what] for turn in turns] for what in turns[0]}
            for engine, turns in self.turns.items()
            if len(turns) == self.setting.n_rounds
        }
        self.beside.append({"programs": self.n_programs, "shares": shares, "engines": columns})

    def take_turn(self, engine, worker):
        self.turns[engine].append(worker.ask("settle", round(1000 * self.setting.turn)))


def run_kernels(n_kernels, n_programs, problems):
    """What `kernels.run_side_by_side` found, in a list; none if it failed, which becomes a problem."""
    say(f"notebook 01 in {report.plural(n_kernels, 'kernel')}, {beside(n_programs)}")
    try:
        return [kernels.run_side_by_side(n_kernels, n_programs)]
    except (kernels.KernelError, LoadError) as error:
        problems.append(f"notebook 01 in {report.plural(n_kernels, 'kernel')}, {beside(n_programs)}: {error}")
        say(problems[-1])
        return []


def beside(n_programs):
    return f"beside {report.plural(n_programs, 'program')}" if n_programs else "alone"


# ----------------------------------------------------------------------------------------------------------------------
# Numbers


def slower(case, alone, engine):
    """How many times as long as alone an engine takes; None where that was not measured."""
    if alone["programs"] or engine not in alone["engines"] or engine not in case["engines"]:
        return None
    return float(np.median(case["engines"][engine]["seconds"]) / np.median(alone["engines"][engine]["seconds"]))


def compare(workload):
    """How this project stands beside the others under each load.

    Returns
    -------
    list of dict
        For each number of programs how many times as long as with one thread it takes; and which peer is the fastest, and
        how many times as long as this project that one takes. What was not measured is not there.
    """
    found = []
    for case in workload["programs"]:
        engines, ratios = case["engines"], {}
        if "Theano" in engines:
            theano = engines["Theano"]["seconds"]
            if ONE_THREAD in engines:
                ratios["one_thread"] = float(np.median(report.ratios(theano, engines[ONE_THREAD]["seconds"])))
            peer = report.fastest_peer({name: one for name, one in engines.items() if name != ONE_THREAD})
            if peer:
                ratios["peer"] = peer
                ratios["peer_ratio"] = float(np.median(report.ratios(engines[peer]["seconds"], theano)))
        found.append(ratios)
    return found


# ----------------------------------------------------------------------------------------------------------------------
# Tables


def tables(results):
    machine = results["machine"]
    parts = [
        f"{', '.join(report.distinct_versions(results))}; on {machine['processors']} processors of an {machine['processor']}, "
        f"{results['date']}. Theano is this project. All have the threads that they take by themselves, and one line is "
        "this project with OMP_NUM_THREADS=1."
    ]
    if (load := results.get("load_before", 0)) > 0.5:
        parts.append(
            f"Other programs kept the machine busy before (load {load}): what is called alone was not quite alone."
        )
    for workload in results["busy"].values():
        if workload["programs"]:
            parts += [
                f"**{workload['title']}, alone and beside 1, 2 … programs that compute**",
                table_of_times(workload, results),
                table_of_ratios(workload, results),
            ]
    if any(workload["programs"] for workload in results["busy"].values()):
        parts.append(
            f"Medians of {report.plural(results['rounds'], 'round')}, ± half the range between the quartiles; ratios to one "
            "thread and to Theano are taken round by round."
        )
    if results["kernels"]:
        parts += ["**Kernels that run notebook 01 at the same time**", table_of_kernels(results)]
        parts.append(
            "A share (PSS) counts what several kernels have in common once; the sum is what the machine needs."
        )
    if results["problems"]:
        parts.append("Failed: " + "; ".join(results["problems"]) + ".")
    return "\n\n".join(parts)


def table_of_times(workload, results):
    cases = workload["programs"]
    medians = [{engine: np.median(one["seconds"]) for engine, one in case["engines"].items()} for case in cases]
    lines = heading(["µs a step", *map(number_of_programs, cases)])
    for engine in results["engines"]:
        cells = []
        for case, median in zip(cases, medians):
            if engine in median:
                spread = report.spread(case["engines"][engine]["seconds"])
                cell = f"{1e6 * median[engine]:,.0f} ±{100 * spread:.0f} %"
                cells.append(f"**{cell}**" if median[engine] == min(median.values()) else cell)
            else:
                cells.append("failed")
        lines.append(row([engine, *cells]))
    return "\n".join(lines)


def table_of_ratios(workload, results):
    cases = workload["programs"]
    lines = heading(["times as long as", *map(number_of_programs, cases)])
    for engine in results["engines"]:
        ratios = [slower(case, cases[0], engine) for case in cases]
        if any(ratios):
            lines.append(row([f"{engine}: as alone", *map(times, ratios)]))
    compared = compare(workload)
    if any("one_thread" in one for one in compared):
        lines.append(row(["Theano: as with one thread", *(times(one.get("one_thread")) for one in compared)]))
    if any("peer" in one for one in compared):
        cells = [f"{times(one['peer_ratio'])} ({one['peer']})" if "peer" in one else "" for one in compared]
        lines.append(row(["the fastest peer: as Theano", *cells]))
    return "\n".join(lines)


def number_of_programs(case):
    return str(case["programs"]) if case["programs"] else "alone"


def times(ratio):
    return "" if ratio is None else f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


def table_of_kernels(results):
    lines = heading(
        ["kernels", "trained, s", "all done, s", "share (PSS) of each, MiB", "sum, MiB", "the most of one, MiB"]
    )
    for case in results["kernels"]:
        trained, done = ([seconds[cell] for seconds in case["seconds"]] for cell in ("tutorial-run", "all"))
        what = f"{case['kernels']}, {beside(case['programs'])}" if case["programs"] else str(case["kernels"])
        share = case["share_mib"]
        cells = [f"{np.median(trained):.0f}", f"{max(done):.0f}", f"{np.median(share):.0f}", f"{sum(share):,.0f}"]
        lines.append(row([what, *cells, f"{max(case['most_mib']):.0f}"]))
    return "\n".join(lines)


# ----------------------------------------------------------------------------------------------------------------------
# Figure

# Told apart without colours, too.
LINES = {
    "Theano": {"color": "black", "marker": "o", "linewidth": 2.2},
    ONE_THREAD: {"color": "black", "marker": "o", "markerfacecolor": "white", "linestyle": "--"},
    "NumPy": {"marker": "s", "linestyle": ":"},
    "PyTorch": {"marker": "^", "linestyle": "-"},
    "PyTorch channels last": {"marker": ">", "linestyle": "-."},
    "PyTorch compiled": {"marker": "v", "linestyle": "--"},
    "JAX": {"marker": "D", "linestyle": "-."},
    "JAX scanned": {"marker": "P", "linestyle": "--"},
}


def draw(results):
    """A panel for each network: time of a step against the number of other programs, a line for each engine."""
    plt = report.plt
    networks = [workload for workload in results["busy"].values() if workload["programs"]]
    width = 1.5 + 3.6 * max(len(networks), 1)
    figure, panels = plt.subplots(1, max(len(networks), 1), figsize=(width, 4.6), squeeze=False)
    for panel, workload in zip(panels[0], networks):
        for engine in results["engines"]:
            draw_engine(panel, workload["programs"], engine)
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter(lambda milliseconds, _: f"{milliseconds:g}")
        numbers = [number_of_programs(case) for case in workload["programs"]]
        panel.set_xticks(range(len(numbers)), numbers)
        panel.set_title(workload["title"], fontsize=11)
        panel.grid(color="#dddddd", linewidth=0.6)
        for side in ("top", "right"):
            panel.spines[side].set_visible(False)
    panels[0, 0].set_ylabel("a step, ms")
    figure.supxlabel("other programs that compute", fontsize=10)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    columns = max(min(len(labels), int(width / 1.9)), 1)
    figure.legend(handles, labels, loc="upper center", ncols=columns, frameon=False, fontsize=10)
    n_rows = -(-len(labels) // columns)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.3 * n_rows / figure.get_figheight()))
    return figure


def draw_engine(panel, cases, engine):
    """Its medians, with the range between their quartiles."""
    places = [place for place, case in enumerate(cases) if engine in case["engines"]]
    quartiles = [np.percentile(cases[place]["engines"][engine]["seconds"], [25, 50, 75]) for place in places]
    low, middle, high = 1e3 * np.array(quartiles).reshape(-1, 3).T
    style = {"color": report.COLORS.get(engine), "markersize": 6, **LINES[engine]}
    panel.errorbar(places, middle, yerr=[middle - low, high - middle], label=engine, capsize=2, **style)
