"""Devices are tried for real, and each trouble is told with its cure."""

import contextlib
import itertools
import os
import shutil
import subprocess
import sys

import pytest

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.engine import configuration, libgpuarray
from deeplearning_tutorial.engine.libgpuarray import Device, explain, find_devices, link_libraries, try_device

# Trying a device ----------------------------------------------------------------------------------------------------


@pytest.fixture
def device_that(monkeypatch):
    """Tries a device that does something else when it is started."""

    def device_that(does, name="cuda"):
        monkeypatch.setattr(libgpuarray, "PROBE", does)
        return try_device(name)

    return device_that


def test_a_device_that_computes_works(device_that):
    device = device_that('print("a driver talks"); print(\'["Some GPU", 8589934592]\')')
    assert device == Device("cuda", "Some GPU", 8 * 2**30)
    assert device.works
    assert str(device) == "cuda         yes  Some GPU, 8 GiB"


def test_a_processor_is_not_taken_for_a_gpu():
    assert "PoCL" in str(Device("opencl0:0", "pthread-skylake-avx512-Some CPU", 2**33))
    assert "PoCL" in str(Device("opencl0:0", "cpu-Some CPU", 2**33))
    assert "PoCL" not in str(Device("opencl0:0", "Some GPU", 2**33))


def test_the_name_is_what_is_started(device_that):
    assert device_that("import json, sys; print(json.dumps([sys.argv[1], 0]))", "opencl7:1").description == "opencl7:1"


def test_an_error_is_told(device_that):
    device = device_that("raise SystemError('it is on fire')")
    assert not device.works
    assert "it is on fire" in device.problem
    first, second = str(device).split("\n")
    assert first.startswith("cuda         NO ") and "it is on fire" in first
    assert "-> " + device.cure in second


def test_a_driver_that_aborts_ends_its_own_process_only(device_that):
    device = device_that(
        "import os, sys; print('Not enough memory to run on this device.', file=sys.stderr); os.abort()"
    )
    assert "PoCL" in device.problem and "signal 6" in device.problem and "/sys" in device.cure


def test_a_device_that_computes_nonsense_does_not_work(device_that):
    # What multiplies here adds instead.
    wrong = libgpuarray.PROBE.replace("pygpu.blas.gemm(1, a, a, 0, a)", "a")
    assert wrong != libgpuarray.PROBE
    pytest.importorskip("pygpu")
    device = device_that(wrong, "opencl0:0")
    assert "it computes 2 I times 2 I as" in device.problem or not try_device("opencl0:0").works


@pytest.mark.parametrize("name", ["opencl9:0", "opencl0:9"])
def test_a_device_that_is_not_here(name):
    device = try_device(name)
    assert not device.works
    assert device.problem and device.cure


# All devices --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "here, listed",
    [
        (["cuda0", "opencl0:0"], ["cuda0", "opencl0:0"]),
        (["cuda0", "cuda1"], ["cuda0", "cuda1", "opencl0:0 NO"]),
        ([], ["cuda0 NO", "opencl0:0 NO"]),
        (["opencl0:0", "opencl0:1", "opencl1:0"], ["cuda0 NO", "opencl0:0", "opencl0:1", "opencl1:0"]),
        (["opencl1:0"], ["cuda0 NO", "opencl0:0 NO", "opencl1:0"]),
    ],
    ids=str,
)
def test_all_devices_are_found(monkeypatch, here, listed):
    monkeypatch.setattr(
        libgpuarray, "try_device", lambda name: Device(name, problem="" if name in here else "not here")
    )
    assert [device.name + " NO" * (not device.works) for device in find_devices()] == listed


# Why not ------------------------------------------------------------------------------------------------------------

