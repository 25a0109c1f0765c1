"""Element-wise operations: each of Theano's on numbers of each type, and mixed; with their gradients."""

import itertools

import numpy as np
import theano.tensor as T
from theano import scalar
from theano.scalar import basic_scipy
from theano.tensor import nnet, xlogx
from theano.tensor.elemwise import Elemwise

from .catalogue import PYTHON, C, Group, gradients

VALUES = {
    "bool": [False, True, True, False],
    "int8": [-100, -3, -1, 1, 2, 7],
    "int16": [-300, -3, -1, 1, 2, 300],
    "int32": [-70000, -3, -1, 1, 2, 70000],
    "int64": [-(2**40), -3, -1, 1, 2, 2**40],
    "uint8": [1, 2, 3, 5, 100, 250],
    "uint16": [1, 2, 3, 5, 100, 65000],
    "uint32": [1, 2, 3, 5, 100, 2**31 + 5],
    "uint64": [1, 2, 3, 5, 100, 2**63 + 2**20],
    "float16": [-2.5, -1.0, -0.3, 0.4, 1.0, 3.5],
    "float32": [-2.5, -1.0, -0.3, 0.4, 1.0, 3.5],
    "float64": [-2.5, -1.0, -0.3, 0.4, 1.0, 3.5],
    "complex64": [-2.5 + 1j, -1.0, -0.3j, 0.4 + 0.2j, 1.0, 3.5 - 2j],
    "complex128": [-2.5 + 1j, -1.0, -0.3j, 0.4 + 0.2j, 1.0, 3.5 - 2j],
}
# A second operand, in another order, and small enough as an exponent and for shifts.
SECOND = {
    "bool": [True, True, False, False],
    **{kind: [2, 3, 1, 3, 2, 1] for kind in VALUES if "int" in kind},
    **{kind: [1.5, -2.0, 2.0, 0.5, -1.0, 3.0] for kind in VALUES if "float" in kind},
    **{kind: [1.5 - 1j, -2.0, 2.0j, 0.5 + 1j, -1.0, 3.0] for kind in VALUES if "complex" in kind},
}
INTEGERS = [kind for kind in VALUES if "int" in kind]
FLOATS = ["float32", "float64"]
COMPLEX = ["complex64", "complex128"]
# The types that C++ code is compiled for: it is the same text for the others.
COMPILED = [
    *((kind,) for kind in ("bool", "int8", "float32", "float64", "complex128")),
    *((kind, kind) for kind in ("int8", "uint8", "int64", "float32", "float64", "complex128")),
    *((kind,) * 3 for kind in ("int8", "float32")),
]
COMPILED_MIXED = {"add", "sub", "true_div", "int_div", "mod", "lt", "maximum", "switch", "clip"}
MIXED = [
    ("int8", "uint8"), ("int8", "float32"), ("uint8", "int64"), ("int32", "float32"), ("int64", "float32"),
    ("uint64", "int64"), ("uint64", "float32"), ("bool", "int8"), ("bool", "float32"), ("float32", "float64"),
    ("float16", "int8"), ("float16", "float32"), ("float32", "complex64"), ("float64", "complex64"),
    ("int64", "complex64"), ("int16", "int8"), ("uint32", "int32"),
]  # fmt: skip

ONE_OPERAND = {
    **{
        op: getattr(scalar, op)
        for op in """isnan isinf invert identity abs_ sgn ceil floor trunc round_half_to_even round_half_away_from_zero neg
        inv log log2 log10 log1p exp exp2 expm1 sqr sqrt deg2rad rad2deg cos arccos sin arcsin tan arctan cosh arccosh sinh
        arcsinh tanh arctanh real imag angle conj""".split()
    },
    **{op: getattr(basic_scipy, op) for op in "erf erfc gamma gammaln psi tri_gamma j0 j1 i0 i1".split()},
    **{f"cast_{kind}": getattr(scalar, f"convert_to_{kind}") for kind in VALUES},
    "sigmoid": nnet.sigm.scalar_sigmoid,
    "softplus": nnet.sigm.scalar_softplus,
    "ultra_fast_sigmoid": nnet.sigm.ultra_fast_scalar_sigmoid,
    "softsign": nnet.nnet.ScalarSoftsign(scalar.upgrade_to_float, name="scalar_softsign"),
    "xlogx": xlogx.XlogX(scalar.upgrade_to_float, name="scalar_xlogx"),
}
# Those that have no C++ code, or none here.
PYTHON_ONLY = {op: getattr(basic_scipy, op) for op in ("erfcx", "erfinv", "erfcinv")}
TWO_OPERANDS = {
    **{
        op: getattr(scalar, op)
        for op in """lt gt le ge eq neq or_ xor and_ maximum minimum add mul sub true_div int_div mod pow second arctan2
        complex complex_from_polar""".split()
    },
    "xlogy0": xlogx.XlogY0(scalar.upgrade_to_float, name="scalar_xlogy0"),
}
TWO_OPERANDS_PYTHON_ONLY = {
    op: getattr(basic_scipy, op) for op in ("gammainc", "gammaincc", "gammau", "gammal", "jv", "iv", "chi2sf")
}
THREE_OPERANDS = {
    "switch": scalar.switch,
    "clip": scalar.clip,
    "inopenrange": scalar.inopenrange,
    "inclosedrange": scalar.inclosedrange,
}
# Numbers that no integer type holds: what C++ makes of them is not defined.
ONLY_FINITE = {f"cast_{kind}" for kind in [*INTEGERS, "bool"]}


