"""Element-wise operations, and the forms of them that Theano rewrites."""

from .builder import operation

# Theano, NumPy, and whether no float is rounded. Where the result is a float, all is.
FLOAT = {
    name: (f"T.{name}({{0}})", f"H.each({numpy}, D, {{0}})", False)
    for name, numpy in {
        "exp": "np.exp",
        "exp2": "np.exp2",
        "log": "np.log",
        "log2": "np.log2",
        "log10": "np.log10",
        "log1p": "np.log1p",
        "expm1": "np.expm1",
        "sqrt": "np.sqrt",
        "tanh": "np.tanh",
        "sinh": "np.sinh",
        "cosh": "np.cosh",
        "sin": "np.sin",
        "cos": "np.cos",
        "tan": "np.tan",
        "arcsin": "np.arcsin",
        "arccos": "np.arccos",
        "arctan": "np.arctan",
        "arcsinh": "np.arcsinh",
        "arccosh": "np.arccosh",
        "arctanh": "np.arctanh",
        "inv": "np.reciprocal",
        "erf": "H.scipy.special.erf",
        "erfc": "H.scipy.special.erfc",
        "erfinv": "H.scipy.special.erfinv",
        "gamma": "H.scipy.special.gamma",
        "gammaln": "H.scipy.special.gammaln",
        "psi": "H.scipy.special.psi",
        "deg2rad": "np.deg2rad",
        "rad2deg": "np.rad2deg",
        "nnet.sigmoid": "H.sigmoid",
        "nnet.softplus": "H.softplus",
        "nnet.elu": "H.elu",
        "nnet.hard_sigmoid": "H.hard_sigmoid",
    }.items()
}
SAME = {
    "neg": ("-{0}", "H.each(np.negative, D, {0})", True),
    "abs": ("abs({0})", "H.each(np.abs, D, {0})", True),
    "sgn": ("T.sgn({0})", "H.each(np.sign, D, {0})", True),
    "sqr": ("T.sqr({0})", "H.each(np.square, D, {0})", False),
    "nnet.relu": ("T.nnet.relu({0})", "H.relu({0}.astype(D))", True),
}
ROUNDED = {
    "ceil": ("T.ceil({0})", "H.each(np.ceil, D, {0})", True),
    "floor": ("T.floor({0})", "H.each(np.floor, D, {0})", True),
    "trunc": ("T.trunc({0})", "H.each(np.trunc, D, {0})", True),
    "round": ('T.round({0}, "half_to_even")', "H.each(np.round, D, {0})", True),
    "isnan": ("T.isnan({0})", "np.isnan({0})", True),
    "isinf": ("T.isinf({0})", "np.isinf({0})", True),
    "leaky relu": ("T.nnet.relu({0}, 0.25)", "H.relu({0}, 0.25)", False),
}
BINARY = {
    "add": ("{0} + {1}", "np.add"),
    "sub": ("{0} - {1}", "np.subtract"),
    "mul": ("{0} * {1}", "np.multiply"),
    "maximum": ("T.maximum({0}, {1})", "np.maximum"),
    "minimum": ("T.minimum({0}, {1})", "np.minimum"),
}
COMPARISONS = {
    "eq": "np.equal",
    "neq": "np.not_equal",
    "lt": "np.less",
    "le": "np.less_equal",
    "gt": "np.greater",
    "ge": "np.greater_equal",
}
BITS = {"and_": ("&", "np.bitwise_and"), "or_": ("|", "np.bitwise_or"), "xor": ("^", "np.bitwise_xor")}


@operation(8)
def unary_float(g):
    name = g.choice(list(FLOAT))
    x = g.pick("number" if g.chance(15) else "float")
    apply(g, name, x)


@operation(4)
def unary(g):
    name = g.choice(list(SAME) + list(ROUNDED))
    apply(g, name, g.pick("number" if name in SAME else "float"))


def apply(g, name, *arguments):
    """Add the step of a name in one of the tables above."""
    theano, numpy, exact = (FLOAT.get(name) or SAME.get(name) or ROUNDED.get(name)) or (
        BINARY[name][0],
        f"H.each({BINARY[name][1]}, D, {{0}}, {{1}})",
        name in ("maximum", "minimum"),
    )
    return g.add(name, theano.format(*arguments), numpy.format(*arguments), *arguments, exact=exact)