REASONS = {
    "pygpu": ("ModuleNotFoundError: No module named 'pygpu'", "not installed", "scripts/setup --gpu"),
    "part of pygpu": ("ModuleNotFoundError: No module named 'pygpu.gpuarray'", "for another Python", "python3-pygpu"),
    "libgpuarray": (
        "ImportError: libgpuarray.so.3: cannot open shared object file: No such file or directory",
        "libgpuarray is not found",
        ". scripts/environment.sh",
    ),
    "OpenCL": ("""b'Could not load "libOpenCL.so": no such file'""", "no OpenCL", "pocl-opencl-icd"),
    "platform": ("b'clGetPlatformIDs(0, NULL, &nump): Unknown error'", "no OpenCL platform", "pocl-opencl-icd"),
    "number": ("ValueError: b'Device ID out of range'", "there is no cuda", "scripts/setup --gpu"),
    "name": ("ValueError: OpenCL name incorrect.", "not the name of a device", "opencl0:0"),
    "CLBlast": ("b'Missing Blas library'", "multiplies matrices", "libclblast-dev"),
    "anything": ("some error", "some error", "docs/gpu.md"),
    "nothing": ("", "nothing said why", "docs/gpu.md"),
}


@pytest.fixture
def python(monkeypatch):
    """Make this Python another one, of an environment of this repository."""

    def python(version, environment=".venv", version_of_venv=None):
        monkeypatch.setattr(libgpuarray.sys, "version_info", tuple(map(int, version.split("."))))
        monkeypatch.setattr(libgpuarray.platform, "python_version", lambda: version)
        monkeypatch.setattr(libgpuarray.sys, "prefix", str(ROOT / environment))
        monkeypatch.setattr(
            libgpuarray, "_version_of_venv", lambda: version if version_of_venv is None else version_of_venv
        )

    return python


@pytest.mark.parametrize("error, problem, cure", REASONS.values(), ids=REASONS)
def test_each_error_is_explained(python, error, problem, cure):
    python("3.11.2")
    explained = explain("cuda", error)
    assert problem in explained[0] and cure in explained[1]


def test_every_reason_is_another(python):
    python("3.11.2")
    assert len({explain("cuda", error)[0] for error, *_ in REASONS.values()}) == len(REASONS)


def test_a_newer_python_is_told_which_environment_has_pygpu(python):
    python("3.13.5")
    problem, cure = explain("opencl0:0", "ModuleNotFoundError: No module named 'pygpu'")
    assert problem.endswith("is for Python 3.11, and this is Python 3.13.5 of .venv")
    assert "scripts/setup --gpu makes" in cure and ".venv-gpu" in cure
    assert "THEANO_FLAGS=device=opencl0:0 scripts/workshop" in cure


# Which Python -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "version, environment, version_of_venv, told",
    [
        ("3.11.7", ".venv", None, "Python 3.11.7 of .venv"),
        ("3.13.5", ".venv", None, "Python 3.13.5 of .venv"),
        (
            "3.11.2",
            ".venv-gpu",
            "3.13.5",
            "Python 3.11.2 of .venv-gpu, as there is no pygpu for the Python 3.13.5 of .venv",
        ),
        ("3.11.2", ".venv-gpu", "3.11.2", "Python 3.11.2 of .venv-gpu"),
        ("3.11.2", ".venv-gpu", "", "Python 3.11.2 of .venv-gpu, as pygpu is for Python 3.11"),
        ("3.12.1", ".venv-3.12", "3.13.5", "Python 3.12.1 of .venv-3.12"),
        ("3.11.2", "/usr", "3.11.7", "Python 3.11.2 of /usr"),
    ],
)
def test_the_environment_is_told_and_why_it_is_this_one(python, version, environment, version_of_venv, told):
    python(version, environment, version_of_venv)
    assert libgpuarray.environment() == told


@pytest.mark.parametrize(
    "settings, version",
    [
        ("home = /usr/bin\nversion = 3.13.5\n", "3.13.5"),
        ("version_info = 3.12.1.final.0\n", "3.12.1"),
        ("", ""),
        (None, ""),
    ],
)
def test_the_python_of_venv_is_read_from_its_settings(monkeypatch, tmp_path, settings, version):
    monkeypatch.setattr(libgpuarray, "ROOT", tmp_path)
    if settings is not None:
        (tmp_path / ".venv").mkdir()
        (tmp_path / ".venv/pyvenv.cfg").write_text(settings)
    assert libgpuarray._version_of_venv() == version


