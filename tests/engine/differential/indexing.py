"""Parts of arrays: read, replaced, added to, and read again."""

from .builder import Rejected, operation
from .elementwise import apply


def bound(g, length):
    return "" if g.chance(35) else str(g.integer(-length - 2, length + 2))


def part(g, length):
    """The text of a slice."""
    step = g.choice(("", "", "", ":1", ":2", ":-1", ":-1", ":-2", ":3"))
    return f"{bound(g, length)}:{bound(g, length)}{step}"


def basic(g, x, new_axes=True):
    """The text of an index of slices and whole numbers."""
    texts = []
    for length in x.shape[: g.integer(1, x.ndim)]:
        if length and g.chance(30):
            texts.append(str(g.integer(-length, length - 1)))
        else:
            texts.append(part(g, length))
    if g.chance(10) and len(texts) < x.ndim:
        texts.insert(0, "...")
    if new_axes and g.chance(8):
        texts.insert(g.integer(0, len(texts)), "None")
    return ", ".join(texts)


def numbers(g, length, count=None, least=None):
    """A new vector of whole numbers that an axis has, the negative ones too, some of them more than once."""
    if not length:
        raise Rejected("an empty axis has no index")
    least = -length if least is None else least
    count = g.choice((0, 1, 2, 3, 3, 4)) if count is None else count
    return g.new("integer", (count,), low=least, high=length - 1, dtype=g.choice(("int64", "int64", "int32")))


def index(g, x, new_axes=True):
    """Any index: its text in Theano, in NumPy, and the variables in it."""
    kind = g.integer(0, 11)
    if kind <= 3:
        text = basic(g, x, new_axes)
        return text, text, ()
    if kind == 4:
        i = g.new("integer", (), low=0, high=max(x.shape[0] - 1, 0), dtype="int64")
        if not x.shape[0]:
            raise Rejected("empty")
        form = g.choice(("{0}", "{0}:", ":{0}", "-{0}:", "{0}:{0} + 1", "::{0} + 1", ":-{0}"))
        text = form.format(i)
        return text, text, (i,)
    if kind <= 6:
        i = numbers(g, x.shape[0])
        return i.name, i.name, (i,)
    if kind == 7 and x.ndim > 1:
        i = numbers(g, x.shape[0])
        j = numbers(g, x.shape[1], i.shape[0])
        return f"{i}, {j}", f"{i}, {j}", (i, j)
    if kind == 8 and x.ndim > 1:
        i = numbers(g, x.shape[1])
        first = g.choice((":", "0" if x.shape[0] else ":", "1:", "::-1"))
        return f"{first}, {i}", f"{first}, {i}", (i,)
    if kind == 9 and x.ndim > 1:
        i = numbers(g, x.shape[0])
        rest = g.choice(("1:", "0" if x.shape[1] else ":", "::-1", ":2"))
        return f"{i}, {rest}", f"{i}, {rest}", (i,)
    if kind == 10:
        mask = g.new("bool", x.shape[: g.integer(1, x.ndim)])
        if g.chance(50):
            return f"{mask}", f"{mask}", (mask,)
        return f"{mask}.nonzero()", f"{mask}.nonzero()", (mask,)
    i = [g.integer(-n, n - 1) for n in x.shape[:1] * g.choice((1, 2, 3)) if n]
    if not i:
        raise Rejected("empty")
    return f"{i}", f"{i}", ()


def is_advanced(text, variables):
    return "[" in text or any(v.ndim for v in variables)


@operation(10)
def read(g):
    x = g.pick("any", least=1)
    theano, numpy, variables = index(g, x)
    name = "advanced index" if is_advanced(theano, variables) else "index"
    y = g.add(name, f"{x}[{theano}]", f"{x}[{numpy}]", x, *variables, exact=True)
    if y.ndim and g.chance(50):
        text = basic(g, y)
        g.add("index", f"{y}[{text}]", f"{y}[{text}]", y, exact=True)


