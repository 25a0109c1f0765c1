"""Compiles a graph, runs it, and says what differs from the graph without rewrites and from NumPy in float64.

How far a result may be from NumPy's follows from the graph: NumPy evaluates it several times with an error of rounding
added to each step, and what comes of that is what float32 may do to it. Where float32 leaves nothing, or overflows, a
number is not compared, and counted.
"""

import contextlib
import dataclasses
import functools
import io
import logging
import re
import signal
import warnings

import numpy as np
import theano

from .graphs import PLAIN

NOISY_RUNS = 4
SAFETY = 40  # how many times what the noisy runs differ by
ULPS = 32
EXPLOSIVE = ("exp", "exp2", "expm1", "sinh", "cosh", "gamma")
BOUNDED = ("nnet.sigmoid", "nnet.softmax", "tanh", "erf")
PATIENCE = 15  # seconds for one function
VANISHING = ("exp", "exp2", "erfc", "nnet.sigmoid", "nnet.softplus", "nnet.softmax", "gamma", "inv")
NO_PYTHON = (NotImplementedError, theano.gof.utils.MethodNotDefined)


@dataclasses.dataclass
class Difference:
    """`kind` is value, gradient, type, shape, error, log or input."""

    kind: str
    output: str
    detail: str
    got: str = ""
    right: str = ""


@dataclasses.dataclass
class Outcome:
    """What a comparison saw. `compared` and `skipped` count numbers."""

    differences: list
    compared: int = 0
    skipped: int = 0
    notes: list = dataclasses.field(default_factory=list)


@functools.cache
def rewritten(linker="py", without=()):
    """The mode of the workshop, without some rewrites."""
    mode = theano.Mode(linker=linker, optimizer="fast_run")
    excluded = [name for name in theano.config.optimizer_excluding.split(":") if name]
    return mode.excluding(*excluded, *without)


class _Errors(logging.Handler):
    def __init__(self):
        super().__init__(logging.ERROR)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


@contextlib.contextmanager
def logged_errors():
    """The lines that Theano's optimizer logs as errors, which then are not printed."""
    logger, handler = logging.getLogger("theano.gof.opt"), _Errors()
    before = logger.handlers[:], logger.propagate
    # Theano prints through a handler of the logger "theano".
    logger.handlers, logger.propagate = [handler], False
    try:
        yield handler.lines
    finally:
        logger.handlers, logger.propagate = before


class TooLong(BaseException):
    """No Exception, as Theano's optimizer goes on after any of those."""


@contextlib.contextmanager
def limited(seconds):
    """Raises `TooLong` after so many seconds of this process's own time: compilers and other programs do not count."""

    def stop(*_):
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@dataclasses.dataclass
class Run:
    """What one way of compiling gave: values, or an exception and where it came from."""

    values: list = None
    error: Exception = None
    where: str = ""
    log: list = dataclasses.field(default_factory=list)
    types: list = dataclasses.field(default_factory=list)
    changed: list = dataclasses.field(default_factory=list)


