"""Sums and their relatives, and the forms of them that Theano rewrites."""

from .builder import operation
from .elementwise import apply

REDUCTIONS = {
    "sum": ("{0}.sum({1})", "np.sum({0}, {1}, dtype=D)", False),
    "prod": ("{0}.prod({1})", "np.prod({0}, {1}, dtype=D)", False),
    "max": ("{0}.max({1})", "np.max({0}, {1})", True),
    "min": ("{0}.min({1})", "np.min({0}, {1})", True),
    "mean": ("{0}.mean({1})", "np.mean({0}, {1}, dtype=D)", False),
    "var": ("{0}.var({1})", "np.var({0}, {1}, dtype=D)", False),
    "std": ("{0}.std({1})", "np.std({0}, {1}, dtype=D)", False),
    "any": ("T.any({0}, {1})", "np.any({0}, {1})", True),
    "all": ("T.all({0}, {1})", "np.all({0}, {1})", True),
}


def axes(g, x, one=False):
    """The text of an axis, of several, or of none."""
    if not x.ndim:
        return "axis=None"
    what = g.integer(0, 9)
    if what <= 2 and not one:
        axis = "None"
    elif what == 3 and not one and x.ndim > 1:
        axis = g.choice(("(0, 1)", f"({x.ndim - 1}, 0)", "(1,)"))
    else:
        axis = str(g.integer(-x.ndim, x.ndim - 1))
    return f"axis={axis}"


def reduce(g, name, x, how):
    theano, numpy, exact = REDUCTIONS[name]
    return g.add(name, theano.format(x, how), numpy.format(x, how), x, exact=exact)


@operation(10)
def reduction(g):
    name = g.choice(("sum", "sum", "prod", "prod", "max", "max", "min", "min", "mean", "var", "std", "any", "all"))
    x = g.pick({"any": "bool", "all": "bool", "var": "float", "std": "float"}.get(name, "number"), least=0)
    how = axes(g, x) + (", keepdims=True" if g.chance(25) else "")
    reduce(g, name, x, how)


@operation(3)
def arg(g):
    name = g.choice(("argmax", "argmin"))
    x = g.pick("number", least=1)
    how = axes(g, x, one=True) if g.chance(70) else "axis=None"
    g.add(name, f"T.{name}({x}, {how})", f"np.{name}({x}, {how})", x, exact=True)
    if g.chance(30):
        reduce(g, name[3:], x, how)


@operation(3)
def cumulative(g):
    name = g.choice(("cumsum", "cumprod"))
    x = g.pick("number", least=1)
    how = axes(g, x, one=True) if g.chance(75) else "axis=None"
    g.add(name, f"T.{name}({x}, {how})", f"np.{name}({x}, {how}, dtype=D)", x)


@operation(7)
def scaled(g):
    """A sum or product of an array times a number, or of one with another sign."""
    x = g.pick("float", least=1)
    how = axes(g, x)
    kind = g.integer(0, 5)
    if kind == 0:
        y = apply(g, "neg", x)
    elif kind == 1:
        y = apply(g, "mul", x, g.choice(("2", "2.", "-1.", "0.5", "0.", "-3")))
    elif kind == 2:
        y = apply(g, "mul", x, g.pick("float", ndim=0))
    elif kind == 3:
        number = g.choice(("2", "2.", "-0.5", "4"))
        y = g.add("true_div", f"{x} / {number}", f"H.each(np.true_divide, D, {x}, {number})", x)
    elif kind == 4:
        s = g.pick("float", ndim=0)
        y = g.add("true_div", f"{x} / {s}", f"H.each(np.true_divide, D, {x}, {s})", x, s)
    else:
        vector = g.new("float", x.shape[-1:], dtype=x.dtype)
        y = apply(g, g.choice(("mul", "add")), x, vector)
    reduce(g, g.choice(("sum", "prod", "prod", "max", "min", "mean")), y, how)


