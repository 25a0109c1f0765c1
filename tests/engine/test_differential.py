"""A few hundred random graphs give what they give unrewritten, and in NumPy; and a wrong rewrite would be seen.

`python -m tests.engine.differential` tries twenty thousand, and other ways to compile them.
"""

import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import theano
import theano.tensor as T
from differential import __main__ as command
from differential import comparison, graphs
from differential.blame import blame, smallest
from differential.builder import OPERATIONS
from differential.graphs import Graph, Input, Step
from differential.kinds import KINDS, kinds_of
from differential.known import KNOWN, Known, known
from differential.runs import examine, run_chunk

pytestmark = pytest.mark.skipif(theano.config.device != "cpu", reason="what is compared runs on the CPU")


@pytest.mark.slow(50)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_graphs_give_what_numpy_gives(seed):
    chunk = run_chunk("python", seed, 0, 100, with_blame=True)
    new = [record for record in chunk["records"] if not record["known"]]
    assert not new, "\n\n".join(_report(record) for record in new)
    assert chunk["counts"]["graphs"] >= 95
    assert chunk["counts"]["numbers compared"] > 10 * chunk["counts"]["numbers skipped"]


def _report(record):
    said = [f"# {d['kind']}: {d['detail']}" for d in record["differences"]]
    return "\n".join([record["source"], *said, f"# The rewrite to blame: {record['blame']}"])


# --- What is wrong is seen ------------------------------------------------------------------------


@pytest.fixture
def doubled(monkeypatch):
    """A graph, and a wrong rewrite for it that is registered as long as the test runs."""

    @theano.gof.local_optimizer([T.exp])
    def exp_is_two(node):
        return [T.fill(node.inputs[0], np.float32(2))] if node.op == T.exp else False

    with registered("exp_is_two", exp_is_two):
        yield graph("exp", "T.exp({0})", "np.exp({0})")


class registered:
    """A local rewrite among those of specialize, for the time of a `with`."""

    def __init__(self, name, rewrite):
        self.name, self.rewrite = name, rewrite

    def __enter__(self):
        self.database = theano.compile.optdb["specialize"]
        self.database.register(self.name, self.rewrite, "fast_run")
        comparison.rewritten.cache_clear()

    def __exit__(self, *_):
        for found in self.database.__db__.values():
            found.discard(self.rewrite)
        del self.database.__db__[self.name]
        self.database._names.discard(self.name)
        comparison.rewritten.cache_clear()


def graph(operation, text, numpy, dtype="float32", source="np.array([[1.0, 2.0], [-1.0, 0.5]], 'float32')", **how):
    step = Step("v0", operation, text.format("x0"), numpy.format("x0"), ("x0",), False, dtype, (False, False))
    return Graph([Input("x0", "float32", (False, False), source)], [step], ["v0"], **how)


def test_a_right_graph_has_no_difference():
    outcome = comparison.compare(graph("exp", "T.exp({0})", "np.exp({0})"))
    assert not outcome.differences and outcome.compared == 4 and not outcome.skipped


def test_a_wrong_rewrite_is_seen_and_blamed(doubled):
    (difference,) = comparison.compare(doubled).differences
    assert difference.kind == "value"
    assert blame(doubled, {"value"}) == ["exp_is_two"]


def test_a_wrong_rewrite_is_found_in_a_larger_graph(doubled):
    sine = Step("v1", "sin", "T.sin(v0)", "np.sin(v0)", ("v0",), False, "float32", (False, False))
    total = Step("v2", "sum", "v1.sum()", "np.sum(v1)", ("v1",), False, "float32", ())
    record = examine(Graph(doubled.inputs, [*doubled.steps, sine, total], ["v2"]))
    assert record["operations"] == ["exp"]
    assert record["blame"] == ["exp_is_two"]
    assert "v0 = T.exp(x0)" in record["source"]


def test_the_printed_program_shows_the_difference(doubled, capsys):
    exec(doubled.source(settings="theano.config.mode = 'FAST_RUN'", call=", mode=theano.Mode('py', 'fast_run')"), {})
    assert "2." in capsys.readouterr().out


def test_a_wrong_gradient_is_seen(doubled):
    summed = Step("v1", "sum", "v0.sum()", "np.sum(v0)", ("v0",), False, "float32", ())
    (difference,) = comparison.compare(Graph(doubled.inputs, [*doubled.steps, summed], ["v1"], ["x0"])).differences
    assert difference.kind == "gradient"


def test_a_wrong_formula_of_a_gradient_is_seen():
    """One that is wrong with rewrites and without."""
    wrong = graph("exp", "theano.gradient.grad_scale({0}.sum(), 3.)", "np.sum({0})", wrt=["x0"])
    wrong.steps[0].broadcastable = ()
    (difference,) = comparison.compare(wrong).differences
    assert difference.kind == "gradient" and "formula" in difference.detail