def run(graph, mode, widen=False):
    """Compile and call."""
    arrays = list(graph.arrays().values())
    if widen:
        arrays = [a.astype("float64") if a.dtype == "float32" else a for a in arrays]
    before = [a.copy() for a in arrays]
    where = "build"
    result = Run()
    printed = io.StringIO()
    with (
        logged_errors() as lines,
        contextlib.redirect_stderr(printed),
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            with limited(PATIENCE):
                inputs, outputs = graph.build(mode, widen)
                result.types = [(o.dtype, o.ndim) for o in outputs]
                where = "compile"
                function = theano.function(inputs, outputs, mode=mode, on_unused_input="ignore")
                where = "call"
                result.values = [np.array(value) for value in function(*arrays)]
        except Exception as error:
            result.error, result.where = error, where
        except TooLong:
            result.error, result.where = TimeoutError(f"no end after {PATIENCE} s"), where
    result.log = lines + [line for line in printed.getvalue().splitlines() if "BUG IN FGRAPH" in line]
    result.changed = [i.name for i, a, b in zip(graph.inputs, arrays, before) if not _same(a, b)]
    return result


def _same(a, b):
    return a.tobytes() == b.tobytes()


class Reference:
    """NumPy's values of a graph, and how far from them is near enough."""

    def __init__(self, graph):
        arrays = graph.arrays()
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.right = graph.evaluate(arrays, "float64")
            self.declared = graph.evaluate(arrays, "declared")
            self.noisy = [graph.evaluate(arrays, "float64", np.random.RandomState(seed)) for seed in range(NOISY_RUNS)]
        # Beyond the range of float32, or that of exp in float64, a rewritten form may give more, or less.
        # A gradient has squares and inverses of what is in the graph.
        end = 1e15 if graph.wrt else 1e30
        self.near_end = any(
            _is_beyond(v, end) or (graph.wrt and _is_beyond(v, 0, 1 / end)) for v in self.right.values()
        )
        self.overflowed = any(self._overflows(step) for step in graph.steps if step.operation in EXPLOSIVE)
        self.lost_range = any(_is_beyond(v, 600) for v in self.right.values()) or any(
            _is_saturated(step.operation, self.right[step.name]) for step in graph.steps
        )
        self.dtypes = {step.name: step.dtype for step in graph.steps} | {i.name: i.dtype for i in graph.inputs}

    def bound(self, name):
        """For each number, how far Theano's may be away, and whether float32 leaves anything to compare."""
        right, dtype = self.right[name], self.dtypes[name]
        with np.errstate(all="ignore"):
            if right.dtype.kind != "f":
                fixed = np.ones(right.shape, bool)
                for other in [self.declared[name], *(noisy[name] for noisy in self.noisy)]:
                    fixed &= other == right if other.shape == right.shape else False
                return np.zeros(right.shape), fixed
            info = np.finfo(dtype)
            spread = np.zeros(right.shape)
            fixed = np.ones(right.shape, bool)
            for noisy in self.noisy:
                if noisy[name].shape != right.shape:
                    return spread, np.zeros(right.shape, bool)
                fixed &= _alike(noisy[name], right)
                spread = np.fmax(spread, np.abs(noisy[name] - right))
            bound = SAFETY * spread + ULPS * info.eps * np.abs(right) + 4 * float(info.tiny)
            fixed &= near(self.declared[name], right, bound)
            # Where nothing is left of the number there is nothing to compare.
            fixed &= ~np.isfinite(right) | (bound <= np.maximum(0.2 * np.abs(right), _floor(dtype)))
            # NaN where an infinity would do as well, and one that is reached by rounding.
            fixed &= ~(np.isfinite(right) & (np.abs(right) > float(info.max) * 0.99))
            return bound, fixed

    def _overflows(self, step):
        infinite = np.isinf(self.right[step.name]).any()
        return infinite and not any(np.isinf(self.right[name]).any() for name in step.arguments)

    def out_of_range(self, value, right):
        """Where a number is finite and another is not, and the range of float64 or float32 can be the reason."""
        if right.dtype.kind != "f":
            return np.zeros(right.shape, bool)
        if self.overflowed:
            return ~near(value.astype("float64"), right, 1e-3 * np.abs(right))
        more, less = np.isfinite(value) & ~np.isfinite(right), ~np.isfinite(value) & np.isfinite(right)
        neither = ~np.isfinite(value) & ~np.isfinite(right)
        return more & self.lost_range | (less | neither) & self.near_end


def _is_beyond(values, low, high=np.inf):
    """Whether there is a finite number of a size between these."""
    if values.dtype.kind not in "fiu":
        return False
    size = np.abs(values[np.isfinite(values)].astype("float64"))
    return bool(((size > low) & (size < high)).any())


def _is_saturated(operation, values):
    return (operation in VANISHING and (values == 0).any()) or (operation in BOUNDED and (np.abs(values) == 1).any())


def _floor(dtype):
    return 1e-4 if dtype == "float32" else 1e-9


def _alike(a, b):
    """Both finite, both NaN, or the same infinity."""
    return np.where(np.isfinite(b), np.isfinite(a), (a == b) | (np.isnan(a) & np.isnan(b)))


def near(a, b, bound):
    """Element by element."""
    if a.shape != b.shape:
        return np.zeros(b.shape, bool)
    with np.errstate(all="ignore"):
        if b.dtype.kind != "f":
            return a == b
        return np.where(np.isfinite(b) & np.isfinite(a), np.abs(a - b) <= bound, _alike(a, b))


def compare(graph, linker="py", without=(), mode=None):
    """An `Outcome`: all that differs between the rewritten graph, the plain one and NumPy."""
    fast = run(graph, mode or rewritten(linker, without))
    plain = run(graph, PLAIN)
    outcome = Outcome([])
    if fast.log:
        text = next((line for line in fast.log if "due to" in line), fast.log[0])
        lines = [line for entry in fast.log for line in entry.splitlines()]
        error = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Defined)\b", line)][:1]
        outcome.differences.append(Difference("log", "", " | ".join([text[:300], *error])))
    if fast.changed:
        outcome.differences.append(Difference("input", "", f"{fast.changed} was changed"))
    try:
        reference = Reference(graph)
    except (ValueError, IndexError) as error:
        for run_, who in ((fast, "rewritten"), (plain, "unrewritten")):
            if run_.error is None:
                shapes = [v.shape for v in run_.values]
                detail = f"none {who}, shapes {shapes}, but in NumPy: {_describe(error)}"
                outcome.differences.append(Difference("error", "", detail, str(run_.values)[:300]))
        outcome.compared += 1
        return outcome
    for step in graph.steps:
        shape = reference.right[step.name].shape
        if any(one and n != 1 for one, n in zip(step.broadcastable, shape)):
            detail = f"{step.theano}: {shape} is declared as broadcastable {step.broadcastable}"
            outcome.differences.append(Difference("type", step.name, detail))
            return outcome  # what comes of it is wrong, too
    if isinstance(plain.error, NO_PYTHON):  # there is no Python code for it
        outcome.notes.append(f"nothing unrewritten: {_describe(plain.error)}")
        if isinstance(fast.error, NO_PYTHON) or graph.wrt:
            return outcome
        plain = fast
    if fast.error is not None or plain.error is not None:
        _compare_errors(fast, plain, outcome)
        return outcome
    if graph.wrt:
        _compare_gradients(graph, reference, fast, plain, outcome)
    else:
        _compare_values(graph, reference, fast, plain, outcome)
    return outcome


