"""scripts/benchmark --busy: the programs beside which engines are measured, kernels side by side, tables and a figure."""

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes
from repository_copy import interrupted

from deeplearning_tutorial import ROOT
from scripts.benchmarks import benchmark, busy, kernels, load, processes, worker
from scripts.benchmarks.load import Load, LoadError

# Programs that compute -------------------------------------------------------------------------------------------------


def is_there(pid):
    return os.path.exists(f"/proc/{pid}")


def ended(pid, patience=10):
    end = time.monotonic() + patience
    while is_there(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not is_there(pid)


def test_programs_compute_in_sessions_of_their_own_until_the_end():
    with Load(2) as beside:
        pids = [program.pid for program in beside.programs]
        assert [os.getsid(pid) for pid in pids] == pids
        time.sleep(0.2)
        shares = beside.shares()
    assert len(shares) == 2 and all(0.02 < share < 1.2 for share in shares)
    assert not any(map(is_there, pids))


def test_programs_end_when_something_fails():
    with pytest.raises(ZeroDivisionError):
        with Load(1) as beside:
            raise ZeroDivisionError
    assert not is_there(beside.programs[0].pid)


def test_no_programs_are_a_load_too():
    with Load(0) as beside:
        assert beside.shares() == []


def test_a_program_that_does_not_compute_is_noticed():
    with Load(1) as beside:
        (program,) = beside.programs
        os.kill(program.pid, signal.SIGSTOP)
        beside.since, beside.seconds_before = time.perf_counter(), beside._seconds()
        time.sleep(0.2)
        with pytest.raises(LoadError, match="1 of 1 programs that should compute had 0.0% of a processor"):
            beside.shares()


def test_a_program_that_ended_is_noticed():
    with Load(1) as beside:
        beside.programs[0].kill()
        beside.programs[0].wait()
        with pytest.raises(LoadError, match=r"ended \(exit status -9\)"):
            beside.shares()


def test_programs_that_do_not_begin_are_noticed_and_ended(monkeypatch):
    monkeypatch.setattr(load, "PATIENCE", 0.3)
    monkeypatch.setattr(load, "BEGUN", 1000.0)
    beside = Load(2)
    with pytest.raises(LoadError, match="2 programs that compute did not all begin"):
        beside.__enter__()
    assert not any(is_there(program.pid) for program in beside.programs)


BESIDE = """
import os, time
from scripts.benchmarks.load import Load
with Load(1) as beside:
    print(beside.programs[0].pid, "computes", flush=True)
    {then}
"""


def test_programs_end_when_who_started_them_was_killed():
    program = BESIDE.format(then="os.kill(os.getpid(), 9)")
    killed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert killed.returncode == -9, killed.stderr
    assert ended(int(killed.stdout.split()[0]))


def test_programs_end_on_an_interrupt_that_does_not_reach_them():
    status, said = interrupted([sys.executable, "-c", BESIDE.format(then="time.sleep(60)")], "computes")
    assert status != 0 and "KeyboardInterrupt" in said
    assert not is_there(int(said.split()[0]))


# How engines are asked -------------------------------------------------------------------------------------------------


class Sleeper:
    """An engine that needs so many seconds for a call, and for a step; it notes how many steps it was asked for."""

    def __init__(self, call, step):
        self.call, self.step, self.asked = call, step, []

    def run(self, indices):
        self.asked.append(len(indices))
        time.sleep(self.call + self.step * len(indices))


def indices(n):
    return list(range(n))


def test_a_step_is_timed_in_calls_of_many_steps_of_which_each_length_was_tried():
    engine = Sleeper(call=0.005, step=0.0005)
    answer = worker.settled(engine, indices, 0.5)
    assert 0.0005 < answer["seconds"] < 0.002  # and not the 0.0055 of a call with one step
    assert answer["processor_s"] < answer["seconds"] / 2
    n_timed = answer["steps"] // engine.asked[-1]
    tried, timed = engine.asked[:-n_timed], engine.asked[-n_timed:]
    assert tried[0] == 1 and set(timed) == {tried[-1]} and answer["steps"] == sum(timed)


def test_a_turn_of_a_slow_engine_is_no_longer_than_it_must():
    engine = Sleeper(call=0, step=0.2)
    answer = worker.settled(engine, indices, 0.3)
    assert engine.asked == [1, 1, 1, 1] and answer["seconds"] == pytest.approx(0.2, rel=0.3)


def test_nothing_is_said_about_threads_where_libraries_are_to_choose(monkeypatch, tmp_path):
    about_threads = ["OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "BENCHMARK_THREADS"]
    about_threads += ["MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "NUMEXPR_NUM_THREADS"]
    for name in [*about_threads, "COMPUTER", "MKLX"]:
        monkeypatch.setenv(name, "3")
    setting = SimpleNamespace(n_threads=None, device="cpu", folder=tmp_path)
    free = processes.environment("JAX", setting)
    assert not set(about_threads) & set(free) and free["COMPUTER"] == free["MKLX"] == "3"
    assert free["BENCHMARK_DEVICE"] == "cpu"
    setting.n_threads = 1
    told = processes.environment("JAX", setting)
    assert told["OMP_NUM_THREADS"] == told["OPENBLAS_NUM_THREADS"] == told["BENCHMARK_THREADS"] == "1"


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--threads", "1"], "leave out --threads 1"),
        (["--device", "cuda"], "leave out --device cuda"),
    ],
)
def test_what_users_do_not_choose_is_not_chosen_here(arguments, said, capsys):
    with pytest.raises(SystemExit, match="2"):
        benchmark.parse(["--busy", *arguments])
    assert said in capsys.readouterr().err


def test_what_is_measured_unless_told():
    options = benchmark.parse(["--busy"])
    assert options.workloads == ["mlp-100", "mlp-500", "mlp-500-large-batch"]
    assert options.engines == ["Theano", "NumPy", "PyTorch", "JAX"]
    assert options.rounds == 3 and options.turn >= 1 and options.output == ROOT / "results"
    quick = benchmark.parse(["--busy", "--quick", "--engines", "JAX scanned", "--rounds", "2"])
    assert quick.workloads == ["mlp-100"] and quick.engines == ["JAX scanned"]
    assert quick.rounds == 2 and quick.output is None


# Kernels ---------------------------------------------------------------------------------------------------------------


def notebook(path, *sources):
    ids = ["imports", "tutorial-run", "last"]
    path.write_text(writes(new_notebook(cells=[new_code_cell(text, id=id) for text, id in zip(sources, ids)])))
    return path


@pytest.mark.slow(5)
def test_kernels_begin_together_without_a_word_about_threads_and_all_are_measured_at_the_end(
    tmp_path, monkeypatch, capfd
):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    path = notebook(
        tmp_path / "two.ipynb", "import os, time; assert 'OMP_NUM_THREADS' not in os.environ", "time.sleep(0.5)", "1"
    )
    found = kernels.run_side_by_side(2, 1, path)
    assert os.environ["OMP_NUM_THREADS"] == "1"
    assert (found["kernels"], found["programs"]) == (2, 1)
    for seconds in found["seconds"]:
        assert list(seconds) == ["imports", "tutorial-run", "all"]
        assert 0 < seconds["imports"] <= seconds["tutorial-run"] - 0.5 <= seconds["all"] - 0.5
    for own, share, most in zip(found["own_mib"], found["share_mib"], found["most_mib"]):
        assert 10 < own < share < most < 1000
    assert "kernel 2: done after" in capfd.readouterr().err


@pytest.mark.slow(4)
def test_a_kernel_that_does_not_get_to_the_end_is_named(tmp_path, monkeypatch):
    with pytest.raises(kernels.KernelError, match="kernel 1 of 1: ZeroDivisionError: division by zero"):
        kernels.run_side_by_side(1, path=notebook(tmp_path / "wrong.ipynb", "1 / 0"))
    monkeypatch.setattr(kernels, "PATIENCE", 1)
    with pytest.raises(kernels.KernelError, match="not all were done after 1 s"):
        kernels.run_side_by_side(1, path=notebook(tmp_path / "long.ipynb", "import time; time.sleep(60)"))


# Numbers, tables, figure -----------------------------------------------------------------------------------------------


def timed(*microseconds):
    return {"seconds": [1e-6 * t for t in microseconds], "processor_s": [0.0] * 3, "steps": [9] * 3}


def kernel_case(n_kernels, n_programs, *done):
    return {
        "kernels": n_kernels, "programs": n_programs, "seconds": [{"tutorial-run": t - 2, "all": t} for t in done],
        "own_mib": [300.0] * n_kernels, "share_mib": [350.0] * n_kernels, "most_mib": [500.0] * n_kernels,
    }  # fmt: skip


@pytest.fixture
def results():
    alone = {"Theano": timed(50, 50, 50), busy.ONE_THREAD: timed(80, 80, 80), "JAX": timed(100, 100, 100)}
    crowded = {"Theano": timed(500, 1000, 700), busy.ONE_THREAD: timed(400, 800, 700), "JAX": timed(2000, 2000, 2100)}
    return {
        "date": "2030-01-02", "machine": {"processor": "Abacus", "processors": 2},
        "versions": {"Theano": "Theano 1", busy.ONE_THREAD: "Theano 1", "JAX": "JAX 3"}, "rounds": 3,
        "engines": ["Theano", busy.ONE_THREAD, "PyTorch", "JAX"],
        "busy": {"a": {"title": "net A, batch 1", "programs": [
            {"programs": 0, "shares": [], "engines": alone},
            {"programs": 8, "shares": [0.1] * 8, "engines": crowded},
        ]}},
        "kernels": [kernel_case(1, 2, 30.0), kernel_case(2, 0, 40.0, 60.0)],
        "problems": ["PyTorch, a, alone: gone"],
    }  # fmt: skip


def test_a_load_is_compared_with_one_thread_and_with_the_fastest_of_the_others(results):
    alone, crowded = busy.compare(results["busy"]["a"])
    assert alone == {"one_thread": pytest.approx(0.625), "peer": "JAX", "peer_ratio": pytest.approx(2)}
    # Round by round: what slows a round slows both.
    assert crowded == {"one_thread": pytest.approx(1.25), "peer": "JAX", "peer_ratio": pytest.approx(3)}


def test_the_tables_have_every_load_and_every_kernel(results):
    lines = busy.tables(results).splitlines()
    assert lines[0].startswith("Theano 1, JAX 3; on 2 processors of an Abacus, 2030-01-02.")
    assert not any("Other programs kept" in line for line in lines)
    assert "| µs a step | alone | 8 |" in lines
    assert "| Theano | **50 ±0 %** | **700 ±18 %** |" in lines
    assert "| Theano, one thread | 80 ±0 % | **700 ±14 %** |" in lines
    assert "| PyTorch | failed | failed |" in lines
    assert "| JAX | 100 ±0 % | 2,000 ±1 % |" in lines
    assert "| Theano: as alone | 1.00 | 14 |" in lines
    assert "| Theano, one thread: as alone | 1.00 | 8.75 |" in lines
    assert "| JAX: as alone | 1.00 | 20 |" in lines
    assert not any(line.startswith("| PyTorch: as alone") for line in lines)
    assert "| Theano: as with one thread | 0.62 | 1.25 |" in lines
    assert "| the fastest peer: as Theano | 2.00 (JAX) | 3.00 (JAX) |" in lines
    assert "| 1, beside 2 programs | 28 | 30 | 350 | 350 | 500 |" in lines
    assert "| 2 | 48 | 60 | 350 | 700 | 500 |" in lines
    assert lines[-1] == "Failed: PyTorch, a, alone: gone."


def test_a_machine_that_was_busy_by_itself_is_told_of(results):
    assert "(load 3.5): what is called alone was not quite alone." in busy.tables({**results, "load_before": 3.5})


def test_what_failed_is_left_out(results):
    (network,) = results["busy"].values()
    for case in network["programs"]:
        del case["engines"]["Theano"]
    assert busy.compare(network) == [{}, {}]
    assert "| Theano | failed | failed |" in busy.tables(results)
    results["busy"]["b"] = {"title": "net B, batch 1", "programs": []}
    results["kernels"] = []
    assert "net B" not in busy.tables(results) and "notebook 01" not in busy.tables(results)
    assert len(busy.draw(results).get_axes()) == 1


def test_the_figure_has_a_panel_for_each_network_and_a_line_for_each_engine(results):
    results["busy"]["b"] = {**results["busy"]["a"], "title": "net B, batch 1"}
    panels = busy.draw(results).get_axes()
    assert [panel.get_title() for panel in panels] == ["net A, batch 1", "net B, batch 1"]
    assert [label.get_text() for label in panels[0].get_xticklabels()] == ["alone", "8"]
    assert panels[0].get_yscale() == "log"
    lines = {line.get_label(): line.lines[0].get_ydata() for line in panels[0].containers}
    assert list(lines) == ["Theano", "Theano, one thread", "PyTorch", "JAX"]
    assert lines["JAX"] == pytest.approx([0.1, 2.0]) and len(lines["PyTorch"]) == 0


def test_each_engine_has_a_line_that_is_told_apart_without_colours():
    looks = [(style["marker"], style.get("linestyle"), style.get("markerfacecolor")) for style in busy.LINES.values()]
    assert set(busy.LINES) == {*worker.ENGINES, busy.ONE_THREAD} and len(set(looks)) == len(looks)