def test_a_wrong_type_is_seen(monkeypatch):
    right = comparison.run

    def narrow(graph, mode, widen=False):
        result = right(graph, mode, widen)
        if mode is not comparison.PLAIN:
            result.values = [value.astype("float64") for value in result.values]
        return result

    monkeypatch.setattr(comparison, "run", narrow)
    (difference,) = comparison.compare(graph("exp", "T.exp({0})", "np.exp({0})")).differences
    assert difference.kind == "type" and "float64 rewritten" in difference.detail


def test_a_wrong_shape_is_seen():
    (difference,) = comparison.compare(graph("exp", "T.exp({0})", "np.exp({0})[:1]")).differences
    assert difference.kind == "shape"


def test_what_the_optimizer_logs_as_an_error_is_seen():
    @theano.gof.local_optimizer([T.exp])
    def dies(node):
        raise RuntimeError("dies")

    with registered("dies", dies):
        found = comparison.compare(graph("exp", "T.exp({0})", "np.exp({0})")).differences
    assert [d.kind for d in found] == ["log"]


def test_an_error_in_one_graph_only_is_seen():
    class Fails(theano.gof.Op):
        __props__ = ()

        def make_node(self, x):
            return theano.gof.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, outputs):
            raise ValueError("fails")

    @theano.gof.local_optimizer([T.exp])
    def exp_fails(node):
        return [Fails()(node.inputs[0])]

    with registered("exp_fails", exp_fails):
        (difference,) = comparison.compare(graph("exp", "T.exp({0})", "np.exp({0})")).differences
    assert difference.kind == "error" and "only rewritten" in difference.detail


def test_an_input_that_is_changed_is_seen(monkeypatch):
    function = theano.function

    def careless(*arguments, **options):
        compiled = function(*arguments, **options)

        def call(x):
            x[...] = 7
            return compiled(x)

        return call

    monkeypatch.setattr(theano, "function", careless)
    assert "input" in [d.kind for d in comparison.compare(graph("exp", "T.exp({0})", "np.exp({0})")).differences]


def test_a_number_of_which_float32_leaves_nothing_is_not_compared():
    cancelled = graph("sub", "({0} + 1e8) - 1e8", "({0}.astype(D) + 1e8) - 1e8")
    steps = [
        Step("v0", "add", "x0 + 1e8", "np.add(x0.astype(D), 1e8)", ("x0",), False, "float32", (False, False)),
        Step("v1", "sub", "v0 - 1e8", "np.subtract(v0.astype(D), 1e8)", ("v0",), False, "float32", (False, False)),
    ]
    outcome = comparison.compare(Graph(cancelled.inputs, steps, ["v1"]))
    assert not outcome.differences and outcome.skipped == 4


def test_a_graph_that_is_never_finished_is_seen(monkeypatch):
    @theano.gof.local_optimizer([T.exp])
    def never_ends(node):
        while True:
            pass

    monkeypatch.setattr(comparison, "PATIENCE", 0.5)
    with registered("never_ends", never_ends):
        (difference,) = comparison.compare(graph("exp", "T.exp({0})", "np.exp({0})")).differences
    assert difference.kind == "error" and "no end after" in difference.detail


def test_an_error_that_numpy_has_must_be_there_in_both(monkeypatch):
    step = Step("v0", "index", "x0[0]", "x0[7]", ("x0",), True, "float32", (False,))
    wrong = Graph(graph("exp", "", "").inputs, [step], ["v0"])
    said = [d.detail for d in comparison.compare(wrong).differences]
    assert len(said) == 2 and all("in NumPy: IndexError" in text for text in said)


def test_a_type_that_says_too_much_is_seen():
    step = Step("v0", "index", "T.unbroadcast(x0, 0)[:1]", "x0[:0]", ("x0",), True, "float32", (True, False))
    (difference,) = comparison.compare(Graph(graph("exp", "", "").inputs, [step], ["v0"])).differences
    assert difference.kind == "type" and "declared as broadcastable" in difference.detail


# --- The command ----------------------------------------------------------------------------------


def chunk(**how):
    return {"way": "python", "seed": 1, "chunk": 0, "size": 500, "seconds": 1.5, "crashes": [], "records": [], **how}


def arguments(monkeypatch, *given):
    monkeypatch.setattr(sys, "argv", ["differential", *given])
    return command.parse()


