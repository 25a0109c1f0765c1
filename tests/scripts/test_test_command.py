"""scripts/test, in a copy of the repository with a stand-in for Python: what it runs, with what, and what it says of it."""

import re
import shutil

import pytest
from repository_copy import calls, pretend, run, write_program

WHICH = """case "$*" in *--which) echo "$DATASET" ;; *configured*) echo "$DEVICE" ;; esac
case "$*" in *nbval*) [ -z "$THEANO_FLAGS" ] || echo "  with $THEANO_FLAGS" >>calls ;; esac"""
SOLVED = "notebooks/solved/07_c.ipynb notebooks/solved/01_a.ipynb"  # those of the CPU
ALL_SOLVED = "notebooks/solved/07_c.ipynb notebooks/solved/06_b.ipynb notebooks/solved/01_a.ipynb"
UNSOLVED = "notebooks/07_c.ipynb notebooks/06_b.ipynb notebooks/01_a.ipynb"
NO_OPENCL = 'case "$*" in *"libgpuarray opencl0:0") echo "there is no OpenCL platform"; exit 1 ;; esac'
LAX = "-m pytest -p tests.nbval_start --nbval-lax --nbval-current-env"
STRICT = "-m pytest -p tests.nbval_start -p tests.nbval_stderr -p tests.nbval_claims --nbval --nbval-current-env --nbval-sanitize-with tests/nbval.cfg"


def run_tests(copy, *arguments, answers="", dataset="mnist", device="", **environment):
    pretend(copy, f"DATASET={dataset}\nDEVICE={device}\n{WHICH}\n{answers}")
    result = run(copy / "scripts/test", *arguments, **{"CI": "", "DEEPLEARNING_TUTORIAL_PYTHONS": "", **environment})
    stages = [call for call in calls(copy) if call.startswith(("-m pytest", "release", "  with"))]
    return result, [call for call in stages if "--collect-only" not in call]  # that asks about the options


def test_everything_is_tested(copy):
    result, stages = run_tests(copy)
    assert result.returncode == 0
    assert result.stdout.endswith("All tests passed.\n")
    opencl = [f"{LAX} notebooks/01_a.ipynb", f"{STRICT} notebooks/solved/06_b.ipynb", f"{LAX} notebooks/07_c.ipynb"]
    opencl += ["  with device=opencl0:0"] * 3
    assert stages[:3] == ["-m pytest tests", "release --check", f"{STRICT} {SOLVED}"]
    assert sorted(stages[3:9]) == sorted(opencl)  # at the same time
    assert stages[9:] == [f"{LAX} {UNSOLVED}"]


def test_without_opencl_what_needs_it_is_skipped_and_the_summary_says_why(copy):
    result, stages = run_tests(copy, answers=NO_OPENCL)
    assert result.returncode == 0
    assert stages[2:] == [
        f"{STRICT} {SOLVED}",
        f"{LAX} notebooks/solved/06_b.ipynb",
        f"{LAX} {UNSOLVED}",
    ]
    summary = result.stdout.split("=== Summary")[1]
    assert "TESTS ON LIBGPUARRAY WERE SKIPPED:\nthere is no OpenCL platform\n" in summary


def test_in_continuous_integration_skipped_tests_are_a_failure(copy):
    result, stages = run_tests(copy, answers=NO_OPENCL, CI="true")
    assert result.returncode == 1 and len(stages) == 5
    assert "TESTS ON LIBGPUARRAY WERE SKIPPED:\nthere is no OpenCL platform\n" in result.stdout.split("=== Summary")[1]
    assert run_tests(copy, CI="true")[0].returncode == 0


# --- other Pythons than that of .venv


SETUP = """#!/bin/sh
case "$1" in --pythons) printf '3.13 /usr/bin/python3.13\\n3.12 /usr/bin/python3.12\\n3.11 /usr/bin/python3.11\\n' ;; esac
echo "setup $* ${DEEPLEARNING_TUTORIAL_VENV##*/} $PYTHON" >>calls
new=$DEEPLEARNING_TUTORIAL_VENV/bin/new
if [ -e "$new" ]; then mv "$new" "${new%new}python"; fi
"""