@operation(10)
def binary(g):
    x = g.pick("number")
    pair = [x, g.partner(x)]
    if g.chance(40):
        pair.reverse()
    apply(g, g.choice(list(BINARY)), *pair)


@operation(2)
def many(g):
    """A sum or product of three or more: Theano joins them and looks for terms that cancel."""
    x = g.pick("float")
    y, z = g.partner(x), g.partner(x)
    name = g.choice(("add", "mul"))
    apply(g, g.choice(("add", "sub", "mul")), apply(g, name, apply(g, name, x, y), z), g.choice((x, y, z)))


@operation(4)
def quotient(g):
    x = g.pick("number")
    y = g.partner(x)
    if not x.is_float:
        y = g.choice(("2", "3", "-2", "7", "1", "-1"))
    pair = [x, y] if x.is_integer or g.chance(70) else [y, x]
    g.add("true_div", "T.true_div({}, {})".format(*pair), "H.each(np.true_divide, D, {}, {})".format(*pair), *pair)


@operation(3)
def whole_quotient(g):
    name, numpy = g.choice((("//", "np.floor_divide"), ("%", "np.mod")))
    x = g.pick("number")
    y = g.choice(("2", "3", "-2", "7", "1", "-1", "4"))
    if g.chance(40) and x.is_integer:
        y = g.new("integer", x.shape, low=1, high=5, dtype=x.dtype)
    elif g.chance(40) and x.is_float:
        y = g.partner(x)
    g.add(name, f"{x} {name} {y}", f"H.each({numpy}, D, {x}, {y})", x, y)


@operation(3)
def power(g):
    x = g.pick("number")
    if x.is_float:
        y = g.choice(("2", "3", "0.5", "-1", "-2", "-0.5", "1", "0", "4", "1.5", "8", "-3", "6."))
        if g.chance(25):
            y = g.partner(x, constants=False)
        if g.chance(10):
            x, y = g.choice(("2.", "0.5", "1.", "0.")), x
    else:
        y = g.choice(("0", "1", "2", "3", "4"))
    g.add("pow", f"{x} ** {y}", f"H.each(np.power, D, {x}, {y})", x, y)


@operation(5)
def comparison(g):
    name = g.choice(list(COMPARISONS))
    x = g.pick("number")
    y = x if g.chance(25) else g.partner(x)
    compared = g.add(name, f"T.{name}({x}, {y})", f"{COMPARISONS[name]}({x}, {y})", x, y, exact=True)
    if g.chance(40):
        choose(g, compared, x)


@operation(1)
def shape_compared(g):
    """Comparisons that Theano decides while it compiles."""
    x = g.pick("any", least=1)
    axis = g.integer(0, x.ndim - 1)
    name = g.choice(list(COMPARISONS))
    value = g.choice((0, 0, 1, 3, -1))
    theano, numpy = f"T.{name}({x}.shape[{axis}], {value})", f"{COMPARISONS[name]}({x}.shape[{axis}], {value})"
    compared = g.add(f"{name} of a shape", theano, numpy, x, exact=True)
    if g.chance(50):
        choose(g, compared, g.pick("float"))


def choose(g, condition, x):
    y = g.partner(x)
    pair = [x, y] if g.chance(50) else [y, x]
    text = ", ".join(map(str, (condition, *pair)))
    numpy = f"np.where({condition}, np.asarray({pair[0]}).astype(D), np.asarray({pair[1]}).astype(D))"
    return g.add("switch", f"T.switch({text})", numpy, condition, *pair, exact=True)


@operation(3)
def switch(g):
    x = g.pick("number")
    condition = g.choice(("0", "1")) if g.chance(15) else g.new("bool", x.shape)
    if g.chance(20):
        condition = g.pick("any", condition=lambda v: v.shape == x.shape, shape=x.shape)
    choose(g, condition, x)