def test_chunks_are_added_up(monkeypatch):
    record = {"example": 7, "operations": ["prod"], "known": None, "blame": ["a"], "rewrites": [], "source": "x"}
    record |= {"differences": [{"kind": "value", "detail": "2 rewritten"}], "graph": {"inputs": [], "steps": []}}
    ties = {**record, "operations": ["max"], "differences": [{"kind": "gradient", "detail": "moved together"}]}
    counts = {"graphs": 500, "different": 2}
    chunks = [
        chunk(counts=counts, operations={"prod": 3}, records=[record, ties]),
        chunk(counts=counts, operations={"prod": 4}),
    ]
    summary = command.summarize(arguments(monkeypatch, "--graphs", "1000"), chunks)
    assert summary["counts"]["graphs"] == 1000 and summary["operations"] == {"prod": 7}
    assert (summary["counts"]["different"], summary["counts"]["known"]) == (1, 1)
    (found,) = summary["different"]
    assert (found["operations"], found["example"], found["blame"], found["count"]) == ("prod", 7, ["a"], 1)


def test_what_is_finished_is_read_again(monkeypatch, tmp_path):
    options = arguments(monkeypatch, "--keep", str(tmp_path / "kept"))
    assert command.read(options.keep) == {}
    options.keep.write_text(json.dumps(chunk(generator=command.generator())) + "\n")
    assert list(command.read(options.keep)) == [command.key(options, 0)]


def test_a_graph_that_ends_the_process_is_written_down_and_left_out(monkeypatch):
    commands = []

    def ends_once(command, **_):
        commands.append(command)
        state = Path(command[command.index("--state") + 1])
        crashed = len(commands) == 1
        state.write_text(json.dumps({"index": 3, "graph": {}} if crashed else chunk(counts={})))
        return subprocess.CompletedProcess(command, -11 if crashed else 0, "", "Segmentation fault")

    monkeypatch.setattr(subprocess, "run", ends_once)
    found = command.run(arguments(monkeypatch, "--way", "compiled"), 0)
    assert [(crash["index"], crash["status"]) for crash in found["crashes"]] == [(3, -11)]
    assert [words[-1] for words in commands] == ["", "3"]


def test_an_error_of_the_command_itself_ends_it(monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "a traceback")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(SystemExit, match="a traceback"):
        command.run(arguments(monkeypatch), 0)


def test_results_of_several_ways_stand_side_by_side(monkeypatch, tmp_path):
    summary = {"counts": {"graphs": 1}, "known": {}, "different": []}
    for way in ("python", "compiled"):
        command.write(arguments(monkeypatch, "--way", way, "--into", str(tmp_path / "a.json")), summary)
    assert list(json.loads((tmp_path / "a.json").read_text())) == ["python", "compiled"]


# --- How it is done -------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_graphs():
    first, again = (run_chunk("python", 5, 0, 8, with_blame=False) for _ in range(2))
    assert first["operations"] == again["operations"] and first["counts"] == again["counts"]


def test_graphs_survive_json():
    before = graph("exp", "T.exp({0})", "np.exp({0})")
    assert Graph.from_dict(before.as_dict()) == before


def test_a_graph_becomes_smaller_while_it_shows_the_same():
    large = graph("exp", "T.exp({0})", "np.exp({0})")
    large.steps.append(Step("v1", "neg", "-v0", "-v0", ("v0",), True, "float32", (False, False)))
    large.outputs = ["v0", "v1"]
    small = smallest(large, lambda candidate: "neg" in candidate.operations)
    assert small.operations == ["neg"] and small.outputs == ["v1"]


def test_known_differences_are_narrow():
    ties = graph("max", "{0}.max()", "np.max({0})")
    said = comparison.Difference("gradient", "x0", "moved together: 2.0 rewritten, 1.0 right")
    assert known(ties, [said])
    assert not known(ties, [said, comparison.Difference("value", "v0", "")])
    assert not known(graph("exp", "T.exp({0})", "np.exp({0})"), [said])
    assert not known(ties, [])


def test_every_known_difference_has_its_reason():
    for entry in KNOWN:
        assert isinstance(entry, Known) and len(entry.reason) > 10


def test_each_kind_of_the_table_is_recognized():
    record = {"operations": ["prod", "mul"], "blame": ["local_sum_prod_mul_by_scalar"], "rewrites": []}
    record |= {"differences": [{"kind": "value"}], "graph": {"inputs": [], "steps": []}}
    assert kinds_of(record) == ["products of scaled arrays"]
    assert len(KINDS) == 12


def test_operations_of_all_modules_take_part():
    assert {function.__module__.rpartition(".")[2] for function in OPERATIONS} == {
        "elementwise",
        "failures",
        "reductions",
        "indexing",
        "shapes",
        "linear",
        "loops",
    }


def test_logged_errors_leave_the_logger_as_it_was():
    logger = logging.getLogger("theano.gof.opt")
    before = logger.handlers[:], logger.propagate
    with comparison.logged_errors() as lines:
        logger.error("heard")
    assert lines == ["heard"] and (logger.handlers, logger.propagate) == before


def test_the_plain_mode_has_no_rewrites():
    assert graphs.PLAIN.optimizer is None or not str(graphs.PLAIN.provided_optimizer) == "fast_run"
