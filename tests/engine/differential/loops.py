"""theano.scan."""

from .builder import Rejected, operation


def scan(g, operation, theano, numpy, *arguments):
    return g.add(operation, theano.replace("scan(", "theano.scan(").replace("!", ", mode=MODE)[0]"), numpy, *arguments)


def needs_loops(g, percent):
    if not g.limits.loops and not g.chance(percent):
        raise Rejected("seldom, as it compiles long")


@operation(2)
def mapped(g):
    needs_loops(g, 10)
    x = g.pick("float", least=1, most=2, condition=lambda v: v.shape[0] > 0)
    kind = g.integer(0, 3)
    if kind == 0:
        scan(g, "scan, map", f"scan(lambda a: a * 2. + 1., sequences={x}!", f"{x} * 2 + 1", x)
    elif kind == 1:
        theano = f"scan(lambda a: a ** 2, sequences={x}, go_backwards=True!"
        scan(g, "scan, backwards", theano, f"{x}[::-1] ** 2", x)
    elif kind == 2:
        y = g.new("float", (max(x.shape[0] + g.integer(-1, 2), 1), *x.shape[1:]), dtype=x.dtype)
        n = f"min(len({x}), len({y}))"
        theano = f"scan(lambda a, b: a * b, sequences=[{x}, {y}]!"
        scan(g, "scan, two sequences", theano, f"{x}[:{n}] * {y}[:{n}]", x, y)
    elif x.ndim == 2:
        w = g.new("float", (x.shape[1], 2), dtype=x.dtype)
        theano = f"scan(lambda a, w: T.dot(a, w), sequences={x}, non_sequences={w}!"
        scan(g, "scan, product", theano, f"np.dot({x}.astype(D), {w}.astype(D))", x, w)


@operation(2)
def cumulated(g):
    needs_loops(g, 10)
    x = g.pick("float", least=1, most=2, condition=lambda v: v.shape[0] > 0)
    kind = g.integer(0, 3)
    start = g.new("float", x.shape[1:], dtype=x.dtype, layout="plain")
    if start.theano.broadcastable != x.theano.broadcastable[1:]:
        raise Rejected("scan wants one type from step to step")
    if kind <= 1:
        name = ("sum", "product")[kind]
        sign = "+*"[kind]
        theano = f"scan(lambda a, s: s {sign} a, sequences={x}, outputs_info={start}!"
        numpy = f"H.cumulated({x}.astype(D), {start}.astype(D), lambda a, s: s {sign} a)"
        y = scan(g, f"scan, {name}", theano, numpy, x, start)
        if g.chance(50):
            g.add("index", f"{y}[-1]", f"{y}[-1]", y, exact=True)
    elif kind == 2:
        n = g.integer(0, 3)
        theano = f"scan(lambda s: s * 2., outputs_info={start}, n_steps={n}!"
        numpy = f"H.cumulated(np.zeros({n}), {start}.astype(D), lambda a, s: s * 2)"
        scan(g, "scan, n_steps", theano, numpy, start)
    else:
        theano = f"scan(lambda a, s: T.tanh(s + a), sequences={x}, outputs_info={start}!"
        numpy = f"H.cumulated({x}.astype(D), {start}.astype(D), lambda a, s: np.tanh(s + a))"
        scan(g, "scan, recurrent", theano, numpy, x, start)