@operation(2)
def logical(g):
    x = g.pick(g.choice(("integer", "bool")))
    if g.chance(25):
        g.add("invert", f"~{x}", f"np.invert({x})", x, exact=True)
    else:
        name = g.choice(list(BITS))
        sign, numpy = BITS[name]
        y = x if g.chance(20) else g.new("bool" if x.is_bool else "integer", x.shape, dtype=x.dtype)
        g.add(name, f"{x} {sign} {y}", f"H.each({numpy}, D, {x}, {y})", x, y, exact=True)


@operation(3)
def clip(g):
    x = g.pick("number")
    if x.is_float:
        low, high = g.choice((("-1.", "1."), ("0.", "2."), ("1.", "-1."), ("0", "1"), ("-2.", "-2."), ("0.", "0.")))
        if g.chance(20):
            low = g.new("float", (), dtype=x.dtype, layout="plain")
    else:
        low, high = g.choice((("0", "3"), ("1", "2"), ("2", "0"), ("0", "100")))
    numpy = f"H.clip({x}.astype(D), np.asarray({low}).astype(D), np.asarray({high}).astype(D))"
    g.add("clip", f"T.clip({x}, {low}, {high})", numpy, x, low, exact=True)


@operation(3)
def cast(g):
    x = g.pick("any")
    dtypes = g.limits.floats if x.is_float else g.limits.floats + g.limits.integers
    dtype = g.choice(dtypes)
    if not x.is_float and g.chance(20):
        dtype = "bool"
    g.add("cast", f'T.cast({x}, "{dtype}")', f"{x}.astype(D)", x, exact=True)


@operation(1)
def arctan2(g):
    x = g.pick("float")
    y = g.partner(x, constants=False)
    g.add("arctan2", f"T.arctan2({x}, {y})", f"H.each(np.arctan2, D, {x}, {y})", x, y)


# --- Forms that are rewritten ---------------------------------------------------------------------

ONE = [
    (("exp",), ("log",)),
    (("log",), ("exp",)),
    (("expm1",), ("log1p",)),
    (("log1p",), ("expm1",)),
    (("exp",), ("add", 1.0), ("log",)),
    (("mul", 2.0), ("exp",)),
    (("exp",), ("sub", 1.0)),
    (("neg",), ("exp",), ("add", 1.0), ("inv",)),
    (("nnet.sigmoid",), ("log",)),
    (("nnet.sigmoid",), ("1-",)),
    (("nnet.sigmoid",), ("1-",), ("log",)),
    (("neg",), ("nnet.sigmoid",)),
    (("exp",), ("log1p",)),
    (("neg",), ("log1p",)),
    (("1-",), ("log",)),
    (("nnet.softplus",), ("neg",)),
    (("neg",), ("neg",)),
    (("inv",), ("inv",)),
    (("abs",), ("abs",)),
    (("sqr",), ("sqrt",)),
    (("sqrt",), ("sqr",)),
    (("sqr",), ("abs",)),
    (("erf",), ("1-",)),
    (("erfc",), ("1-",)),
    (("erfc",), ("log",)),
    (("erf",), ("neg",), ("add", 1.0)),
    (("tanh",), ("1-",)),
    (("tanh",), ("sqr",), ("1-",)),
    (("sgn",), ("abs",)),
    (("add", 0.0),),
    (("mul", 0.0),),
    (("mul", 1.0),),
    (("mul", -1.0),),
    (("0-",),),
    (("mul", 2.0), ("mul", 0.5)),
    (("add", 1.0), ("sub", 1.0)),
    (("floor",), ("floor",)),
    (("nnet.relu",), ("nnet.relu",)),
    (("gammaln",), ("exp",)),
]


@operation(8)
def chain(g):
    """Operations of one array that Theano knows a better form of."""
    x = g.pick("float")
    for name, *numbers in g.choice(ONE):
        if name in ("1-", "0-"):
            x = g.add("sub", f"{name[0]} - {x}", f"H.each(np.subtract, D, {name[0]}, {x})", x)
        else:
            x = apply(g, name, x, *numbers)


