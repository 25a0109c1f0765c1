"""Where types and constants are decided: Python's numbers, casts, promotion, folding, and numbers that do not fit."""

import numpy as np
import theano
import theano.tensor as T
from theano import scalar
from theano.tensor.elemwise import Elemwise

from .catalogue import GROUPS, PYTHON, Group, attempt, case, gradients
from .elementwise import FLOATS, VALUES

PYTHONS_NUMBERS = {
    "0.1": 0.1, "0.5": 0.5, "1.0": 1.0, "1e-8": 1e-8, "1e-50": 1e-50, "1e39": 1e39, "16777217.0": 16777217.0,
    "nan": float("nan"), "inf": float("inf"), "-0.0": -0.0, "65505.0": 65505.0, "3.0000000001": 3.0000000001,
    "0": 0, "1": 1, "2": 2, "-1": -1, "127": 127, "128": 128, "-128": -128, "-129": -129, "255": 255, "300": 300, "-300": -300,
    "32767": 32767, "32768": 32768, "70000": 70000, "2**31-1": 2**31 - 1, "2**31": 2**31, "-2**31": -(2**31),
    "2**32": 2**32, "2**53+1": 2**53 + 1, "2**62": 2**62, "2**63-1": 2**63 - 1, "2**63": 2**63, "-2**63": -(2**63),
    "2**64-1": 2**64 - 1, "2**64": 2**64, "-2**63-1": -(2**63) - 1, "True": True, "False": False,
}  # fmt: skip
OTHER_NUMBERS = {
    "1j": 1j, "np.float16(0.1)": np.float16(0.1), "np.float32(0.1)": np.float32(0.1), "np.float64(0.1)": np.float64(0.1),
    "np.float64(1.0)": np.float64(1.0), "np.int8(-1)": np.int8(-1), "np.uint8(200)": np.uint8(200),
    "np.int64(3)": np.int64(3), "np.uint64(3)": np.uint64(3), "np.bool_(True)": np.bool_(True),
    "np.complex64(1j)": np.complex64(1j), "np.array(0.1)": np.array(0.1), "np.array(7)": np.array(7),
    "[1, 2]": [1, 2], "[1, 300]": [1, 300], "[0.1, 2]": [0.1, 2], "[True, False]": [True, False], "[[1.5], [2]]": [[1.5], [2]],
    "[]": [], "(1, 2.5)": (1, 2.5), "[2**63]": [2**63], "[2**62, -1]": [2**62, -1], "[2**63, -1]": [2**63, -1],
    "[np.float32(0.1), 0.2]": [np.float32(0.1), 0.2], "[np.int8(1), 300]": [np.int8(1), 300],
    "[np.uint8(1), -1]": [np.uint8(1), -1],
}  # fmt: skip
NUMBERS = {**PYTHONS_NUMBERS, **OTHER_NUMBERS}
KINDS = [kind for kind in VALUES if kind not in ("int16", "uint16", "uint32", "complex128")]
OPERATORS = {
    "+": lambda x, c: x + c, "- from": lambda x, c: c - x, "*": lambda x, c: x * c, "/": lambda x, c: x / c,
    "/ from": lambda x, c: c / x, "//": lambda x, c: x // c, "%": lambda x, c: x % c, "**": lambda x, c: abs(x) ** c,
    "** from": lambda x, c: c ** abs(x), "<": lambda x, c: x < c, ">=": lambda x, c: x >= c, "==": lambda x, c: T.eq(x, c),
    "maximum": lambda x, c: T.maximum(x, c), "switch": lambda x, c: T.switch(x > 1, x, c),
    "fill": lambda x, c: T.fill(x, c), "clip": lambda x, c: T.clip(x, c, 2), "alloc": lambda x, c: T.alloc(c, 2),
    "set": lambda x, c: T.set_subtensor(x[1:3], c), "inc": lambda x, c: T.inc_subtensor(x[[0, 0]], c),
    "isclose": lambda x, c: T.isclose(x, c), "dot": lambda x, c: T.dot(x, T.fill(x, c)),
}  # fmt: skip
WITH_OPERATORS = ["0.1", "1.0", "1e39", "2", "300", "70000", "2**31", "2**63", "True", "np.float64(0.1)", "np.int64(3)"]


