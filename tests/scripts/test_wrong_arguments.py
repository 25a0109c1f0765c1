"""Whatever a command is called with that it cannot do, it says so at once, with the word that is wrong, and begins nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from repository_copy import calls, pretend, run, write_program

from deeplearning_tutorial import ROOT
from scripts import arguments, command

A_FILE, A_FOLDER, NOWHERE = str(ROOT / "README.md"), str(ROOT / "docs"), "/nowhere/at/all"

# Each command with what it cannot be called with; the last word is the one that is wrong, unless another is named.
WRONG = {
    "benchmark": [
        ["--nosuchopt"],
        ["--rounds", "0"],
        ["--rounds", "-1"],
        ["--rounds", "many"],
        ["--rounds", "nan"],
        ["--rounds"],
        ["--threads", "inf"],
        ["--engines", "Caffe"],
        ["--workloads", ""],
        ["--device", "tpu"],
        ["--report", NOWHERE],
        ["--report", A_FOLDER],
        ["--output", A_FILE],
        ["--output", f"{A_FILE}/below"],
        ["--busy", "--threads", "1"],
        ["--busy", "--device", "cuda"],
        ["word"],
    ],
    "libraries": [
        ["--nosuchopt"],
        ["--libraries", "caffe"],
        ["--libraries", ""],
        ["--rounds", "0"],
        ["--rounds", "many"],
        ["--threads", "0"],
        ["--threads", "nan"],
        ["--report", NOWHERE],
        ["--output", A_FILE],
        ["word"],
    ],
    "compare_devices": [
        ["--nosuchopt"],
        ["--device", "gpu"],
        ["--device", ""],
        ["--steps", "1"],
        ["--steps", "nan"],
        ["--epochs", "0"],
        ["--epochs", "2.5"],
        ["--tolerance", "nan"],
        ["--tolerance", "inf"],
        ["--tolerance=-1"],
        ["--data", f"{NOWHERE}.npz"],
        ["--out", A_FOLDER],
        ["--out", f"{A_FILE}/below.json"],
        ["--out"],
    ],
    "compare_flags": [["--nosuchopt"], ["--repeats", "0"], ["--repeats", "-3"], ["--repeats", "five"], ["--repeats"]],
    "hub": [
        [],
        ["--nosuchopt"],
        ["--trial", "0"],
        ["--trial", "many"],
        ["--trial", "-1"],
        ["--trial", "1e3"],
        ["--rehearse", "nan"],
        ["--kernel", A_FILE],
        ["--kernel", f"{A_FILE}/below"],
        ["--copy", A_FILE],
        ["--copy", "there", "and here"],
    ],
    "kernel": [[], ["--nosuchopt"], [NOWHERE], [A_FOLDER]],
    "lock_requirements": [["--nosuchopt"]],
    "offline_bundle": [
        [],
        ["everything"],
        ["--nosuchopt"],
        ["workshop", f"{NOWHERE}.run"],
        ["node", A_FOLDER],
        ["node", "--nosuchopt"],
        ["node", "one.run", "two.run"],
    ],
    "release_notebooks": [
        ["--nosuchopt"],
        ["--execute", "99"],
        ["--instructor", A_FILE],
        ["--instructor"],
        ["01"],
        ["--check", "--instructor", "folder"],
    ],
    "reproduce": [
        [],
        ["--nosuchopt"],
        ["mlpp"],
        ["mlp", "sda"],
        ["mlp", "--seed", "-1"],
        ["mlp", "--seed", "1.5"],
        ["mlp", "--seeds", "0"],
        ["mlp", "--checkpoint-seconds", "nan"],
        ["mlp", "--checkpoint-seconds", "-1"],
        ["mlp", "--checkpoint-seconds", "soon"],
        ["mlp", "--device", "gpu0"],
        ["mlp", "--output", A_FILE],
        ["mlp", "--set", "learning_rate"],
        ["mlp", "--set", "learning_rate=abc"],
        ["mlp", "--set", "learning_rate=-0.5"],
        ["mlp", "--set", "learning_rate=NaN"],
        ["mlp", "--set", "learning_rate=Infinity"],
        ["mlp", "--set", "n_epochs=0"],
        ["mlp", "--set", "hidden=[10, 0]"],
        ["mlp", "--set", "activation=softmax"],
        ["mlp", "--set", "nothing=1"],
        ["elastic", "--set", 'distortion={"angle": 12}'],
        ["committee", "--set", 'members=[{"slant": true}]'],
        ["lenet", "--set", "n_filters=[[20], [50]]"],
        ["lenet", "--set", "n_filters=[20, 0]"],
        ["lenet", "--set", "max_norm=3"],
        ["convnet", "--set", "n_filters=[32, 64]"],
        ["convnet", "--set", "n_filters=[[32], []]"],
        ["convnet", "--set", "filter_size=2.5"],
        ["convnet", "--set", 'border_mode="same"'],
        ["convnet", "--set", "batch_normalization=1.5"],
        ["convnet", "--set", "dropout=[0, 0, 1]"],
        ["conv-committee", "--set", "members=[]"],
        ["mlp", "--resume", "--fresh"],
    ],
    "results_table": [["--nosuchopt"], ["word"]],
    "setup": [["--nosuchopt"], ["word"], ["--check", "word"]],
    "slides": [["--nosuchopt"], ["99"], ["--output", A_FILE], ["--output"]],
    "solved_branch": [["--nosuchopt"], ["word"]],
    "sweep": [
        [],
        ["--nosuchopt"],
        ["mlpp", "momentum=0.5"],
        ["mlp", "momentum"],
        ["mlp", "momentum=0.5,abc"],
        ["mlp", "momentum=0.5,2"],
        ["mlp", "n_epochs=1..5", "--random", "3"],
        ["mlp", "--random", "0"],
        ["mlp", "--random", "nan"],
        ["mlp", "--seed", "-1"],
        ["mlp", "--workers", "-2"],
        ["mlp", "--output", A_FILE],
        ["mlp", "--scheduler", "notaurl"],
        ["mlp", "--scheduler", "http://127.0.0.1:8786"],
        ["--worker", "notaurl"],
        ["--worker", "tcp://127.0.0.1:99999"],
        ["--worker", "tcp://127.0.0.1"],
    ],
    "test": [
        ["--nosuchopt"],
        ["-k"],
        ["-k", "a b ("],
        ["no_such_test.py"],
        ["tests/no_such_test.py"],
        ["--quick", "no-such-commit"],
        ["--quick", "HEAD", "--nosuchopt"],
    ],
    "theano_tests": [
        ["--nosuchopt"],
        ["no_such_file"],
        ["--timeout", "0"],
        ["--timeout", "inf"],
        ["--jobs", "-1"],
        ["--jobs", "two"],
        ["--python-name", ""],
        ["--python-name", "../3.14"],
        ["--output", A_FOLDER],
        ["--folder", A_FILE],
        ["--compare", "--output", A_FOLDER],
    ],
    "workshop": [
        ["--port", "many"],
        ["--no-browser", "--port"],
        ["--port=99999"],
        ["--port=-1"],
        ["no_such_notebook.ipynb"],
    ],
}

OTHER_WORDS = {  # that the message names
    ("mlp", "--set", "learning_rate=abc"): '"abc"',
    ("mlp", "--set", "learning_rate=-0.5"): "-0.5",
    ("mlp", "--set", "learning_rate=NaN"): "NaN",
    ("mlp", "--set", "learning_rate=Infinity"): "Infinity",
    ("mlp", "--set", "n_epochs=0"): "n_epochs should be a whole number from 1 on, and not 0",
    ("mlp", "--set", "hidden=[10, 0]"): "[10, 0]",
    ("mlp", "--set", "activation=softmax"): '"softmax"',
    ("mlp", "--set", "nothing=1"): "'nothing'",
    ("elastic", "--set", 'distortion={"angle": 12}'): '{"angle": 12}',
    ("committee", "--set", 'members=[{"slant": true}]'): '[{"slant": true}]',
    ("lenet", "--set", "n_filters=[[20], [50]]"): "a list of whole numbers from 1 on, and not [[20], [50]]",
    ("lenet", "--set", "n_filters=[20, 0]"): "[20, 0]",
    ("lenet", "--set", "max_norm=3"): "There is no 'max_norm' in the configuration: n_filters",
    ("convnet", "--set", "n_filters=[32, 64]"): "such as [[32, 32], [64]], and not [32, 64]",
    ("convnet", "--set", "n_filters=[[32], []]"): "[[32], []]",
    ("convnet", "--set", "filter_size=2.5"): "filter_size should be a whole number",
    ("convnet", "--set", 'border_mode="same"'): 'border_mode should be "half" or "valid", and not "same"',
    ("convnet", "--set", "batch_normalization=1.5"): "true or false, and not 1.5",
    ("convnet", "--set", "dropout=[0, 0, 1]"): "from 0 to below 1, and not [0, 0, 1]",
    ("conv-committee", "--set", "members=[]"): "members should be a list",
    ("mlp", "momentum=0.5,abc"): '"abc"',
    ("mlp", "momentum=0.5,2"): "not 2",
    ("mlp", "n_epochs=1..5", "--random", "3"): "n_epochs should be a whole number",
    ("mlpp", "momentum=0.5"): "'mlpp'",
    ("--check", "--instructor", "folder"): "--instructor",
    ("--quick", "HEAD", "--nosuchopt"): "--nosuchopt",
    ("--check", "word"): "Usage: scripts/setup",
    ("there", "and here"): "Usage",
}

# These need more than this repository to be called at all, and have tests in which it is a copy.
IN_A_COPY = {"setup", "test", "workshop", "lock_requirements", "kernel", "hub", "offline_bundle"}


def commands():
    return sorted(path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix)


def test_every_command_is_called_with_something_wrong():
    assert sorted(WRONG) == commands()


def check(result, name, words):
    shown = f"scripts/{name} {' '.join(words)}: {result.stdout}{result.stderr}"
    assert result.returncode == 2, shown
    assert "Traceback" not in shown, shown
    assert 0 < len(result.stderr.splitlines()) < 45, shown
    if words and not result.stderr.startswith("Usage"):
        last = words[-1].partition("=")[2] if words[-1].startswith("--") and "=" in words[-1] else words[-1]
        assert OTHER_WORDS.get(tuple(words), last) in result.stderr, shown
    assert len(result.stdout.splitlines()) < 2, shown


@pytest.mark.parametrize("name", sorted(set(WRONG) - IN_A_COPY))
def test_each_option_of_a_python_command_is_given_a_wrong_value(name, capsys, monkeypatch):
    with_value = re.findall(
        r"^  (?:-\w, )?(--[\w-]+) (?=\S)", started_here(name, ["--help"], capsys, monkeypatch).stdout, re.M
    )
    given = {word.partition("=")[0] for words in WRONG[name] for word in words}
    assert not set(with_value) - given


def started_here(name, words, capsys, monkeypatch):
    """What a command does that is a module, without the second that it takes to start it."""
    module = re.search(r'^run_module (\S+) "\$@"$', (ROOT / "scripts" / name).read_text(), re.M)[1]
    monkeypatch.delitem(sys.modules, f"scripts.{module}", raising=False)
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setenv("THEANO_FLAGS", "")
    status = command.main(module, words)
    return subprocess.CompletedProcess(words, status, *capsys.readouterr())


@pytest.mark.parametrize("name", sorted(set(WRONG) - IN_A_COPY))
def test_a_python_command_names_what_is_wrong(name, capsys, monkeypatch):
    for words in WRONG[name]:
        check(started_here(name, words, capsys, monkeypatch), name, words)
    check(run(ROOT / "scripts" / name, *words, cwd="/"), name, words)


@pytest.mark.parametrize(
    "program, shown",
    [
        ("raise ValueError('--rounds 0')", "Traceback"),
        ("sys.exit(1)", "== 2"),
        ("sys.exit(2)", "0 < 0"),
        ("print('what is wrong?', file=sys.stderr); sys.exit(2)", "assert '0' in"),
        ("print('begun\\nbegun'); print('wrong: 0', file=sys.stderr); sys.exit(2)", "2 < 2"),
    ],
)
def test_a_command_that_does_otherwise_is_noticed(program, shown, tmp_path):
    bad = write_program(tmp_path / "bad", f"#!{sys.executable}\nimport sys\n{program}\n")
    with pytest.raises(AssertionError, match=re.escape(shown)):
        check(run(bad, "--rounds", "0"), "bad", ["--rounds", "0"])


# A Python that notes what it is asked for, and that is real where a wrong argument is to be found.
ANSWERS = f"""
case "$*" in
    *"pytest --collect-only"* | *scripts.command*affected* | *copy_notebooks*)
        cd {str(ROOT)!r} && exec {sys.executable} "$@" ;;
