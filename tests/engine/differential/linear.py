"""Products, all that becomes a call of BLAS, convolutions and pooling."""

from .builder import Rejected, operation
from .elementwise import apply
from .reductions import reduce


def product(g, x, y):
    return g.add("dot", f"T.dot({x}, {y})", f"np.dot({x}.astype(D), {y}.astype(D))", x, y)


def pair(g, n=None, m=None):
    """Two arrays whose product there is."""
    n, m = n or g.choice((1, 2, 2, 2, 3)), m or g.choice((1, 2, 2, 2))
    kind = "integer" if g.chance(7) else "float"
    x = g.pick(kind, ndim=n) if n < 3 else g.new(kind, ndim=3)
    k = x.shape[-1]
    if g.chance(15) and n == m == 2:
        return x, g.add("transpose", f"{x}.T", f"{x}.T", x, exact=True)
    shape = (k,) if m == 1 else (k, *g.shape(1))
    if m == 2 and g.chance(30):
        y = g.new(kind, shape[::-1], dtype=x.dtype)
        return x, g.add("transpose", f"{y}.T", f"{y}.T", y, exact=True)
    return x, g.new(kind, shape, dtype=x.dtype)


@operation(8)
def dot(g):
    z = product(g, *pair(g))
    kind = g.integer(0, 9)
    if kind <= 1 or not z.is_float:
        return
    if kind <= 3:
        z = apply(g, "mul", z, g.choice(("2.", "-1.", "0.5", "0.")))
    elif kind == 4:
        z = apply(g, "mul", z, g.pick("float", ndim=0))
    if kind == 5:
        z = g.add("transpose", f"{z}.T", f"{z}.T", z, exact=True)
    if kind in (3, 4, 6, 7, 8):
        c = g.new("float", z.shape if g.chance(70) else z.shape[-1:], dtype=z.dtype)
        if g.chance(40):
            c = apply(g, "mul", c, g.choice(("2.", "-1.", "0.")))
        apply(g, g.choice(("add", "sub")), *((c, z) if g.chance(50) else (z, c)))


@operation(4)
def updated(g):
    """A matrix or vector to which a product is added: Gemm, Gemv and Ger."""
    kind = g.integer(0, 2)
    if kind == 0:
        x, y = pair(g, 2, 2)
        z = product(g, x, y)
    elif kind == 1:
        x, y = pair(g, 2, 1)
        z = product(g, x, y)
    else:
        x, y = g.pick("float", ndim=1), g.pick("float", ndim=1)
        z = g.add("outer", f"T.outer({x}, {y})", f"np.outer({x}.astype(D), {y}.astype(D))", x, y)
    if not z.is_float:
        return
    scale = g.choice(("1", "-1.", "0.5", "0.", "2."))
    scaled = z if scale == "1" else apply(g, "mul", z, scale)
    c = g.new("float", z.shape, dtype=z.dtype)
    if g.chance(40):
        c = apply(g, "mul", c, g.choice(("2.", "0.", "-1.")))
    apply(g, g.choice(("add", "sub")), *((c, scaled) if g.chance(60) else (scaled, c)))


@operation(2)
def of_three(g):
    x, y = pair(g, 2, 2)
    z = product(g, x, y)
    w = g.new("float", (z.shape[1], *g.shape(1)), dtype=z.dtype)
    product(g, z, w)


@operation(2)
def summed(g):
    """Sums of a product, which Theano takes apart."""
    z = product(g, *pair(g, 2, 2))
    reduce(g, "sum", z, g.choice(("axis=0", "axis=1", "axis=None")))


@operation(3)
def batched(g):
    n, a, b, c = (g.shape(1)[0] for _ in range(4))
    x = g.new("float", (n, a, b) if g.chance(75) else (n, b))
    y = g.new("float", (n, b, c) if g.chance(75) else (n, b), dtype=x.dtype)
    if not n:
        raise Rejected("NumPy's stack of nothing has no shape")
    g.add("batched_dot", f"T.batched_dot({x}, {y})", f"H.batched_dot({x}.astype(D), {y}.astype(D))", x, y)


@operation(2)
def tensordot(g):
    x = g.new("float", ndim=g.choice((2, 3)))
    y = g.new("float", (x.shape[-1], *x.shape[:-1]) if g.chance(50) else x.shape, dtype=x.dtype)
    last = x.ndim - 1
    axes = f"[[{last}], [0]]" if y.shape[0] == x.shape[last] else f"[[0, {last}], [0, {last}]]"
    if y.shape == x.shape and g.chance(50):
        axes = f"[[{last}], [{last}]]"
    g.add(
        "tensordot",
        f"T.tensordot({x}, {y}, {axes})",
        f"np.tensordot({x}.astype(D), {y}.astype(D), {axes})",
        x,
        y,
    )


@operation(4)
def classifier(g):
    """What a logistic regression gives."""
    x, w = pair(g, 2, 2)
    z = product(g, x, w)
    if not z.is_float or not z.shape[1]:
        return
    b = g.new("float", (z.shape[1],), dtype=z.dtype)
    p = apply(g, "add", z, b)
    p = g.add("nnet.softmax", f"T.nnet.softmax({p})", f"H.softmax({p}.astype(D))", p)
    kind = g.integer(0, 2)
    if kind == 0:
        g.add("argmax", f"T.argmax({p}, axis=1)", f"np.argmax({p}, axis=1)", p, exact=True)
    elif kind == 1:
        y = g.new("integer", (p.shape[0],), low=0, high=p.shape[1] - 1, dtype="int64", layout="plain")
        chosen = f"[T.arange({y}.shape[0]), {y}]"
        logs = apply(g, "log", p)
        picked = g.add("advanced index", f"{logs}{chosen}", f"{logs}[np.arange(len({y})), {y}]", logs, y, exact=True)
        apply(g, "neg", reduce(g, "mean", picked, "axis=None"))


@operation(1)
def hidden_layer(g):
    x, w = pair(g, 2, 2)
    z = product(g, x, w)
    if not z.is_float:
        return
    b = g.new("float", (z.shape[1],), dtype=z.dtype)
    apply(g, g.choice(("tanh", "nnet.sigmoid", "nnet.relu", "nnet.softplus")), apply(g, "add", z, b))


def images(g, channels=None):
    if not g.limits.loops and not g.chance(20):
        raise Rejected("seldom, as it compiles long")
    shape = (g.choice((0, 1, 2)), channels or g.choice((1, 2)), g.integer(2, 4), g.integer(2, 4))
    return g.new("float", shape, flavour=g.choice(("normal", "ties", "zeros")))


@operation(2)
def pool(g):
    x = images(g)
    size = (g.choice((1, 2)), g.choice((1, 2, 2)))
    stride = g.choice((None, None, (1, 1), (2, 1)))
    mode = g.choice(("max", "max", "sum", "average_exc_pad"))
    g.add(
        "pool_2d",
        f'T.signal.pool.pool_2d({x}, {size}, ignore_border=True, stride={stride}, mode="{mode}")',
        f'H.pool({x}.astype(D), {size}, {stride}, "{mode}")',
        x,
    )


@operation(1)
def conv2d(g):
    if not g.limits.convolutions:
        raise Rejected("no Python code")
    x = images(g)
    shape = (g.choice((1, 2)), x.shape[1], g.integer(1, 2), g.integer(1, 2))
    w = g.new("float", shape, flavour="normal", dtype=x.dtype)
    g.add("conv2d", f"T.nnet.conv2d({x}, {w})", f"H.conv2d({x}.astype(D), {w}.astype(D))", x, w)