@pytest.mark.parametrize("library, what", libgpuarray.NVIDIA.items(), ids=str)
def test_a_missing_library_of_nvidia_is_named(monkeypatch, library, what):
    monkeypatch.setattr(libgpuarray, "_find_versioned", lambda library: [])
    problem, cure = explain("cuda", f"""b'Could not load "{library}": {library}: cannot open shared object file'""")
    assert what in problem and library in problem
    assert ("install the driver" in cure) == (library == "libcuda.so")
    assert ("pip install" in cure) == (library != "libcuda.so")


def test_a_library_with_another_name_gets_a_link(monkeypatch, tmp_path):
    monkeypatch.setattr(libgpuarray, "_find_versioned", lambda library: [tmp_path / "libnvrtc.so.12"])
    problem, cure = explain("cuda", """b'Could not load "libnvrtc.so": no such file'""")
    assert "libnvrtc.so.12 only" in problem and "scripts/setup --gpu" in cure


# Links to NVIDIA's libraries ------------------------------------------------------------------------------------------

FUNCTIONS = {
    "libcuda": 'extern "C" int cuDriverGetVersion(int *version) { *version = VERSION * 10; return 0; }',
    "libnvrtc": 'extern "C" int nvrtcVersion(int *major, int *minor) { *major = VERSION / 100; *minor = VERSION % 100; return 0; }',
    "libcublas": "int nothing;",
}


