"""Random graphs, computed as the workshop compiles them, without any rewrite, and by NumPy in float64: what differs?

    python -m tests.engine.differential --graphs 20000 --way python
    python -m tests.engine.differential --graphs 2000 --way compiled
    python -m tests.engine.differential --graphs 200 --way opencl

What is finished is kept in a file, so the same command goes on where it was interrupted. At the end it writes
its part of results/differential.json.
"""

import argparse
import collections
import concurrent.futures
import functools
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CHUNK = {"python": 500, "compiled": 100, "opencl": 50}
CRASHES = 25  # in one chunk


def main():
    arguments = parse()
    if arguments.worker is not None:
        work(arguments)
        return 0
    finished = read(arguments.keep)
    chunks = range(-(-arguments.graphs // CHUNK[arguments.way]))
    wanted = [n for n in chunks if key(arguments, n) not in finished]
    with concurrent.futures.ThreadPoolExecutor(arguments.processes) as pool:
        for chunk in pool.map(lambda n: run(arguments, n), wanted):
            finished[key(arguments, chunk["chunk"])] = chunk
            with arguments.keep.open("a") as file:
                file.write(json.dumps(chunk) + "\n")
            tell(chunk)
    summary = summarize(arguments, [finished[key(arguments, n)] for n in chunks])
    write(arguments, summary)
    return 1 if summary["different"] else 0


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=int, default=20000, help="how many (%(default)s)")
    parser.add_argument("--way", choices=list(CHUNK), default="python", help="how they are compiled (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another number makes other graphs (%(default)s)")
    parser.add_argument("--processes", type=int, default=1, help="at a time (%(default)s)")
    parser.add_argument(
        "--uncorrected", action="store_true", help="without engine/corrections: what Theano 1.0.5 gives"
    )
    parser.add_argument("--keep", type=Path, help="the file with what is finished (in the folder for temporary files)")
    parser.add_argument("--into", type=Path, default=ROOT / "results" / "differential.json", help="(%(default)s)")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--without", default="", help=argparse.SUPPRESS)
    parser.add_argument("--state", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.graphs < 1 or arguments.processes < 1:
        parser.error("--graphs and --processes begin at 1")
    if arguments.keep is None:
        arguments.keep = Path(tempfile.gettempdir()) / f"differential-{name(arguments)}-{arguments.seed}.jsonl"
    return arguments


def name(arguments):
    return arguments.way + (" uncorrected" if arguments.uncorrected else "")


def key(arguments, number):
    return name(arguments), arguments.seed, number, CHUNK[arguments.way], generator()


@functools.cache
def generator():
    """A checksum of what makes graphs: another one makes others of the same seed."""
    files = ["builder.py", "catalogue.py", "elementwise.py", "failures.py", "graphs.py", "indexing.py", "linear.py"]
    content = [(HERE / file).read_bytes() for file in [*files, "loops.py", "reductions.py", "shapes.py"]]
    return hashlib.sha256(b"".join(content)).hexdigest()[:12]


# --- The process that runs a chunk ----------------------------------------------------------------


def work(arguments):
    if arguments.uncorrected:
        sys.modules["deeplearning_tutorial.engine.corrections"] = None
    import deeplearning_tutorial  # noqa: F401  (before Theano)

    from .runs import run_chunk

    def announce(index, graph):
        if arguments.way != "python":
            arguments.state.write_text(json.dumps({"index": index, "graph": graph.as_dict()}))

    without = {int(n) for n in arguments.without.split(",") if n}
    chunk = run_chunk(arguments.way, arguments.seed, arguments.worker, CHUNK[arguments.way], announce, without)
    arguments.state.write_text(json.dumps(chunk))


# --- The process that starts them -----------------------------------------------------------------


def run(arguments, number):
    """One chunk in a process of its own. A graph that ends the process is written down, and left out in the next try."""
    environment = dict(os.environ)
    if arguments.way == "opencl":
        flags = [flag for flag in environment.get("THEANO_FLAGS", "").split(",") if flag]
        environment["THEANO_FLAGS"] = ",".join([*flags, "device=opencl0:0"])
    crashes = []
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state.json"
        while True:
            command = [
                sys.executable,
                "-m",
                "tests.engine.differential",
                "--worker",
                str(number),
                "--state",
                str(state),
            ]
            command += ["--way", arguments.way, "--seed", str(arguments.seed)]
            command += ["--uncorrected"] if arguments.uncorrected else []
            command += ["--without", ",".join(str(crash["index"]) for crash in crashes)]
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
            content = json.loads(state.read_text() or "{}") if state.exists() else {}
            if done.returncode == 0:
                break
            if done.returncode > 0 or "index" not in content or len(crashes) == CRASHES:
                raise SystemExit(
                    f"Chunk {number} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
                )
            crashes.append({"status": done.returncode, "last words": done.stderr[-500:], **content})
    content |= {"way": name(arguments), "crashes": crashes, "generator": generator()}
    return content


def read(path):
    if not path.exists():
        return {}
    chunks = {}
    for line in path.read_text().splitlines():
        chunk = json.loads(line)
        chunks[chunk["way"], chunk["seed"], chunk["chunk"], chunk["size"], chunk["generator"]] = chunk
    return chunks


def tell(chunk):
    counts = chunk["counts"]
    print(
        f"chunk {chunk['chunk']}: {counts['graphs']} graphs in {chunk['seconds']} s, {counts.get('different', 0)} different, "
        f"{counts.get('known', 0)} known, {len(chunk['crashes'])} crashes",
        flush=True,
    )
    for record in chunk["records"]:
        if not record["known"]:
            print(
                f"\n# Example {record['example']}: {', '.join(record['blame']) or 'no rewrite'} to blame\n{record['source']}"
            )
            for difference in record["differences"]:
                print(f"# {difference['kind']}: {difference['detail']}", flush=True)


def summarize(arguments, chunks):
    from .kinds import KINDS, kinds_of
    from .known import known

    counts, operations, reasons = collections.Counter(), collections.Counter(), collections.Counter()
    different, first = [], {}
    for chunk in chunks:
        counts.update(chunk["counts"])
        operations.update(chunk["operations"])
        counts["crashes"] += len(chunk["crashes"])
        for record in chunk["records"]:
            # More may be known now than when it was found.
            graph = SimpleNamespace(operations=record["operations"])
            if reason := known(graph, [SimpleNamespace(**difference) for difference in record["differences"]]):
                reasons[reason] += 1
            else:
                different.append(record)
            if "graph" in record:
                for kind in kinds_of(record):
                    first.setdefault(kind, {"example": record["example"], "source": record["source"]})
    counts["different"], counts["known"] = len(different), sum(reasons.values())
    summary = {
        "command": f"python -m tests.engine.differential --way {arguments.way} --graphs {arguments.graphs} "
        f"--seed {arguments.seed}" + (" --uncorrected" if arguments.uncorrected else ""),
        "seed": arguments.seed,
        "counts": dict(counts),
        "known": dict(reasons),
        "different": group(different),
        "operations": dict(sorted(operations.items())),
        "seconds": round(sum(chunk["seconds"] for chunk in chunks)),
    }
    if arguments.uncorrected:
        summary["kinds"] = {kind: first.get(kind) for kind in KINDS}
    return summary


def group(records):
    """One line for all differences of the same operations with the same rewrite to blame, with the first as the example."""
    groups = {}
    for record in records:
        what = ", ".join(sorted(set(record["operations"])))
        kinds = ", ".join(sorted({d["kind"] for d in record["differences"]}))
        found = groups.setdefault((what, kinds, tuple(record["blame"])), {"count": 0})
        found["count"] += 1
        if found["count"] == 1:
            found |= {
                "operations": what,
                "kind": kinds,
                "blame": record["blame"],
                "example": record["example"],
                "source": record["source"],
                "detail": record["differences"][0]["detail"],
            }
    return sorted(groups.values(), key=lambda found: -found["count"])


def write(arguments, summary):
    content = json.loads(arguments.into.read_text()) if arguments.into.exists() else {}
    content[name(arguments)] = summary
    unfinished = arguments.into.with_suffix(".new")
    unfinished.write_text(json.dumps(content, indent=1) + "\n")
    unfinished.replace(arguments.into)
    counts = summary["counts"]
    print(f"{counts['graphs']} graphs, {counts.get('different', 0)} different, known: {summary['known']}")
    for kind, found in summary.get("kinds", {}).items():
        print(f"{kind}: " + (f"example {found['example']}" if found else "not found"))


if __name__ == "__main__":
    sys.exit(main())
