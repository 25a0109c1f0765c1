"""Run the test files that Theano's package brings along, on the Python of the environment.

    scripts/theano_tests                              all of them: hours
    scripts/theano_tests scalar tensor/tests/test_sort
    THEANO_FLAGS=cxx= scripts/theano_tests            with operations in Python, not in C++: many times as fast
    DEEPLEARNING_TUTORIAL_VENV=FOLDER scripts/theano_tests    on the Python of another environment
    scripts/theano_tests --compare                    what was found on which Python: tables

Each file is run by pytest in a process of its own, without this project's configuration and without its rewrites: only
with what lets Theano run on a newer Python. What was found is written into a file of JSON after each file of tests, and a
second start goes on with what has not been run, and with the files that their limit had ended. Tests of gpuarray need a GPU,
and are left out.

The exit status is 0 however many tests fail: many fail on every Python.
"""

import argparse
import concurrent.futures
import importlib.metadata
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from scripts import ROOT
from scripts.arguments import file_to_write, folder_to_write, refuse, unwritable, whole_number
from scripts.development.theano_plugin import PROGRESS, outcomes, write_event
from scripts.files import write_atomically
from scripts.machine import describe_machine

RESULTS = ROOT / "results" / "theano-tests.json"

# What Theano's developers tested with: a fault of an optimization is an error. The graphs are those of Theano's own defaults.
FLAGS = "warn.ignore_bug_before=all,on_opt_error=raise,on_shape_error=raise"
USERS_FLAGS = os.environ.get("THEANO_FLAGS", "")  # to which the package adds some when it is imported

BASE = "3.11"  # what the others are compared with
WITHOUT_C = " without C"
PYTHON_NAME = "{}.{}".format(*sys.version_info) + (WITHOUT_C if "cxx=" in USERS_FLAGS.split(",") else "")

COUNTS = ["passed", "failed", "errors", "skipped", "timed_out", "not_reached"]


