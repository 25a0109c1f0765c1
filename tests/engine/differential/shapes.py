"""Operations that move numbers, or ask for shapes."""

import math

from .builder import Rejected, operation
from .elementwise import apply


@operation(4)
def reshape(g):
    x = g.pick("any")
    size = math.prod(x.shape)
    kind = g.integer(0, 4)
    if kind == 0:
        shape = (size,)
    elif kind == 1:
        shape = (-1,) if size else (0,)
    elif kind == 2:
        divisors = [n for n in range(1, size + 1) if size % n == 0] or [1]
        n = g.choice(divisors)
        shape = (n, size // n) if g.chance(60) else (n, -1) if size else (0, n)
    elif kind == 3:
        shape = (1, size) if g.chance(50) else (size, 1)
    else:
        shape = x.shape[::-1]
    y = g.add("reshape", f"{x}.reshape({shape})", f"{x}.reshape({shape})", x, exact=True)
    if g.chance(30):
        g.add("reshape", f"{y}.reshape({x}.shape, ndim={x.ndim})", f"{y}.reshape({x}.shape)", x, y, exact=True)


@operation(2)
def flatten(g):
    x = g.pick("any", least=1)
    n = g.integer(1, x.ndim)
    shape = (*x.shape[: n - 1], math.prod(x.shape[n - 1 :]))
    g.add("flatten", f"{x}.flatten({n})", f"{x}.reshape({shape})", x, exact=True)


@operation(4)
def dimshuffle(g):
    x = g.pick("any")
    kind = g.integer(0, 4)
    if kind == 0:
        g.add("transpose", f"{x}.T", f"{x}.T", x, exact=True)
    elif kind == 1:
        axis = g.integer(0, x.ndim)
        order = list(range(x.ndim))
        order.insert(axis, "x")
        g.add("dimshuffle", f"{x}.dimshuffle({order})", f"np.expand_dims({x}, {axis})", x, exact=True)
    elif kind == 2 and x.ndim > 1:
        order = list(range(x.ndim))
        order.append(order.pop(0))
        g.add("dimshuffle", f"{x}.dimshuffle({order})", f"{x}.transpose({order})", x, exact=True)
    elif kind == 3 and x.ndim > 1:
        g.add("swapaxes", f"T.swapaxes({x}, 0, {x.ndim - 1})", f"np.swapaxes({x}, 0, {x.ndim - 1})", x, exact=True)
    else:
        # Theano leaves out the axes that it knows to be one.
        axes = tuple(i for i, one in enumerate(x.theano.broadcastable) if one)
        g.add("squeeze", f"T.extra_ops.squeeze({x})", f"np.squeeze({x}, {axes})", x, exact=True)


@operation(4)
def join(g):
    x = g.pick("any", least=1)
    axis = g.integer(-x.ndim, x.ndim - 1)
    y = x if g.chance(30) else g.new("any", x.shape, dtype=x.dtype)
    pair = [x, y] if g.chance(50) else [y, x]
    if g.chance(30):
        pair.append(x)
    names = ", ".join(map(str, pair))
    g.add("join", f"T.concatenate([{names}], {axis})", f"np.concatenate([{names}], {axis})", *pair, exact=True)


@operation(2)
def stack(g):
    x = g.pick("any", most=2)
    y = x if g.chance(30) else g.new("any", x.shape, dtype=x.dtype)
    axis = g.integer(-x.ndim - 1, x.ndim)
    text = f"stack([{x}, {y}], axis={axis})"
    g.add("stack", f"T.{text}", f"np.{text}", x, y, exact=True)


@operation(2)
def split(g):
    x = g.pick("any", least=1)
    axis = g.integer(0, x.ndim - 1)
    first = g.integer(0, x.shape[axis])
    sizes = [first, x.shape[axis] - first]
    which = g.integer(0, 1)
    theano = f"T.split({x}, {sizes}, 2, axis={axis})[{which}]"
    g.add("split", theano, f"H.split({x}, {sizes}, {which}, {axis})", x, exact=True)


@operation(2)
def tile(g):
    x = g.pick("any", least=1, most=2)
    reps = tuple(g.integer(1, 3) for _ in range(x.ndim))
    g.add("tile", f"T.tile({x}, {reps})", f"np.tile({x}, {reps})", x, exact=True)


@operation(2)
def repeat(g):
    x = g.pick("any", least=1)
    axis = g.choice([None, *range(x.ndim)])
    times = g.choice((0, 1, 2, 3))
    if axis is not None and g.chance(40):
        times = g.new("integer", (x.shape[axis],), low=0, high=3, dtype="int64")
    text = f"repeat({x}, {times}, axis={axis})"
    g.add("repeat", f"T.{text}", f"np.{text}", x, times, exact=True)


@operation(2)
def roll(g):
    x = g.pick("any", least=1)
    axis = g.integer(0, x.ndim - 1)
    shift = g.integer(-6, 6)
    text = f"roll({x}, {shift}, {axis})"
    g.add("roll", f"T.{text}", f"H.{text}", x, exact=True)


@operation(3)
def diagonal(g):
    kind = g.integer(0, 6)
    if kind == 0:
        x = g.pick("any", ndim=g.choice((1, 2)))
        g.add("diag", f"T.diag({x})", f"np.diag({x})", x, exact=True)
    elif kind == 1:
        x = g.pick("any", ndim=2)
        offset = g.integer(-2, 2)
        g.add("diagonal", f"T.diagonal({x}, {offset})", f"np.diagonal({x}, {offset})", x, exact=True)
    elif kind == 2:
        x = g.pick("float", ndim=2)
        g.add("trace", f"T.nlinalg.trace({x})", f"np.trace({x})", x)
    elif kind == 3:
        x = g.pick("any", least=1)
        n, m, k = g.integer(0, 4), g.integer(0, 4), g.integer(-2, 2)
        name = g.choice(("eye", "tri"))
        y = g.add(name, f"T.{name}({n}, {m}, {k})", f"np.{name}({n}, {m}, {k})", exact=True)
        apply(g, "mul", y, "2.")
    elif kind == 4:
        x = g.pick("any", ndim=2)
        name, k = g.choice(("tril", "triu")), g.integer(-2, 2)
        g.add(name, f"T.{name}({x}, {k})", f"np.{name}({x}, {k})", x)
    elif kind == 5:
        x = g.pick("float", ndim=2, condition=lambda v: min(v.shape) > 0)
        theano = f"T.extra_ops.fill_diagonal({x}, 2.)"
        g.add("fill_diagonal", theano, f"H.fill_diagonal({x}, 2)", x, exact=True)
    else:
        x = g.pick("float", ndim=1)
        k = g.integer(-1, 1)
        y = g.add("eye", f"T.eye({x}.shape[0], k={k})", f"np.eye({x}.shape[0], k={k})", x, exact=True)
        apply(g, "mul", y, x)


@operation(4)
def sort(g):
    x = g.pick("number", least=1)
    axis = g.choice((-1, 0, x.ndim - 1))
    name = g.choice(("sort", "argsort"))
    g.add(
        name,
        f'T.{name}({x}, axis={axis}, kind="mergesort")',
        f'np.{name}({x}, axis={axis}, kind="mergesort")',
        x,
        exact=True,
    )


@operation(3)
def filled(g):
    x = g.pick("any")
    kind = g.integer(0, 4)
    if kind <= 1:
        name, numpy = (("zeros_like", "np.zeros"), ("ones_like", "np.ones"))[kind]
        y = g.add(name, f"T.{name}({x})", f"{numpy}({x}.shape)", x, exact=True)
    elif kind == 2:
        s = g.choice(("2.", "nan", "0.")) if g.chance(50) else g.pick("number", ndim=0)
        text = "np.nan" if s == "nan" else s
        y = g.add("fill", f"T.fill({x}, {text})", f"H.shaped({text}, {x}.shape, D)", x, s, exact=True)
    elif kind == 3:
        n, m = g.integer(0, 3), g.integer(1, 3)
        s = g.pick("any", most=1, condition=lambda v: not v.ndim or v.shape[0] in (m,))
        y = g.add("alloc", f"T.alloc({s}, {n}, {m})", f"H.shaped({s}, ({n}, {m}), D)", s, exact=True)
    else:
        y = g.add("arange", f"T.arange({x}.size)", f"np.arange({x}.size)", x, exact=True)
    if g.chance(50) and not y.is_bool:
        apply(g, g.choice(("add", "mul", "sub")), *((y, g.partner(y)) if kind > 2 or x.is_bool else (y, x)))


@operation(4)
def shape(g):
    x = g.pick("any")
    kind = g.integer(0, 5)
    if kind == 0:
        g.add("size", f"{x}.size", f"np.asarray({x}.size)", x, exact=True)
    elif kind == 1:
        g.add("shape", f"{x}.shape", f"np.asarray({x}.shape, int)", x, exact=True)
    elif kind == 2 and x.ndim:
        i = g.integer(0, x.ndim - 1)
        n = g.add("shape", f"{x}.shape[{i}]", f"np.asarray({x}.shape[{i}])", x, exact=True)
        y = g.pick("float")
        numpy = f"H.each(np.true_divide, D, {y}, {n})"
        g.add("true_div", f"{y} / {n}", numpy, y, n) if x.shape[i] else apply(g, "mul", y, n)
    elif kind == 3:
        g.add("shape", f"{x}.shape.prod()", f"np.asarray({x}.size)", x, exact=True)
    elif kind == 4:
        y = g.add("specify_shape", f"T.specify_shape({x}, {x.shape})", f"{x}", x, exact=True)
        if y.ndim:
            g.add("index", f"{y}[::-1]", f"{y}[::-1]", y, exact=True)
    elif x.ndim:
        n = g.integer(1, 2)
        what = g.choice(("shape_padleft", "shape_padright"))
        shape = ("1, " * n + "*x" if what == "shape_padleft" else "*x, " + "1, " * n).replace("x", f"{x}.shape")
        g.add(what, f"T.{what}({x}, {n})", f"{x}.reshape(({shape}))", x, exact=True)


@operation(3)
def others(g):
    kind = g.integer(0, 9)
    if kind == 0:
        x = g.new("integer", g.shape(1), low=0, high=5, dtype=g.choice(("int64", "int32", "uint8")))
        least = g.choice((None, 0, 3, 8))
        numpy = f"np.bincount({x}.astype(int), minlength={least or 0})"
        g.add("bincount", f"T.extra_ops.bincount({x}, minlength={least})", numpy, x, exact=True)
    elif kind == 1:
        x = g.pick("float", least=1)
        axis = g.integer(0, x.ndim - 1)
        n = g.integer(1, 2)
        text = f"diff({x}, n={n}, axis={axis})"
        g.add("diff", f"T.extra_ops.{text}", f"np.{text}", x)
    elif kind == 2:
        x = g.pick("number", ndim=1)
        text = f"searchsorted({x}, {{}})"
        v = g.new("number", g.shape(1), dtype=x.dtype)
        s = g.add("sort", f"T.sort({x})", f"np.sort({x})", x, exact=True)
        side = g.choice(("left", "right"))
        text = f'searchsorted({s}, {v}, side="{side}")'
        g.add("searchsorted", f"T.extra_ops.{text}", f"np.{text}", s, v, exact=True)
    elif kind == 3:
        n = g.integer(1, 4)
        y = g.new("integer", g.shape(1), low=0, high=n - 1, dtype="int64")
        g.add("to_one_hot", f"T.extra_ops.to_one_hot({y}, {n})", f"H.one_hot({y}, {n}, D)", y, exact=True)
    elif kind == 4:
        x = g.pick("number", least=1)
        i = g.integer(0, x.ndim - 1)
        g.add("nonzero", f"{x}.nonzero()[{i}]", f"{x}.nonzero()[{i}]", x, exact=True)
    elif kind == 5:
        x = g.pick("number", least=1)
        mask = g.new("bool", (x.shape[0],))
        text = f"compress({mask}, {x}, axis=0)"
        g.add("compress", f"T.extra_ops.{text}", f"np.{text}", mask, x, exact=True)
    elif kind == 6:
        x = g.pick("number", ndim=1)
        g.add("unique", f"T.extra_ops.Unique()({x})", f"np.unique({x})", x, exact=True)
    elif kind == 7:
        x = g.pick("float", ndim=1)
        y = g.pick("float", ndim=1)
        numpy = f"np.outer({x}.astype(D), {y}.astype(D))"
        g.add("outer", f"T.outer({x}, {y})", numpy, x, y)
    elif kind == 8:
        a = g.new("integer", (), low=-3, high=4, dtype="int64")
        b, c = g.integer(-3, 6), g.choice((1, 2, -1, -2))
        g.add("arange", f"T.arange({a}, {b}, {c})", f"np.arange({a}, {b}, {c})", a, exact=True)
    else:
        x = g.pick("float", least=1)
        y = g.partner(x, constants=False)
        if y.shape != x.shape:
            raise Rejected("of one shape")
        numpy = f"np.isclose({x}, {y}, rtol=1e-05, atol=1e-08)"
        g.add("isclose", f"T.isclose({x}, {y})", numpy, x, y, exact=True)
