"""What a command says of the machine, and which device it tells Theano to use."""

import json
import os

import pytest

from scripts import machine


@pytest.mark.parametrize(
    "given, flags",
    [
        (None, "device=cuda"),
        ("", "device=cuda"),
        ("floatX=float64", "floatX=float64,device=cuda"),
        ("floatX=float64,", "floatX=float64,device=cuda"),
        ("device=opencl0:0", "device=opencl0:0,device=cuda"),  # the last word counts
    ],
)
def test_a_device_is_added_to_the_users_flags(given, flags, monkeypatch):
    monkeypatch.delenv("THEANO_FLAGS", raising=False)
    if given is not None:
        monkeypatch.setenv("THEANO_FLAGS", given)
    assert machine.flags_with_device("cuda") == flags


def test_threads_are_those_of_openblas_then_those_of_openmp_then_all(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert machine.threads() == 3
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    assert machine.threads() == 2
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert machine.threads() == len(os.sched_getaffinity(0))


def test_the_machine_is_described_but_not_named():
    described = machine.describe_machine()
    assert described.keys() == {"processor", "processors", "memory_gib", "system", "python"}
    assert all(described.values())
    assert os.uname().nodename not in json.dumps(described)
