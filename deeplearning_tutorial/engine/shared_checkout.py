"""One checkout for many users and machines: each has a folder of compiled code of its own.

Where this repository cannot be written to, as on a server whose users share it, Theano could not compile into ``.venv``.
It then compiles into the user's cache folder, which begins as a copy of what ``.venv`` has, so that nothing that is
compiled already is compiled again. Nobody waits for anybody, or reads what another user has written.

Code that is compiled for one type of processor may end a program on another, which lacks an instruction. Where unlike
machines share a folder, as the nodes of a cluster share home folders, each type has a part of its own in it.
"""

import contextlib
import hashlib
import os
import platform
import shutil
import tempfile
from pathlib import Path


def own_compile_folder(shared):
    """A folder for compiled code that this user can write to.

    Parameters
    ----------
    shared : Path
        The folder in the repository.

    Returns
    -------
    Path
        `shared` itself, if the user can write there.

    Raises
    ------
    RuntimeError
        If no folder can be written to.
    """
    if _is_writable(shared):
        return shared
    # Two checkouts of one user have two folders.
    name = f"deeplearning_tutorial-{hashlib.sha256(os.fsencode(shared)).hexdigest()[:8]}"
    folders = [cache_folder() / name, Path(tempfile.gettempdir()) / f"{name}-{os.getuid()}"]
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.stat().st_uid == os.getuid() and _is_writable(folder):
                _begin_with_a_copy(shared, folder / "theano")
                return folder / "theano"
    raise RuntimeError(
        f"Theano has no folder to compile into: neither {shared} nor {' nor '.join(map(str, folders))} can be written to. "
        "Name one: THEANO_FLAGS=base_compiledir=/some/folder"
    )


def processor_type(description="/proc/cpuinfo"):
    """A short name for what the first of this machine's processors is and can do.

    Parameters
    ----------
    description : str or Path
        The file in which Linux describes the processors.

    Returns
    -------
    str
    """
    try:
        lines = Path(description).read_text(errors="replace").partition("\n\n")[0].splitlines()
    except OSError:
        return platform.machine()
    # The first names it on x86, the second on ARM; then what it can do, likewise.
    properties = [line for line in lines if line.startswith(("model name", "CPU part", "flags", "Features"))]
    return f"{platform.machine()}-{hashlib.sha256(chr(10).join(properties).encode()).hexdigest()[:8]}"


def _is_writable(folder):
    existing = next(path for path in [folder, *folder.parents] if path.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def cache_folder():
    """Where programs of this user keep what can be made again: a Path."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))


def _begin_with_a_copy(shared, own):
    """Copied beside it and moved in one step: whoever starts meanwhile finds all of it or makes it again."""
    if own.exists() or not shared.exists():
        return
    unfinished = tempfile.mkdtemp(dir=own.parent, prefix="copy-")
    with contextlib.suppress(shutil.Error):  # what may not be read is compiled again
        shutil.copytree(shared, unfinished, dirs_exist_ok=True, ignore=shutil.ignore_patterns("lock_dir*"))
    try:
        os.rename(unfinished, own)
    except OSError:  # another program of this user was faster
        shutil.rmtree(unfinished, ignore_errors=True)