def _add(part, name, build):
    """The same under both of Theano's widths of a number."""
    for floatX in FLOATS:
        GROUPS[f"{part} {floatX}"].add(name, build)


# Numbers and operators pass through no rewrites; what rewrites do is the same for both widths, but for the constants.
for _floatX in FLOATS:
    Group(f"numbers {_floatX}", floatX=_floatX, modes=["FAST_COMPILE"])
    Group(f"operators {_floatX}", floatX=_floatX, modes=["FAST_COMPILE"])
    Group(f"scalars with numbers {_floatX}", floatX=_floatX, modes=["FAST_COMPILE"], declared=True)
    Group(f"rewrites {_floatX}", floatX=_floatX, modes=PYTHON if _floatX == "float32" else ["FAST_COMPILE"])


def _values(kind):
    return np.array(VALUES[kind][:4] if kind != "bool" else VALUES[kind], dtype=kind)


KINDS_OF_CONSTANTS = ("int8", "uint8", "int32", "uint64", "float32", "float64", "floatX", "bool")


def _value(variable):
    """What a constant or a shared variable holds: it is there before anything is compiled."""
    return variable.data if isinstance(variable, theano.gof.Constant) else variable.get_value()


def _constants_of(number):
    """All that Theano makes of a number, without a function."""

    def asarray(kind):
        return theano._asarray(number, dtype=theano.config.floatX if kind == "floatX" else kind)

    def build(given):
        return [
            attempt(lambda: _value(T.constant(number))),
            attempt(lambda: _value(T.as_tensor_variable(number))),
            attempt(lambda: _value(theano.shared(number))),
            attempt(lambda: scalar.constant(number).data),
            *(attempt(lambda kind=kind: _value(T.constant(number, dtype=kind))) for kind in KINDS_OF_CONSTANTS),
            *(attempt(asarray, kind) for kind in KINDS_OF_CONSTANTS),
        ]

    return build


def _filtered(value):
    """What a type makes of a value that a function is called with."""

    def build(given):
        for kind in ("int8", "uint8", "int64", "float32", "float64", "bool", "complex64"):
            tensor = T.TensorType(kind, (False,) * np.ndim(value))
            for options in {}, {"strict": True}, {"allow_downcast": True}:
                yield attempt(lambda kept=tensor, options=options: kept.filter(value, **options))
            if np.ndim(value) == 0:
                yield attempt(scalar.get_scalar_type(kind).filter, value)

    return build


def _add_numbers():
    for text, number in NUMBERS.items():
        _add("numbers", f"constant {text}", _constants_of(number))
    values = {**NUMBERS, **{f"array {kind}": np.array(VALUES[kind][1:3], dtype=kind) for kind in VALUES}}
    for text, value in values.items():
        _add("numbers", f"filter {text}", _filtered(value))
    for operator, function in OPERATORS.items():
        for kind in KINDS:
            if operator in ("//", "%") and kind in ("bool", "complex64"):
                continue

            def build(given, function=function, kind=kind):
                return [attempt(function, given(_values(kind)), NUMBERS[text]) for text in WITH_OPERATORS]

            _add("operators", f"{kind} {operator} a number", build)


def _add_upcasts():
    kinds = list(VALUES)
    for policy in ("custom", "numpy+floatX"):

        def build(given, policy=policy):
            with theano.configparser.change_flags(cast_policy=policy):
                yield from (scalar.upcast(one, other) for one in kinds for other in kinds)
                for text in ("0.1", "2", "300", "70000", "1e39", "2**63"):
                    yield from (attempt(lambda x, c: x + c, given(_values(kind)), NUMBERS[text]) for kind in KINDS)

        _add("operators", f"upcast {policy}", build)


def _constants(kind):
    return [T.constant(np.array(value, dtype=kind)) for value in VALUES[kind][1:4]]


