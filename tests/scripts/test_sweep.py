"""scripts/sweep: which trials there are, that none is repeated, and that one that fails or is killed costs itself only."""

import contextlib
import json
import os
import signal
import subprocess
import types

import distributed
import psutil
import pytest

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.data.loading import ROWS_VARIABLE
from deeplearning_tutorial.training import EPOCHS_VARIABLE
from scripts.experiments import search_space, sweep, trial
from scripts.experiments.catalogue import CATALOGUE
from scripts.experiments.run import Run

QUICK = ["mlp-momentum", "hidden=[20]", "n_epochs=5", "batch_size=20"]


def trials(*arguments):
    options = sweep.parse(["mlp", *arguments])
    return [trial["values"] for trial in search_space.list_trials(options, CATALOGUE["mlp"].configuration).values()]


def results(folder):
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


# Which trials ---------------------------------------------------------------------------------------------------------


def test_a_grid_has_all_combinations():
    assert trials("learning_rate=0.1,0.2", "hidden=[5],[5,6]", "activation=tanh,relu") == [
        {"learning_rate": rate, "hidden": hidden, "activation": activation}
        for rate in [0.1, 0.2]
        for hidden in [[5], [5, 6]]
        for activation in ["tanh", "relu"]
    ]
    assert trials("dropout=null,[0.1,0.2]") == [{"dropout": None}, {"dropout": [0.1, 0.2]}]
    assert trials() == [{}]


def test_random_trials_are_drawn_from_lists_and_on_a_logarithmic_scale_from_ranges():
    found = trials("learning_rate=0.001..0.1", "momentum=0.5,0.9", "--random", "200")
    rates = sorted(values["learning_rate"] for values in found)
    assert 0.001 <= rates[0] < 0.0015 and 0.07 < rates[-1] <= 0.1
    assert 80 < sum(rate < 0.01 for rate in rates) < 120  # as many below as above
    assert {values["momentum"] for values in found} == {0.5, 0.9}
    assert found == trials("learning_rate=0.001..0.1", "momentum=0.5,0.9", "--random", "200")
    assert found != trials("learning_rate=0.001..0.1", "momentum=0.5,0.9", "--random", "200", "--seed", "5")


def test_the_same_trial_is_listed_once():
    assert len(trials("momentum=0.5,0.50,0.9")) == 2
    assert len(trials("momentum=0.5,0.9", "--random", "30")) == 2


def test_a_trial_has_a_key_of_its_own(monkeypatch):
    monkeypatch.delenv(ROWS_VARIABLE, raising=False)

    def key(*arguments):
        return set(search_space.list_trials(sweep.parse(list(arguments)), CATALOGUE[arguments[0]].configuration))

    keys = [key("mlp"), key("mlp", "momentum=0.5"), key("mlp", "--seed", "3"), key("mlp-momentum")]
    assert len(set.union(*keys)) == 4 and key("mlp") == key("mlp", "batch_size=20")
    monkeypatch.setenv(ROWS_VARIABLE, "100")
    assert key("mlp") != keys[0]


@pytest.mark.parametrize(
    "bad",
    ["momentum", "momentum=", "=3", "momentum=0.1..0", "momentum=0..1", "momentum=a..b", "hidden=[5", "dropout={}}"],
)
def test_what_cannot_be_read_is_refused(bad, capsys):
    with pytest.raises(SystemExit):
        trials(bad)
    assert f"{bad!r} should be KEY=A,B,C or KEY=LOW..HIGH" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, shown",
    [
        (["mlp", "momentum=0.1..0.9"], "a range, LOW..HIGH, is for --random N"),
        (["mlp", "--random", "0"], "'0' is not a number of trials from 1 to"),
        (["mlp", "--workers", "0"], "'0' is not a number of trials from 1 on"),
        ([], "which model?"),
    ],
)
def test_what_does_not_fit_together_is_refused(arguments, shown, capsys):
    with pytest.raises(SystemExit):
        sweep.main(arguments)
    assert shown in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, shown",
    [
        (["mlpp"], "There is no 'mlpp'. Choose one of logistic"),
        (["mlp", "momentom=0.5"], "There is no 'momentom' in the configuration: hidden"),
        (
            ["mlp", f"n_epochs={','.join(map(str, range(1, 202)))}", f"patience={','.join(map(str, range(1, 202)))}"],
            "more than 10,000 trials",
        ),
    ],
)
def test_a_search_that_cannot_be_is_refused(arguments, shown, capsys):
    assert sweep.main(arguments) == 2
    assert shown in capsys.readouterr().err


# Trying ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def few_digits(monkeypatch):
    monkeypatch.setenv(ROWS_VARIABLE, "400")
    monkeypatch.delenv(EPOCHS_VARIABLE, raising=False)


@pytest.mark.slow(4)
def test_a_search_with_two_workers(few_digits, tmp_path, capsys, monkeypatch):
    """One trial diverges; and what has a result is not tried again."""
    command = [*QUICK, "learning_rate=0.0001,1e30,0.1", "--workers", "2", "--output", str(tmp_path)]
    assert sweep.main(command) == 0
    shown = capsys.readouterr().out
    found = {result["values"]["learning_rate"]: result for result in results(tmp_path)}
    assert "FloatingPointError: the cost became" in found[1e30]["failure"] and "validation_error" not in found[1e30]
    assert 0 < found[0.1]["validation_error"] < found[0.0001]["validation_error"] <= 100
    rows = [line for line in shown.splitlines() if line.startswith("| ")]
    assert rows[0] == "| hidden | n_epochs | batch_size | learning_rate | validation error | seconds |"
    assert [row.split(" | ")[3] for row in rows[1:]] == ["0.1", "0.0001", "1e+30"]
    assert (tmp_path / "table.md").read_text().strip() in shown
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")

    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")}
    monkeypatch.setattr(sweep, "connect", None)  # no worker is needed
    assert sweep.main(command) == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")} == before


