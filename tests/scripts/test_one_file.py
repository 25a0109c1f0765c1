"""One file made out of a folder: it unpacks itself beside its user and starts, and says what may go wrong."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bundling import call, folder_of_programs, namespace, run

TINY_START = """#!/bin/sh
echo "started in $PWD with $# arguments: $*"
"""


def pack(folder, file, compression="none", system=""):
    if compression == "xz" and not shutil.which("xz"):
        pytest.skip("xz, which packs the bundle of a node, is not here")
    call("pack", folder, file, "tiny", "Something tiny", compression, system)
    return file


@pytest.fixture
def contents(tmp_path):
    """A folder to pack: a program, a file and a link."""
    folder = tmp_path / "contents"
    folder.mkdir()
    (folder / "start").write_text(TINY_START)
    (folder / "lines").write_text("some lines\n" * 1000)
    (folder / "link").symlink_to("lines")
    return folder


@pytest.fixture
def bundle(contents, tmp_path):
    return pack(contents, tmp_path / "tiny.run")


@pytest.mark.parametrize("shell", ["sh", "dash", "bash", "busybox sh"])
def test_a_bundle_unpacks_beside_the_user_and_starts(shell, bundle, here):
    shell = shell.split()
    if not shutil.which(shell[0]):
        pytest.skip(f"there is no {shell[0]} here")
    answer = run(*shell, bundle, "--port=9", "two words", cwd=here)
    assert answer.returncode == 0, answer.stdout
    assert f"started in {here} with 2 arguments: --port=9 two words" in answer.stdout
    assert (here / "tiny/lines").read_text() == "some lines\n" * 1000
    assert (here / "tiny/link").is_symlink()
    assert os.listdir(here) == ["tiny"]


@pytest.mark.parametrize("options", [["--to", "else where/deep"], ["--to=else where/deep/"]])
def test_a_bundle_unpacks_where_it_is_told_to(options, bundle, here):
    answer = run("sh", bundle, *options, "--to-start", cwd=here)
    assert "with 1 arguments: --to-start" in answer.stdout
    assert (here / "else where/deep/lines").exists()
    assert not (here / "tiny").exists()


def test_extract_only_starts_nothing(bundle, here):
    answer = run("sh", bundle, "--extract-only", cwd=here)
    assert answer.returncode == 0 and "started" not in answer.stdout
    assert os.access(here / "tiny/start", os.X_OK)


def test_help_of_a_bundle_unpacks_nothing(bundle, here):
    answer = run("sh", bundle, "--help", cwd=here)
    assert answer.returncode == 0
    assert "Usage: sh tiny.run" in answer.stdout and "Something tiny" in answer.stdout
    assert os.listdir(here) == []


def test_the_second_run_does_not_unpack_again(bundle, here):
    run("sh", bundle, cwd=here)
    (here / "tiny/lines").write_text("my own lines")
    answer = run("sh", bundle, "again", cwd=here)
    assert "arguments: again" in answer.stdout
    assert "Unpacking" not in answer.stdout
    assert (here / "tiny/lines").read_text() == "my own lines"


def test_a_folder_that_is_not_from_this_file_is_left_alone(bundle, here):
    (here / "tiny").mkdir()
    (here / "tiny/mine").write_text("mine")
    answer = run("sh", bundle, cwd=here)
    assert answer.returncode == 1
    assert "./tiny is there already" in answer.stdout and "--to FOLDER" in answer.stdout
    assert os.listdir(here / "tiny") == ["mine"]


def test_the_same_contents_make_the_same_file(contents, tmp_path):
    first = pack(contents, tmp_path / "1.run", "xz").read_bytes()
    (contents / "lines").touch()
    assert pack(contents, tmp_path / "2.run", "xz").read_bytes() == first


# What may go wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [lambda file: file[:-3000] + b"?" + file[-2999:], lambda file: file[:-3000]])
@pytest.mark.parametrize("compression", ["none", "xz"])
def test_a_damaged_file_is_not_unpacked(damage, compression, contents, here):
    (contents / "noise").write_bytes(os.urandom(5000))
    bundle = pack(contents, contents.parent / "tiny.run", compression)
    bundle.write_bytes(damage(bundle.read_bytes()))
    answer = run("sh", bundle, cwd=here)
    assert answer.returncode == 1
    assert "tiny.run is damaged" in answer.stdout and "Copy it again" in answer.stdout
    assert os.listdir(here) == []


def test_after_a_run_that_was_killed_the_next_one_unpacks_all(bundle, here, tmp_path):
    # In the place of tar, something that writes half a file and then kills the shell that it was started by.
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "tar").write_text(
        '#!/bin/sh\nwhile [ "$1" != -C ]; do shift; done\necho half >"$2/lines"\nkill -9 $PPID\n'
    )
    (programs / "tar").chmod(0o755)
    killed = run("sh", bundle, cwd=here, PATH=f"{programs}:{os.environ['PATH']}")
    assert killed.returncode == -9
    left = os.listdir(here)
    assert len(left) == 1 and left[0].startswith("tiny.unpacking.")

    answer = run("sh", bundle, cwd=here)
    assert answer.returncode == 0
    assert os.listdir(here) == ["tiny"]
    assert (here / "tiny/lines").read_text() == "some lines\n" * 1000


def test_nodes_that_share_a_folder_can_start_at_once(bundle, here):
    nodes = [
        subprocess.Popen(
            ["sh", bundle, str(node)], cwd=here, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for node in range(4)
    ]
    for number, node in enumerate(nodes):
        printed, _ = node.communicate()
        assert f"arguments: {number}" in printed, printed
    assert os.listdir(here) == ["tiny"]
    assert sorted(os.listdir(here / "tiny")) == [".bundle", "lines", "link", "start"]


def test_another_system_is_told_so_before_anything_is_unpacked(contents, here):
    bundle = pack(contents, contents.parent / "tiny.run", system="hannah-montana 4")
    answer = run("sh", bundle, cwd=here)
    assert answer.returncode == 1
    assert (
        "system packages of hannah-montana 4, and this is" in answer.stdout and "Nothing was changed" in answer.stdout
    )
    assert os.listdir(here) == []
    assert "started" in run("sh", bundle, "--any-system", cwd=here).stdout


def test_this_system_is_known(contents, here):
    system = call("system_name").strip()
    assert "started" in run("sh", pack(contents, contents.parent / "tiny.run", system=system), cwd=here).stdout


UNPACKERS = ["sh", "tar", "sha256sum", "tail", "cat", "uname", "dirname", "mkdir", "mv", "rm", "ln", "chmod", "wc"]


def test_without_xz_python_unpacks(contents, here, tmp_path):
    bundle = pack(contents, tmp_path / "tiny.run", "xz")
    programs = folder_of_programs(tmp_path, *UNPACKERS)
    Path(programs, "python3").symlink_to(sys.executable)
    answer = run("sh", bundle, cwd=here, PATH=programs)
    assert "started" in answer.stdout, answer.stdout


def test_without_xz_and_python_it_says_so(contents, here, tmp_path):
    bundle = pack(contents, tmp_path / "tiny.run", "xz")
    answer = run("sh", bundle, cwd=here, PATH=folder_of_programs(tmp_path, *UNPACKERS))
    assert answer.returncode == 1
    assert "xz (or a python3) is needed" in answer.stdout
    assert os.listdir(here) == []


def test_a_usb_stick_can_hold_the_file_but_not_the_folder(bundle, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    mounts = namespace("--mount")
    script = 'mount -t tmpfs -o noexec tmpfs "$1" && cp "$2" "$1" && cd "$1" && sh tiny.run;ls; sh tiny.run --to "$3"'
    answer = run(*mounts, "sh", "-c", script, "sh", stick, bundle, tmp_path / "home", cwd=tmp_path)
    if "mount:" in answer.stdout:
        pytest.skip(f"this machine mounts nothing here: {answer.stdout.strip()}")
    refused, started = answer.stdout.split("\ntiny.run\n")
    assert "Programs cannot run from this folder" in refused and "started" not in refused
    assert "started" in started
    assert os.listdir(stick) == []
