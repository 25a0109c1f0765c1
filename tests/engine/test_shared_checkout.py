"""One checkout for many users: who cannot write there compiles into a folder of their own, which begins as a copy."""

import json
import os
import platform
import stat
import subprocess
import sys

import pytest

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.engine import shared_checkout
from deeplearning_tutorial.engine.shared_checkout import own_compile_folder
from scripts.classroom import copy_notebooks


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """A compile folder with something in it; `home` is the user's, and what is not in it cannot be written to."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(shared_checkout, "_is_writable", lambda folder: folder.is_relative_to(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    folder = tmp_path / "checkout" / "theano"
    (folder / "compiled" / "tmp1").mkdir(parents=True)
    (folder / "compiled" / "tmp1" / "key.pkl").write_bytes(b"key")
    (folder / "compiled" / "lock_dir").mkdir()
    return folder


def test_who_can_write_there_compiles_there(tmp_path):
    assert own_compile_folder(tmp_path / "theano") == tmp_path / "theano"


def test_who_cannot_begins_with_a_copy(shared, tmp_path):
    own = own_compile_folder(shared)
    assert own.is_relative_to(tmp_path / "home" / ".cache")
    assert (own / "compiled" / "tmp1" / "key.pkl").read_bytes() == b"key"
    assert not (own / "compiled" / "lock_dir").exists(), "another's lock must not be copied"
    assert stat.S_IMODE(own.parent.stat().st_mode) == 0o700, "what one user compiles, no other can change or read"
    assert os.listdir(own.parent) == ["theano"]


def test_the_copy_is_made_once(shared):
    own = own_compile_folder(shared)
    (own / "compiled" / "tmp2").mkdir()
    assert own_compile_folder(shared) == own and (own / "compiled" / "tmp2").exists()


def test_two_checkouts_have_two_folders(shared, tmp_path):
    assert own_compile_folder(shared) != own_compile_folder(tmp_path / "another" / "theano")


def test_what_cannot_be_read_is_left_out(shared, monkeypatch):
    def copytree(*arguments, original=shared_checkout.shutil.copytree, **options):
        original(*arguments, **options)
        raise shared_checkout.shutil.Error([("a", "b", "Permission denied")])

    monkeypatch.setattr(shared_checkout.shutil, "copytree", copytree)
    assert own_compile_folder(shared).exists()


def test_without_a_home_it_is_a_temporary_folder(shared, tmp_path, monkeypatch):
    monkeypatch.setattr(shared_checkout, "_is_writable", lambda folder: folder.is_relative_to(tmp_path / "temporary"))
    monkeypatch.setattr(shared_checkout.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    own = own_compile_folder(shared)
    assert own.parent.parent == tmp_path / "temporary" and str(os.getuid()) in own.parent.name


def test_a_folder_that_another_has_put_there_is_not_used(shared, tmp_path, monkeypatch):
    monkeypatch.setattr(shared_checkout.os, "getuid", lambda: 12345)
    with pytest.raises(RuntimeError, match="no folder to compile into.*THEANO_FLAGS=base_compiledir="):
        own_compile_folder(shared)


def test_theano_uses_it(tmp_path):
    home = tmp_path / "Übung 1, it's ours #1"
    home.mkdir()
    # The package itself asks when it is imported; so the answer must be there before.
    program = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('deeplearning_tutorial.engine.shared_checkout', {str(ROOT / 'deeplearning_tutorial/engine/shared_checkout.py')!r})\n"
        "s = importlib.util.module_from_spec(spec); sys.modules[spec.name] = s; spec.loader.exec_module(s)\n"
        "s._is_writable = lambda folder, original=s._is_writable: '.venv' not in str(folder) and original(folder)\n"
        "s._begin_with_a_copy = lambda shared, own: None\n"
        "import deeplearning_tutorial, theano, theano.tensor as T\n"
        "x = T.vector('x')\n"
        "print(theano.function([x], x + 1, mode='FAST_COMPILE')([1])); print(theano.config.base_compiledir)\n"
    )
    environment = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": "", "THEANO_FLAGS": "device=cpu"}
    shown = subprocess.run([sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    if "base_compiledir" in (ROOT / ".venv" / "theanorc").read_text():
        assert shown.stdout.splitlines()[-1].startswith(str(home / ".cache" / "deeplearning_tutorial-"))


# Unlike machines ------------------------------------------------------------------------------------------------------

X86 = "processor\t: {}\nmodel name\t: Z 80\ncpu MHz\t\t: {}\nflags\t\t: fpu {}\n"
ARM = "processor\t: {}\nBogoMIPS\t: {}\nFeatures\t: fp {}\nCPU part\t: 0xd0c\n"


@pytest.mark.parametrize("text", [X86, ARM])
def test_processors_differ_by_what_they_can_do(tmp_path, text):
    def described(*processors):
        (tmp_path / "cpuinfo").write_text("\n".join(processors))
        return shared_checkout.processor_type(tmp_path / "cpuinfo")

    name = described(text.format(0, 2000, "avx"))
    assert name == described(text.format(0, 1999, "avx"), text.format(1, 2001, "avx")), "speed and number do not matter"
    assert name != described(text.format(0, 2000, "avx avx2"))
    assert name.isascii() and name.replace("-", "").replace("_", "").isalnum()


def test_where_nothing_describes_the_processors_it_is_the_machine(tmp_path):
    assert shared_checkout.processor_type(tmp_path / "nothing") == platform.machine()


# Copies of the notebooks ---------------------------------------------------------------------------------------------


def test_each_user_gets_notebooks_with_the_kernel_of_the_workshop(tmp_path):
    names = [path.name for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    assert copy_notebooks.copy_notebooks(tmp_path / "deep-learning", "their-kernel") == names
    assert sorted(os.listdir(tmp_path / "deep-learning")) == names
    for name in names:
        ours = json.loads((ROOT / "notebooks" / name).read_text(encoding="utf-8"))
        theirs = json.loads((tmp_path / "deep-learning" / name).read_text(encoding="utf-8"))
        assert theirs["cells"] == ours["cells"]
        assert theirs["metadata"]["kernelspec"] == {
            **ours["metadata"]["kernelspec"],
            "name": "their-kernel",
            "display_name": "their-kernel",
        }
    assert stat.S_IMODE((tmp_path / "deep-learning").stat().st_mode) == 0o700


def test_a_copy_for_this_jupyter_keeps_its_kernel(tmp_path):
    copy_notebooks.copy_notebooks(tmp_path)
    assert (
        json.loads((tmp_path / "00_setup.ipynb").read_text(encoding="utf-8"))["metadata"]["kernelspec"]["name"]
        == "python3"
    )


def test_the_work_of_a_user_is_never_overwritten(tmp_path):
    (tmp_path / "01_logistic_regression.ipynb").write_text("mine")
    assert "01_logistic_regression.ipynb" not in copy_notebooks.copy_notebooks(tmp_path)
    assert (tmp_path / "01_logistic_regression.ipynb").read_text() == "mine"
    assert copy_notebooks.copy_notebooks(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-m", "scripts.classroom.copy_notebooks", tmp_path / "file" / "deep-learning"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1 and "cannot be copied to" in result.stderr and "Traceback" not in result.stderr