def build(path, version):
    """A small library that says of itself which CUDA it is, 1204 for 12.4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["g++", f"-DVERSION={version}", "-shared", "-fPIC", "-xc++", "-", "-o", path],
        input=FUNCTIONS[path.name.partition(".")[0]],
        text=True,
        check=True,
    )


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """As a driver for CUDA 12.4 and three versions of CUDA bring them, none under its plain name; and a stub."""
    folder = tmp_path_factory.mktemp("libraries") / "lib"
    build(folder / "libcuda.so.1", 1204)
    build(folder / "libcuda.so.550.54.14", 1204)
    for version in [1102, 1204, 1300]:
        build(folder / f"libnvrtc.so.{version // 100}", version)
        build(folder / f"libcublas.so.{version // 100}", version)
    (folder / "libcublasLt.so.12").touch()
    (folder / "libnvrtc-builtins.so.12.4").touch()
    build(folder.parent / "stubs" / "libnvrtc.so.12.9", 1204)
    return folder.parent


@pytest.fixture
def machine(libraries, tmp_path):
    shutil.copytree(libraries, tmp_path, dirs_exist_ok=True)
    return tmp_path / "lib"


def run_with(folders, *arguments):
    """A new Python that looks for libraries in these folders: the loader reads the variable at the start only."""
    child = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "THEANO_FLAGS": "device=cpu", "LD_LIBRARY_PATH": os.pathsep.join(map(str, folders))},
    )
    return child.stdout.splitlines() + child.stderr.splitlines()[-1:]


LINK = ["-m", "deeplearning_tutorial.engine.libgpuarray", "--link"]
VERSION_OF_NVRTC = """
import ctypes
major = ctypes.c_int()
ctypes.CDLL("libcuda.so"), ctypes.CDLL("libcublas.so"), ctypes.CDLL("libnvrtc.so").nvrtcVersion(ctypes.byref(major), ctypes.byref(ctypes.c_int()))
print(major.value)
"""


def test_libraries_get_the_names_that_libgpuarray_opens(machine, tmp_path):
    links = tmp_path / "links for Übung 1"
    assert "OSError" in run_with([machine], "-c", VERSION_OF_NVRTC)[-1]
    said = run_with([machine, tmp_path / "stubs"], *LINK, links)
    assert f"libcuda.so -> {machine}/libcuda.so.1" in said
    assert f"libnvrtc.so -> {machine}/libnvrtc.so.12" in said  # 13 is newer than the driver
    assert f"libcublas.so -> {machine}/libcublas.so.12" in said
    assert {"libcublasLt.so.12", "libnvrtc-builtins.so.12.4"} < {link.name for link in links.iterdir()}
    assert run_with([machine, links], "-c", VERSION_OF_NVRTC) == ["12"]


def test_links_are_made_once_and_mended(machine, tmp_path):
    links = tmp_path / "links"
    assert len(run_with([machine], *LINK, links)) >= 3
    assert run_with([machine, links], *LINK, links) == []
    (links / "libnvrtc.so").unlink()
    (links / "libnvrtc.so").symlink_to("/gone")
    assert run_with([machine, links], *LINK, links)[0].startswith("libnvrtc.so -> ")


def test_plain_names_need_no_links(machine, tmp_path):
    for library in ["libcuda.so.1", "libnvrtc.so.12", "libcublas.so.12"]:
        (machine / library).rename(machine / library.rpartition(".")[0])
    assert run_with([machine], *LINK, tmp_path / "links") == []
    assert not (tmp_path / "links").exists()


def test_where_there_is_nothing_to_link_nothing_is_made(monkeypatch, tmp_path):
    monkeypatch.setattr(libgpuarray, "_library_folders", lambda: {tmp_path})
    monkeypatch.setattr(libgpuarray, "_loads", lambda library: False)
    assert link_libraries(tmp_path / "links") == []
    assert not (tmp_path / "links").exists()


def test_with_the_links_libgpuarray_opens_the_driver(machine, tmp_path):
    pytest.importorskip("pygpu")
    links = tmp_path / "links"
    run_with([machine], *LINK, links)
    start = ["-c", "import pygpu; pygpu.init('cuda')"]
    assert 'Could not load "libcuda.so"' in run_with([machine], *start)[-1]
    # This driver has one function only, so that it goes no further than to open it.
    assert 'Could not load "libcuda.so"' not in run_with([machine, links], *start)[-1]


def test_the_version_of_the_driver_is_asked_of_the_driver(machine):
    version = ["-c", "from deeplearning_tutorial.engine import libgpuarray; print(libgpuarray.driver_version())"]
    assert run_with([machine], *version) == ["(12, 4)"]
    assert run_with([], *version) == [str(libgpuarray.driver_version())]


# The command ----------------------------------------------------------------------------------------------------------


def test_the_command_lists_devices_and_says_how_to_use_one(monkeypatch, capsys):
    monkeypatch.setattr(
        libgpuarray, "try_device", lambda name: Device(name, "GPU", problem="" if name == "cuda1" else "no", cure="buy")
    )
    assert libgpuarray.main(["cuda1"]) == 0
    assert "THEANO_FLAGS=device=cuda1 scripts/workshop" in capsys.readouterr().out
    assert libgpuarray.main([]) == 1
    environment, *lines = capsys.readouterr().out.splitlines()
    assert environment == libgpuarray.environment()
    assert [line.split()[0] for line in itertools.islice(lines, 0, 4, 2)] == ["cuda0", "opencl0:0"]
    assert "THEANO_FLAGS" not in "".join(lines)


# Where PoCL keeps its kernels ---------------------------------------------------------------------------------------

CLAIM = """
import os, sys
from deeplearning_tutorial.engine.libgpuarray import claim_kernel_cache
claim_kernel_cache()
print(os.environ.get("POCL_CACHE_DIR"), flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def a_program_that_claims(**environment):
    """The folder that another program got, while it runs."""
    without = {name: value for name, value in os.environ.items() if name not in ("POCL_CACHE_DIR", "XDG_CACHE_HOME")}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", CLAIM], cwd=ROOT, env={**without, **environment}, stdin=pipe, stdout=pipe, text=True
    ) as program:
        yield program.stdout.readline().strip()