def _describe(error):
    text = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: " + re.sub(r"/[^ '\"]*/(?=\w+\.py)", "", text)[:200]


def _compare_errors(fast, plain, outcome):
    if fast.error is None:
        outcome.differences.append(
            Difference("error", "", f"only unrewritten, {plain.where}: {_describe(plain.error)}")
        )
    elif plain.error is None:
        outcome.differences.append(Difference("error", "", f"only rewritten, {fast.where}: {_describe(fast.error)}"))
    elif plain.where == "build":
        outcome.notes.append(f"not built: {_describe(plain.error)}")
    else:  # what NumPy does
        outcome.differences.append(
            Difference("error", "", f"both, unlike NumPy, {plain.where}: {_describe(plain.error)}")
        )


def _compare_values(graph, reference, fast, plain, outcome):
    for name, dtype, value, other in zip(graph.outputs, fast.types, fast.values, plain.values):
        right = reference.right[name]
        if str(value.dtype) != dtype[0] or str(other.dtype) != dtype[0]:
            detail = f"{value.dtype} rewritten, {other.dtype} not, {dtype[0]} declared"
            outcome.differences.append(Difference("type", name, detail))
            continue
        if value.shape != right.shape or other.shape != right.shape:
            detail = f"{value.shape} rewritten, {other.shape} not, {right.shape} NumPy"
            outcome.differences.append(Difference("shape", name, detail))
            continue
        bound, fixed = reference.bound(name)
        good = [
            near(array.astype("float64") if array.dtype.kind == "f" else array, right, bound)
            for array in (value, other)
        ]
        fixed &= ~reference.out_of_range(value, right)
        outcome.compared += int(fixed.sum())
        outcome.skipped += int((~fixed).sum())
        bad, bad_plain = (~g & fixed for g in good)
        if bad.any():
            who = "rewritten and not" if (bad & bad_plain).any() else "rewritten"
            outcome.differences.append(_values("value", name, who, value, other, right, bad))
        elif bad_plain.any():
            # Rewrites may make it better; that is what some are for.
            outcome.notes.append(_values("value", name, "only unrewritten", value, other, right, bad_plain))


def _values(kind, name, who, value, other, right, bad):
    where = np.argwhere(bad)[0]
    at = tuple(where)
    detail = f"{who}, {int(bad.sum())} of {bad.size} numbers, first at {[int(i) for i in where]}: "
    detail += f"{value[at]!r} rewritten, {other[at]!r} not, {right[at]!r} right"
    return Difference(kind, name, detail, repr(value.tolist())[:500], repr(right.tolist())[:500])


# --- Gradients ------------------------------------------------------------------------------------


def _compare_gradients(graph, reference, fast, plain, outcome):
    wide = None
    for i, name in enumerate(graph.wrt):
        value, other = fast.values[i], plain.values[i]
        if str(value.dtype) != fast.types[i][0]:
            outcome.differences.append(Difference("type", name, f"{value.dtype}, {fast.types[i][0]} declared"))
            continue
        if value.shape != other.shape or value.shape != graph.arrays()[name].shape:
            outcome.differences.append(Difference("shape", name, f"{value.shape} rewritten, {other.shape} not"))
            continue
        quotient, smooth = finite_differences(graph, name)
        scale = np.abs(quotient[smooth]).max(initial=0)
        agree = near(value.astype("float64"), other.astype("float64"), 1e-4 * (np.abs(other) + _largest(other)))
        against = near(value.astype("float64"), quotient, 1e-2 * np.abs(quotient) + 1e-3 * scale + 1e-6)
        bad = (~agree & ~against) | (smooth & ~against)
        outcome.compared += int((agree | smooth).sum())
        if not bad.any():
            continue
        # Which is right? The same graph in float64 knows, and says what float32 does to it.
        wide = wide or run(graph, PLAIN, widen=True)
        if wide.error is not None:
            outcome.skipped += int(bad.sum())
            continue
        right = wide.values[i]
        bound = 1e-2 * np.abs(right) + 1e-3 * _largest(right) + 1e-6
        good, good_plain = (near(array.astype("float64"), right, bound) for array in (value, other))
        # Where a formula has 0 * inf, all ways give NaN.
        formula = (
            smooth
            & ~near(right, quotient, 2e-2 * np.abs(quotient) + 2e-3 * scale + 1e-5)
            & np.isfinite(right)
            & (not reference.near_end)
        )
        lost = bad & ~good & good_plain & ~reference.out_of_range(value, right)
        if not np.isnan(reference.right[graph.outputs[0]]):
            lost &= np.isfinite(right)
        lost &= np.isfinite(value) | np.isfinite(right)
        lost |= smooth & ~np.isfinite(value) & np.isfinite(right) & (not reference.near_end)
        if formula.any():
            detail = _values("gradient", name, "the gradient's formula", value, right, quotient, formula)
            detail.detail = detail.detail.replace("not,", "in float64,")
            outcome.differences.append(detail)
        elif lost.any():
            outcome.differences.append(_values("gradient", name, "rewritten", value, other, right, lost))
        outcome.skipped += int((bad & ~lost & ~formula).sum())
    if not reference.near_end:
        _compare_sums(graph, fast, outcome)


def _largest(array):
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max(initial=0))


