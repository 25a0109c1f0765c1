"""Importing the package configures Theano, under whatever the user has configured, and in any fresh interpreter."""

import configparser
import json
import os
import subprocess
import sys

import pytest
import theano

from deeplearning_tutorial import ROOT, engine
from deeplearning_tutorial.engine import configuration
from deeplearning_tutorial.engine.shared_checkout import processor_type

EXAMPLE = ROOT / "theanorc.example"


def tuned_option(section, option):
    config = configparser.ConfigParser()
    config.read(EXAMPLE)
    return config[section][option]


def ask(home, script, **environment):
    """What a script prints as JSON in a new interpreter, with that home and no Theano settings but these."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("THEANO")}
    process = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        env={**inherited, "HOME": str(home), **environment},
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


SETTINGS = """
import deeplearning_tutorial, theano, json
config = theano.config
print(json.dumps({"floatX": config.floatX, "allow_gc": config.allow_gc, "excluding": config.optimizer_excluding,
                  "cxxflags": config.gcc.cxxflags}))
"""

USERS_FILE = "[global]\nfloatX = float64\nallow_gc = True\n\n[blas]\nldflags = -lopenblas\n"


# A fresh interpreter ------------------------------------------------------------------------------------------------

EVERYTHING = """
import deeplearning_tutorial, theano, json, time
import numpy as np
import theano.tensor as T

x = T.vector("x")
partial_sums, _ = theano.scan(lambda element, total: total + element, sequences=x, outputs_info=T.zeros(()))
numbers = np.array([1, np.nan, np.inf, -np.inf, 0], dtype="float32")
tanh = theano.function([x], T.tanh(x))
many = np.random.RandomState(0).uniform(-3, 3, size=10**6).astype("float32")

def seconds(function):
    times = []
    for _ in range(20):
        started = time.process_time()
        function(many)
        times.append(time.process_time() - started)
    return min(times)

print(json.dumps({
    "floatX": theano.config.floatX,
    "cxxflags": theano.config.gcc.cxxflags,
    "excluding": theano.config.optimizer_excluding,
    "scan": partial_sums.eval({x: np.array([1, 2, 3], dtype="float32")}).tolist(),
    "isnan": theano.function([x], T.isnan(x))(numbers).tolist(),
    "isinf": theano.function([x], T.isinf(x))(numbers).tolist(),
    "tanh": np.allclose(tanh(many), np.tanh(many), atol=1e-6),
    "tanh_seconds": seconds(tanh),
    "gammaln_seconds": seconds(theano.function([x], T.gammaln(x))),
}))
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return ask(tmp_path_factory.mktemp("home"), EVERYTHING)


def test_numbers_are_float32(fresh):
    assert fresh["floatX"] == "float32"


def test_the_compiler_flags_are_the_tuned_ones(fresh):
    # Theano appends flags of its own.
    assert fresh["cxxflags"].startswith(tuned_option("gcc", "cxxflags"))
    assert fresh["excluding"] == tuned_option("global", "optimizer_excluding")


def test_scan_works(fresh):
    assert fresh["scan"] == [1, 3, 6]


def test_a_nan_stays_visible_to_compiled_code(fresh):
    assert fresh["isnan"] == [False, True, False, False, False]
    assert fresh["isinf"] == [False, False, True, True, False]


def test_tanh_is_right_and_vectorized(fresh):
    assert fresh["tanh"]
    # Of the time of the logarithm of the gamma function, which no library has vectorized, it takes 1/40, and one number after
    # the other half.
    assert fresh["tanh_seconds"] < 0.15 * fresh["gammaln_seconds"]


# The user's own settings --------------------------------------------------------------------------------------------


def test_the_users_flags_win(tmp_path):
    (tmp_path / ".theanorc").write_text(USERS_FILE.replace("float64", "float16"))
    settings = ask(tmp_path, SETTINGS, THEANO_FLAGS="floatX=float64,gcc.cxxflags=-O1")
    assert settings["floatX"] == "float64"
    assert settings["cxxflags"].split()[0] == "-O1"


def test_the_users_theanorc_wins_and_the_rest_is_ours(tmp_path):
    (tmp_path / ".theanorc").write_text(USERS_FILE)
    settings = ask(tmp_path, SETTINGS)
    assert (settings["floatX"], settings["allow_gc"]) == ("float64", True)
    assert settings["excluding"] == tuned_option("global", "optimizer_excluding")