@pytest.fixture
def pythons(copy):
    """A copy with a 3.11 in .venv, and the environments that its set-up would make."""
    write_program(copy / "scripts/setup", SETUP)
    for name in (".venv-3.13", ".venv-3.12", ".venv-gpu"):
        # There is none until it is set up.
        answer = f'echo "{name}$DEEPLEARNING_TUTORIAL_OPENCL_IN: $*" >>calls\n[ ! -e "$0.fails" ]\n'
        write_program(copy / name / "bin/new", f"#!/bin/sh\n{answer}")
    return copy


def of_pythons(copy, version="3.11", **environment):
    answers = f'case "$*" in *version_info*) echo {version} ;; esac'
    environment = {name: value for name, value in environment.items() if value is not None}
    result, _ = run_tests(copy, answers=answers, **environment)
    return result, calls(copy)


def test_what_computes_is_tested_on_the_other_pythons_too(pythons):
    result, lines = of_pythons(pythons, DEEPLEARNING_TUTORIAL_PYTHONS="3.13 3.12")
    assert result.returncode == 0
    for version in ("3.12", "3.13"):
        assert f"setup --packages .venv-{version} /usr/bin/python{version}" in lines
        tests, notebook = (line for line in lines if line.startswith(f".venv-{version}: -m pytest"))
        assert "tests/test_training.py" in tests and "tests/engine/test_operations.py" in tests
        assert "--nbval-sanitize-with tests/nbval.cfg notebooks/solved/01_a.ipynb" in notebook
    assert not [line for line in lines if ".venv-3.11" in line]
    assert result.stdout.count("on the other Pythons that are here") == 2  # its title, and the summary


@pytest.mark.parametrize(("wanted", "tested"), [("3.12", {"3.12"}), ("", set()), ("3.14", set())])
def test_one_can_choose_the_pythons(pythons, wanted, tested):
    _, lines = of_pythons(pythons, DEEPLEARNING_TUTORIAL_PYTHONS=wanted)
    assert {version for version in ("3.12", "3.13") for line in lines if line.startswith(f".venv-{version}:")} == tested


def test_the_newest_other_python_stands_for_the_rest(pythons):
    _, lines = of_pythons(pythons, DEEPLEARNING_TUTORIAL_PYTHONS="newest")
    assert {version for version in ("3.12", "3.13") for line in lines if line.startswith(f".venv-{version}:")} == {
        "3.13"
    }


def test_a_failure_on_another_python_is_a_failure(pythons):
    (pythons / ".venv-3.12/bin/python.fails").touch()
    result, lines = of_pythons(pythons, DEEPLEARNING_TUTORIAL_PYTHONS="3.13 3.12")
    assert result.returncode == 1
    assert "on the other Pythons that are here         FAILED" in result.stdout
    assert [line for line in lines if line.startswith(".venv-3.13") and "nbval" in line]


def test_a_python_that_can_have_no_pygpu_leaves_opencl_to_another_environment(pythons):
    result, lines = of_pythons(pythons, "3.13")
    assert result.returncode == 0
    assert "setup --packages .venv-gpu " in lines
    # There they must not be skipped as they are here.
    of_gpu = [line.partition(": ")[2] for line in lines if line.startswith(".venv-gpu: -m pytest")]
    assert any("tests/engine/test_on_opencl.py" in line for line in of_gpu)
    assert any(line.endswith("notebooks/solved/06_b.ipynb") for line in of_gpu)
    assert "SKIPPED" not in result.stdout


def test_where_that_environment_has_no_opencl_the_summary_says_so(pythons):
    (pythons / ".venv-gpu/bin/python.fails").touch()
    result, _ = of_pythons(pythons, "3.13", CI="true")
    assert result.returncode == 1
    assert "TESTS ON LIBGPUARRAY WERE SKIPPED:" in result.stdout.split("=== Summary")[1]