@operation(10)
def write(g):
    """set_subtensor and inc_subtensor; and what is then read."""
    x = g.pick("number", least=1)
    # Of x[None], set_subtensor gives an array with the new axis, where NumPy has no such thing.
    theano, numpy, variables = index(g, x, new_axes=False)
    y = g.add("index", f"{x}[{theano}]", f"{x}[{numpy}]", x, *variables, exact=True)
    part = y.shape
    kind = g.integer(0, 5)
    if kind == 0:
        value = apply(g, "add", y, g.new("float" if x.is_float else "integer", part, dtype=x.dtype))
    elif kind == 1:
        value = apply(g, "mul", y, "2")
    elif kind == 2:
        value = g.choice(("0", "1", "2"))
    elif kind == 3:
        value = g.new("number", (), dtype=x.dtype)
    elif kind == 4 and part and x.is_float:
        value = g.new("number", part[1:], dtype=x.dtype)
    else:
        value = g.new("number", part, dtype=x.dtype if g.chance(80) else None)
    add = g.chance(50)
    name = "inc_subtensor" if add else "set_subtensor"
    if is_advanced(theano, variables):
        name = "advanced " + name
    if getattr(value, "dtype", x.dtype) != x.dtype:
        raise Rejected("another type")
    index_text = numpy if "," not in numpy and ":" not in numpy else f"np.index_exp[{numpy}]"
    z = g.add(
        name,
        f"T.{name.split()[-1]}({x}[{theano}], {value})",
        f"H.put({x}, {index_text}, {value}, add={add})",
        x,
        *variables,
        value,
        exact=not add,
    )
    then = g.integer(0, 4)
    if then == 0:
        g.add("index", f"{z}[{theano}]", f"{z}[{numpy}]", z, *variables, exact=True)
    elif then == 1:
        text = basic(g, z)
        g.add("index", f"{z}[{text}]", f"{z}[{text}]", z, exact=True)
    elif then == 2:
        apply(g, "add", z, x)


@operation(3)
def write_into_zeros(g):
    """What gradients of parts consist of: zeros that are added to at an index."""
    x = g.pick("float", least=1)
    theano, numpy, variables = index(g, x, new_axes=False)
    y = g.add("index", f"{x}[{theano}]", f"{x}[{numpy}]", x, *variables, exact=True)
    zeros = g.add("zeros_like", f"T.zeros_like({x})", f"np.zeros({x}.shape)", x, exact=True)
    index_text = f"np.index_exp[{numpy}]"
    kind = g.choice(("inc_subtensor", "set_subtensor"))
    name = ("advanced " if is_advanced(theano, variables) else "") + kind
    theano = f"T.{kind}({zeros}[{theano}], {y})"
    numpy = f"H.put({zeros}, {index_text}, {y}, add={kind == 'inc_subtensor'})"
    z = g.add(name, theano, numpy, zeros, *variables, y, exact=kind != "inc_subtensor")
    if g.chance(60):
        apply(g, g.choice(("add", "mul", "sub")), x, z)


@operation(2)
def take(g):
    x = g.pick("any", least=1)
    axis = g.integer(0, x.ndim - 1)
    mode = g.choice(("raise", "wrap", "clip"))
    i = numbers(g, x.shape[axis], least=0 if mode == "clip" else None)
    g.add(
        "take",
        f'T.take({x}, {i}, axis={axis}, mode="{mode}")',
        f'np.take({x}, {i}, axis={axis}, mode="{mode}")',
        x,
        i,
        exact=True,
    )


@operation(2)
def parts_of_joined(g):
    """A part of joined arrays, of a filled one, of one that was moved."""
    x = g.pick("float", least=1)
    kind = g.integer(0, 5)
    if kind == 0:
        y = g.new("float", x.shape, dtype=x.dtype)
        z = g.add("join", f"T.join(0, {x}, {y})", f"np.concatenate([{x}, {y}], 0)", x, y, exact=True)
    elif kind == 1:
        z = g.add("reverse", f"{x}[::-1]", f"{x}[::-1]", x, exact=True)
    elif kind == 2:
        s = g.pick("float", ndim=0)
        z = g.add("alloc", f"T.alloc({s}, {x}.shape[0], 3)", f"H.shaped({s}, ({x}.shape[0], 3), D)", x, s, exact=True)
    elif kind == 3:
        y = g.new("float", x.shape[-1:], dtype=x.dtype)
        z = apply(g, "add", x, y)
    elif kind == 4:
        z = g.add("transpose", f"{x}.T", f"{x}.T", x, exact=True)
    else:
        z = g.add("stack", f"T.stack([{x}, {x}])", f"np.stack([{x}, {x}])", x, exact=True)
    text = basic(g, z)
    g.add("index", f"{z}[{text}]", f"{z}[{text}]", z, exact=True)