def _add_folding():
    """Expressions of constants alone: rewrites compute them, in Python."""
    for kind in ("int8", "uint8", "int64", "float32", "float64"):
        for name, function in {
            "sum": lambda a, b, c: a + b + c,
            "product": lambda a, b, c: a * b * c,
            "difference": lambda a, b, c: a - b - c,
            "quotient": lambda a, b, c: a / b / c,
            "integer quotient": lambda a, b, c: a // b,
            "remainder": lambda a, b, c: a % b,
            "power": lambda a, b, c: a**c,
            "comparison": lambda a, b, c: [T.lt(a, b), T.ge(a, c), T.eq(a, b), T.neq(a, b)],
            "functions": lambda a, b, c: [
                T.exp(c),
                T.sqrt(c),
                T.sqr(a),
                abs(a),
                T.sgn(a),
                T.nnet.sigmoid(c),
                T.inv(c),
                -a,
            ],
            "switch": lambda a, b, c: T.switch(T.lt(a, b), a, c * 2),
            "vector": lambda a, b, c: [T.stack([b, c]).sum(), T.stack([b, c]).prod(), T.stack([b, c]).max()],
        }.items():
            _add("rewrites", f"folded {name} {kind}", lambda given, f=function, kind=kind: f(*_constants(kind)))
            _add(
                "rewrites",
                f"rewritten {name} {kind}",
                lambda given, f=function, kind=kind: f(given(_values(kind)), *_constants(kind)[1:]),
            )


def _add_rewrites():
    """Expressions that the rewrites simplify by their constants."""
    for kind in ["int8", "uint8", "int64", "float32", "float64"]:
        for text, function in {
            "x * 2 * 3": lambda x: x * 2 * 3,
            "x * 2 / 2": lambda x: x * 2 / 2,
            "x / 2 * 3": lambda x: x / 2 * 3,
            "x / 3 / 7": lambda x: x / 3 / 7,
            "0.1 * x * 0.1": lambda x: 0.1 * x * 0.1,
            "1 / x": lambda x: 1 / x,
            "-1 * x": lambda x: -1 * x,
            "x * 1": lambda x: x * 1,
            "x * 0": lambda x: x * 0,
            "x + 0": lambda x: x + 0,
            "x - x": lambda x: x - x,
            "x / x": lambda x: x / x,
            "x ** 0": lambda x: x**0,
            "x ** 1": lambda x: x**1,
            "x ** 2": lambda x: x**2,
            "x ** 3": lambda x: x**3,
            "x ** 17": lambda x: x**17,
            "x ** -1": lambda x: x**-1.0,
            "x ** -2": lambda x: x**-2.0,
            "x ** 0.5": lambda x: abs(x) ** 0.5,
            "x ** -0.5": lambda x: (abs(x) + 1) ** -0.5,
            "x + 1 + 0.1 + 2": lambda x: x + 1 + 0.1 + 2,
            "1 - (1 - x)": lambda x: 1 - (1 - x),
            "2 * x - x": lambda x: 2 * x - x,
            "log(exp(x))": lambda x: T.log(T.exp(x)),
            "log(1 + x)": lambda x: T.log(1 + abs(x)),
            "log(sigmoid(x))": lambda x: T.log(T.nnet.sigmoid(x)),
            "log(1 - sigmoid(x))": lambda x: T.log(1 - T.nnet.sigmoid(x)),
            "1 / (1 + exp(-x))": lambda x: 1 / (1 + T.exp(-x)),
            "exp(x) - 1": lambda x: T.exp(x) - 1,
            "log(1 + exp(x))": lambda x: T.log(1 + T.exp(x)),
            "log(sum(exp(x)))": lambda x: T.log(T.sum(T.exp(x))),
            "erfc": lambda x: [T.log(T.erfc(x)), 1 - T.erf(x), 1 + (-1) * T.erf(x), T.erfc(x) - 1],
            "gradient of log(erfc(x))": lambda x: T.grad(T.log(T.erfc(x * 0.3)).sum(), x),
            "sqr(sqrt(x))": lambda x: T.sqr(T.sqrt(abs(x))),
            "sqrt(sqr(x))": lambda x: T.sqrt(T.sqr(x)),
            "abs(x * y)": lambda x: abs(x) * abs(x + 1) / abs(x + 2),
            "x % 1": lambda x: x % 1,
            "x // 1": lambda x: x // 1,
            "x // 2": lambda x: x // 2,
            "maximum(x, x)": lambda x: T.maximum(x, x) + T.minimum(0, x),
            "sum(2 * x)": lambda x: T.sum(2 * x),
            "sum(x / 2)": lambda x: T.sum(x / 2.0),
            "sum(-x)": lambda x: T.sum(-x),
            "mean(x)": lambda x: T.mean(x),
            "prod(-x)": lambda x: T.prod(-x),
            "sum of alloc": lambda x: T.sum(T.alloc(x[0], 3, 2)),
            "fill": lambda x: T.fill(x, 0.1) + T.ones_like(x) * 3 + T.zeros_like(x),
            "add of zeros": lambda x: x + T.zeros((4,)) + T.zeros((4,), "int8"),
            "second": lambda x: T.second(x, 300),
            "useless comparison": lambda x: [T.lt(x, x), T.ge(x, x), T.lt(x.shape[0], 0), T.ge(x.shape[0], 0)],
            "cast of cast": lambda x: T.cast(T.cast(x, "float64"), "int8"),
            "switch of constants": lambda x: T.switch(1, x, 2) + T.switch(np.bool_(False), 3, x),
            "useless subtensor": lambda x: x[:][::-1][::-1][0:4][1:][0],
            "constant subtensor": lambda x: x[np.int8(1)] + x[np.uint64(1)] + x[np.int64(-1)],
            "merged subtensors": lambda x: x[1:][::2][np.int32(0)],
            "reverse": lambda x: x[::-1][1:],
            "grad of x ** 3": lambda x: T.grad((x**3).sum(), x),
            "grad of x ** 0.3": lambda x: T.grad(((abs(x) + 1) ** 0.3).sum(), x),
            "grad of 3 ** x": lambda x: T.grad((3**x).sum(), x),
            "grad of x / 3": lambda x: T.grad((x / 3).sum(), x),
            "grad of switch": lambda x: T.grad(T.switch(x > 0, x, 0.1 * x).sum(), x),
            "grad of sqrt": lambda x: T.grad(T.sqrt(abs(x) + 0.1).sum(), x),
            "grad of mean": lambda x: T.grad(T.mean(x * 2), x),
            "grad of a stable softplus": lambda x: T.grad(T.nnet.softplus(x).sum(), x),
            "grad of relu": lambda x: T.grad(T.nnet.relu(x, 0.01).sum(), x),
            "grad of clip": lambda x: T.grad(T.clip(x, -1, 1).sum(), x),
            "grad of abs": lambda x: T.grad(abs(x).sum(), x),
            "grad of max": lambda x: T.grad(x.max(), x),
            "grad of prod": lambda x: T.grad(x.prod(), x),
            "grad of maximum": lambda x: T.grad(T.maximum(x, 1).sum(), x),
        }.items():
            _add("rewrites", f"{kind}: {text}", lambda given, f=function, kind=kind: f(given(_values(kind))))