def test_the_users_THEANORC_wins_and_the_rest_is_ours(tmp_path):
    (tmp_path / "mine").write_text(USERS_FILE)
    settings = ask(tmp_path, SETTINGS, THEANORC=str(tmp_path / "mine"))
    assert (settings["floatX"], settings["allow_gc"]) == ("float64", True)
    assert settings["excluding"] == tuned_option("global", "optimizer_excluding")


@pytest.mark.parametrize(
    "flags, said",
    [
        ("flotX=float64", "Theano does not recognise this flag: flotX"),
        ("gcc.cxxflag=-O0", "Theano does not recognise this flag: gcc.cxxflag"),
        ("floatX=float23", 'Invalid value ("float23") for configuration variable "floatX". Valid options are'),
        ("device=cuda7x", "Theano cannot use device=cuda7x"),
    ],
)
def test_a_misspelt_flag_is_named(flags, said):
    command = [sys.executable, "-c", "import deeplearning_tutorial, theano; theano.config.floatX"]
    result = subprocess.run(
        command, env={**os.environ, "THEANO_FLAGS": flags}, cwd=ROOT, capture_output=True, text=True
    )
    assert said in result.stderr


@pytest.mark.slow(5)
def test_it_can_come_after_theano_and_leaves_its_settings_alone(tmp_path):
    script = """
import theano, os, json
before = dict(os.environ)
import deeplearning_tutorial
from deeplearning_tutorial.mlp import MLP
import theano.tensor as T
x = T.dvector("x")
sums, _ = theano.scan(lambda element, total: total + element, sequences=x, outputs_info=T.zeros((), "float64"))
print(json.dumps({"untouched": dict(os.environ) == before, "floatX": theano.config.floatX,
                  "scan": theano.function([x], sums, mode="FAST_COMPILE")([1, 2]).tolist()}))
"""
    # In an empty folder Theano would first compile what it always needs.
    (tmp_path / ".theanorc").write_text(
        USERS_FILE.replace("[blas]", f"base_compiledir = {theano.config.base_compiledir}\n[blas]")
    )
    assert ask(tmp_path, script) == {"untouched": True, "floatX": "float64", "scan": [1, 3]}


def test_files_are_listed_once_ours_first(monkeypatch, tmp_path):
    mine = str(tmp_path / "mine")
    (tmp_path / "mine").write_text(USERS_FILE)
    for before in (mine, os.pathsep.join([str(EXAMPLE), mine])):
        monkeypatch.setenv("THEANORC", before)
        configuration._put_ours_under_the_users()
        files = os.environ["THEANORC"].split(os.pathsep)
        assert files[0] == str(EXAMPLE) and files[-1] == mine
        assert len(files) == len(set(files))


# The device ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """Sets THEANO_FLAGS and a file of the user's own, and nothing else."""

    def settings(flags, file="[global]\nfloatX = float64\n"):
        (tmp_path / "mine").write_text(file)
        monkeypatch.setenv("THEANORC", str(tmp_path / "mine"))
        monkeypatch.setenv("THEANO_FLAGS", flags)

    return settings


def test_what_is_configured_is_what_theano_reads(settings):
    configured = configuration.configured
    settings(
        "device=cuda, device=opencl0:0 ,,nonsense,'blas.ldflags=-la,-lb'",
        "[global]\ndevice = cuda1\nfloatX = float64\n",
    )
    assert configured("device") == "opencl0:0"  # the last word counts
    assert configured("floatX") == "float64"
    assert configured("blas.ldflags") == "-la,-lb"
    assert configured("nonsense") == configured("no.such") == configured("") == ""
    settings("", "[global]\ndevice = cuda1\n\n[dnn]\nenabled = True\n")
    assert configured("device") == "cuda1"
    assert configured("dnn.enabled") == "True"
    settings("")
    assert configured("device") == ""
    configuration._put_ours_under_the_users()
    assert configured("device") == ""  # so that 06_gpu can choose
    assert configured("floatX") == "float64" and configured("allow_gc") == "False"


def test_theano_has_one_device_for_life():
    with pytest.raises(RuntimeError, match="restart the kernel"):
        configuration.configure_theano("cpu")


