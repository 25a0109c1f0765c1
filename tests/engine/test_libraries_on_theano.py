"""Lasagne 0.1 and Keras 2.3.1, as PyPI has them, on this Theano: what is replaced in them, and where it is not."""

import importlib.machinery
import os
import subprocess
import sys

import numpy as np
import pytest

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.engine.compatibility import libraries, loader
from deeplearning_tutorial.engine.compatibility.libraries import REPLACEMENTS, VERSIONS
from scripts.benchmarks import peers


@pytest.fixture
def version(monkeypatch):
    """A function that says which version of each library is here, from now on."""
    libraries.replacements_for.cache_clear()
    yield lambda number: monkeypatch.setattr(libraries, "_installed", lambda package: number)
    libraries.replacements_for.cache_clear()


@pytest.mark.parametrize("module", REPLACEMENTS)
def test_only_the_versions_that_the_texts_stand_in_are_changed(module, version):
    version(VERSIONS[module.partition(".")[0]])
    needed = [r for r in REPLACEMENTS[module] if not r.since.startswith("NumPy") or np.__version__ >= "2"]
    assert list(libraries.replacements_for(module)) == needed
    for another in ("0.2.dev1", "3.15.1", None):
        libraries.replacements_for.cache_clear()
        version(another)
        assert libraries.replacements_for(module) == ()


def test_what_has_no_replacement_is_not_asked_about(monkeypatch):
    monkeypatch.setattr(libraries, "_installed", None)  # calling it would fail
    assert libraries.replacements_for("keras.layers.core") == libraries.replacements_for("lasagne.init") == ()


def test_a_missing_text_is_an_error_that_names_the_library_and_its_version():
    replacement = REPLACEMENTS["keras.callbacks.callbacks"][0]
    with pytest.raises(ImportError, match=r"is this another Keras than 2\.3\.1 from PyPI\?.*keras==2\.3\.1"):
        loader.replace_all("import os\n", "keras.callbacks.callbacks", [replacement])


def python(program, *folders):
    path = os.pathsep.join(map(str, folders))
    environment = {**os.environ, "PYTHONPATH": path, "KERAS_BACKEND": "theano", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", "-c", program]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)


STAND_IN = 'import pkg_resources\n__version__ = pkg_resources.get_distribution("Lasagne").version\ndel pkg_resources\n'


def make_library(folder, number):
    """A Lasagne that is its last lines, with what says of which version it is."""
    (folder / "lasagne").mkdir()
    (folder / "lasagne" / "__init__.py").write_text(STAND_IN)
    (folder / f"Lasagne-{number}.dist-info").mkdir()
    (folder / f"Lasagne-{number}.dist-info" / "METADATA").write_text(f"Name: Lasagne\nVersion: {number}\n")


IMPORT = "import deeplearning_tutorial, lasagne; print(lasagne.__version__, type(lasagne.__loader__).__module__)"


def test_a_library_is_read_with_its_replacements_and_its_file_stays(tmp_path):
    make_library(tmp_path, "0.1")
    result = python(IMPORT, tmp_path)
    assert result.stdout.split() == ["0.1", loader.__name__], result.stderr
    assert (tmp_path / "lasagne" / "__init__.py").read_text() == STAND_IN


def test_another_version_is_read_as_it_is(tmp_path):
    make_library(tmp_path, "0.2")
    (tmp_path / "lasagne" / "__init__.py").write_text('__version__ = "as it is"\n')
    assert python(IMPORT, tmp_path).stdout.startswith("as it is")


# --- the libraries themselves, where scripts/libraries has installed them

installed = pytest.mark.skipif(
    not (peers.ON_THEANO / "stamp").exists(), reason="scripts/libraries installs Lasagne and Keras 2.3"
)


@installed
@pytest.mark.parametrize("module", REPLACEMENTS)
def test_each_old_text_stands_in_the_library_and_all_new_ones_together_are_python(module):
    path = peers.ON_THEANO.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = importlib.machinery.SourceFileLoader(module, str(path)).get_source(module)
    compile(loader.replace_all(text, module, REPLACEMENTS[module]), module, "exec")


@installed
@pytest.mark.slow(20)
def test_lasagne_pools_as_numpy_does():
    result = python(
        """
import deeplearning_tutorial, lasagne, numpy as np, theano.tensor as T
x = T.tensor4()
layer = lasagne.layers.MaxPool2DLayer(lasagne.layers.InputLayer((None, 1, 4, 4)), 2)
values = np.random.RandomState(1).normal(size=(3, 1, 4, 4)).astype("float32")
pooled = lasagne.layers.get_output(layer, x).eval({x: values})
print(np.array_equal(pooled, values.reshape(3, 1, 2, 2, 2, 2).max(axis=(3, 5))))
""",
        peers.ON_THEANO,
    )
    assert result.stdout.split() == ["True"], result.stderr


@installed
@pytest.mark.slow(60)
def test_keras_trains_dense_layers_and_saves_what_they_learned(tmp_path):
    result = python(
        f"""
import deeplearning_tutorial, keras, numpy as np
from keras.layers import Dense, Dropout
model = keras.models.Sequential([Dense(8, activation="relu", input_shape=(2,)), Dropout(0.1), Dense(1, activation="sigmoid")])
model.compile(keras.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
x = np.random.RandomState(1).uniform(-1, 1, (400, 2)); y = x[:, 0] > x[:, 1]
history = model.fit(x, y, epochs=15, verbose=0, validation_split=0.25, callbacks=[keras.callbacks.EarlyStopping(patience=9)])
model.save("{tmp_path}/model.h5")
before = model.predict(x); model.load_weights("{tmp_path}/model.h5")
again = keras.models.load_model("{tmp_path}/model.h5")
print(history.history["val_accuracy"][-1] > 0.9, np.array_equal(before, again.predict(x)))
""",
        peers.ON_THEANO,
    )
    assert result.stdout.split() == ["True", "True"], result.stderr
