"""Tables and a figure of what `measure.compare` found."""

import math

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from scripts.benchmarks.measure import CHANNELS_LAST
from scripts.benchmarks.tables import heading, row

COLORS = {
    "NumPy": "#8c8c8c",
    "PyTorch": "#f0a57d",
    "PyTorch channels last": "#8c5a2b",
    "PyTorch compiled": "#c8452f",
    "JAX": "#92c0dd",
    "JAX scanned": "#2468a8",
}


# ----------------------------------------------------------------------------------------------------------------------
# Numbers


def ratios(seconds, theano):
    """How many times as long as this project an engine took, round by round: what slows a round slows both."""
    return [one / other for one, other in zip(seconds, theano, strict=True)]


def geometric_mean(numbers):
    """The mean of ratios: twice as fast here and half as fast there come to 1."""
    return math.exp(sum(map(math.log, numbers)) / len(numbers))


def spread(values):
    """Half the range between the quartiles, as a fraction of the median."""
    low, middle, high = np.percentile(values, [25, 50, 75])
    return (high - low) / 2 / middle


def fastest_peer(found):
    """The engine with the smallest median besides this project; None if there is none."""
    peers = [engine for engine in found if engine != "Theano"]
    return min(peers, key=lambda engine: np.median(found[engine]["seconds"]), default=None)


def peak(block, results):
    """FLOP/s of the fastest product of two matrices, by any engine."""
    return 2 * results["product_size"] ** 3 / min(block["product_s"].values())


def summarize(results):
    """For each number of threads, how each peer and the fastest compare with this project."""
    return [summarize_block(block, results) for block in results["threads"]]


def summarize_block(block, results):
    relative = {engine: {} for engine in results["engines"] if engine != "Theano"}
    fastest = {}
    for name, found in block["workloads"].items():
        if "Theano" not in found or len(found) == 1:
            continue
        theano = found["Theano"]["seconds"]
        for engine in relative.keys() & found.keys():
            relative[engine][name] = float(np.median(ratios(found[engine]["seconds"], theano)))
        peer = fastest_peer(found)
        fastest[name] = {"engine": peer, "ratio": relative[peer][name]}
    return {
        "threads": block["threads"],
        "peak_gflops": peak(block, results) / 1e9 if block["product_s"] else None,
        "fastest_peer": fastest,
        "fastest_peer_geometric_mean": geometric_mean([one["ratio"] for one in fastest.values()]) if fastest else None,
        "geometric_means": {
            engine: geometric_mean(found.values())
            for engine, found in relative.items()
            if len(found) == len(fastest) > 0
        },
    }


# ----------------------------------------------------------------------------------------------------------------------
# Tables


def tables(results):
    """Everything in Markdown."""
    machine = results["machine"]
    on = machine.get("gpu") or f"{machine['processors']} processors of an {machine['processor']}"
    parts = [f"{', '.join(distinct_versions(results))}; on {on}, {results['date']}. Theano is this project."]
    for block, summary in zip(results["threads"], summarize(results)):
        parts.append(f"**{plural(block['threads'], 'thread')}: microseconds a step**")
        parts.append(table_of_times(block, summary, results))
        parts.append(
            f"Medians of {results['rounds']} rounds, ± half the range between the quartiles. The last column: how many times "
            "as long as this project the fastest peer takes."
        )
        parts.append(f"**{plural(block['threads'], 'thread')}: GFLOP/s, and the share of the peak**")
        parts.append(table_of_flops(block, summary, results))
        if block["product_s"]:
            parts.append(
                f"The peak is {summary['peak_gflops']:,.0f} GFLOP/s: the fastest product of two matrices of "
                f"{results['product_size']} × {results['product_size']}, by {min(block['product_s'], key=block['product_s'].get)}."
            )
    parts.append("**Seconds until the first result, and of these after the import**")
    parts.append(table_of_starts(results))
    parts.append(
        f"With {plural(results['threads'][-1]['threads'], 'thread')}; one start each. PyTorch and JAX compile anew in every process. "
        "Theano keeps compiled code on disk: *cold* is a start with none, its column without that word a later one."
    )
    if results["problems"]:
        parts.append("Failed: " + "; ".join(results["problems"]) + ".")
    return "\n\n".join(parts)


def table_of_times(block, summary, results):
    lines = heading([f"{plural(block['threads'], 'thread')}", *results["engines"], "fastest peer / Theano"])
    for name, found in block["workloads"].items():
        medians = {engine: np.median(found[engine]["seconds"]) for engine in found}
        cells = {
            engine: f"{1e6 * medians[engine]:,.0f} ±{100 * spread(found[engine]['seconds']):.0f} %" for engine in found
        }
        if cells:
            best = min(medians, key=medians.get)
            cells[best] = f"**{cells[best]}**"
        ratio = summary["fastest_peer"].get(name)
        last = f"{ratio['ratio']:.2f}" if ratio else ""
        lines.append(row([results["workloads"][name]["title"], *in_columns(cells, results), last]))
    mean = summary["fastest_peer_geometric_mean"]
    if mean:
        means = {"Theano": "1", **{engine: f"{value:.2f}" for engine, value in summary["geometric_means"].items()}}
        cells = [means.get(engine, "") for engine in results["engines"]]
        lines.append(row(["geometric mean, relative to Theano", *cells, f"**{mean:.2f}**"]))
    return "\n".join(lines)


