"""Train a model whose error rate was published, on all of MNIST, and compare.

Everything was chosen on the validation set; the test set is looked at once, at the end. The result goes to results/NAME.json and
NAME.png, the parameters stay in build/runs. A run that is interrupted, by a power cut too, goes on with --resume from its
checkpoint, at most a minute and an epoch back, and ends with the same parameters.
"""

import argparse
import contextlib
import fcntl
import json
import os
import shlex
import shutil
import sys

from scripts import ROOT
from scripts import arguments as types
from scripts.files import write_atomically
from scripts.machine import flags_with_device

RUNS = ROOT / "build" / "runs"
RESULTS = ROOT / "results"
TEST_ERRORS = ["test_error", "test_squared_error"]  # a run has one of them


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parse(arguments)
    if options.device:
        os.environ["THEANO_FLAGS"] = flags_with_device(options.device)
    # This imports Theano, which takes its device from the environment.
    from scripts.experiments import configuration
    from scripts.experiments.catalogue import CATALOGUE

    if options.list:
        print(listing(CATALOGUE))
        return 0
    if options.name not in CATALOGUE:
        print(f"There is no {options.name!r}. Choose one of {', '.join(CATALOGUE)}.", file=sys.stderr)
        return 2
    experiment = CATALOGUE[options.name]
    problems = [configuration.problem(experiment.configuration, key, value) for key, value in options.set]
    for problem in filter(None, [*problems, where_runs_go(options)]):
        print(problem, file=sys.stderr)
        return 2
    if options.seed is None:
        options.seed = experiment.seed
    try:
        return reproduce_seeds(options, experiment) if options.seeds > 1 else reproduce(options, experiment)
    except KeyboardInterrupt:
        again = [argument for argument in arguments if argument not in ("--fresh", "--resume")]
        print(f"\nInterrupted. To go on: scripts/reproduce {shlex.join(again)} --resume", file=sys.stderr)
        return 130


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="scripts/reproduce", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", help="which model, see --list")
    parser.add_argument("--list", action="store_true", help="list the models, and what was published")
    parser.add_argument(
        "--device", type=types.device, help="cpu, cuda or opencl0:0 (default: as THEANO_FLAGS says, or cpu)"
    )
    parser.add_argument(
        "--seed",
        type=types.seed,
        help="of initial weights, order of the digits and all that is random (default: 1234; where one was published, that one)",
    )
    parser.add_argument(
        "--seeds",
        type=types.whole_number(1, 1000, "a number of seeds"),
        default=1,
        metavar="N",
        help="train with N seeds, from that one on, and write how far their errors lie apart beside the first one's",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--resume", action="store_true", help="go on with the run that was interrupted")
    how.add_argument("--fresh", action="store_true", help="begin anew, and delete the run that was interrupted")
    parser.add_argument(
        "--set",
        type=setting,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="another value in the configuration, such as n_epochs=5; results then go to build/runs",
    )
    parser.add_argument(
        "--checkpoint-seconds",
        type=types.number(0, what="a number of seconds"),
        default=60,
        metavar="S",
        help="the least time between two checkpoints (default: 60)",
    )
    parser.add_argument(
        "--output", type=types.folder_to_write, metavar="FOLDER", help="where the results go (default: results)"
    )
    options = parser.parse_args(arguments)
    if not (options.list or options.name):
        parser.error("which model? --list lists them.")
    return options


def setting(text):
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} should be KEY=VALUE, such as n_epochs=5.")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def listing(catalogue):
    width = max(map(len, catalogue))
    return "\n".join(
        f"{name:{width}}  {one.title}; {one.source}: {one.reference:.7g} {one.unit}" for name, one in catalogue.items()
    )


def where_runs_go(options):
    """Set `options.runs`, the folder of the checkpoints; why there is none, if none can be written to."""
    options.runs = RUNS
    problem = types.unwritable(RUNS)
    if problem and options.output:  # a repository for all, or one on a disk that is read-only
        options.runs, problem = options.output / "runs", None
    if not problem and not options.output:
        problem = types.unwritable(RESULTS)
    return problem and f"Checkpoints and results cannot be written: {problem}. Name a folder of yours: --output FOLDER"


