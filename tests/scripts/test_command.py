"""However a command ends, it ends in order: an interrupt, a reader that has gone, a full disk."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from repository_copy import calls, interrupted, run, write_program

from deeplearning_tutorial import ROOT
from scripts import command

LAUNCH = [sys.executable, "-P", "-m", "scripts.command"]


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module of the folder scripts, as the launcher finds them, and returns how it is launched."""

    def write(text):
        (tmp_path / "module.py").write_text(text)
        program = f"import scripts; scripts.__path__.append({str(tmp_path)!r})\n"
        program += "import sys; from scripts.command import main; sys.exit(main('module', sys.argv[1:]))"
        return [sys.executable, "-c", program]

    return write


def launched(command_line, **options):
    return subprocess.run(
        command_line, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60, cwd=ROOT, **options
    )


@pytest.mark.parametrize(
    "ending, status, said",
    [
        ("pass", 0, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('No.')", 1, "No.\n"),
        ("raise KeyboardInterrupt", 130, "\nStopped.\n"),
        ("raise MemoryError", 1, "There is not enough memory.\n"),
        ("raise MemoryError('For an array.')", 1, "There is not enough memory. For an array.\n"),
        (
            "raise OSError(28, 'No space left on device', 'a/b')",
            1,
            "a/b cannot be written: No space left on device. Make room, and start again.\n",
        ),
        (
            "raise OSError(28, 'No space left on device')",
            1,
            "The output cannot be written: No space left on device. Make room, and start again.\n",
        ),
        ("open('/', 'w')", 1, "/ cannot be used: Is a directory.\n"),
    ],
)
def test_a_command_ends_with_a_status_and_a_sentence(module, ending, status, said):
    result = launched([*module(f"import sys\n{ending}\n")], stdout=subprocess.PIPE)
    assert (result.returncode, result.stderr, result.stdout) == (status, said, "")


def test_a_fault_of_the_program_keeps_its_traceback(module):
    result = launched(module("open('no such file')"), stdout=subprocess.PIPE)
    assert result.returncode == 1 and "Traceback" in result.stderr and "no such file" in result.stderr
    result = launched(module("raise BrokenPipeError(32, 'Broken pipe')"), stdout=subprocess.PIPE)
    assert result.returncode == 1 and "Traceback" in result.stderr  # of another pipe than the output


def test_arguments_go_on_to_the_module_which_is_the_program(module):
    program = "import sys\nif __name__ == '__main__': print(sys.argv[1:], sys.modules['__main__'].__spec__.name)"
    result = launched([*module(program), "--a", "b c"], stdout=subprocess.PIPE)
    assert result.stdout == "['--a', 'b c'] scripts.module\n"


@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_reader_that_has_gone_ends_it_quietly(module, lines):
    reader, writer = os.pipe()
    os.close(reader)
    result = launched(module(f"for _ in range({lines}): print('a line')"), stdout=writer)
    os.close(writer)
    assert (result.returncode, result.stderr) == (command.NOBODY_READS, "")


def test_an_output_that_cannot_be_written_is_told(module):
    with open("/dev/full", "w") as full:
        result = launched(module("print('a line')"), stdout=full)
    assert result.returncode == 1
    assert result.stderr == "The output cannot be written: No space left on device. Make room, and start again.\n"


def test_an_interrupt_while_it_imports_is_none_of_a_traceback(module, tmp_path):
    program = module("print('imported', flush=True); import time; time.sleep(60)")
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout.readline() == "imported\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "\nStopped.\n"
    assert process.returncode == 130


# The commands themselves ----------------------------------------------------------------------------------------------


@pytest.mark.slow(5)
@pytest.mark.parametrize(
    "command_line, wait_for",
    [
        (["reproduce", "logistic", "--seed", "98", "--fresh", "--set", "n_epochs=100000"], "training"),
        (["sweep", "logistic", "n_epochs=100000,100001", "--workers", "1"], "0/2"),
        (["benchmark", "--quick", "--engines", "Theano", "--workloads", "logistic"], "Theano"),
        (["compare_flags", "--repeats", "100"], ""),
        (["compare_devices", "--device", "cpu", "--quick"], "20 steps"),
        (["release_notebooks", "--execute", "01"], "executing"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_an_interrupt_ends_a_command_with_a_word_and_without_a_traceback(command_line, wait_for, tmp_path):
    command_line = [ROOT / "scripts" / command_line[0], *command_line[1:]]
    if command_line[0].name in ("reproduce", "sweep"):
        command_line += ["--output", tmp_path / "output"]
    notebook = ROOT / "notebooks" / "solved" / "01_logistic_regression.ipynb"
    before = notebook.read_bytes()
    if not wait_for:
        command_line = ["bash", "-c", 'sleep 1.5 && echo now & exec "$@"', "bash", *command_line]
    status, said = interrupted(command_line, wait_for or "now\n", DEEPLEARNING_TUTORIAL_ROWS="1200")
    assert status == 130, said
    assert "Traceback" not in said and len(re.findall("Stopped|Interrupted", said)) == 1, said
    assert notebook.read_bytes() == before
    for path in (ROOT / "build" / "runs").glob("logistic-98*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert not [path for path in tmp_path.rglob("*.part")]


@pytest.mark.parametrize("words", [["workshop"], ["test"], ["hub", "--kernel", "prefix"]], ids=lambda words: words[0])
def test_an_interrupt_of_set_up_is_one_of_whatever_needs_it(words, copy):
    write_program(
        copy / "scripts/setup",
        """#!/bin/bash
. "${0%/*}/environment.sh"
stop_on_interrupt 'Stopped. It goes on when it is run again.'
echo begun
sleep 60
""",
    )
    status, said = interrupted([copy / "scripts" / words[0], *words[1:]], "begun", cwd=copy)
    assert (status, said) == (130, "begun\n\nStopped. It goes on when it is run again.\n")
    assert calls(copy) == []


def test_an_interrupt_leaves_each_list_of_packages_whole(copy, tmp_path):
    write_program(
        tmp_path / "uv",
        """#!/bin/bash
while [[ $1 != --output-file ]]; do shift; done
head -n 5 "$2" >"$2.5" && mv "$2.5" "$2" && echo half >>"$2"
echo begun >&2
sleep 60
""",
    )
    before = {path: path.read_bytes() for path in copy.rglob("requirements*")}
    command_line = [copy / "scripts/lock_requirements", "--upgrade"]
    status, said = interrupted(command_line, "begun", cwd=copy, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (status, said) == (130, "begun\n\nStopped. Each list is as it was, or is whole.\n")
    assert {path: path.read_bytes() for path in copy.rglob("requirements*")} == before


@pytest.mark.parametrize("reaction", ["exit 2", "exit 0"])
def test_an_interrupt_ends_all_of_the_tests_and_not_one_stage(copy, reaction):
    # pytest handles the interrupt itself, and ends with a status of its own.
    write_program(
        copy / ".venv/bin/python",
        f"""#!/bin/bash
echo "$@" >>"{copy}/calls"
case "$*" in
    *--collect-only*) exit ;;
    *"pytest"*) trap '{reaction}' INT; echo begun; for i in {{1..100}}; do sleep 0.1; done ;;
esac
""",
    )
    status, said = interrupted([copy / "scripts/test", "-x"], "begun", CI="", DEEPLEARNING_TUTORIAL_PYTHONS="")
    assert status == 130 and said.endswith("Stopped.\n"), said
    assert "Summary" not in said
    assert (copy / "calls").read_text().count("pytest") == 2  # the one that asks about the options, and the first stage


def test_an_interrupt_ends_tests_that_run_beside_others(copy):
    write_program(
        copy / ".venv/bin/python",
        f"""#!/bin/bash
echo "$@" >>"{copy}/calls"
case "$*" in
    *--which) echo mnist ;;
    *nbval-lax*) sleep 43210 ;;
    *nbval*06_b*) touch "{copy}/beside"; sleep 43210 ;;
    *info*) echo 3.11 ;;
esac
""",
    )
    process = subprocess.Popen(
        [copy / "scripts/test"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "CI": "", "DEEPLEARNING_TUTORIAL_PYTHONS": "", "COPY": str(copy)},
    )
    deadline = time.monotonic() + 60
    while not (copy / "beside").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=30)[0].decode()
    assert process.returncode == 130 and said.endswith("Stopped.\n"), said
    left = [pid for pid in os.listdir("/proc") if pid.isdigit() and is_of(pid, str(copy))]
    assert left == []


def is_of(pid, copy):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return f"COPY={copy}\0".encode() in file.read()
    except OSError:
        return False


# Full disks -----------------------------------------------------------------------------------------------------------

ON_A_SMALL_DISK = """
mkdir -p "$1" && mount -t tmpfs -o size=$2 none "$1" || exit 99
echo old >"$1/old" && shift 2
exec "$@"
"""


@pytest.fixture
def on_a_small_disk(own_mounts, tmp_path):
    """Run a command that writes into a folder of which only few bytes are free; then say what is in the folder."""

    def run_there(folder, size, *command_line, then='find "$0" -type f', **environment):
        both = f'status=0; "$@" || status=$?; set -- ; {then}; exit $status'
        words = [*own_mounts, "bash", "-c", ON_A_SMALL_DISK, "bash", folder, size, "bash", "-c", both, folder]
        return run(*words, *command_line, **environment)

    return run_there


@pytest.mark.slow(3)
def test_notebooks_for_instructors_on_a_full_disk(on_a_small_disk, tmp_path):
    disk = tmp_path / "disk"
    result = on_a_small_disk(disk, "200k", ROOT / "scripts/release_notebooks", "--instructor", disk)
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert f"{disk}/0" in result.stderr and "cannot be written: No space left on device. Make room" in result.stderr
    assert ".part" not in result.stdout and f"{disk}/old" in result.stdout


def test_copies_of_notebooks_on_a_full_disk(on_a_small_disk, tmp_path):
    disk = tmp_path / "disk"
    result = on_a_small_disk(disk, "60k", ROOT / "scripts/hub", "--copy", disk)
    assert result.returncode == 1 and result.stderr.startswith(
        f"The notebooks cannot be copied to {disk}: No space left"
    )
    assert "/." not in result.stdout.replace(str(tmp_path), "")  # nothing that is unfinished


def test_a_file_that_has_no_room_leaves_the_old_one(on_a_small_disk, tmp_path):
    disk = tmp_path / "disk"
    program = (
        "from pathlib import Path; from scripts.files import write_atomically\n"
        f"write_atomically(Path({str(disk / 'old')!r}), b'new' * 100_000)"
    )
    result = on_a_small_disk(disk, "60k", sys.executable, "-c", program, then='ls -A "$0"; cat "$0/old"')
    assert result.stdout == "old\nold\n"
    assert f"[Errno 28] No space left on device: '{disk / 'old'}'" in result.stderr


SET_UP = """#!/bin/bash
packages=${0%/bin/*}/lib/python3.13/site-packages
case "$2" in
    *_base_executable*) echo "ok 3.13 $0"; exit ;;
    *purelib*) echo "$packages"; exit ;;
    venv) mkdir -p "$3/bin" "$packages" "$3/lib/python3.13/site-packages"; cp "$0" "$3/bin/python" ;;
    pip) head -c 1000000 /dev/zero >"$packages/half" || { echo "ERROR: no space left" >&2; exit 1; } ;;
esac
"""


@pytest.mark.parametrize("size", ["200k", "900k"], ids=["at the lists", "at the packages"])
def test_set_up_on_a_full_disk(copy, tmp_path, on_a_small_disk, size):
    base = write_program(tmp_path / "tools/python3.13", SET_UP)
    write_program(tmp_path / "tools/apt-get", "#!/bin/sh\n")
    path = f"{tmp_path / 'tools'}:{os.environ['PATH']}"
    result = on_a_small_disk(copy / ".venv", size, copy / "scripts/setup", PYTHON=str(base), PATH=path)
    assert result.returncode == 1, result.stdout
    last = result.stderr.splitlines()[-1]
    assert last == f"No more can be written into {copy}/.venv: is the disk full? Make room, and start again."
    assert "/stamp" not in result.stdout and "/incomplete" in result.stdout
