"""scripts/reproduce: a run that is killed again and again ends as if nothing had happened, and what is written is what was reached."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import theano

from deeplearning_tutorial import checkpoint
from deeplearning_tutorial.data import load_arrays
from deeplearning_tutorial.data.loading import ROWS_VARIABLE
from deeplearning_tutorial.monitoring import History
from deeplearning_tutorial.training import EPOCHS_VARIABLE
from scripts.experiments import classifier, figures, record, reproduce
from scripts.experiments.catalogue import CATALOGUE
from scripts.experiments.normalization import INK, normalize
from scripts.experiments.run import Run, Trained

TINY = ["--set", "hidden=[12]", "--set", "n_epochs=2"]  # and few filters
SMALL = {
    "logistic": ["--set", "n_epochs=2"],
    "mlp": ["--set", "hidden=[12]", "--set", "n_epochs=2"],
    "mlp-momentum": ["--set", "hidden=[12,11]", "--set", "n_epochs=2"],
    "mlp-dropout": ["--set", "hidden=[12,11]", "--set", "dropout=[0.1,0.2,0.2]", "--set", "n_epochs=2"],
    "sda": ["--set", "hidden=[12,11,10]", "--set", "pretraining_epochs=2", "--set", "n_epochs=2"],
    "deep-autoencoder": [
        "--set",
        "hidden=[12,11,10,2]",
        "--set",
        "pretraining_epochs=2",
        "--set",
        "n_epochs=2",
        "--set",
        "dropout=0.1",
        "--set",
        "l2=0.001",
    ],
    "elastic": ["--set", "hidden=[12,11]", "--set", "n_epochs=2"],
    "deep-elastic": ["--set", "hidden=[12,11,10]", "--set", "n_epochs=2"],
    "committee": [
        "--set",
        "hidden=[12]",
        "--set",
        "n_epochs=2",
        "--set",
        'members=[{}, {"deslant": true, "width": 20}]',
    ],
    "lenet": [
        "--set",
        "n_filters=[3,4]",
        "--set",
        "hidden=[12]",
        "--set",
        "batch_size=100",
        "--set",
        "n_epochs=2",
    ],
    "convnet": [*TINY, "--set", "n_filters=[[3,3],[4]]", "--set", "dropout=[0.1,0,0.2]"],
    "conv-committee": [*TINY, "--set", "n_filters=[[3],[4]]", "--set", 'members=[{}, {"width": 20}]'],
}


@pytest.fixture
def few_digits(monkeypatch):
    monkeypatch.setenv(ROWS_VARIABLE, "1200")
    monkeypatch.delenv(EPOCHS_VARIABLE, raising=False)
    monkeypatch.setenv("TQDM_DISABLE", "1")


@pytest.fixture
def folders(monkeypatch, tmp_path, few_digits):
    monkeypatch.setattr(reproduce, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(reproduce, "RESULTS", tmp_path / "results")
    return tmp_path


def parameters(path):
    arrays, about = checkpoint.load(path)
    return {name: array.tobytes() for name, array in arrays.items()}, about


# Every model ---------------------------------------------------------------------------------------------------------


def test_there_is_a_small_version_of_each_model():
    assert list(SMALL) == list(CATALOGUE)


@pytest.mark.slow(2)
@pytest.mark.parametrize("name", SMALL)
def test_each_model_is_trained_and_tested_and_written(folders, name, capsys):
    assert reproduce.main([name, "--seed", "7", *SMALL[name]]) == 0
    folder = folders / "runs" / f"{name}-7"
    found = json.loads((folder / f"{name}.json").read_text())
    assert {
        "name",
        "reference",
        "validation_error",
        "seconds",
        "seed",
        "device",
        "versions",
        "configuration",
        "curves",
    } <= set(found)
    assert found["name"] == name and found["seed"] == 7 and found["reference"] == CATALOGUE[name].reference
    assert ("test_squared_error" in found) == (name == "deep-autoencoder") != ("test_error" in found)
    assert len(list(found["curves"].values())[-1]["validation_error"]) == 2
    assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    shown = capsys.readouterr().out
    assert CATALOGUE[name].source in shown and f"Written to {folder}" in shown
    assert not (folders / "results").exists()  # which is for the models as they are in the catalogue

    # The parameters in the file are those that the errors are of.
    arrays, about = checkpoint.load(folder / "parameters" / f"{name}.npz")
    assert about["configuration"] == found["configuration"]
    if name == "logistic":
        x, y = load_arrays("mnist")[2]
        wrong = np.argmax(x @ arrays["W1"] + arrays["b1"], axis=1) != y
        assert found["test_error"] == round(100 * np.mean(wrong), 6)
        assert found["wrong"].keys() == {str(number) for number in np.flatnonzero(wrong)}


def test_answers_for_shifted_copies_are_averaged():
    digit = np.zeros((28, 28), dtype="float32")
    digit[10:18, 12:15] = 1
    moved = [np.roll(digit, (down, right), axis=(0, 1)).ravel() for down in (-2, 0, 2) for right in (-2, 0, 2)]
    weights = np.random.RandomState(1).normal(size=(784, 10)).astype("float32")
    averaged = classifier.over_shifts(lambda x: np.tanh(x @ weights), 2)
    np.testing.assert_allclose(
        averaged(digit.reshape(1, 784)), np.tanh(np.array(moved) @ weights).mean(axis=0, keepdims=True), atol=1e-5
    )


def test_errors_with_shifted_copies_are_those_of_the_parameters_that_are_written(folders):
    assert reproduce.main(["deep-elastic", "--seed", "7", *SMALL["deep-elastic"], "--set", "test_time_shift=2"]) == 0
    folder = folders / "runs" / "deep-elastic-7"
    found = json.loads((folder / "deep-elastic.json").read_text())
    arrays, _ = checkpoint.load(folder / "parameters" / "deep-elastic.npz")

    def answers(x):
        for layer in (1, 2, 3):
            x = np.maximum(0, x @ arrays[f"W{layer}"] + arrays[f"b{layer}"])
        exponentials = np.exp(x @ arrays["W4"] + arrays["b4"])
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def errors(x, y):
        images = np.pad(x.reshape(-1, 28, 28), ((0, 0), (2, 2), (2, 2)))
        moved = [
            images[:, down : down + 28, right : right + 28].reshape(-1, 784)
            for down in (0, 2, 4)
            for right in (0, 2, 4)
        ]
        return np.flatnonzero(np.mean([answers(x) for x in moved], axis=0).argmax(axis=1) != y)

    _, valid_set, test_set = load_arrays("mnist")
    assert found["validation_error"] == pytest.approx(100 * len(errors(*valid_set)) / len(valid_set[0]), abs=1e-4)
    assert found["wrong"].keys() == {str(number) for number in errors(*test_set)}


def test_the_test_set_is_looked_at_once_and_at_the_end(folders, monkeypatch):
    looks = []

    class Shared:
        def __init__(self, variable):
            self.variable = variable

        def __getattr__(self, name):
            looks.append(name)
            return getattr(self.variable, name)

    from scripts.experiments import classifier

    def load(dataset, original=classifier.load_data):
        train, valid, test = original(dataset)
        return [train, valid, tuple(map(Shared, test))]

    def fit(*arguments, original=Run.fit, **options):
        history = original(*arguments, **options)
        assert looks == []
        return history

    monkeypatch.setattr(classifier, "load_data", load)
    monkeypatch.setattr(Run, "fit", fit)
    assert reproduce.main(["mlp", *SMALL["mlp"]]) == 0
    assert looks == ["get_value", "eval"]


# Going on ------------------------------------------------------------------------------------------------------------

LONG = [
    "mlp-dropout",
    "--set",
    "hidden=[40,30]",
    "--set",
    "dropout=[0.1,0.3,0.3]",
    "--set",
    "distortion={}",
    "--set",
    "batch_size=20",
    "--set",
    "n_epochs=150",
    "--checkpoint-seconds",
    "0",
]


def start(tmp_path, folder, *arguments):
    """scripts/reproduce in a process of its own, with its runs in a folder of ours."""
    program = (
        "import sys, pathlib; from scripts.experiments import reproduce; "
        f"reproduce.RUNS = pathlib.Path({str(folder)!r}); "
        "sys.exit(reproduce.main(sys.argv[1:]))"
    )
    path = tmp_path / f"{folder.name}.py"
    path.write_text(f"if __name__ == '__main__':\n    {program}\n")
    # Two run side by side: with two threads each they would wait for one another, for minutes.
    return subprocess.Popen(
        [sys.executable, path, *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow(45)
def test_killed_ten_times_it_ends_with_the_same_parameters(tmp_path, few_digits):
    undisturbed = start(tmp_path, tmp_path / "undisturbed", *LONG)
    moments = random.Random()  # anew in each run of the tests: what must hold at any moment
    path = tmp_path / "killed" / "mlp-dropout-1234" / "training.npz"
    steps, log = [], []
    for number in range(10):
        started = path.stat().st_mtime_ns if path.exists() else None
        process = start(tmp_path, tmp_path / "killed", *LONG, *(["--resume"] if number else []))
        while process.poll() is None and (not path.exists() or path.stat().st_mtime_ns == started):
            time.sleep(0.01)  # until it has written a checkpoint of its own
        time.sleep(moments.uniform(0, 0.6))
        assert process.poll() is None, process.communicate()[0]
        process.kill()
        process.wait()
        steps.append(checkpoint.load(path)[1]["history"]["n_steps"])
        log.append(process.returncode)
    assert log == [-signal.SIGKILL] * 10 and steps == sorted(set(steps)), steps

    last = start(tmp_path, tmp_path / "killed", *LONG, "--resume")
    assert last.wait() == 0, last.communicate()[0]
    assert undisturbed.wait() == 0, undisturbed.communicate()[0]
    names = [f"mlp-dropout-1234/{name}" for name in ["parameters/mlp-dropout.npz", "mlp-dropout.json"]]
    (ours, _), (theirs, _) = (parameters(tmp_path / folder / names[0]) for folder in ["killed", "undisturbed"])
    assert ours == theirs
    ours, theirs = (json.loads((tmp_path / folder / names[1]).read_text()) for folder in ["killed", "undisturbed"])
    for found in [ours, theirs]:
        del found["seconds"], found["curves"]["training"]["seconds"]
    assert ours == theirs


def test_a_run_that_goes_on_is_left_alone(tmp_path, few_digits, monkeypatch, capsys):
    monkeypatch.setattr(reproduce, "RUNS", tmp_path / "runs")
    folder = tmp_path / "runs" / "mlp-dropout-1234"
    process = start(tmp_path, tmp_path / "runs", *LONG)
    while process.poll() is None and not (folder / "training.npz").exists():
        time.sleep(0.01)
    for how in ["--resume", "--fresh"]:
        assert reproduce.main([*LONG, how]) == 1
        assert "is going on in another program: wait for it, or end it" in capsys.readouterr().err
    assert process.poll() is None and (folder / "run.json").exists()
    process.kill()  # its helper, which makes the next digits, may still be there
    process.wait()
    with reproduce.claimed(folder, {}) as problem:
        assert problem is None


def test_where_there_are_no_locks_a_run_is_begun_all_the_same(folders, monkeypatch):
    def flock(*arguments):
        raise OSError("no locks available")

    monkeypatch.setattr(reproduce.fcntl, "flock", flock)
    assert reproduce.main(["logistic", *SMALL["logistic"]]) == 0


@pytest.mark.slow(8)
@pytest.mark.parametrize("name", ["sda", "deep-autoencoder", "committee", "conv-committee"])
def test_a_run_of_several_parts_goes_on_in_any_of_them(folders, monkeypatch, name):
    assert reproduce.main([name, *SMALL[name], "--output", str(folders / "alone")]) == 0
    alone, _ = parameters(folders / "alone" / "parameters" / f"{name}.npz")
    n_parts = len(json.loads((folders / "alone" / f"{name}.json").read_text())["curves"])
    assert n_parts > 1

    original = Run.fit

    def interrupted_in(part):
        calls = []

        def fit(*arguments, **options):
            calls.append(1)
            if len(calls) > part:
                raise KeyboardInterrupt
            return original(*arguments, **options)

        return fit

    for part in range(n_parts):
        monkeypatch.setattr(Run, "fit", interrupted_in(part))
        assert reproduce.main([name, *SMALL[name], "--resume" if part else "--fresh"]) == 130
    monkeypatch.setattr(Run, "fit", original)
    assert reproduce.main([name, *SMALL[name], "--resume"]) == 0
    assert parameters(folders / "runs" / f"{name}-1234" / "parameters" / f"{name}.npz")[0] == alone


def test_an_interrupted_run_is_neither_lost_nor_mistaken(folders, capsys):
    assert reproduce.main(["mlp", *SMALL["mlp"], "--resume"]) == 1
    assert "There is nothing to go on with: no run of 'mlp' with seed 1234" in capsys.readouterr().err
    assert reproduce.main(["mlp", *SMALL["mlp"]]) == 0
    folder = folders / "runs" / "mlp-1234"
    before = (folder / "training.npz").read_bytes()

    assert reproduce.main(["mlp", *SMALL["mlp"]]) == 1
    assert "--resume goes on with it, --fresh deletes it" in capsys.readouterr().err
    assert reproduce.main(["mlp", *SMALL["mlp"], "--set", "n_epochs=3", "--resume"]) == 1
    assert "cannot go on to the same end: configuration was" in capsys.readouterr().err
    assert (folder / "training.npz").read_bytes() == before

    about = json.loads((folder / "run.json").read_text())
    record.write_json(folder / "run.json", {**about, "device": "another, 64 threads"})
    assert reproduce.main(["mlp", *SMALL["mlp"], "--resume"]) == 1
    assert "device was another, 64 threads, and is" in capsys.readouterr().err

    assert reproduce.main(["mlp", *SMALL["mlp"], "--fresh"]) == 0


def test_the_seed_of_the_published_run_is_taken_where_there_is_one(folders, capsys):
    for name, arguments, seed in [("lenet", [], 23455), ("lenet", ["--seed", "7"], 7), ("logistic", [], 1234)]:
        assert reproduce.main([name, *arguments, *SMALL[name], "--output", str(folders)]) == 0
        assert json.loads((folders / f"{name}.json").read_text())["seed"] == seed
        assert (folders / "runs" / f"{name}-{seed}").is_dir()


def test_several_seeds_are_written_beside_the_first(folders, monkeypatch):
    monkeypatch.setattr(reproduce, "is_standard", lambda *_: True)  # so that the first goes where results go
    assert reproduce.main(["mlp", *SMALL["mlp"], "--seeds", "3"]) == 0
    found = json.loads((folders / "results" / "mlp.json").read_text())
    assert found["seed"] == 1234 and list(found["seeds"]) == ["1234", "1235", "1236"]
    assert found["seeds"]["1234"] == {key: found[key] for key in ("validation_error", "test_error")}
    alone = json.loads((folders / "runs" / "mlp-1236" / "mlp.json").read_text())
    assert alone["seed"] == 1236 and alone["test_error"] == found["seeds"]["1236"]["test_error"]
    assert [path.name for path in (folders / "results").glob("*.json")] == ["mlp.json"]


def test_several_seeds_go_on_where_they_were_interrupted(folders, monkeypatch):
    def interrupted(*arguments, original=reproduce.reproduce):
        if arguments[0].seed == 1235:
            raise KeyboardInterrupt
        return original(*arguments)

    command = ["mlp", *SMALL["mlp"], "--seeds", "2"]
    with monkeypatch.context() as patch:
        patch.setattr(reproduce, "reproduce", interrupted)
        assert reproduce.main(command) == 130
    assert reproduce.main(command) == 1  # as with one seed, nothing that was begun is deleted
    first = folders / "runs" / "mlp-1234" / "mlp.json"
    assert "seeds" not in json.loads(first.read_text())
    assert reproduce.main([*command, "--resume"]) == 0
    assert list(json.loads(first.read_text())["seeds"]) == ["1234", "1235"]


def test_an_interrupt_says_how_to_go_on(folders, monkeypatch, capsys):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "fit", interrupt)
    assert reproduce.main(["mlp", *SMALL["mlp"]]) == 130
    assert "To go on: scripts/reproduce mlp --set 'hidden=[12]' --set n_epochs=2 --resume" in capsys.readouterr().err


# Digits as the members of a committee see them ------------------------------------------------------------------------


def bar(slant, width):
    """A bar from row 6 to row 21, so many pixels wide, that leans to the right by `slant` pixels per row upwards."""
    rows, columns = np.indices((28, 28)) - 13.5
    inside = (abs(rows) < 8) & (abs(columns + slant * rows) < width / 2)
    return inside.astype("float32").reshape(1, 784)


def slant_of(image):
    rows, columns = np.indices((28, 28))
    ink = image.reshape(28, 28) / image.sum()
    rows, columns = rows - (ink * rows).sum(), columns - (ink * columns).sum()
    return -(ink * rows * columns).sum() / (ink * rows**2).sum()


def width_of(image):
    inked = np.flatnonzero((image.reshape(28, 28) > INK).any(axis=0))
    return inked[-1] - inked[0] + 1


def test_slanted_digits_are_set_upright_where_they_stand():
    slanted = np.roll(bar(0.5, 4), 3)  # three columns to the right
    assert slant_of(slanted) > 0.4
    upright = normalize(slanted, deslant=True)
    assert abs(slant_of(upright)) < 0.02
    assert np.average(np.arange(784) % 28, weights=upright[0]) == pytest.approx(16.5, abs=0.1)
    assert upright.sum() == pytest.approx(slanted.sum(), rel=0.01)


@pytest.mark.parametrize("slant", [0, 0.5])
@pytest.mark.parametrize("before, wanted, after", [(8, 12, 12), (16, 10, 10), (4, 20, 6.4)])
def test_digits_become_equally_wide_but_very_narrow_ones_not_quite(slant, before, wanted, after):
    found = normalize(np.roll(bar(slant, before), -2), deslant=True, width=wanted)
    assert abs(width_of(found) - after) <= 2
    assert np.average(np.arange(784) % 28, weights=found[0]) == pytest.approx(13.5, abs=0.3), "it is in the middle"


def test_digits_stay_what_they_are_where_nothing_is_asked_for_and_an_empty_image_stays_empty():
    digits = bar(0.3, 5)
    assert normalize(digits) is digits
    empty = np.zeros((2, 784), dtype="float32")
    found = normalize(empty, deslant=True, width=14)
    np.testing.assert_array_equal(found, empty)
    assert found.dtype == "float32"


# What is asked for ----------------------------------------------------------------------------------------------------


def test_the_models_are_listed_with_what_was_published(capsys):
    assert reproduce.main(["--list"]) == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) == len(CATALOGUE)
    assert "Cireşan et al. 2010: 0.35 %" in shown and "7.489583 %" in shown and "3 squared error per digit" in shown


def test_a_name_that_is_none_is_refused(capsys):
    assert reproduce.main(["mlpp"]) == 2
    assert "There is no 'mlpp'. Choose one of logistic, mlp," in capsys.readouterr().err
    with pytest.raises(SystemExit):
        reproduce.main([])
    assert "which model? --list lists them" in capsys.readouterr().err


def test_a_setting_that_is_none_is_refused(folders, capsys):
    assert reproduce.main(["mlp", "--set", "hiden=[3]"]) == 2
    assert "There is no 'hiden' in the configuration: hidden, activation" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        reproduce.main(["mlp", "--set", "hidden"])
    assert "'hidden' should be KEY=VALUE" in capsys.readouterr().err


@pytest.mark.parametrize("seed", ["-1", "4294967296", "x"])
def test_a_seed_that_is_none_is_refused(seed, capsys):
    with pytest.raises(SystemExit):
        reproduce.main(["mlp", "--seed", seed])
    assert "seed" in capsys.readouterr().err


# What is written ------------------------------------------------------------------------------------------------------


def trained(**options):
    return Trained(
        **{
            "params": {"W1": theano.shared(np.eye(784, 10, dtype="float32"), name="W")},
            "validation_error": 1.0,
            "test_set": (),
        }
        | options
    )


def test_parameters_have_a_checksum_and_large_ones_are_left_out(tmp_path):
    assert record.write_parameters(tmp_path / "b.npz", {}, trained())
    assert record.write_parameters(tmp_path / "a.npz", {}, trained())
    assert record.write_parameters(tmp_path / "b.npz", {"seed": 2}, trained())
    assert subprocess.run(["sha256sum", "-c", record.SUMS], cwd=tmp_path, capture_output=True).returncode == 0
    assert [line.split()[1] for line in (tmp_path / record.SUMS).read_text().splitlines()] == ["a.npz", "b.npz"]
    assert sorted(os.listdir(tmp_path)) == [record.SUMS, "a.npz", "b.npz"]
    large = trained(params={"W": theano.shared(np.zeros((1500, 1500), "float32"))})
    assert not record.write_parameters(tmp_path / "c.npz", {}, large) and not (tmp_path / "c.npz").exists()


def test_a_test_counts_whole_mini_batches_and_names_what_is_wrong():
    x, y = np.eye(7, 784, dtype="float32"), np.array([0, 1, 2, 3, 5, 5, 9], dtype="int32")
    model = trained(
        test_set=(theano.shared(x), theano.shared(y)), classify=lambda x: x[:, :10], n_test=lambda n: n - n % 3
    )
    assert model.test() == {"test_error": round(100 / 6, 6), "test_digits": 6, "wrong": {"4": 4}}
    again = trained(test_set=(theano.shared(x), None), reconstruct=lambda x: x / 2)
    assert again.test() == {"test_squared_error": 0.25}


def test_a_curve_has_as_many_seconds_as_errors(tmp_path):
    history = History(
        epoch=[1, 2], elapsed=[0.123456, 3.3], train_cost=[1, 0.5], validation_error=[0.1, 0.05], best_epoch=2
    )
    assert record.curve(history)["seconds"] == [0.12346, 3.3]


def test_the_figure_of_all_runs_has_a_curve_for_each_classifier():
    curves = {"training": {"seconds": [1, 2], "validation_error": [0.1, 0.05]}}
    results = [
        {"name": "a", "test_error": 1.0, "seconds": 2, "curves": curves},
        {"name": "b", "test_squared_error": 1.0},
    ]
    assert figures.of_all(results).startswith(b"\x89PNG")