def test_on_a_gpu_all_notebooks_run_on_it_with_few_digits(copy, monkeypatch):
    monkeypatch.delenv("DEEPLEARNING_TUTORIAL_ROWS", raising=False)
    result, stages = run_tests(
        copy,
        device="cuda",
        THEANO_FLAGS="device=cuda",
        answers='echo "  with ROWS=$DEEPLEARNING_TUTORIAL_ROWS" >>calls',
    )
    assert result.returncode == 0
    assert stages[-3:] == [
        f"{LAX} {ALL_SOLVED}",
        "  with device=cuda",
        "  with ROWS=1200",
    ]
    assert "executed on cuda with 1200 digits" in result.stdout.split("=== Summary")[1]


@pytest.mark.parametrize("script", ["test", "workshop"])
def test_a_device_that_cannot_be_had_stops_everything(copy, script):
    pretend(copy, 'case "$*" in *check_device) echo "no GPU" >&2; exit 1 ;; esac')
    result = run(copy / "scripts" / script, THEANO_FLAGS="device=cuda")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "no GPU\n")
    assert [call.split()[-1] for call in calls(copy)] == ["installation.check_device"]


@pytest.mark.parametrize(
    "stage",
    [
        '*"pytest tests"',
        "*solved/01*",
        "*solved/06*",
        '*lax*" notebooks/07_c.ipynb notebooks/06"*',
        '*"env notebooks/07_c.ipynb"',
        '*"env notebooks/01_a.ipynb"',
    ],
)
def test_one_failure_is_a_failure_and_the_rest_is_tested_all_the_same(copy, stage):
    result, stages = run_tests(copy, answers=f'case "$*" in {stage}) exit 1 ;; esac')
    assert result.returncode == 1
    assert result.stdout.count("FAILED, ") == 1
    assert result.stdout.count("passed, ") == 5
    assert result.stdout.endswith("Some tests FAILED.\n")


def test_outdated_notebooks_are_a_failure(copy):
    write_program(copy / "scripts/release_notebooks", "#!/bin/sh\nexit 1\n")
    result, _ = run_tests(copy)
    assert result.returncode == 1
    assert re.search(r"attendee notebooks are up to date +FAILED", result.stdout)


def test_options_go_on_to_every_pytest(copy):
    _, stages = run_tests(copy, "-k", "two words")
    called = [stage.endswith(" -k two words") for stage in stages if stage.startswith(("-m pytest", "release"))]
    assert called == [True, False, True, True, True, True, True]


def test_nothing_collected_is_right_only_if_the_user_selects(copy):
    nothing = 'case "$*" in *"pytest"*) exit 5 ;; esac'
    assert run_tests(copy, answers=nothing)[0].returncode == 1
    assert run_tests(copy, "-k", "nothing", answers=nothing)[0].returncode == 0


def test_on_the_subset_notebooks_are_executed_and_the_summary_says_so(copy):
    result, stages = run_tests(copy, dataset="mnist-5k")
    assert result.returncode == 0
    assert stages[2] == f"{LAX} {ALL_SOLVED}"
    assert "ONLY THE 5,000-DIGIT SUBSET" in result.stdout.split("=== Summary")[1]


def test_the_summary_says_what_was_skipped(copy):
    result, _ = run_tests(copy)
    assert result.returncode == 0
    assert "real slides were skipped" in result.stdout.split("=== Summary")[1]


def test_the_summary_is_silent_about_what_was_not_skipped(copy):
    for name in ("reveal/dist/reveal.js", "mathjax/es5/tex-svg-full.js"):
        (copy / ".venv/cache/slides" / name).parent.mkdir(parents=True)
        (copy / ".venv/cache/slides" / name).touch()
    result, _ = run_tests(copy)
    assert "skipped" not in result.stdout.split("=== Summary")[1].lower()


