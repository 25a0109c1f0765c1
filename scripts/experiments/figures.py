"""Pictures of what was reached: of one run, and of all of them."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from deeplearning_tutorial.data import load_arrays
from deeplearning_tutorial.plotting import as_png, plot_signed_tiles, plot_tiles

plt.rcParams["image.cmap"] = "gray_r"  # black ink on white paper

MOST_DIGITS = 60
MOST_NAMES = 10  # in a legend
INK = {"color": "#2468a8"}


def of_run(found, trained, dataset):
    """The error against time, filters, and the digits still wrong or how they are reconstructed: a PNG."""
    figure, (curve, filters, digits) = plt.subplots(
        1, 3, figsize=(15, 5), layout="constrained", width_ratios=[1, 1.1, 1.1]
    )
    draw_error(curve, found)
    draw_filters(filters, trained)
    x, y = load_arrays(dataset)[2]
    if "wrong" in found:
        draw_wrong(digits, found["wrong"], x, y)
    else:
        draw_reconstructions(digits, trained, x[:30])
    figure.suptitle(found["title"])
    return as_png(figure)


def draw_error(axes, found):
    """The last phase of training: validation error after so many seconds, and what the test set says in the end."""
    unit = "squared error of a digit" if "test_squared_error" in found else "error (%)"
    scale = 1 if "test_squared_error" in found else 100
    before = 0
    members = [phase for phase in found["curves"] if phase.startswith("member")]
    for phase, curve in found["curves"].items():
        if phase.startswith("layer"):  # errors of other things
            before += curve["seconds"][-1]
            continue
        seconds = np.array(curve["seconds"]) + before
        if phase in members:  # one after the other, but all from 0 here
            number = members.index(phase)
            named = len(members) <= MOST_NAMES or number in (0, len(members) - 1)
            how = {
                "lw": 0.8,
                "color": plt.cm.viridis(number / len(members)),
                "label": f"validation, {phase}" if named else None,
            }
        else:
            how = {"lw": 1.2, "label": f"validation, {phase}", **INK}
        axes.plot(seconds, scale * np.array(curve["validation_error"]), **how)
    averaged = (
        "all together" if members else "shifted copies too" if found["configuration"].get("test_time_shift") else None
    )
    if averaged:
        error = found["validation_error"]
        axes.axhline(error, lw=1.2, ls="-" if members else ":", label=f"validation, {averaged}: {error:.3g}", **INK)
    test = found.get("test_error", found.get("test_squared_error"))
    axes.axhline(found["reference"], color="gray", ls="--", label=f"{found['source']}: {found['reference']:.3g}")
    axes.plot(axes.get_xlim()[1], test, "o", color="#c8452f", clip_on=False, label=f"test: {test:.3g}")
    axes.set(xlabel="seconds of training", ylabel=unit, yscale="log", title="Error against time")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.legend(fontsize="small")


def draw_filters(axes, trained):
    name = next(iter(trained.params))
    weights = trained.params[name].get_value()
    if weights.ndim == 4:
        turned = weights[:, :, ::-1, ::-1]  # as they lie upon the digit
        weights, title = turned.reshape(len(weights), -1), "Filters of the first layer"
    else:
        weights, title = weights.T, "Weights of each class" if weights.shape[1] == 10 else "Weights into hidden units"
    count = min(len(weights), 100)
    plot_signed_tiles(weights[:count], columns=10 if count > 10 else 5, ax=axes)
    axes.set_title(title if count == len(weights) else f"{title}, the first {count}")


def draw_wrong(axes, wrong, x, y):
    numbers = list(map(int, wrong))[:MOST_DIGITS]
    titles = [f"{y[number]}→{wrong[str(number)]}" for number in numbers]
    if numbers:
        plot_tiles(x[numbers], columns=10, titles=titles, ax=axes)
    axes.axis("off")
    which = f"{len(wrong)}" if len(wrong) <= MOST_DIGITS else f"{MOST_DIGITS} of {len(wrong)}"
    axes.set_title(f"{which} test digits still wrong (true→predicted)")


def draw_reconstructions(axes, trained, digits):
    """Rows in turns: digits, and what comes back."""
    pairs = np.stack([digits.reshape(-1, 10, 784), trained.reconstruct(digits).reshape(-1, 10, 784)], axis=1)
    plot_tiles(pairs.reshape(-1, 784), columns=10, ax=axes)
    axes.set_title("Test digits, and below each its reconstruction")


def of_all(results):
    """Validation error against time of all classifiers: a PNG."""
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    axes.set_prop_cycle(plt.cycler(linestyle=["-", "--"]) * plt.rcParams["axes.prop_cycle"])  # as there are ten colours
    for found in results:
        if "test_error" not in found:
            continue
        before, phases = 0, list(found["curves"].items())
        for _, curve in phases[:-1]:
            before += curve["seconds"][-1]
        curve = phases[-1][1]
        seconds = np.array(curve["seconds"]) + before
        (line,) = axes.plot(
            seconds,
            100 * np.array(curve["validation_error"]),
            lw=1.2,
            label=f"{found['name']}: {found['test_error']:.3g} % of the test set",
        )
        axes.plot(found["seconds"], found["test_error"], "o", color=line.get_color())
    axes.set(xscale="log", yscale="log", xlabel="seconds of training", ylabel="validation error (%), test error (dots)")
    for axis in [axes.xaxis, axes.yaxis]:
        axis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.tick_params(axis="y", which="minor", labelsize="x-small")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    return as_png(figure)