def _add_scalars():
    """Scalar operations on constants of other types than their own, such as Python's."""
    for (
        name
    ) in """add sub mul true_div int_div mod pow inv sqrt exp log log1p expm1 sigmoid tanh sgn minimum maximum lt eq
    switch clip second sqr neg abs_ ceil round_half_to_even round_half_away_from_zero gamma psi""".split():
        op = T.nnet.sigm.scalar_sigmoid if name == "sigmoid" else getattr(scalar, name, None)
        op = op or getattr(theano.scalar.basic_scipy, name)
        for kind in ("int8", "uint8", "int64", "uint64", "float32", "float64"):

            def build(given, op=op, kind=kind):
                x = T.scalar_from_tensor(given(_values(kind)[3]))
                outputs = []
                for others in ([0.1, 0.5], [2, 3], [300, 7]):
                    try:
                        outputs.append(op(x, *others[: op.nin - 1] if op.nin > 0 else others[:1]))
                    except (TypeError, NotImplementedError):
                        outputs.append(scalar.constant(-1))
                return outputs

            _add("scalars with numbers", f"scalar {name} {kind} with Python's numbers", build)


_add_numbers()
_add_upcasts()
_add_folding()
_add_rewrites()
_add_scalars()

Group("fixed promotion", modes=PYTHON)