@operation(5)
def logsumexp(g):
    x = g.pick("float", least=1)
    how = axes(g, x) + (", keepdims=True" if g.chance(20) else "")
    apply(g, "log", reduce(g, "sum", apply(g, "exp", x), how))


@operation(2)
def logaddexp(g):
    x = g.pick("float")
    y = g.partner(x, constants=False)
    apply(g, "log", apply(g, "add", apply(g, "exp", x), apply(g, "exp", y)))


@operation(2)
def twice(g):
    """One reduction after another, or of a constant array."""
    x = g.pick("float", least=2)
    name = g.choice(("sum", "prod", "max", "min"))
    y = reduce(g, name, x, axes(g, x, one=True))
    reduce(g, name if g.chance(75) else "sum", y, axes(g, y))


@operation(2)
def of_constant(g):
    x = g.pick("float", least=1)
    what, numpy = g.choice((("ones_like", "np.ones"), ("zeros_like", "np.zeros")))
    y = g.add(what, f"T.{what}({x})", f"{numpy}({x}.shape)", x, exact=True)
    if g.chance(50):
        y = apply(g, "mul", y, g.pick("float", ndim=0))
    reduce(g, g.choice(("sum", "prod", "max", "mean")), y, axes(g, y))


@operation(5)
def softmax(g):
    x = g.pick("float", ndim=g.choice((1, 2, 2, 2)))
    kind = g.integer(0, 4)
    p = g.add("nnet.softmax", f"T.nnet.softmax({x})", f"H.softmax({x}.astype(D))", x)
    if kind == 1:
        apply(g, "log", p)
    elif kind == 2:
        apply(g, g.choice(("neg", "sqr")), p)
    elif kind >= 3 and p.shape[1] > 0:
        y = g.new(
            "integer", (p.shape[0],), low=0, high=p.shape[1] - 1, dtype=g.choice(("int32", "int64")), layout="plain"
        )
        if kind == 3:
            theano = f"T.nnet.categorical_crossentropy({p}, {y})"
            g.add("categorical_crossentropy", theano, f"H.categorical_crossentropy({p}.astype(D), {y})", p, y)
        else:
            logs = apply(g, "log", p)
            rows = g.choice((f"{y}.shape[0]", str(p.shape[0])))
            chosen = g.add(
                "advanced index",
                f"{logs}[T.arange({rows}), {y}]",
                f"{logs}[np.arange(len({y})), {y}]",
                logs,
                y,
                exact=True,
            )
            if g.chance(60):
                apply(g, "neg", reduce(g, "mean", chosen, "axis=None"))


@operation(2)
def softmax_written_out(g):
    x = g.pick("float", ndim=2)
    powers = apply(g, "exp", x)
    total = reduce(g, "sum", powers, "axis=1, keepdims=True")
    theano, numpy = f"{powers} / {total}", f"H.each(np.true_divide, D, {powers}, {total})"
    p = g.add("true_div", theano, numpy, powers, total)
    if g.chance(40):
        apply(g, "log", p)


@operation(1)
def logsoftmax(g):
    x = g.pick("float", ndim=2, condition=lambda v: v.value.shape[1] > 0)
    g.add("nnet.logsoftmax", f"T.nnet.logsoftmax({x})", f"H.logsoftmax({x}.astype(D))", x)


@operation(2)
def compared_and_counted(g):
    x = g.pick("number", least=1)
    y = x if g.chance(30) else g.partner(x)
    same = g.add("neq", f"T.neq({x}, {y})", f"np.not_equal({x}, {y})", x, y, exact=True)
    reduce(g, g.choice(("sum", "mean", "any", "all")), same, axes(g, same))


@operation(1)
def norm(g):
    x = g.pick("float", least=1, most=2)
    order = g.choice((1, 2, 3))
    g.add("norm", f"{x}.norm({order})", f"H.norm({x}.astype(D), {order})", x)


@operation(1)
def ptp(g):
    x = g.pick("float", least=1)
    how = axes(g, x, one=True)
    g.add("ptp", f"T.ptp({x}, {how})", f"np.ptp({x}, {how})", x)