def reproduce_seeds(options, experiment):
    """One run for each seed. Those after the first write into their own folders, and the first one's file gets the errors of all."""
    from scripts.experiments import record

    errors = {}
    for seed in range(options.seed, options.seed + options.seeds):
        one = argparse.Namespace(**{**vars(options), "seed": seed})
        one.resume = options.resume and (run_folder(one) / "run.json").exists()
        one.output = options.output if seed == options.seed else run_folder(one)
        if status := reproduce(one, experiment):
            return status
        path = output_folder(one, experiment) / f"{options.name}.json"
        found = json.loads(path.read_text(encoding="utf-8"))
        if seed == options.seed:
            first, first_path = found, path
        errors[str(seed)] = {key: found[key] for key in ("validation_error", *TEST_ERRORS) if key in found}
    record.write_json(first_path, {**first, "seeds": errors})
    return 0


def reproduce(options, experiment):
    from scripts.experiments import figures, record
    from scripts.experiments.run import Run

    configuration, folder = configured(options, experiment), run_folder(options)
    about = record.describe(options.name, experiment, configuration, options.seed)
    with claimed(folder, about) as problem:
        if problem := problem or prepare(folder, about, options):
            print(problem, file=sys.stderr)
            return 1
        run = Run(folder, checkpoint_seconds=options.checkpoint_seconds)
        try:
            trained = experiment.train(configuration, options.seed, run)
        except (
            ValueError,
            FloatingPointError,
            MemoryError,
        ) as error:  # of a value that does not fit the others, or the digits
            print(error, file=sys.stderr)
            return 1 if was_begun(folder) else forget(folder)
    found = record.result(about, run, trained)

    output = output_folder(options, experiment)
    record.write_json(output / f"{options.name}.json", found)
    write_atomically(output / f"{options.name}.png", figures.of_run(found, trained, run.dataset))
    about = {key: value for key, value in found.items() if key not in ("curves", "wrong")}
    record.write_parameters(output / "parameters" / f"{options.name}.npz", about, trained)
    report(found, experiment, output)
    return 0


def configured(options, experiment):
    return {**experiment.configuration, **dict(options.set)}


def run_folder(options):
    return options.runs / f"{options.name}-{options.seed}"


def output_folder(options, experiment):
    """The one that was named; else a result of the catalogue's configuration is for everybody, and another stays with its run."""
    everybodys = is_standard(configured(options, experiment), experiment)
    return options.output or (RESULTS if everybodys else run_folder(options))


def is_standard(configuration, experiment):
    from deeplearning_tutorial.data.loading import ROWS_VARIABLE
    from deeplearning_tutorial.training import EPOCHS_VARIABLE

    return configuration == experiment.configuration and not (
        os.environ.get(ROWS_VARIABLE) or os.environ.get(EPOCHS_VARIABLE)
    )


@contextlib.contextmanager
def claimed(folder, about):
    """Keep other programs away from the folder of a run, until this one ends; what to say if another was there before."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    problem = None
    with open(f"{folder}.lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            problem = f"A run of {about['name']!r} with seed {about['seed']} is going on in another program: wait for it, or end it."
        except OSError:  # Some network file systems have no locks.
            pass
        yield problem


def prepare(folder, about, options):
    """Make the folder of a run ready; what to say if it cannot be."""
    from scripts.experiments import record

    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    path = folder / "run.json"
    if not path.exists():
        if options.resume:
            return f"There is nothing to go on with: no run of {about['name']!r} with seed {about['seed']} was begun."
        folder.mkdir(parents=True, exist_ok=True)
        record.write_json(path, about)
        return None
    if not options.resume:
        return f"A run of {about['name']!r} with seed {about['seed']} was begun before: --resume goes on with it, --fresh deletes it."
    begun = json.loads(path.read_text())
    different = [
        key for key in ("configuration", "device", "versions") if begun[key] != json.loads(json.dumps(about[key]))
    ]
    if different:
        changes = "; ".join(f"{key} was {begun[key]}, and is {about[key]}" for key in different)
        return f"The run that was begun cannot go on to the same end: {changes}. Go back, or begin anew with --fresh."
    return None


def was_begun(folder):
    """Whether there is more than what says which run it is: a checkpoint."""
    return any(path.name != "run.json" for path in folder.rglob("*") if path.is_file())


def forget(folder):
    """Take a run away that could not begin, so that the right one can. Returns the exit status."""
    shutil.rmtree(folder)
    return 2


def report(found, experiment, output):
    key = next(key for key in TEST_ERRORS if key in found)
    verdict = "reached" if round(found[key], 6) <= experiment.reference else "not reached"
    print(f"{found['title']}: {found[key]:.4g} {experiment.unit} of the test set, after {found['seconds']:.0f} s")
    print(f"{experiment.source}: {experiment.reference:g}; {verdict}. Written to {output}.")


if __name__ == "__main__":
    sys.exit(main())
