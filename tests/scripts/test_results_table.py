"""The table of error rates in results/README.md is the one of results/*.json, and each of them was reached as the protocol says."""

import json
import shutil

import numpy as np
import pytest

from deeplearning_tutorial import ROOT
from scripts.experiments import results_table
from scripts.experiments.catalogue import CATALOGUE

FOUND = {
    "name": "mlp",
    "title": "784-500-10",
    "reference": 1.65,
    "source": "somebody",
    "test_error": 1.6,
    "validation_error": 1.7,
    "seconds": 754.2,
    "curves": {"training": {"seconds": [1, 2], "validation_error": [0.1, 0.05]}},
}
FILES = results_table.read(ROOT / "results", CATALOGUE)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "mlp.json").write_text(json.dumps(FOUND))
    page = f"before\n{results_table.BEGIN}\nold\n{results_table.END}\nafter\n"
    (tmp_path / "results" / "README.md").write_text(page)
    return tmp_path


def test_the_page_has_the_table_of_these_results():
    assert results_table.main(["--check"]) == 0


def test_a_result_that_the_page_does_not_have_is_found(tmp_path, capsys):
    (tmp_path / "results").mkdir()
    for path in (ROOT / "results").glob("*.json"):
        shutil.copy(path, tmp_path / "results")
    shutil.copy(ROOT / "results" / "README.md", tmp_path / "results")
    assert results_table.main(["--check"], tmp_path) == 0
    found = json.loads((tmp_path / "results" / "logistic.json").read_text())
    (tmp_path / "results" / "logistic.json").write_text(json.dumps({**found, "test_error": 6.5}))
    assert results_table.main(["--check"], tmp_path) == 1
    assert "run scripts/results_table" in capsys.readouterr().err


def test_the_table_is_written_between_the_markers(folder):
    assert results_table.main(["--check"], folder) == 1
    assert results_table.main([], folder) == 0
    assert results_table.main(["--check"], folder) == 0
    lines = (folder / "results" / "README.md").read_text().splitlines()
    assert lines[0] == "before" and lines[-1] == "after"
    assert lines[4] == "| [`mlp`](mlp.png) | 1.70 % | **1.60 %** |  | 1.65 % | 13 min |"
    assert lines[-3] == "- `mlp`: 784-500-10. Published: somebody."
    for name in ["errors.png", "hard-digits.png"]:
        assert (folder / "results" / name).read_bytes().startswith(b"\x89PNG")


def test_without_the_markers_nothing_is_written(folder):
    page = folder / "results" / "README.md"
    page.write_text("nothing")
    with pytest.raises(SystemExit, match="must have these two lines once"):
        results_table.main([], folder)
    assert page.read_text() == "nothing"


def test_what_is_no_share_of_digits_has_its_unit_where_it_was_reached():
    found = {**FOUND, "name": "code", "test_squared_error": 2.914, "reference": 3.0, "validation_error": 3.004}
    del found["test_error"]
    row = results_table.table([found]).splitlines()[-1]
    assert row == "| [`code`](code.png) | 3.00 | **2.91 per digit** |  | 3.00 | 13 min |"


def test_long_titles_are_wrapped_at_the_width_of_a_page():
    text = results_table.models([{**FOUND, "title": "784-500-10 " * 20}])
    first, *others = text.splitlines()
    assert len(others) > 1 and all(line.startswith("  784-500-10") for line in others)
    assert max(map(len, text.splitlines())) <= 100


def test_other_seeds_are_told_with_how_many_beat_what_was_published():
    seeds = {str(seed): {"validation_error": 1.7, "test_error": error} for seed, error in enumerate([1.6, 1.7, 1.64])}
    text = results_table.models([{**FOUND, "seeds": seeds}]).replace("\n ", "")
    assert text.endswith("With 3 seeds: 1.60 to 1.70, median 1.64; 2 of them at most what was published.")
    assert "seeds" not in results_table.models([FOUND])


@pytest.mark.parametrize("wrong, n", [(0, 100), (54, 10_000), (719, 9600)])
def test_the_interval_is_wilsons(wrong, n):
    """In closed form: both ends are where (p - wrong / n)^2 = z^2 p (1 - p) / n."""
    z, p = 1.959964, wrong / n
    middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = (100 * (middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
    found = {**FOUND, "wrong": {str(number): 0 for number in range(wrong)}, "test_digits": n}
    assert results_table.interval(found) == f"{abs(low):.2f} to {high:.2f} %"


@pytest.mark.parametrize(
    "number, shown", [(7.489583, "7.489583 %"), (1.6, "1.60 %"), (0.35, "0.35 %"), (7.500000298, "7.50 %")]
)
def test_percentages(number, shown):
    assert results_table.percent(number) == shown


@pytest.mark.parametrize(
    "seconds, shown", [(5.4, "5 s"), (99.4, "99 s"), (100, "2 min"), (5940, "99 min"), (9000, "2.5 h")]
)
def test_durations(seconds, shown):
    assert results_table.duration(seconds) == shown


@pytest.mark.parametrize("found", FILES, ids=lambda found: found["name"])
def test_each_result_is_of_the_model_in_the_catalogue(found):
    experiment = CATALOGUE[found["name"]]
    assert found["configuration"] == experiment.configuration
    assert (found["reference"], found["source"], found["title"]) == (
        experiment.reference,
        experiment.source,
        experiment.title,
    )
    curves = list(found["curves"].values())
    assert all(
        len({len(curve[key]) for key in ["epoch", "seconds", "train_cost", "validation_error"]}) == 1
        for curve in curves
    )
    if "wrong" in found:
        assert round(100 * len(found["wrong"]) / found["test_digits"], 6) == found["test_error"]
    for name in [f"{found['name']}.png", "errors.png", "hard-digits.png"]:
        assert (ROOT / "results" / name).exists()


@pytest.mark.parametrize(
    "found",
    [found for found in FILES if found["name"] not in ("deep-elastic", "committee")],
    ids=lambda found: found["name"],
)
def test_each_published_error_rate_is_reached(found):
    limit = {"elastic": 0.60, "conv-committee": 0.27}.get(found["name"], found["reference"])
    assert found.get("test_error", found.get("test_squared_error")) <= limit