esac"""


@pytest.mark.parametrize("name", sorted(IN_A_COPY))
def test_a_command_in_a_copy_names_what_is_wrong_and_begins_nothing(name, copy, tmp_path):
    pretend(copy, ANSWERS)
    write_program(tmp_path / "uv", "#!/bin/sh\necho \"error: unexpected argument '--nosuchopt' found\" >&2\nexit 2\n")
    before = sorted(str(path) for path in copy.rglob("*"))
    for words in WRONG[name]:
        path = f"{tmp_path}:/usr/bin:/bin:/usr/sbin:/sbin"
        result = run(copy / "scripts" / name, *words, cwd=tmp_path, PATH=path, DEEPLEARNING_TUTORIAL_PYTHONS="")
        check(result, name, words)
    begun = [call for call in calls(copy) if not any(word in call for word in ("--collect-only", "affected", "copy_n"))]
    assert begun in ([], ["-m scripts.command installation.check_device"] * len(begun))
    assert sorted(str(path) for path in copy.rglob("*") if path.name != "calls") == before


def test_a_wrong_setting_leaves_the_right_one_a_free_way(tmp_path, monkeypatch, capsys):
    from scripts.experiments import reproduce

    monkeypatch.setattr(reproduce, "RUNS", tmp_path / "runs")
    monkeypatch.setenv("DEEPLEARNING_TUTORIAL_ROWS", "1200")
    # The first is refused by its type; the second, which no digits fit, when training begins; the third, as no memory does.
    assert reproduce.main(["logistic", "--set", "learning_rate=abc"]) == 2
    assert not (tmp_path / "runs").exists()
    assert reproduce.main(["logistic", "--set", "batch_size=100000"]) == 2
    assert "100000" in capsys.readouterr().err.replace(",", "")
    assert reproduce.main(["logistic", "--set", "hidden=[1000000000000]"]) == 2
    assert "Unable to allocate" in capsys.readouterr().err
    assert not (tmp_path / "runs" / "logistic-1234").exists()
    assert reproduce.main(["logistic", "--set", "n_epochs=1", "--set", "batch_size=100"]) == 0


# The types of arguments ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["0", "-1", "1e3", "2.0", "nan", "inf", "", " 5", "٥", "5" * 400])
def test_what_is_no_count_is_refused(text):
    with pytest.raises(arguments.argparse.ArgumentTypeError, match="is not a whole number from 1 on"):
        arguments.whole_number(1)(text)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "-0.1", "1e400", "", "half"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(arguments.argparse.ArgumentTypeError, match="is not a number from 0 on"):
        arguments.number(0)(text)


@pytest.mark.parametrize("text", ["tcp://10.0.0.1:8786", "10.0.0.1:8786", "tls://node-7:1", "tcp://[::1]:8786"])
def test_addresses_of_schedulers_are_taken(text):
    assert arguments.address(text) == text


@pytest.mark.parametrize("text", ["cpu", "cuda", "cuda1", "opencl0:0"])
def test_devices_are_taken(text):
    assert arguments.device(text) == text


def test_files_and_folders_that_can_be_written_are_taken(tmp_path):
    (tmp_path / "file").touch()
    assert arguments.file_to_write(str(tmp_path / "file")) == tmp_path / "file"
    assert arguments.file_to_write(str(tmp_path / "new" / "file")) == tmp_path / "new" / "file"
    assert arguments.file_to_write("file") == Path("file")
    assert arguments.folder_to_write(str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"
    assert arguments.file_to_read(str(tmp_path / "file")) == tmp_path / "file"


def test_a_folder_that_is_read_only_is_refused(tmp_path, own_mounts):
    program = "from scripts.arguments import folder_to_write; folder_to_write({!r})".format(str(tmp_path / "new"))
    mounted = f'mount -t tmpfs -o ro none "{tmp_path}" && exec "{sys.executable}" -c "{program}"'
    result = subprocess.run([*own_mounts, "sh", "-c", mounted], capture_output=True, text=True, cwd=ROOT)
    assert f"you may not write into {tmp_path}, or all of it is read-only" in result.stderr


# A repository that is read-only ----------------------------------------------------------------------------------------

READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 99; exec "$@"'


@pytest.mark.slow(4)
@pytest.mark.parametrize(
    "words, said",
    [
        (["reproduce", "logistic"], "Checkpoints and results cannot be written: you may not write into"),
        (["sweep", "logistic", "n_epochs=1"], "Results cannot be written: you may not write into"),
        (["benchmark", "--engines", "Theano"], "the results cannot be written: you may not write into"),
        (["slides"], "cannot be written: you may not write into"),
        (["release_notebooks", "--execute"], "Notebooks are released in a clone of your own"),
        (["theano_tests", "no_such", "--again"], "what is found cannot be written"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_who_may_not_write_into_the_repository_is_told_at_once(words, said, own_mounts):
    result = run(*own_mounts, "bash", "-c", READ_ONLY, ROOT, ROOT / "scripts" / words[0], *words[1:])
    assert result.returncode == 2 and said in result.stderr and "Traceback" not in result.stderr


@pytest.mark.slow(20)
def test_in_a_repository_that_is_read_only_a_folder_of_ones_own_will_do(own_mounts, tmp_path):
    small = ["--set", "n_epochs=1", "--output", tmp_path / "results"]
    result = run(
        *[*own_mounts, "bash", "-c", READ_ONLY, ROOT, ROOT / "scripts/reproduce", "logistic", *small],
        DEEPLEARNING_TUTORIAL_ROWS="1200",
        HOME=str(tmp_path),
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "results/logistic.json").exists() and (tmp_path / "results/runs/logistic-1234").is_dir()
