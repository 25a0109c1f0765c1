"""What is an error in NumPy has to be one in Theano, rewritten or not: wrong indices, and shapes that do not fit."""

from .builder import Rejected, operation


def other_shape(g, x):
    """The shape with one axis longer; where Theano could repeat it, the graph would be another one."""
    axes = [i for i, n in enumerate(x.shape) if n > 1]
    if not axes:
        raise Rejected("no axis to make longer")
    axis = g.choice(axes)
    return tuple(n + (i == axis) for i, n in enumerate(x.shape))


@operation(1)
def sums(g):
    x = g.pick("float", least=1)
    y = g.new("float", other_shape(g, x), dtype=x.dtype)
    sign, numpy = g.choice((("+", "np.add"), ("*", "np.multiply"), ("-", "np.subtract")))
    g.add("shapes that differ", f"{x} {sign} {y}", f"H.each({numpy}, D, {x}, {y})", x, y, may_fail=True)


@operation(1)
def products(g):
    x = g.pick("float", least=1, most=2)
    shape = (x.shape[-1] + 1, *g.shape(g.choice((0, 1))))
    y = g.new("float", shape, dtype=x.dtype)
    g.add("dot of other shapes", f"T.dot({x}, {y})", f"np.dot({x}, {y})", x, y, may_fail=True)


@operation(2)
def indices(g):
    """A number that the axis does not have: alone, in a vector, next to others, and written to."""
    # Where another axis is empty, NumPy does not look.
    x = g.pick("float", least=1, condition=lambda v: 0 not in v.shape[1:])
    n = x.shape[0]
    wrong = g.choice((n, n + 1, -n - 1))
    kind = g.integer(0, 4)
    if kind == 0:
        g.add("wrong index", f"{x}[{wrong}]", f"{x}[{wrong}]", x, may_fail=True, exact=True)
    elif kind == 1:
        i = g.new("integer", (), low=wrong, high=wrong, dtype="int64", layout="plain")
        g.add("wrong index", f"{x}[{i}]", f"{x}[{i}]", x, i, may_fail=True, exact=True)
    elif kind == 2:
        i = g.new("integer", (2,), low=wrong, high=wrong, dtype="int64", layout="plain")
        g.add("wrong advanced index", f"{x}[{i}]", f"{x}[{i}]", x, i, may_fail=True, exact=True)
    elif kind == 3 and x.ndim > 1:
        i = g.new("integer", (2,), low=0, high=0, dtype="int64", layout="plain")
        m = x.shape[1]
        wrong = g.choice((m, m + 1, -m - 1))
        j = g.new("integer", (2,), low=wrong, high=wrong, dtype="int64", layout="plain")
        g.add("wrong advanced index", f"{x}[{i}, {j}]", f"{x}[{i}, {j}]", x, i, j, may_fail=True, exact=True)
    else:
        i = g.new("integer", (2,), low=wrong, high=wrong, dtype="int64", layout="plain")
        add = g.chance(50)
        name = "inc_subtensor" if add else "set_subtensor"
        theano = f"T.{name}({x}[{i}], 1)"
        g.add(f"wrong advanced {name}", theano, f"H.put({x}, {i}, 1, add={add})", x, i, may_fail=True, exact=True)


@operation(1)
def shapes(g):
    x = g.pick("float", least=1)
    n = x.value.size + 1
    if g.chance(50):
        g.add("wrong reshape", f"{x}.reshape(({n},))", f"{x}.reshape(({n},))", x, may_fail=True, exact=True)
    elif x.ndim > 1:
        y = g.new("float", (x.shape[0], *other_shape(g, x)[1:]) if x.shape[1] > 1 else x.shape, dtype=x.dtype)
        theano, numpy = f"T.concatenate([{x}, {y}], 0)", f"np.concatenate([{x}, {y}], 0)"
        g.add("join of other shapes", theano, numpy, x, y, may_fail=True, exact=True)


@operation(1)
def nothing(g):
    """The largest of no numbers."""
    x = g.new("float", g.choice(((0,), (0, 3), (2, 0))))
    name = g.choice(("max", "min", "argmax", "argmin"))
    axis = g.integer(0, x.ndim - 1)
    theano = f"T.{name}({x}, axis={axis})"
    g.add(f"{name} of nothing", theano, f"np.{name}({x}, axis={axis})", x, may_fail=True, exact=True)