def elementwise(op):
    """The operation on arrays."""
    return Elemwise(op)


def _allowed(op, *kinds):
    """Whether Theano takes operands of these types."""
    try:
        op.make_node(*(scalar.get_scalar_type(kind)() for kind in kinds))
    except Exception:
        return False
    return True


def _has_c_code(op, kinds):
    """Whether an operation has C++ code for these types, and that compiles."""
    if isinstance(op, scalar.Cast) and "complex" in op.o_type.dtype and "bool" in kinds:
        return False
    if any("complex" in kind for kind in kinds):
        return str(op) in ("abs_", "neg", "sqr", "identity", "add", "sub", "mul", "eq", "neq")
    try:
        node = op.make_node(*(scalar.get_scalar_type(kind)() for kind in kinds))
        op.c_code(node, "name", [f"x{i}" for i in range(len(kinds))], ["z"], {"fail": ""})
    except Exception:
        return False
    return all("16" not in variable.dtype or "int" in variable.dtype for variable in node.inputs + node.outputs)


def _values(kind, operand=0):
    return np.array((VALUES if operand == 0 else SECOND)[kind], dtype=kind)


def _operands(name, kinds):
    values = [_values(kind, operand) for operand, kind in enumerate(kinds)]
    shortest = min(map(len, values))
    values = [value[:shortest] for value in values]
    if name.startswith("cast_uint"):
        values = [abs(value) if value.dtype.kind in "if" else value for value in values]
    if name in ("gammainc", "gammaincc", "gammau", "gammal", "chi2sf"):
        values = [abs(value) for value in values]
    return values


def _case(name, op, kinds):
    def build(given):
        return elementwise(op)(*(given(value) for value in _operands(name, kinds)))

    return build


def _gradient_case(name, op, kinds):
    def build(given):
        inputs = [given(value) for value in _operands(name, kinds)]
        return gradients(elementwise(op)(*inputs), *inputs)

    return build


def _scalar_case(op, kinds):
    """The same on single numbers, without arrays: Python code meets NumPy's scalars there."""

    def build(given):
        outputs = []
        for position in (1, 3):
            numbers = [given(_values(kind, operand)[position]) for operand, kind in enumerate(kinds)]
            outputs.append(op(*map(T.scalar_from_tensor, numbers)))
        return outputs

    return build


def _add_all():
    compiled = {
        1: Group("functions compiled", modes=[C], linker="c", seconds=60, core=True),
        2: Group("operators compiled", modes=[C], linker="c", seconds=60, core=True),
        3: Group("choices compiled", modes=[C], linker="c", seconds=10),
    }
    in_python = Group("elementwise", modes=PYTHON)
    alone = Group("scalars", modes=["FAST_COMPILE"], declared=True)
    gradient = Group("elementwise gradients", modes=PYTHON)

    one = [
        (name, op, (kind,)) for (name, op), kind in itertools.product({**ONE_OPERAND, **PYTHON_ONLY}.items(), VALUES)
    ]
    pairs = [*((kind, kind) for kind in VALUES), *MIXED]
    two = [
        (name, op, kinds)
        for (name, op), kinds in itertools.product({**TWO_OPERANDS, **TWO_OPERANDS_PYTHON_ONLY}.items(), pairs)
    ]
    three = [
        (name, op, kinds)
        for (name, op), kinds in itertools.product(
            THREE_OPERANDS.items(),
            [("float32",) * 3, ("int8",) * 3, ("bool", "float32", "int64"), ("uint8", "int8", "float64")],
        )
    ]
    for name, op, kinds in one + two + three:
        text = f"{name} {' '.join(kinds)}"
        if not _allowed(op, *kinds):
            in_python.add(text, _case(name, op, kinds), alone=True)
            continue
        in_python.add(text, _case(name, op, kinds))
        alone.add(text, _scalar_case(op, kinds))
        if (kinds in COMPILED or (len(set(kinds)) > 1 and name in COMPILED_MIXED)) and _has_c_code(op, kinds):
            compiled[len(kinds)].add(text, _case(name, op, kinds))
        if set(kinds) & {"float32", "float64"} and not set(kinds) & set(COMPLEX):
            gradient.add(text, _gradient_case(name, op, kinds))


_add_all()