@pytest.mark.parametrize(
    "given, rows", [({}, "1200"), ({"DEEPLEARNING_TUTORIAL_ROWS": "700"}, "700")], ids=["by itself", "as asked for"]
)
def test_attendee_notebooks_train_on_few_digits_and_solved_ones_on_all(copy, given, rows, monkeypatch):
    monkeypatch.delenv("DEEPLEARNING_TUTORIAL_ROWS", raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    result, _ = run_tests(
        copy, answers='case "$*" in *nbval*) echo "ROWS=$DEEPLEARNING_TUTORIAL_ROWS: $*" >>calls ;; esac'
    )
    found = [call for call in calls(copy) if call.startswith("ROWS=")]
    own = given.get("DEEPLEARNING_TUTORIAL_ROWS", "")
    assert sum("notebooks/solved" in call and call.startswith(f"ROWS={own}: ") for call in found) == 2
    assert sum("--nbval-lax" in call and call.startswith(f"ROWS={rows}: ") for call in found) == 2
    # Convolutions are slow on OpenCL.
    assert sum("--nbval-lax" in call and call.startswith("ROWS=300: ") for call in found) == 1
    assert len(found) == 5
    assert f"attendee notebooks, on {rows} digits" in result.stdout


def test_on_the_branch_solved_one_is_sent_to_main(copy):
    shutil.rmtree(copy / "notebooks/solved")
    result, stages = run_tests(copy)
    assert result.returncode == 1 and stages == []
    assert "git switch main" in result.stderr


def test_no_progress_bar_gets_into_an_output(copy):
    run_tests(copy, answers='echo "TQDM_DISABLE=$TQDM_DISABLE" >>calls')
    lines = calls(copy)
    notebooks = next(number for number, line in enumerate(lines) if "--nbval" in line)
    assert lines[notebooks + 1] == "TQDM_DISABLE=1"


# On several cores ----------------------------------------------------------------------------------------------------

CORES = 'case "$*" in *sched_getaffinity*) echo 4 ;; *pytest*) echo "  with OMP_NUM_THREADS=$OMP_NUM_THREADS" >>calls ;; esac'
SPREAD = "-n 4 --dist loadfile"


def test_tests_and_notebooks_are_spread_over_the_cores(copy, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    result, stages = run_tests(copy, answers=CORES)
    assert result.returncode == 0
    called = [stage for stage in stages if stage.startswith("-m pytest")]
    assert called[0] == f"-m pytest {SPREAD} --no-loadscope-reorder tests"
    assert len(called) == 6 and all(call.startswith(f"-m pytest {SPREAD} ") for call in called)
    assert {stage for stage in stages if "OMP" in stage} == {"  with OMP_NUM_THREADS=1"}


def test_the_user_says_how_many_threads_and_processes(copy):
    _, stages = run_tests(copy, "-n", "0", answers=CORES, OMP_NUM_THREADS="3")
    assert all(stage.endswith(" -n 0") for stage in stages if stage.startswith("-m pytest"))
    assert {stage for stage in stages if "OMP" in stage} == {"  with OMP_NUM_THREADS=3"}


def test_code_that_is_not_clean_is_a_failure(copy):
    result, stages = run_tests(copy, answers='case "$*" in *"ruff format --check"*) exit 1 ;; esac')
    assert result.returncode == 1 and len(stages) == 10
    assert re.search(r"code is formatted and clean +FAILED", result.stdout)
    assert "-m ruff check" in calls(copy)


# Some files -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_files(copy):
    for name in ("tests/test_a.py", "tests/engine/test_b.py"):
        write_program(copy / name, "")
    return copy


@pytest.mark.parametrize(
    "arguments, wanted",
    [
        (["tests/test_a.py"], ["-m pytest tests/test_a.py"]),
        (["tests/test_a.py::test_x", "-k", "two words"], ["-m pytest tests/test_a.py::test_x -k two words"]),
        (["-x", "tests/engine"], ["-m pytest tests/engine -x"]),
        (["notebooks/solved/01_a.ipynb"], [f"{STRICT} notebooks/solved/01_a.ipynb"]),
        (["notebooks/01_a.ipynb"], [f"{LAX} notebooks/01_a.ipynb"]),
        (
            ["notebooks/01_a.ipynb", "tests/test_a.py", "notebooks/solved/06_b.ipynb"],
            ["-m pytest tests/test_a.py", f"{STRICT} notebooks/solved/06_b.ipynb", f"{LAX} notebooks/01_a.ipynb"],
        ),
    ],
    ids=["a file", "a test", "a folder", "a solved notebook", "an attendee's", "of each one"],
)
def test_files_that_are_named_are_all_that_is_run(with_files, monkeypatch, arguments, wanted):
    monkeypatch.chdir(with_files)
    pretend(with_files, WHICH)
    result = run(with_files / "scripts/test", *arguments, cwd=with_files, CI="")
    assert result.returncode == 0
    made = [call for call in calls(with_files) if call.startswith(("-m pytest", "release", "-m ruff"))]
    assert [call for call in made if "--collect-only" not in call] == wanted


def test_they_are_found_from_where_the_user_stands(with_files):
    pretend(with_files, WHICH)
    assert run(with_files / "scripts/test", "engine/test_b.py", cwd=with_files / "tests").returncode == 0
    assert calls(with_files)[-1] == "-m pytest tests/engine/test_b.py"


@pytest.mark.parametrize("name", ["tests/test_nothing.py", "notebooks/solved/99.ipynb"])
def test_a_file_that_is_not_there_is_named(copy, name):
    result = run(copy / "scripts/test", name, cwd=copy)
    assert (result.returncode, result.stderr) == (2, f"There is no file {name}.\n")
    assert calls(copy) == []


def test_the_word_after_an_option_is_no_file(copy):
    _, stages = run_tests(copy, "-k", "tests")
    assert stages[0] == "-m pytest tests -k tests" and len(stages) > 3


def test_one_file_needs_no_second_process(with_files, monkeypatch):
    pretend(with_files, f"{WHICH}\n{CORES}")
    run(with_files / "scripts/test", "tests/test_a.py", cwd=with_files, CI="")
    assert calls(with_files)[-2] == "-m pytest tests/test_a.py"
    run(with_files / "scripts/test", "tests/test_a.py", "tests/engine", cwd=with_files, CI="")
    assert calls(with_files)[-2] == f"-m pytest {SPREAD} --no-loadscope-reorder tests/test_a.py tests/engine"


# What changed --------------------------------------------------------------------------------------------------------

AFFECTED = r"""case "$*" in *affected*) printf '%b' "$AFFECTED"; exit $STATUS ;; esac"""


def run_quick(copy, *arguments, affected="tests/test_a.py\\nnotebooks/solved/01_a.ipynb\\n", status=0, answers=""):
    answers = f"AFFECTED='{affected}'\nSTATUS={status}\n{AFFECTED}\n{answers}"
    write_program(copy / "tests/test_a.py", "")
    return run_tests(copy, "--quick", *arguments, answers=answers)


def test_quick_runs_what_is_affected_but_for_slow_tests(copy):
    result, stages = run_quick(copy)
    assert result.returncode == 0
    assert stages == ["-m pytest tests/test_a.py -m not slow", f"{LAX} notebooks/solved/01_a.ipynb"]
    assert {"-m ruff check", "-m scripts.command development.affected"} <= set(calls(copy))
    assert "scripts/test runs all" in result.stdout.split("=== Summary")[1]


def test_quick_compares_with_the_commit_that_is_named(copy):
    run_quick(copy, "HEAD~3")
    assert "-m scripts.command development.affected HEAD~3" in calls(copy)


def test_quick_trains_on_few_digits(copy, monkeypatch):
    monkeypatch.delenv("DEEPLEARNING_TUTORIAL_ROWS", raising=False)
    run_quick(copy, answers='case "$*" in *nbval*) echo "ROWS=$DEEPLEARNING_TUTORIAL_ROWS" >>calls ;; esac')
    assert "ROWS=1200" in calls(copy)


def test_quick_where_nothing_changed_runs_nothing(copy):
    result, stages = run_quick(copy, affected="")
    assert result.returncode == 0 and stages == []


def test_quick_where_all_tests_of_a_file_are_slow_is_right(copy):
    assert run_quick(copy, answers='case "$*" in *slow*) exit 5 ;; esac')[0].returncode == 0
    assert run_quick(copy, answers='case "$*" in *slow*) exit 1 ;; esac')[0].returncode == 1


def test_quick_with_a_commit_that_is_not_there_ends_at_once(copy):
    result, stages = run_quick(copy, "nothing", affected="", status=1)
    assert result.returncode == 1 and stages == []