def _cost(graph, arrays):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return float(graph.evaluate(arrays, "float64")[graph.outputs[0]])
        except (ValueError, IndexError):
            return np.nan


def _slope(graph, arrays, name, direction):
    """The derivative along a direction, and whether it is one: the same from both sides, and with half the step."""
    x = arrays[name]
    step = 1e-5 * max(1.0, np.abs(x[np.isfinite(x)]).max(initial=0))
    middle = _cost(graph, arrays)

    def at(offset):
        return _cost(graph, {**arrays, name: x + offset * direction})

    right, left = (at(step) - middle) / step, (middle - at(-step)) / step
    half = (at(step / 2) - at(-step / 2)) / step
    slope = (right + left) / 2
    # float64 loses the digits of a large cost.
    lost = np.abs(middle) * 1e-15 / step
    tolerance = 1e-3 * (np.abs(slope) + 1e-3) + 10 * lost
    smooth = np.isfinite(slope) and np.isfinite(middle) and lost < 1e-4 * (abs(slope) + 1e-2)
    smooth = smooth and abs(right - left) <= 5 * tolerance and abs(half - slope) <= tolerance
    return slope, bool(smooth)


def finite_differences(graph, name):
    """The gradient with respect to one input from differences of costs, and where it can be had so."""
    arrays = {n: a.astype("float64") if a.dtype.kind == "f" else np.array(a) for n, a in graph.arrays().items()}
    x = arrays[name]
    slopes, smooth = np.zeros(x.shape), np.zeros(x.shape, bool)
    for at in np.ndindex(*x.shape):
        direction = np.zeros(x.shape)
        direction[at] = 1
        slopes[at], smooth[at] = _slope(graph, arrays, name, direction) if np.isfinite(x[at]) else (np.nan, False)
    return slopes, smooth


def _compare_sums(graph, fast, outcome):
    """All numbers of an input moved together: smooth also where equal ones meet in a maximum."""
    if any(d.kind == "gradient" for d in outcome.differences):
        return
    arrays = {n: a.astype("float64") if a.dtype.kind == "f" else np.array(a) for n, a in graph.arrays().items()}
    for name, value in zip(graph.wrt, fast.values):
        if not np.isfinite(value).all():
            continue
        slope, smooth = _slope(graph, arrays, name, np.ones(value.shape))
        total, size = float(value.astype("float64").sum()), float(np.abs(value.astype("float64")).sum())
        if smooth and abs(total - slope) > 1e-2 * abs(slope) + 1e-3 * size + 1e-5:
            wide = run(graph, PLAIN, widen=True)
            if wide.error is None:
                right = wide.values[graph.wrt.index(name)]
                if abs(right.sum() - slope) <= 1e-2 * abs(slope) + 1e-3 * np.abs(right).sum() + 1e-5:
                    continue  # float32 is the reason
            detail = f"moved together: {total} rewritten, {slope} right"
            outcome.differences.append(Difference("gradient", name, detail, repr(value.tolist())[:500]))