FALLEN_BACK = """
import json, os, sys
said = []
os.environ["THEANO_GPU_IS_ALREADY_ACTIVE"] = "Yes"
for attempt in range(2):
    try:
        import deeplearning_tutorial
        said.append("silence")
    except RuntimeError as error:
        said.append(str(error))
print(json.dumps({"said": said, "leaks": "THEANO_GPU_IS_ALREADY_ACTIVE" in os.environ}))
"""


def test_a_device_that_cannot_be_had_is_an_error_each_time(tmp_path):
    answer = ask(
        tmp_path, FALLEN_BACK, THEANO_FLAGS=f"device=opencl9:0,base_compiledir={theano.config.base_compiledir}"
    )
    assert not answer["leaks"]
    for said in answer["said"]:
        assert said.startswith("Theano cannot use device=opencl9:0: ")
        assert "\nWhat to do: " in said


# Without what the environment does before Theano is imported.
THEANO_ALONE = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if finder.__module__ != "theano_compatibility"]
import theano, json
assert "deeplearning_tutorial" not in sys.modules
print(json.dumps([theano.config.device, theano.gpuarray.pygpu_activated]))
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Theano alone does not run there")
def test_theano_alone_would_have_fallen_back(tmp_path):
    flags = f"device=opencl9:0,base_compiledir={theano.config.base_compiledir},blas.ldflags="
    assert ask(tmp_path, THEANO_ALONE, THEANO_FLAGS=flags) == ["opencl9:0", False]


def test_compiled_code_is_kept_apart_by_type_of_processor_unless_the_user_says_how(settings):
    for flags, file, expected in [
        ("", "", configuration.COMPILEDIR_FORMAT),
        ("device=cpu", "", configuration.COMPILEDIR_FORMAT),
        ("device=opencl0:0", "", configuration.COMPILEDIR_FORMAT + "-devices"),
        ("compiledir_format=mine", "", "mine"),
        ("", "[global]\ncompiledir_format = theirs\n", "theirs"),
    ]:
        settings(flags, file)
        configuration._put_ours_under_the_users()
        assert configuration.configured("compiledir_format") == expected
    assert processor_type() in theano.config.compiledir


# One environment of several -------------------------------------------------------------------------------------------

BY_SETUP = "# Written by scripts/setup; your own lines go into a file of yours.\n[global]\nbase_compiledir = {}\n"