@operation(6)
def cancelled(g):
    """What cancels on paper: x / x, x - x, 0 * x, and with a second array."""
    x = g.pick("float")
    y = g.partner(x)
    kind = g.integer(0, 9)
    if kind == 0:
        g.add("true_div", f"{x} / {x}", f"H.each(np.true_divide, D, {x}, {x})", x)
    elif kind == 1:
        apply(g, "sub", x, x)
    elif kind == 2:
        apply(g, "mul", x, g.choice(("0", "0.")))
    elif kind == 3:
        apply(g, "sub", apply(g, "add", x, y), g.choice((x, y)))
    elif kind == 4:
        both, divisor = apply(g, "mul", x, y), g.choice((x, y))
        g.add("true_div", f"{both} / {divisor}", f"H.each(np.true_divide, D, {both}, {divisor})", both, divisor)
    elif kind == 5:
        quotient = g.add("true_div", f"{x} / {y}", f"H.each(np.true_divide, D, {x}, {y})", x, y)
        apply(g, "mul", quotient, g.choice((x, y)))
    elif kind == 6:
        apply(g, "add", apply(g, "neg", x), x)
    elif kind == 7:
        minus = apply(g, "neg", x)
        g.add("true_div", f"{minus} / {x}", f"H.each(np.true_divide, D, {minus}, {x})", minus, x)
    elif kind == 8:
        g.add("true_div", f"0. / {x}", f"H.each(np.true_divide, D, 0, {x})", x)
    else:
        square = apply(g, "sqr", x)
        g.add("true_div", f"{square} / {x}", f"H.each(np.true_divide, D, {square}, {x})", square, x)


@operation(2)
def powers(g):
    x = g.pick("float")
    first = g.choice(("2", "0.5", "-1", "3"))
    second = g.choice(("2", "0.5", "-1", "1.5"))
    y = g.add("pow", f"{x} ** {first}", f"H.each(np.power, D, {x}, {first})", x)
    if g.chance(50):
        g.add("pow", f"{y} ** {second}", f"H.each(np.power, D, {y}, {second})", y)
    else:
        apply(g, "mul", y, x)


@operation(2)
def whole_forms(g):
    """Integers, divided and multiplied by numbers."""
    x = g.pick("integer")
    number = g.choice(("2", "3", "-2", "4"))
    sign, numpy = g.choice((("//", "np.floor_divide"), ("%", "np.mod"), ("*", "np.multiply")))
    y = g.add(sign, f"{x} {sign} {number}", f"H.each({numpy}, D, {x}, {number})", x)
    sign, numpy = g.choice((("//", "np.floor_divide"), ("*", "np.multiply"), ("+", "np.add"), ("-", "np.subtract")))
    other = x if g.chance(40) and sign != "//" else number
    g.add(sign, f"{y} {sign} {other}", f"H.each({numpy}, D, {y}, {other})", y, other)


@operation(2)
def nested_switch(g):
    x = g.pick("float")
    name = g.choice(list(COMPARISONS))
    bound = g.choice(("0", "1.", "-1."))
    condition = g.add(name, f"T.{name}({x}, {bound})", f"{COMPARISONS[name]}({x}, {bound})", x, exact=True)
    y = choose(g, condition, x)
    if g.chance(50):
        choose(g, condition, y)
    else:
        apply(g, g.choice(("mul", "add")), y, x)


@operation(2)
def crossentropy(g):
    x = g.pick("float", condition=lambda v: v.dtype == "float32" or v.dtype == "float64")
    p = apply(g, "nnet.sigmoid", x)
    t = g.new("float", x.shape, flavour=g.choice(("unit", "ties")), dtype=x.dtype)
    if g.chance(30):
        p = g.new("float", x.shape, flavour="unit", dtype=x.dtype)
        theano = f"T.nnet.binary_crossentropy({p}, {t})"
        g.add("binary_crossentropy", theano, f"H.binary_crossentropy({p}.astype(D), {t}.astype(D))", p, t)
    else:
        a = apply(g, "mul", t, apply(g, "log", p))
        rest = g.add("sub", f"1 - {t}", f"H.each(np.subtract, D, 1, {t})", t)
        other = g.add("sub", f"1 - {p}", f"H.each(np.subtract, D, 1, {p})", p)
        apply(g, "add", a, apply(g, "mul", rest, apply(g, "log", other)))