def main(arguments=None):
    """Run what is asked for. Returns the exit status."""
    options = parse(arguments)
    if options.compare:
        print(comparison(read(options.output)))
        return 0
    site = theano_folder().parent
    files = find_files(site, options.files)
    if not files:
        print(f"No test file of Theano's has {' or '.join(options.files)} in its path.", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        run(files, site, options)
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on.", file=sys.stderr)
        return 130
    return 0


def parse(arguments):
    parser = argparse.ArgumentParser(prog="scripts/theano_tests", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("files", nargs="*", metavar="FILE", help="only files with this in their path, in this order")
    parser.add_argument("--compare", action="store_true", help="run nothing; print tables of all that was found")
    parser.add_argument(
        "--python-name",
        type=python_name,
        default=PYTHON_NAME,
        metavar="NAME",
        help=f"what the results are filed under ({PYTHON_NAME})",
    )
    parser.add_argument(
        "--timeout",
        type=whole_number(1, what="a number of seconds"),
        default=600,
        metavar="SECONDS",
        help="for each file (600)",
    )
    parser.add_argument(
        "--jobs",
        type=whole_number(1, what="a number of files"),
        default=1,
        metavar="N",
        help="so many files at a time (1)",
    )
    parser.add_argument("--again", action="store_true", help="run files again that have a result")
    parser.add_argument(
        "--output", type=file_to_write, default=RESULTS, metavar="FILE", help="results/theano-tests.json"
    )
    parser.add_argument(
        "--folder",
        type=folder_to_write,
        default=Path(sys.prefix) / "theano-tests",
        help="for compiled code and what pytest said (theano-tests in the environment)",
    )
    options = parser.parse_args(arguments)
    for path in [] if options.compare else [options.output.parent, options.folder]:
        if problem := unwritable(path):
            parser.error(f"what is found cannot be written: {problem}. Name others: --output FILE --folder FOLDER")
    return options


def python_name(text):
    """A folder is called so, too."""
    if not re.fullmatch(r"\w[\w.+ -]*", text):
        raise refuse(f"{text!r} is no name of a Python, such as 3.14 or '3.14{WITHOUT_C}'")
    return text


def theano_folder():
    """Where Theano is installed; importing it for that would take its configuration, and time."""
    return Path(importlib.util.find_spec("theano").origin).parent


def find_files(site, patterns=()):
    """Theano's test files.

    Parameters
    ----------
    site : Path
        The folder that Theano is installed in.
    patterns : list of str
        Parts of paths; those that belong to the first come first. None: all files.

    Returns
    -------
    list of str
        Paths from `site`.
    """
    names = sorted(str(path.relative_to(site)) for path in (site / "theano").rglob("tests/test_*.py"))
    names = [name for name in names if "gpuarray" not in name]
    found = [name for pattern in patterns or [""] for name in names if pattern in name]
    return list(dict.fromkeys(found))


# Running ------------------------------------------------------------------------------------------------------------


def run(files, site, options):
    """Run test files, and write down after each what was found."""
    results = read(options.output)
    entry = results.setdefault(options.python_name, {"files": {}})
    entry |= description()
    waiting = [name for name in files if options.again or not is_finished(entry["files"].get(name))]
    folder = options.folder.resolve() / options.python_name.replace(" ", "-")
    lock = threading.Lock()

    def run_one(name):
        if options.again:
            progress_of(name, folder).unlink(missing_ok=True)
        found = run_file(name, site, folder, options.timeout)
        with lock:
            results = read(options.output)  # another command may have written meanwhile
            entry["files"] = results.get(options.python_name, entry)["files"] | {name: found}
            write(results | {options.python_name: entry}, options.output)
            print(f"{name}: {in_words(found)}", flush=True)

    if len(waiting) < len(files):
        print(f"{len(files) - len(waiting)} files have a result; --again runs them again.", flush=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        try:
            list(pool.map(run_one, waiting))
        except BaseException:
            STOPPED.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(RUNNING):
                stop(process)
            raise


def is_finished(found):
    return found is not None and not found["not_reached"] and "(import)" not in found["tests"].get("errors", [])


def description():
    """With what the tests are run."""
    versions = {name: importlib.metadata.version(name) for name in ["numpy", "scipy", "theano", "pytest"]}
    return {**describe_machine(), **versions, "theano_flags": flags_in_use()}


def flags_in_use():
    """The user's flags come last, and so win."""
    return ",".join([FLAGS, *filter(None, [USERS_FLAGS])])


def progress_of(name, folder):
    return folder / "progress" / f"{name.replace('/', '.').removesuffix('.py')}.jsonl"


def run_file(name, site, folder, timeout):
    """Run one file, from the test on that an earlier run did not reach.

    A test that ends its process, as an invalid access to memory does, is an error, and the tests after it are run by a new
    process. A test that alone takes all of the time has timed out; one that had begun when the time was over is run
    again by the next start.

    Parameters
    ----------
    name : str
        The file's path from `site`.
    site, folder : Path
    timeout : float
        Seconds for the file.

    Returns
    -------
    dict
        `COUNTS`, seconds, and the names of the tests that did not pass.
    """
    progress = progress_of(name, folder)
    progress.parent.mkdir(parents=True, exist_ok=True)
    log = folder / "log" / f"{progress.stem}.log"
    log.parent.mkdir(exist_ok=True)
    seconds_before = sum(event.get("seconds", 0) for event in events(progress))
    if not any(event.get("collected") for event in events(progress)):
        progress.unlink(missing_ok=True)  # such as an import that failed: that may be mended by now
        log.unlink(missing_ok=True)
    begun = time.monotonic()
    while True:
        before = count_lines(progress)
        status = run_pytest(name, site, folder, log, timeout - (time.monotonic() - begun))
        lines = read_lines(progress)
        _, _, running = outcomes(lines)
        began = sum('"begun"' in line for line in lines[before:])
        if status is None and running and began == 1:
            write_event(progress, test=running, outcome="timed out")
        if status is None or running is None:
            break
        write_event(progress, test=running, outcome="error")
        write_event(progress, ended=running)
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"\n{running}: the process ended with status {status}\n\n")
    seconds = time.monotonic() - begun
    write_event(progress, seconds=seconds)
    return summary(read_lines(progress), status, seconds_before + seconds)


def summary(lines, status, seconds):
    """The counts of a file's tests."""
    collected, found, _ = outcomes(lines)
    if not found and status not in (0, 5):  # not one test, and not because there are none
        found = {"(import)": "timed out" if status is None else "error"}
    named = {"failed": "failed", "error": "errors", "timed out": "timed_out"}
    counts = dict.fromkeys(COUNTS, 0)
    for outcome in found.values():
        counts[named.get(outcome, outcome)] += 1
    not_reached = [test for test in collected if test not in found]
    names = {key: sorted(test for test in found if found[test] == outcome) for outcome, key in named.items()}
    names["skipped"] = sorted(test for test in found if found[test] == "skipped")
    names["not_reached"] = not_reached
    return {
        **counts,
        "not_reached": len(not_reached),
        "seconds": round(seconds, 1),
        "tests": {key: tests for key, tests in names.items() if tests},
    }


def run_pytest(name, site, folder, log, timeout):
    """Run a file of tests in a process. Returns its exit status, or None if the time was over."""
    command = [sys.executable, "-m", "pytest", str(site / name), "-p", "scripts.development.theano_plugin"]
    command += ["--rootdir", str(site), "-c", os.devnull, "--assert=plain", "--tb=short", "-q", "--color=no"]
    command += ["-p", "no:cacheprovider", "--disable-warnings", "-o", "python_classes=Test* test*"]
    with tempfile.TemporaryDirectory(prefix="theano-tests-", ignore_cleanup_errors=True) as scratch:
        with open(log, "a", encoding="utf-8") as output:
            process = subprocess.Popen(
                command,
                cwd=scratch,  # some tests leave files behind
                env=environment(name, folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            RUNNING.add(process)
            try:
                status = process.wait(0 if STOPPED.is_set() else max(timeout, 1))
                if STOPPED.is_set():
                    raise concurrent.futures.CancelledError
                return status
            except subprocess.TimeoutExpired:
                return None
            finally:
                stop(process)
                RUNNING.discard(process)


RUNNING = set()  # processes
STOPPED = threading.Event()  # the user has ended this command


def stop(process):
    """End a process and all that it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def environment(name, folder):
    """The variables of the process that runs a file of tests: none of the user's configuration of Theano."""
    from deeplearning_tutorial.engine import blas_flags

    flags = f"{flags_in_use()},base_compiledir={folder / 'compiled'},blas.ldflags={blas_flags()}"
    return {
        **os.environ,
        "THEANORC": "",
        "THEANO_FLAGS": flags,
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",  # in the names of compiled code, too, so that it is found again
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "",
        PROGRESS: str(progress_of(name, folder)),
    }


# Files --------------------------------------------------------------------------------------------------------------


def read_lines(path):
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def count_lines(path):
    return len(read_lines(path))


def events(path):
    return list(map(json.loads, read_lines(path)))


def read(path):
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError as error:
        sys.exit(f"{path} is no file that scripts/theano_tests wrote: {error}")


def write(results, path):
    ordered = {}
    for name, entry in sorted(results.items()):
        ordered[name] = {key: value for key, value in entry.items() if key != "files"}
        ordered[name]["files"] = dict(sorted(entry["files"].items()))
    write_atomically(path, json.dumps(ordered, indent=1) + "\n")


# Comparing ----------------------------------------------------------------------------------------------------------


def in_words(found):
    words = [f"{found[count]} {count.replace('_', ' ')}" for count in COUNTS if found[count]]
    return f"{', '.join(words) or 'no tests'} ({found['seconds']:.0f} s)"


def base_of(name):
    """What a Python is compared with: 3.11, without C if that one ran without C."""
    return BASE + name.removeprefix(name.partition(" ")[0])


def new_failures(results, name):
    """Tests that pass on Python 3.11 and not on another.

    Returns
    -------
    list of str
        ``theano/scalar/tests/test_basic.py::test_name``. Where a whole file cannot be imported: ``(import)``.
    """
    found = []
    for file, there in results[name]["files"].items():
        here = results[base_of(name)]["files"].get(file)
        if here is None:
            continue
        not_passed = {test for tests in here["tests"].values() for test in tests}
        for kind in ["failed", "errors", "timed_out"]:
            found += [f"{file}::{test}" for test in there["tests"].get(kind, []) if test not in not_passed]
    return sorted(found)


def comparison(results):
    """Tables in Markdown: counts by folder, and what passes on Python 3.11 and not on another."""
    if not results:
        return "Nothing has been run yet."
    lines = ["Passed / did not pass / skipped / not reached:"]
    for base in sorted({base_of(name) for name in results}):
        names = sorted((name for name in results if base_of(name) == base), key=version)
        folders = sorted({folder_of(file) for name in names for file in results[name]["files"]})
        rows = [["", *names]]
        rows += [[folder, *(cell(results[name], folder) for name in names)] for folder in folders]
        rows += [["all", *(cell(results[name]) for name in names)]]
        lines += ["", table(rows)]
        for name in names if base in names else []:
            if name != base:
                common = set(results[name]["files"]) & set(results[base]["files"])
                failures = new_failures(results, name)
                lines += ["", f"Pass on {base} and not on {name}, in {len(common)} files: {len(failures)}", ""]
                lines += [f"- {failure.removeprefix('theano/')}" for failure in failures]
    return "\n".join(lines)


def version(name):
    return [int(part) for part in name.partition(" ")[0].split(".") if part.isdigit()]


def folder_of(file):
    return file.removeprefix("theano/").rpartition("tests/")[0].rstrip("/") or "theano"


def cell(entry, folder=None):
    """Passed / did not pass / skipped / not reached, of a folder's files or of all."""
    files = [found for file, found in entry["files"].items() if folder in (None, folder_of(file))]
    if not files:
        return "–"
    total = {count: sum(found[count] for found in files) for count in COUNTS}
    failed = total["failed"] + total["errors"] + total["timed_out"]
    return f"{total['passed']} / {failed} / {total['skipped']} / {total['not_reached']}"


def table(rows):
    header, *others = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([header, "|" + "---|" * len(rows[0]), *others])


if __name__ == "__main__":
    sys.exit(main())
