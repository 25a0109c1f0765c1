"""The device and the machine are reported as they are, and each trouble comes with its cure."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import theano
import theano.tensor as T

from deeplearning_tutorial.engine import device
from deeplearning_tutorial.engine.device import Check, check_machine, device_in_use, uses_gpu
from deeplearning_tutorial.engine.libgpuarray import DeviceError

on_the_cpu = pytest.mark.skipif(device_in_use() != "cpu", reason="Theano runs on a GPU here")


@pytest.fixture
def configured(monkeypatch):
    """Sets attributes of theano.config, as `device` sees it, and of nothing else."""

    def configure(**options):
        stand_in = SimpleNamespace(
            **{
                "cxx": theano.config.cxx,
                "blas": theano.config.blas,
                "device": theano.config.device,
                "floatX": theano.config.floatX,
                **options,
            }
        )
        names = ["function", "tensor", "gpuarray", "__version__"]
        monkeypatch.setattr(
            device, "theano", SimpleNamespace(config=stand_in, **{name: getattr(theano, name) for name in names})
        )

    return configure


def check(what):
    (found,) = [check for check in check_machine() if check.what == what]
    return found


# The device ---------------------------------------------------------------------------------------------------------


@on_the_cpu
def test_on_the_cpu_a_function_uses_no_gpu():
    x = T.matrix("x")
    assert not uses_gpu(theano.function([x], T.dot(x, x), mode="FAST_COMPILE"))
    assert device_in_use() == "cpu"


def compiled_of(*operations):
    nodes = [SimpleNamespace(op=type(name, (), {})()) for name in operations]
    return SimpleNamespace(maker=SimpleNamespace(fgraph=SimpleNamespace(toposort=lambda: nodes)))


def test_one_gpu_operation_is_enough():
    assert uses_gpu(compiled_of("Elemwise", "GpuGemm", "HostFromGpu"))
    assert not uses_gpu(compiled_of("Elemwise", "HostFromGpu", "Gemm", "GpuFromHost"))
    assert not uses_gpu(compiled_of())


def test_the_name_of_a_gpu_is_the_configured_one_and_its_drivers(monkeypatch, configured):
    configured(device="opencl0:0")
    monkeypatch.setattr(theano.gpuarray, "pygpu_activated", True)
    some_gpu = SimpleNamespace(devname="Some GPU", total_gmem=8 * 2**30)
    monkeypatch.setattr(theano.gpuarray.type, "get_context", lambda name: some_gpu)
    assert device_in_use() == "opencl0:0 (Some GPU, 8 GiB)"
    assert check("device").ok


def test_with_another_environment_than_venv_it_is_told_why(monkeypatch):
    for environment, told in [("/some/.venv", ""), ("/some/.venv-gpu", " of /some/.venv-gpu")]:
        monkeypatch.setattr(device.sys, "prefix", environment)
        assert check("device").ok and check("device").found.partition(", with Python 3.")[2].endswith(told)
        assert ("with Python" in check("device").found) == bool(told)


def test_a_gpu_that_did_not_start_is_not_in_use(monkeypatch, configured):
    configured(device="cuda")
    monkeypatch.setattr(theano.gpuarray, "pygpu_activated", False)
    assert device_in_use() == "cpu"


def test_a_device_that_did_not_start_is_an_error_with_its_cause(monkeypatch, configured):
    configured(device="cuda")
    monkeypatch.setattr(theano.gpuarray, "pygpu_activated", False)

    def use(name):
        raise RuntimeError(f"{name} is on fire")

    monkeypatch.setattr(theano.gpuarray, "use", use)
    monkeypatch.setattr(device.importlib, "import_module", lambda name: None)  # a Python that has no pygpu would say so
    with pytest.raises(DeviceError, match="(?s)cannot use device=cuda: cuda is on fire.*What to do: "):
        device.start()


def test_without_pygpu_that_is_the_cause(monkeypatch, configured):
    configured(device="cuda")
    monkeypatch.setattr(theano.gpuarray, "pygpu_activated", False)

    def import_module(name):
        raise ModuleNotFoundError(f"No module named '{name}'")

    monkeypatch.setattr(device.importlib, "import_module", import_module)
    with pytest.raises(DeviceError, match="pygpu.*\n.*scripts/setup --gpu.*\nIt was tried with Python 3"):
        device.start()


# The machine --------------------------------------------------------------------------------------------------------


def test_everything_is_looked_at_and_described():
    checks = check_machine()
    assert [check.what for check in checks] == ["versions", "C++ compiler", "BLAS", "threads", "device", "Graphviz"]
    assert all(check.found and check.cure or check.ok for check in checks)


@pytest.mark.parametrize("what", ["versions", "C++ compiler", "BLAS", "device"])
def test_this_machine_has_what_the_tests_need(what):
    assert check(what).ok, str(check(what))


def test_versions_are_named():
    found = check("versions").found
    assert (
        f"Python {sys.version.split()[0]}" in found and "Theano 1.0.5" in found and f"NumPy {np.__version__}" in found
    )


def assert_no(found, *words):
    """A check failed, and says so in words that help."""
    assert not found.ok
    line, cure = str(found).split("\n")
    assert line.startswith("NO ")
    assert "->" in cure
    for word in words:
        assert word in line + cure


@pytest.mark.parametrize("module", [np, theano])
def test_another_version_is_no(monkeypatch, module):
    monkeypatch.setattr(
        module, "__version__", "2.0.1"
    )  # of NumPy it is neither that of Python 3.11 nor that of newer ones
    assert_no(check("versions"), "2.0.1", "run scripts/setup")


def test_no_compiler_is_no(configured):
    configured(cxx="")
    assert_no(check("C++ compiler"), "interprets", "apt-get install g++")


@pytest.mark.parametrize("script", [None, "exit 1"], ids=["missing", "broken"])
def test_a_compiler_that_does_not_run_is_no(configured, tmp_path, script):
    compiler = tmp_path / "g++"
    if script:
        compiler.write_text(f"#!/bin/sh\n{script}\n")
        compiler.chmod(0o755)
    configured(cxx=str(compiler))
    assert_no(check("C++ compiler"), f"{compiler} does not run", "apt-get install g++")


def test_the_path_of_the_compiler_may_hold_spaces(configured, tmp_path):
    compiler = tmp_path / "my compiler"
    compiler.write_text("#!/bin/sh\necho some compiler 1.2\necho and more\n")
    compiler.chmod(0o755)
    configured(cxx=str(compiler))
    assert (check("C++ compiler").ok, check("C++ compiler").found) == (True, "some compiler 1.2")


def test_no_blas_is_no(configured):
    configured(blas=SimpleNamespace(ldflags=""))
    assert_no(check("BLAS"), "none linked", "libopenblas-dev")


def test_a_blas_that_does_not_link_is_no(configured, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("cannot find -lnothing")

    configured(blas=SimpleNamespace(ldflags="-lnothing"))
    monkeypatch.setattr(device.theano, "function", fail)
    assert_no(check("BLAS"), "-lnothing does not link", "RuntimeError", "libopenblas-dev")


def test_a_blas_that_computes_nonsense_is_no(configured, monkeypatch):
    configured()
    monkeypatch.setattr(device.theano, "function", lambda inputs, output: lambda matrix: 2 * matrix)
    assert_no(check("BLAS"), "libopenblas-dev")


def test_of_the_blas_only_the_library_is_shown(configured):
    configured(blas=SimpleNamespace(ldflags="-L/some/folder -l:some.so -Wl,-rpath,/some/folder"))
    assert check("BLAS").found == "-l:some.so"


def test_another_device_than_asked_for_is_no(configured, monkeypatch):
    configured(device="cuda")
    monkeypatch.setattr(theano.gpuarray, "pygpu_activated", False)
    assert_no(check("device"), "cpu, and cuda was asked for", "fell back to the CPU", "docs/gpu.md")


def test_no_graphviz_is_no(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert_no(check("Graphviz"), "none", "apt-get install graphviz")


def test_graphviz_is_yes(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    assert check("Graphviz").ok


def test_what_is_there_needs_no_cure():
    assert str(Check("thing", True, "found", "cure")) == "yes  thing            found"
    assert str(Check("thing", False, "found", "cure")) == "NO   thing            found\n                      -> cure"
