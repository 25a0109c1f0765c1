"""scripts/reproduce lenet, convnet and conv-committee: the networks are those of the papers, and nothing of them is lost."""

import json
import re
import shlex

import numpy as np
import pytest
import theano
import theano.tensor as T

from deeplearning_tutorial import ROOT, checkpoint
from deeplearning_tutorial.data import load_arrays
from deeplearning_tutorial.data.loading import ROWS_VARIABLE
from deeplearning_tutorial.pretrained import load_pretrained
from deeplearning_tutorial.training import EPOCHS_VARIABLE
from scripts.experiments import classifier, committee, convnets, figures, reproduce
from scripts.experiments.catalogue import CATALOGUE
from scripts.experiments.configuration import problem
from scripts.experiments.run import Run, Trained

TINY = ["convnet", "--seed", "7", "--set", "hidden=[12]", "--set", "n_filters=[[3],[4]]", "--set", "n_epochs=3"]


@pytest.fixture
def folders(monkeypatch, tmp_path):
    monkeypatch.setenv(ROWS_VARIABLE, "600")
    monkeypatch.delenv(EPOCHS_VARIABLE, raising=False)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    monkeypatch.setattr(reproduce, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(reproduce, "RESULTS", tmp_path / "results")
    return tmp_path


def configuration(name, **values):
    return {**CATALOGUE[name].configuration, **values}


# The networks ---------------------------------------------------------------------------------------------------------


def shapes(network):
    return [parameter.get_value().shape for parameter in network.params]


def test_lenet_starts_with_the_weights_of_the_theano_tutorial():
    """Drawn here as their program draws them."""
    settings = CATALOGUE["lenet"].configuration
    network = convnets.LeNet(
        np.random.RandomState(23455), T.matrix(), settings["n_filters"], settings["filter_size"], settings["hidden"]
    )
    assert shapes(network) == [(20, 1, 5, 5), (20,), (50, 20, 5, 5), (50,), (800, 500), (500,), (500, 10), (10,)]
    rng = np.random.RandomState(23455)
    for number, bound in [(0, 6 / (25 + 20 * 25 // 4)), (2, 6 / (500 + 50 * 25 // 4)), (4, 6 / (800 + 500))]:
        wanted = rng.uniform(-np.sqrt(bound), np.sqrt(bound), shapes(network)[number])
        np.testing.assert_allclose(network.params[number].get_value(), wanted, rtol=1e-6)
    assert all(not network.params[number].get_value().any() for number in (1, 3, 5, 6, 7))
    assert CATALOGUE["lenet"].seed == 23455


def test_the_command_of_the_page_trains_as_the_theano_tutorial():
    page = (ROOT / "results" / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^    scripts/reproduce (lenet .*?)\n\n", page, re.DOTALL | re.MULTILINE)
    given = reproduce.parse(shlex.split(command.replace("\\\n", " "))).set
    problems = [problem(CATALOGUE["lenet"].configuration, key, value) for key, value in given]
    assert problems == [None] * 8
    settings = configuration("lenet", **dict(given))
    trained_as = {"batch_size": 500, "learning_rate": 0.1, "momentum": 0.0, "decay": False, "n_epochs": 200}
    assert trained_as.items() <= settings.items()
    assert settings["patience"] == 10_000 and not settings["shuffle"] and settings["distortion"] is None


@pytest.mark.parametrize("name", [name for name, one in CATALOGUE.items() if "distortion" in one.configuration])
def test_digits_may_stay_undistorted(name):
    assert problem(CATALOGUE[name].configuration, "distortion", None) is None


def test_the_networks_are_those_that_their_titles_name():
    networks = {name: convnets.build(configuration(name), 1, T.matrix()) for name in ["convnet", "conv-committee"]}
    assert [shape for shape in shapes(networks["convnet"]) if len(shape) > 1] == [
        (32, 1, 3, 3),
        (32, 32, 3, 3),
        (64, 32, 3, 3),
        (64, 64, 3, 3),
        (64 * 7 * 7, 128),
        (128, 10),
    ]
    size = CATALOGUE["conv-committee"].configuration["filter_size"]
    assert [shape for shape in shapes(networks["conv-committee"]) if len(shape) > 1] == [
        (20, 1, size, size),
        (40, 20, size, size),
        (40 * 4 * 4, 150),
        (150, 10),
    ]
    assert [len(network.normalizations) for network in networks.values()] == [4, 2]


def test_the_committee_has_five_networks_for_each_of_seven_widths():
    members = CATALOGUE["conv-committee"].configuration["members"]
    widths = [member.get("width") for member in members]
    assert len(members) == 35 and {widths.count(width) for width in widths} == {5}
    assert set(widths) == {None, 10, 12, 14, 16, 18, 20}


def test_a_filter_that_has_no_middle_is_refused_when_training_begins(folders, capsys):
    assert reproduce.main([*TINY, "--set", "filter_size=4"]) == 2
    assert "filter_size must be odd" in capsys.readouterr().err
    assert not (folders / "runs" / "convnet-7").exists()


@pytest.mark.parametrize("n_rates", [2, 4])
def test_there_is_a_rate_of_dropout_for_each_stage_and_hidden_layer(folders, n_rates, capsys):
    assert reproduce.main([*TINY, "--set", f"dropout={[0.1] * n_rates}"]) == 2
    assert "rates must be a list of 3, one for each stage and each hidden layer" in capsys.readouterr().err


@pytest.mark.slow(10)
def test_a_penalty_makes_the_weights_small(folders, monkeypatch):
    sizes = []
    for l2 in [0.0, 0.3]:
        run = Run(folders / f"{l2}", progress=False)
        settings = configuration("convnet", n_filters=[[3], [3]], hidden=[6], dropout=[0, 0, 0], n_epochs=2, l2=l2)
        settings["batch_normalization"] = False
        trained = convnets.train(settings, 1, run)
        sizes.append(sum(np.sum(trained.params[name].get_value() ** 2) for name in ["W1", "W2", "W3", "W4"]))
    assert sizes[1] < sizes[0] / 2


# Nothing is lost ------------------------------------------------------------------------------------------------------


def wrong_digits(classify, x, y):
    return {str(number) for number in np.flatnonzero(classify(x).argmax(axis=1) != y)}


@pytest.mark.slow(8)
@pytest.mark.parametrize("shift", [0, 1])
def test_averages_of_batch_normalization_are_kept_with_the_best_parameters_and_written(folders, shift):
    assert reproduce.main([*TINY, "--set", f"test_time_shift={shift}"]) == 0
    folder = folders / "runs" / "convnet-7"
    found = json.loads((folder / "convnet.json").read_text())
    names = list(checkpoint.load(folder / "parameters" / "convnet.npz")[0])
    assert names[:8] == ["W1", "b1", "gamma1", "beta1", "W2", "b2", "gamma2", "beta2"]
    assert names[8:] == ["W3", "b3", "W4", "b4", "mean1", "variance1", "mean2", "variance2"]

    x = T.matrix()
    network = convnets.build(found["configuration"], 1, x)
    classify = theano.function([x], network.p_y_given_x)
    if shift:
        classify = classifier.over_shifts(classify, shift)
    load_pretrained("convnet", [*network.params, *network.statistics], folder / "parameters")
    digits, labels = load_arrays("mnist")[2]
    assert wrong_digits(classify, digits, labels) == found["wrong"].keys()
    valid_digits, valid_labels = load_arrays("mnist")[1]
    n_wrong = len(wrong_digits(classify, valid_digits, valid_labels))
    assert found["validation_error"] == pytest.approx(100 * n_wrong / len(valid_labels), abs=1e-3)

    # That would be noticed if the averages were those of the start.
    for number, variable in enumerate(network.statistics):
        variable.set_value(np.full_like(variable.get_value(), number % 2))
    assert wrong_digits(classify, digits, labels) != found["wrong"].keys()


@pytest.mark.slow(25)
def test_interrupted_and_resumed_it_ends_with_the_same_parameters(folders, monkeypatch):
    command = [*TINY, "--set", "dropout=[0.1,0,0.2]", "--checkpoint-seconds", "0"]
    assert reproduce.main([*command, "--output", str(folders / "alone")]) == 0

    class Interrupting(classifier.FreshEpochs):
        def __call__(self, epoch):
            super().__call__(epoch)
            if epoch == 2:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(classifier, "FreshEpochs", Interrupting)
        assert reproduce.main([*command, "--fresh"]) == 130
    assert checkpoint.load(folders / "runs" / "convnet-7" / "training.npz")[1]["history"]["n_steps"] == 12
    assert reproduce.main([*command, "--resume"]) == 0
    ours, theirs = (
        checkpoint.load(folder / "parameters" / "convnet.npz")[0]
        for folder in [folders / "runs" / "convnet-7", folders / "alone"]
    )
    assert {name: array.tobytes() for name, array in ours.items()} == {
        name: array.tobytes() for name, array in theirs.items()
    }


def test_each_member_sees_its_own_digits_with_a_seed_of_its_own_and_answers_are_averaged(folders):
    seen = []

    def train_network(configuration, seed, run, datasets):
        seen.append((seed, run.folder.name, datasets[0][0].get_value()))
        run.histories["training"] = f"history of {run.folder.name}"
        x = datasets[0][0].get_value()[:1]
        return Trained(
            params={"W1": theano.shared(x)}, validation_error=0, test_set=None, classify=lambda x: x[:, 345:355]
        )

    run = Run(folders / "committee", progress=False)
    trained = committee.train({"members": [{}, {"width": 10}, {"width": 20}]}, 50, run, train_network)
    assert [(seed, name) for seed, name, _ in seen] == [(50, "member-1"), (51, "member-2"), (52, "member-3")]
    digits = load_arrays("mnist")[0][0]
    changed = [digits, *(committee.normalize(digits, width=width) for width in (10, 20))]
    for (_, _, ours), theirs in zip(seen, changed):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_allclose(
        trained.classify(digits), np.mean([digits[:, 345:355] for digits in changed], axis=0), atol=1e-6
    )
    assert list(trained.params) == ["W1 1", "W1 2", "W1 3"]
    assert list(run.histories) == ["member 1", "member 2", "member 3"]


# Pictures -------------------------------------------------------------------------------------------------------------


def test_variables_of_one_name_are_numbered():
    variables = [theano.shared(0.0, name=name) for name in ["W", "b", "gamma", "W", "b", "mean"]]
    assert list(classifier.numbered(variables)) == ["W1", "b1", "gamma1", "W2", "b2", "mean1"]
    assert list(classifier.numbered(variables).values()) == variables


@pytest.mark.parametrize(
    "shape, title, drawn",
    [
        ((20, 1, 5, 5), "Filters of the first layer", 20),
        ((784, 10), "Weights of each class", 10),
        ((784, 300), "Weights into hidden units, the first 100", 100),
    ],
)
def test_filters_are_drawn_as_they_lie_upon_the_digit(shape, title, drawn, monkeypatch):
    tiles = []
    monkeypatch.setattr(figures, "plot_signed_tiles", lambda images, **_: tiles.extend(images))
    weights = np.random.RandomState(1).normal(size=shape).astype("float32")
    axes = figures.plt.figure().add_subplot()
    figures.draw_filters(axes, Trained({"W1": theano.shared(weights)}, 1.0, None))
    assert axes.get_title() == title and len(tiles) == drawn
    first = np.rot90(weights[0, 0], 2).ravel() if len(shape) == 4 else weights[:, 0]
    np.testing.assert_array_equal(tiles[0], first)


def legend_for(n_members):
    curve = {"seconds": [1, 2], "validation_error": [0.01, 0.005]}
    found = {
        "curves": {f"member {number}": curve for number in range(1, n_members + 1)},
        "configuration": {},
        "validation_error": 0.4,
        "test_error": 0.5,
        "reference": 0.23,
        "source": "somebody",
    }
    axes = figures.plt.figure().add_subplot()
    figures.draw_error(axes, found)
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_of_many_members_the_first_and_the_last_are_named():
    assert sum("member" in text for text in legend_for(8)) == 8
    assert [text for text in legend_for(35) if "member" in text] == ["validation, member 1", "validation, member 35"]


def test_no_two_of_all_runs_are_drawn_alike(monkeypatch):
    drawn = []
    monkeypatch.setattr(figures, "as_png", drawn.append)
    curves = {"training": {"seconds": [1, 2], "validation_error": [0.1, 0.05]}}
    figures.of_all([{"name": f"{n}", "test_error": 1.0, "seconds": 2, "curves": curves} for n in range(12)])
    lines = [line for line in drawn[0].axes[0].get_lines() if len(line.get_xdata()) > 1]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == len(lines) == 12