def test_a_trial_never_looks_at_the_test_set(few_digits, monkeypatch, tmp_path):
    from scripts.experiments.run import Trained

    monkeypatch.setattr(trial, "SWEEPS", tmp_path)
    monkeypatch.setattr(Trained, "test", lambda self: pytest.fail("it looked"))
    found = trial.try_out(
        "logistic", {**CATALOGUE["logistic"].configuration, "n_epochs": 1, "batch_size": 20}, 1, "key"
    )
    assert found.keys() == {"validation_error", "seconds"}
    assert os.listdir(tmp_path / "runs") == []  # no checkpoints of what has ended


def test_a_trial_that_was_stopped_goes_on(few_digits, monkeypatch, tmp_path):
    configuration = {**CATALOGUE["mlp"].configuration, "hidden": [4], "n_epochs": 3}
    monkeypatch.setattr(trial, "SWEEPS", tmp_path)
    steps = []

    def fit(self, phase, train, *arguments, original=Run.fit, **options):
        history = original(self, phase, train, *arguments, **options)
        steps.append(history.n_steps)
        if len(steps) == 1:
            raise KeyboardInterrupt
        return history

    monkeypatch.setattr(Run, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        trial.try_out("mlp", configuration, 1, "key")
    assert (tmp_path / "runs" / "key" / "training.npz").exists()
    assert "validation_error" in trial.try_out("mlp", configuration, 1, "key")
    assert steps == [60, 60]


def killing(name, configuration, seed, key):
    if configuration["learning_rate"] == 0.5:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"validation_error": configuration["learning_rate"], "seconds": 1.0}


@pytest.mark.slow(8)
def test_a_worker_that_is_killed_costs_its_trial_only(monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(trial, "try_out", killing)
    command = ["mlp", "learning_rate=0.1,0.2,0.5,0.3", "--workers", "2", "--output", str(tmp_path)]
    assert sweep.main(command) == 1
    shown = "".join(capfd.readouterr())
    assert sorted(result["values"]["learning_rate"] for result in results(tmp_path)) == [0.1, 0.2, 0.3]
    assert "lost: learning_rate=0.5 (KilledWorker)" in shown and "1 trials were lost with their workers" in shown

    monkeypatch.setattr(trial, "try_out", lambda *_: {"validation_error": 1.0, "seconds": 1.0})
    assert sweep.main(command) == 0
    assert len(results(tmp_path)) == 4


class Blaming:
    """A client of a cluster that loses a trial whenever another runs beside it, as if that had killed their worker."""

    def __init__(self):
        self.running = 0

    def nthreads(self):
        return {"worker": 2}

    def submit(self, key, name):
        self.running += 1
        return types.SimpleNamespace(
            key=name, result=lambda blamed=self.running > 1 or key == "killer": self.end(key, blamed)
        )

    def end(self, key, blamed):
        self.running -= 1
        if blamed:
            raise distributed.KilledWorker("task", None, 3)
        return key.upper()


class Done(list):
    """What is added, in this order, in place of Dask's as_completed."""

    add, count = list.append, list.__len__

    def __iter__(self):
        while self:
            yield self.pop(0)


def test_who_is_blamed_for_anothers_failure_is_tried_again_alone(monkeypatch):
    monkeypatch.setattr(sweep, "as_completed", Done)
    client = Blaming()
    first = list(sweep.outcomes(client, client.submit, ["a", "killer", "b"], alone=False))
    suspects = [key for key, found, _ in first if found is None]
    assert "killer" in suspects and len(suspects) > 1
    again = list(sweep.outcomes(client, client.submit, suspects, alone=True))
    assert [key for key, found, error in again if found is None] == ["killer"]
    assert isinstance(dict((key, error) for key, _, error in again)["killer"], distributed.KilledWorker)


def test_a_scheduler_that_is_gone_ends_the_search(monkeypatch):
    monkeypatch.setattr(sweep, "as_completed", Done)

    def gone():
        raise distributed.comm.CommClosedError

    with pytest.raises(OSError):
        list(
            sweep.outcomes(Blaming(), lambda key, name: types.SimpleNamespace(key=name, result=gone), ["a"], alone=True)
        )


@pytest.mark.slow(3)
def test_on_the_workers_of_a_scheduler(few_digits, tmp_path, capsys):
    """What results/README.md says for several machines, on one."""
    with distributed.LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", host="127.0.0.1") as cluster:
        worker = subprocess.Popen(
            [ROOT / "scripts" / "sweep", "--worker", cluster.scheduler_address],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        try:
            assert (
                sweep.main(
                    [*QUICK, "learning_rate=0.1", "--scheduler", cluster.scheduler_address, "--output", str(tmp_path)]
                )
                == 0
            )
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
    assert results(tmp_path)[0]["validation_error"] < 100


def test_without_the_scheduler_it_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sweep, "PATIENCE", 1)
    assert sweep.main([*QUICK, "--scheduler", "tcp://127.0.0.1:9", "--output", str(tmp_path)]) == 1
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err


def test_a_search_on_one_machine_cannot_be_reached_from_elsewhere():
    with contextlib.ExitStack() as stack:
        sweep.connect(stack, sweep.parse(["mlp", "--workers", "2"]), 2)
        me = psutil.Process()
        processes = [me, *me.children(recursive=True)]
        listening = [
            connection
            for process in processes
            for connection in process.net_connections()
            if connection.status == "LISTEN"
        ]
    assert len(listening) > 2  # the scheduler and its workers
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}