def table_of_flops(block, summary, results):
    lines = heading([f"{plural(block['threads'], 'thread')}", "MFLOP a step", *results["engines"]])
    for name, found in block["workloads"].items():
        flops = results["workloads"][name]["flops"]
        cells = {}
        for engine in found:
            gflops = flops / np.median(found[engine]["seconds"]) / 1e9
            share = f" ({100 * gflops / summary['peak_gflops']:.0f} %)" if summary["peak_gflops"] else ""
            cells[engine] = f"{gflops:,.1f}{share}"
        title = results["workloads"][name]["title"]
        lines.append(row([title, f"{flops / 1e6:,.1f}", *in_columns(cells, results)]))
    return "\n".join(lines)


def table_of_starts(results):
    lines = heading(["", "Theano, cold", *results["engines"]])
    for name, found in results["threads"][-1]["workloads"].items():
        workload = results["workloads"][name]
        cells = {
            engine: f"{one['first_result_s']:.1f} ({one['first_result_s'] - one['import_s']:.1f})"
            for engine, one in found.items()
        }
        cold = workload["theano_cold_first_result_s"]
        lines.append(row([workload["title"], f"{cold:.1f}" if cold else "not measured", *in_columns(cells, results)]))
    return "\n".join(lines)


def in_columns(cells, results):
    return [cells.get(engine, "–" if engine == CHANNELS_LAST else "failed") for engine in results["engines"]]


def distinct_versions(results):
    """Those of the engines, each once: PyTorch compiled is PyTorch."""
    return dict.fromkeys(results["versions"][engine] for engine in results["engines"] if engine in results["versions"])


def plural(n, noun):
    return f"{n} {noun}{'s' * (n != 1)}"


# ----------------------------------------------------------------------------------------------------------------------
# Figure


def draw(results):
    """A panel for each number of threads: how long each peer takes, this project being the line at 1."""
    blocks, names = results["threads"], list(results["workloads"])
    peers = [engine for engine in results["engines"] if engine != "Theano"]
    figure, panels = plt.subplots(
        1,
        len(blocks),
        figsize=(2.5 + 4.5 * len(blocks), 1.6 + 0.8 * len(names)),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for panel, block in zip(panels[0], blocks):
        for place, engine in enumerate(peers):
            draw_engine(
                panel, block, names, engine, (place - (len(peers) - 1) / 2) * 0.8 / len(peers), 0.8 / len(peers)
            )
        panel.axvline(1, color="black", linewidth=1.5)
        panel.set_title(plural(block["threads"], "thread"), fontsize=11)
    # The panels share their axis, which must hold the bars of all.
    for panel in panels[0]:
        clean(panel)
    low, high = panels[0, 0].get_xlim()
    panels[0, 0].set_xlim(min(0.9 * low, 0.7), max(1.2 * high, 1.6))
    panels[0, 0].set_yticks(
        range(len(names)), [wrapped(results["workloads"][name]["title"]) for name in names], fontsize=9
    )
    panels[0, 0].invert_yaxis()
    figure.supxlabel(
        "time of a step, relative to this project (the line at 1): right of it slower, left of it faster", fontsize=10
    )
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=max(len(peers), 1), frameon=False, fontsize=10)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.35 / figure.get_figheight()))
    return figure


def draw_engine(panel, block, names, engine, offset, height):
    """Its bars from 1 to the median of its ratios, with the range between their quartiles."""
    rows, quartiles = [], []
    for position, name in enumerate(names):
        found = block["workloads"][name]
        if engine in found and "Theano" in found:
            rows.append(position + offset)
            quartiles.append(np.percentile(ratios(found[engine]["seconds"], found["Theano"]["seconds"]), [25, 50, 75]))
    low, middle, high = np.array(quartiles).reshape(-1, 3).T
    panel.barh(
        rows, middle - 1, height, left=1, color=COLORS[engine], label=engine,
        xerr=[middle - low, high - middle], error_kw={"linewidth": 0.8, "ecolor": "#333333"},
    )  # fmt: skip
    for y, value, end in zip(rows, middle, high):
        panel.text(max(end, 1) * 1.04, y, f"{value:.2f}", va="center", fontsize=7, color="#333333")


def clean(panel):
    panel.set_xscale("log", base=2)
    panel.xaxis.set_major_formatter(lambda ratio, _: f"{ratio:g}×")
    panel.grid(axis="x", color="#dddddd", linewidth=0.6)
    panel.set_axisbelow(True)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)
    panel.tick_params(left=False)


def wrapped(title):
    """A title in two lines."""
    return title.replace(", batch", ",\nbatch")