@case("fixed promotion")
def python_numbers_in_lists(given):
    x = given([1.5, 2.5], "float32")
    return [
        T.stack([x[0], 2, 0.5]),
        T.stack([1, 2]),
        T.stack([1, 300]),
        T.stack([x[0], 2**40]),
        T.concatenate([x, [1, 2]]),
    ]


@case("fixed promotion")
def true_division_and_floatX(given):
    x, y = given([7, -7, 100], "int8"), given([2, 2, 7], "int16")
    return [x / y, x // y, x % y, x / 2, x / 2.0, T.true_div(x, y), T.int_div(x, y), divmod(x, y)[0]]


@case("fixed promotion")
def integers_wrap(given):
    x, y = given([127, -128, 100], "int8"), given([255, 0, 200], "uint8")
    z = given([2**63 - 1, -(2**63)], "int64")
    return [x + 1, x * 2, -x, abs(x), y + 1, y - 1, y * y, -y, x * y, x**2, y**2, z + 1, z * 2, abs(z), ~x, ~y]


@case("fixed promotion", alone=True)
def integer_division_by_zero(given):
    return given([1, 2], "int32") // given([0, 1], "int32")


@case("fixed promotion", alone=True)
def remainder_of_division_by_zero(given):
    return given([1, 2], "int32") % given([0, 1], "int32")


@case("fixed promotion")
def not_a_number_and_infinity(given):
    for kind in FLOATS:
        x = given([np.nan, np.inf, -np.inf, 1e30, -0.0, 1e-30], kind)
        y = given([1.0, np.inf, np.nan, -1e30, 0.0, np.inf], kind)
        one = [
            T.sgn,
            T.sqrt,
            T.exp,
            T.log,
            T.tanh,
            T.nnet.sigmoid,
            T.nnet.softplus,
            T.isnan,
            T.isinf,
            T.floor,
            T.sqr,
            abs,
        ]
        two = [T.maximum, T.minimum, T.eq, T.lt, T.mod, T.pow, T.arctan2, T.true_div, T.mul, T.add, T.sub]
        yield from (f(x) for f in one)
        yield from (f(x, y) for f in two)
        yield from (x.max(), x.argmax(), x.min(), x.sum(), x[3:].prod(), T.clip(x, -1, 1), T.switch(x, y, x))


@case("fixed promotion", alone=True)
def difference_of_booleans(given):
    return given([True, False], "bool") - given([True, True], "bool")


@case("fixed promotion", alone=True)
def negative_of_booleans(given):
    return -given([True, False], "bool")


@case("fixed promotion", alone=True)
def integers_to_negative_integers(given):
    return given([1, 2], "int32") ** given([-1, -2], "int32")


@case("fixed promotion")
def comparisons_with_numbers_that_do_not_fit(given):
    x = given([-100, 0, 100], "int8")
    y = given([0, 100, 255], "uint8")
    return [x < 300, x < 128, T.eq(x, 300), x > -129, y < 256, y > -1, T.eq(y, -1), T.neq(y, 300), x < y, T.eq(x, y)]


@case("fixed promotion")
def composite_of_scalars(given):
    for kind in ("float32", "float64", "int8"):
        x, y = scalar.get_scalar_type(kind)(), scalar.get_scalar_type(kind)()
        composite = scalar.Composite([x, y], [x * 0.1 + y / 3, scalar.switch(x < y, x, 2.5), x + 300])
        yield from Elemwise(composite)(given(_values(kind)), given(_values(kind)[::-1]))


@case("fixed promotion")
def many_operands(given):
    """More than NumPy's limit of operands in one loop: Theano adds them up in Python."""
    return [
        T.add(*(given([1.5, 2.5], "float32") for _ in range(40))),
        T.add(*(given([100], "int8") for _ in range(40))),
    ]


@case("fixed promotion")
def gradients_have_the_inputs_types(given):
    x, y = given([1.5, 2.5], "float32"), given([0.1, 0.2], "float64")
    z = given([1, 2], "int8")
    return [
        *gradients(x * y, x, y),
        *gradients(x * z, x, z),
        *gradients(x / z, x, z),
        *gradients(x**2, x),
        *gradients(x**z, x),
    ]


@case("fixed promotion")
def sign_of_complex_numbers(given):
    return T.sgn(given([3 + 4j, 0, -2j], "complex64"))