def test_each_program_has_a_folder_for_its_kernels_and_leaves_it_to_the_next(tmp_path):
    name = str(tmp_path / "with-kernels" / "pocl")
    with a_program_that_claims(POCL_CACHE_DIR=name) as first:
        with a_program_that_claims(POCL_CACHE_DIR=name) as second, a_program_that_claims(POCL_CACHE_DIR=name) as third:
            assert [first, second, third] == [name, f"{name}-2", f"{name}-3"]
        with a_program_that_claims(POCL_CACHE_DIR=name) as again:
            assert again == second
    with a_program_that_claims(POCL_CACHE_DIR=name) as again:
        assert again == first


def test_without_a_setting_it_is_the_folder_that_pocl_would_take(tmp_path):
    with a_program_that_claims(HOME=str(tmp_path)) as folder:
        assert folder == str(tmp_path / ".cache" / "pocl" / "kcache")
    with a_program_that_claims(XDG_CACHE_HOME=str(tmp_path)) as folder:
        assert folder == str(tmp_path / "pocl" / "kcache")


def test_where_nothing_can_be_written_it_is_left_to_pocl(tmp_path):
    (tmp_path / "file").touch()
    with a_program_that_claims(POCL_CACHE_DIR=str(tmp_path / "file" / "pocl")) as folder:
        assert folder == str(tmp_path / "file" / "pocl")


def test_pocl_gets_a_path_that_it_can_compile_in(tmp_path):
    for name in ["with a space", 'a"quote', "it's one"]:
        with a_program_that_claims(POCL_CACHE_DIR=str(tmp_path / name), HOME=str(tmp_path)) as folder:
            assert folder == str(tmp_path / ".cache" / "deeplearning_tutorial" / "pocl")
    with a_program_that_claims(POCL_CACHE_DIR=str(tmp_path / "Übung"), HOME=str(tmp_path)) as folder:
        assert folder == str(tmp_path / "Übung")


def test_where_the_users_own_folder_has_a_space_it_is_a_temporary_one(tmp_path):
    home = tmp_path / "a user"
    with a_program_that_claims(HOME=str(home), TMPDIR=str(tmp_path)) as folder:
        own = tmp_path / f"deeplearning_tutorial-{os.getuid()}"
        assert folder == str(own / "pocl")
        assert own.stat().st_mode & 0o777 == 0o700


def test_a_device_is_tried_with_a_path_that_pocl_can_compile_in(device_that, monkeypatch, tmp_path):
    tell = "import json, os; print(json.dumps([os.environ.get('POCL_CACHE_DIR', ''), 0]))"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("POCL_CACHE_DIR", str(tmp_path / "with a space"))
    assert device_that(tell).description == str(tmp_path / "deeplearning_tutorial" / "pocl")
    monkeypatch.setenv("POCL_CACHE_DIR", str(tmp_path / "without"))
    assert device_that(tell).description == str(tmp_path / "without")


def test_libgpuarray_gets_a_path_of_ascii_for_its_own_kernels(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert libgpuarray.folder_for_kernels("/a/b c/theano") is None
    assert libgpuarray.folder_for_kernels("") is None
    assert libgpuarray.folder_for_kernels("/a/Übung/theano") == tmp_path / "deeplearning_tutorial" / "libgpuarray"


@pytest.mark.parametrize(
    "flags, path",
    [
        ("base_compiledir=/a/Übung", "{cache}/deeplearning_tutorial/libgpuarray"),
        ("base_compiledir=/a/Übung,gpuarray.cache_path=/mine", "/mine"),
        ("base_compiledir=/a/b", ""),
    ],
)
def test_theano_is_told_of_that_path_unless_the_user_has_one(monkeypatch, tmp_path, flags, path):
    cache = tmp_path / "a cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("THEANO_FLAGS", flags)
    configuration._choose_folders_of_kernels("cuda")
    assert configuration.configured("gpuarray.cache_path") == path.format(cache=cache)
