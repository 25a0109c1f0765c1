"""Write the table of error rates into results/README.md, from results/*.json, and two figures: errors.png, of all runs, and
hard-digits.png, of the test digits that no model reads.

With --check nothing is written: the exit status is 1 if the table in results/README.md is not the one of these files.
"""

import argparse
import json
import re
import sys
import textwrap
from statistics import median

from scipy.stats import binomtest

from scripts import ROOT

BEGIN, END = "<!-- results: begin (written by scripts/results_table) -->", "<!-- results: end -->"
WIDTH = 100  # columns of a page


def main(arguments=None, root=ROOT):
    parser = argparse.ArgumentParser(
        prog="scripts/results_table", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="only compare")
    options = parser.parse_args(arguments)

    from scripts.experiments.catalogue import CATALOGUE

    results = read(root / "results", CATALOGUE)
    page = root / "results" / "README.md"
    text = page.read_text(encoding="utf-8")
    wanted = replaced(text, f"{table(results)}\n\n{models(results)}")
    if options.check:
        if wanted != text:
            print(
                "The table in results/README.md is not the one of results/*.json: run scripts/results_table.",
                file=sys.stderr,
            )
            return 1
        return 0
    from scripts.experiments import figures, hard_digits
    from scripts.files import write_atomically

    write_atomically(page, wanted)
    write_atomically(root / "results" / "errors.png", figures.of_all(results))
    write_atomically(root / "results" / "hard-digits.png", hard_digits.figure(results))
    return 0


def read(folder, names):
    """The results that are there, in the order of the names."""
    paths = (folder / f"{name}.json" for name in names)
    return [read_one(path) for path in paths if path.exists()]


def read_one(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SystemExit(f"{path} is no file that scripts/reproduce wrote ({error}): git checkout {path}") from None


def table(results):
    """The numbers of each run, a row each."""
    lines = [
        "| `scripts/reproduce` | validation error | test error | 95 % interval | published | time |",
        "|---|---|---|---|---|---|",
    ]
    for found in results:
        show = percent if "test_error" in found else "{:.2f}".format
        test = percent(found["test_error"]) if "test_error" in found else squared(found["test_squared_error"])
        lines.append(
            f"| [`{found['name']}`]({found['name']}.png) | {show(found['validation_error'])} | **{test}** | {interval(found)} "
            f"| {show(found['reference'])} | {duration(found['seconds'])} |"
        )
    return "\n".join(lines)


def models(results):
    """What was trained in each run, and who had published its error, a paragraph each."""
    return "\n".join(
        textwrap.fill(
            f"- `{found['name']}`: {found['title']}. Published: {found['source']}.{spread(found)}",
            WIDTH,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for found in results
    )


def spread(found):
    """What other seeds ended with, if they were tried; a published error is beaten if each of them beats it."""
    errors = [error.get("test_error", error.get("test_squared_error")) for error in found.get("seeds", {}).values()]
    if not errors:
        return ""
    low, middle, high = (f"{value:.2f}" for value in (min(errors), median(errors), max(errors)))
    share = sum(error <= found["reference"] for error in errors)
    return f" With {len(errors)} seeds: {low} to {high}, median {middle}; {share} of them at most what was published."


def percent(value):
    """With two decimals; or with more, where it was published with more."""
    text = f"{value:.6f}".rstrip("0") if round(value, 4) != round(value, 6) else f"{value:.2f}"
    return f"{text} %"


def squared(value):
    """The error of an autoencoder, summed over the pixels of a digit."""
    return f"{value:.2f} per digit"


def interval(found):
    """Wilson's interval of the test error: of a hundred such, 95 hold the error that endlessly many digits of the kind would give.

    E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference".
    """
    if "wrong" not in found:
        return ""
    low, high = binomtest(len(found["wrong"]), found["test_digits"]).proportion_ci(0.95, "wilson")
    return f"{100 * low:.2f} to {100 * high:.2f} %"


def duration(seconds):
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{seconds / 3600:.1f} h"


def replaced(text, new):
    """The text with a new table between the markers."""
    pattern = re.escape(BEGIN) + r"\n.*?" + re.escape(END)
    if len(re.findall(pattern, text, re.DOTALL)) != 1:
        raise SystemExit(
            f"results/README.md must have these two lines once, and the table goes between them:\n{BEGIN}\n{END}"
        )
    return re.sub(pattern, lambda _: f"{BEGIN}\n{new}\n{END}", text, flags=re.DOTALL)


if __name__ == "__main__":
    sys.exit(main())
