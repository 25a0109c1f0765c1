"""Features in a file that kernels share: the numbers, and that nothing gets in that does not belong there."""

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import theano
from numpy.testing import assert_array_equal

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.data import mapped
from deeplearning_tutorial.data.mapped import mapped_features


@pytest.fixture(autouse=True)
def float32():
    with theano.configparser.change_flags(floatX="float32"):
        yield


@pytest.fixture
def sets():
    """Images of each value that a byte has, in two sets, more than are compared at once."""
    rng = np.random.RandomState(0)
    train = rng.randint(0, 256, (1100, 4, 3)).astype(np.uint8)
    train[:22].ravel()[:256] = np.arange(256)
    return [train, rng.randint(0, 256, (30, 4, 3)).astype(np.uint8)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mapped" / "digits.float32"


def expected(x):
    features = x.reshape(len(x), -1).astype(np.float32)
    features /= np.float32(256)
    return features


def check(features, sets):
    assert len(features) == len(sets)
    for ours, x in zip(features, sets):
        assert ours.dtype == np.float32 and ours.flags.c_contiguous and ours.flags.writeable
        assert_array_equal(ours.view(np.uint32), expected(x).view(np.uint32))


# What is in the file ------------------------------------------------------------------------------------------------


def test_numbers_are_the_same_to_the_bit_made_or_read(sets, path):
    check(mapped_features(sets, 256, path), sets)
    made = path.stat()
    check(mapped_features(sets, 256, path), sets)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    assert_array_equal(np.fromfile(path, np.float32), np.concatenate([expected(x).ravel() for x in sets]))
    assert [*path.parent.iterdir()] == [path]


def change(content, position, byte):
    return content[:position] + bytes([byte]) + content[position + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-4],
        lambda content: content + bytes(4),
        lambda content: bytes(len(content)),
        lambda content: change(content, len(content) - 2, 0x7F),
        lambda content: change(content, content.index(bytes(4)) // 4 * 4 + 3, 0x80),  # -0 in the place of 0
    ],
    ids=["empty", "cut short", "longer", "zeros", "last number", "sign of 0"],
)
def test_a_damaged_file_is_noticed_and_made_anew(sets, path, damage):
    mapped_features(sets, 256, path)
    content = path.read_bytes()
    damaged = damage(content)
    assert damaged != content
    path.write_bytes(damaged)
    assert mapped._read(sets, 256, path) is None
    check(mapped_features(sets, 256, path), sets)
    assert path.read_bytes() == content


def test_a_file_of_other_digits_is_made_anew(sets, path):
    mapped_features(sets[::-1], 256, path)
    check(mapped_features(sets, 256, path), sets)


# Whoever has it -----------------------------------------------------------------------------------------------------


def test_who_has_mapped_it_keeps_it_when_it_is_replaced_or_deleted(sets, path):
    features = mapped_features(sets, 256, path)
    mapped._write([255 - x for x in sets], 256, path)
    check(features, sets)
    path.unlink()
    check(features, sets)


def test_what_is_written_into_an_array_stays_there(sets, path):
    features, others = mapped_features(sets, 256, path), mapped_features(sets, 256, path)
    content = path.read_bytes()
    features[0][:] = 7
    variable = theano.shared(features[1], borrow=True)
    theano.function([], updates=[(variable, variable - 1)])()  # in place
    assert (features[0] == 7).all()
    assert_array_equal(variable.get_value(borrow=True), expected(sets[1]) - 1)
    check(others, sets)
    assert path.read_bytes() == content


def test_several_at_once_all_get_it_and_nothing_else_is_left(sets, path):
    with ThreadPoolExecutor(4) as pool:
        for features in pool.map(lambda _: mapped_features(sets, 256, path), range(8)):
            check(features, sets)
    assert [*path.parent.iterdir()] == [path]


def test_others_may_read_it_where_they_may_read_the_folder(sets, path):
    for mode, expected_mode in [(0o755, 0o644), (0o700, 0o600)]:
        path.parent.mkdir(exist_ok=True)
        path.parent.chmod(mode)
        mapped._write(sets, 256, path)
        assert path.stat().st_mode & 0o777 == expected_mode


# Where there can be none ----------------------------------------------------------------------------------------------


def test_no_file_where_there_can_be_no_folder(sets, tmp_path):
    (tmp_path / "file").touch()
    assert mapped_features(sets, 256, tmp_path / "file" / "digits.float32") is None
    assert mapped_features(sets, 256, tmp_path) is None  # a folder


def test_no_half_file_on_a_full_disk(sets, path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    assert mapped_features(sets, 256, path) is None
    assert [*path.parent.iterdir()] == []


# Memory ---------------------------------------------------------------------------------------------------------------

READER = """
import sys
import numpy as np
from deeplearning_tutorial.data.mapped import mapped_features

x = np.full((2000, 784), 3, np.uint8)
(features,) = mapped_features([x], 256, sys.argv[1])
if sys.argv[2] == "writes":
    features += 1
print(features.sum(), flush=True)
sys.stdin.read()
"""


def memory_of_file(pid, path):
    """(share of what is shared, what was written) of a mapped file, in bytes, as Linux tells it."""
    found, here = {"Pss": 0, "Anonymous": 0}, False
    for line in (ROOT / f"/proc/{pid}/smaps").read_text().splitlines():
        name, *values = line.split()
        if not name.endswith(":"):
            here = line.endswith(str(path))
        elif here and name[:-1] in found:
            found[name[:-1]] += 1024 * int(values[0])
    return found["Pss"], found["Anonymous"]


def test_two_processes_have_it_in_memory_once(path):
    size = 2000 * 784 * 4
    processes = []
    try:
        for what in ("reads", "reads", "writes"):
            process = subprocess.Popen(
                [sys.executable, "-c", READER, path, what],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            processes.append(process)
            assert process.stdout.readline()
            if len(processes) == 2:
                for each in processes:
                    share, own = memory_of_file(each.pid, path)
                    assert own == 0 and 0.4 * size < share < 0.6 * size
        share, own = memory_of_file(processes[2].pid, path)
        assert own > 0.99 * size and share > 0.99 * size  # and that would be seen
    finally:
        for process in processes:
            process.kill()
            process.communicate()
