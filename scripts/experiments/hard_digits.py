"""Test digits that no model here reads, and those whose labels people dispute."""

from collections import Counter

from matplotlib.figure import Figure

from deeplearning_tutorial.data import load_arrays
from deeplearning_tutorial.plotting import as_png

COLUMNS = 5

# Test digits that cleanlab 1.0 and those who published it took for wrongly labelled, in so far as fewer than three of five people
# then chose MNIST's label: another label, and how many chose MNIST's, the other one, and neither.
# C. G. Northcutt, A. Athalye and J. Mueller (2021), "Pervasive label errors in test sets destabilize machine learning benchmarks";
# https://github.com/cleanlab/label-errors, mturk/mnist_mturk.json.
VOTES = {
    947: (9, 0, 5, 0),
    1621: (6, 2, 3, 0),
    1901: (4, 2, 3, 0),
    2130: (9, 2, 2, 1),
    2462: (0, 0, 4, 1),
    2597: (3, 0, 4, 1),
    2654: (1, 0, 2, 3),
    3520: (4, 2, 0, 3),
    3558: (0, 1, 4, 0),
    5937: (3, 1, 3, 1),
    6651: (6, 0, 5, 0),
    6783: (6, 2, 3, 0),
    8527: (9, 2, 2, 1),
    9679: (3, 2, 0, 3),
    9729: (6, 2, 3, 0),
}


def wrong_answers(results):
    """Of each classifier what it takes a digit for, by the number of the digit: a list of dictionaries."""
    return [found["wrong"] for found in results if "wrong" in found]


def read_by_none(results):
    """Numbers of the test digits that all of these classifiers take for another: a sorted list of int."""
    wrong = wrong_answers(results)
    return sorted(map(int, set.intersection(*map(set, wrong)))) if wrong else []


def answers(results, number, label):
    """What the classifiers take a digit for, and how many do: a list of (int, int), the most frequent first."""
    return Counter(int(wrong.get(str(number), label)) for wrong in wrong_answers(results)).most_common()


def figure(results, dataset="mnist"):
    """What no classifier reads, above what people dispute: a PNG.

    Below each digit stand its number in the test set, MNIST's label, what the classifiers say, and what five people chose.
    """
    x, y = load_arrays(dataset)[2]
    groups = {
        f"Read by none of {len(wrong_answers(results))} models": read_by_none(results),
        "Labels that fewer than three of five people chose": sorted(VOTES),
    }
    rows = [-(-len(numbers) // COLUMNS) for numbers in groups.values()]
    canvas = Figure(figsize=(2.2 * COLUMNS, 2.5 * sum(rows) + 0.6), layout="constrained")
    for part, (title, numbers), count in zip(
        canvas.subfigures(2, 1, height_ratios=[max(n, 1) for n in rows]), groups.items(), rows
    ):
        part.suptitle(title, fontweight="bold")
        for axes in part.subplots(max(count, 1), COLUMNS, squeeze=False).flat:
            axes.axis("off")
        for number, axes in zip(numbers, part.axes):
            axes.imshow(x[number].reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
            axes.set_title("\n".join(caption(results, number, int(y[number]))), fontsize="small")
    return as_png(canvas)


def caption(results, number, label):
    """Three lines; the last is empty for a digit of which nobody was asked."""
    models = ", ".join(f"{digit} ({count})" for digit, count in answers(results, number, label))
    lines = [f"{number}: label {label}", f"models: {models}", ""]
    if number in VOTES:
        other, for_label, for_other, neither = VOTES[number]
        votes = [f"{digit} ({count})" for digit, count in [(label, for_label), (other, for_other)] if count]
        lines[2] = "people: " + ", ".join([*votes, *([f"neither ({neither})"] if neither else [])])
    return lines