def test_the_environment_is_the_one_of_this_python_if_setup_made_it(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert configuration._environment() == ROOT / ".venv"
    (tmp_path / "theanorc").write_text("[global]\n")  # someone else's
    assert configuration._environment() == ROOT / ".venv"
    (tmp_path / "theanorc").write_text(BY_SETUP.format(tmp_path))
    assert configuration._environment() == tmp_path


def test_the_files_of_another_environment_are_left_out(monkeypatch, tmp_path):
    for name in ("this", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "theanorc").write_text(BY_SETUP.format(tmp_path / name / "theano"))
    (tmp_path / "mine").write_text(USERS_FILE)
    this, other, mine = (str(tmp_path / name) for name in ("this/theanorc", "other/theanorc", "mine"))
    monkeypatch.setattr(configuration, "VENV", tmp_path / "this")
    monkeypatch.setenv("THEANO_FLAGS", "")
    monkeypatch.setenv("THEANORC", os.pathsep.join([str(EXAMPLE), other, mine]))
    configuration._put_ours_under_the_users()
    assert os.environ["THEANORC"].split(os.pathsep) == [str(EXAMPLE), this, mine]
    assert configuration.configured("base_compiledir") == str(tmp_path / "this/theano")


# A machine that scripts/setup has not seen --------------------------------------------------------------------------


@pytest.fixture
def without_setup(monkeypatch, tmp_path):
    """The package as if no theanorc had been written, and the user had no configuration."""
    (tmp_path / "theanorc.example").write_text(EXAMPLE.read_text())
    monkeypatch.setattr(configuration, "ROOT", tmp_path)
    monkeypatch.setattr(configuration, "VENV", tmp_path / ".venv")
    monkeypatch.setenv("THEANORC", str(tmp_path / "nothing"))
    monkeypatch.setenv("THEANO_FLAGS", "floatX=float64,compiledir_format=mine")
    return monkeypatch


def test_without_set_up_a_blas_is_found_and_the_users_flags_stay(without_setup):
    without_setup.setattr(configuration, "blas_flags", lambda: "-lfound")
    configuration._put_ours_under_the_users()
    assert os.environ["THEANO_FLAGS"] == "floatX=float64,compiledir_format=mine,blas.ldflags=-lfound"


def test_without_set_up_the_users_flags_may_name_the_blas(without_setup):
    without_setup.setattr(configuration, "blas_flags", lambda: "-lfound")
    without_setup.setenv("THEANO_FLAGS", "compiledir_format=mine,blas.ldflags=-lmine")
    configuration._put_ours_under_the_users()
    assert os.environ["THEANO_FLAGS"] == "compiledir_format=mine,blas.ldflags=-lmine"


def test_without_set_up_the_usual_blas_needs_no_flag(without_setup):
    without_setup.setattr(configuration, "blas_flags", lambda: "-lopenblas")
    configuration._put_ours_under_the_users()
    assert os.environ["THEANO_FLAGS"] == "floatX=float64,compiledir_format=mine"


def test_without_set_up_the_users_file_may_name_the_blas(without_setup, tmp_path):
    (tmp_path / "nothing").write_text(USERS_FILE)
    without_setup.setattr(configuration, "blas_flags", lambda: "-lfound")
    configuration._put_ours_under_the_users()
    assert os.environ["THEANO_FLAGS"] == "floatX=float64,compiledir_format=mine"


@pytest.fixture
def compiler(monkeypatch, tmp_path):
    """A stand-in for g++, which answers as told, and no SciPy anywhere."""

    def answer(text):
        stand_in = tmp_path / "g++"
        stand_in.write_text(f"#!/bin/sh\necho {text}\n")
        stand_in.chmod(0o755)
        monkeypatch.setattr("shutil.which", lambda name: str(stand_in))

    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return answer


def test_blas_is_openblas_where_the_compiler_knows_it(compiler):
    compiler("/usr/lib/libopenblas.so")
    assert configuration.blas_flags() == "-lopenblas"


@pytest.mark.parametrize("there_is_a_compiler", [True, False])
def test_blas_is_else_the_one_inside_scipy(compiler, monkeypatch, tmp_path, there_is_a_compiler):
    compiler("libopenblas.so")
    if not there_is_a_compiler:
        monkeypatch.setattr("shutil.which", lambda name: None)
    folder = tmp_path / "scipy.libs"
    folder.mkdir()
    (folder / "libopenblasp-r0.so").touch()
    assert configuration.blas_flags() == f"-L{folder} -l:libopenblasp-r0.so -Wl,-rpath,{folder}"


def test_blas_is_else_numpys(compiler):
    compiler("libopenblas.so")
    assert configuration.blas_flags() == ""


# The wrong Python, and the file -------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 10, 9), (3, 15, 0), (2, 11, 0)])
def test_another_python_gets_one_clear_sentence(monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr(sys, "version", ".".join(map(str, version)) + " (main)")
    with pytest.raises(ImportError, match=r"needs Python 3\.11 to 3\.14") as caught:
        engine.start()
    message = str(caught.value)
    assert f"this is Python {'.'.join(map(str, version))}." in message and "scripts/setup" in message
    assert "\n" not in message


def unexplained_lines(text):
    """Active lines of a configuration file without a comment right above them."""
    above, unexplained = "", []
    for line in text.splitlines():
        active = line.strip() and not line.startswith(("#", "["))
        if active and not above.startswith("#"):
            unexplained.append(line)
        above = line
    return unexplained


def test_each_line_of_the_example_is_explained():
    assert unexplained_lines(EXAMPLE.read_text()) == []


def test_an_unexplained_line_is_found():
    assert unexplained_lines("[global]\n# why\nfloatX = float32\n\nallow_gc = False\ndevice = cpu\n") == [
        "allow_gc = False",
        "device = cpu",
    ]


def test_the_example_says_what_it_should():
    assert tuned_option("global", "floatX") == "float32"
    assert tuned_option("global", "allow_gc") == "False"
    assert tuned_option("global", "optimizer_excluding") == "elemwise_fusion"
    assert tuned_option("blas", "ldflags") == "-lopenblas"
    assert "-ffast-math" not in tuned_option("gcc", "cxxflags").split()
