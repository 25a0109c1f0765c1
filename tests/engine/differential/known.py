"""Differences that are no faults, or that stay: each with its reason, and as narrow as can be.

An entry is held against the smallest graph that shows a difference: nothing but `operations` stands in it.
"""

import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Known:
    """What is known of a kind of difference. `detail` is a regular expression that the difference's text contains."""

    kind: str
    operations: tuple | None  # that the smallest graph may have; None: any
    detail: str
    reason: str
    one_of: tuple = ()  # of which it has at least one; empty: any

    def covers(self, graph, difference):
        operations = set(graph.operations)
        return (
            self.kind == difference.kind
            and (self.operations is None or operations <= {*self.operations, *self.one_of})
            and (not self.one_of or bool(operations & set(self.one_of)))
            and re.search(self.detail, difference.detail) is not None
        )


KNOWN = [
    Known(
        "gradient",
        None,
        "moved together",
        "Where several numbers are the largest, each has all of the gradient: a choice.",
        one_of=("max", "min", "ptp", "pool_2d", "maximum", "minimum"),
    ),
    Known(
        "value",
        (),
        "rewritten",
        "Where the softmax of a row is NaN, its argmax is that of the row.",
        one_of=("argmax", "nnet.softmax"),
    ),
    Known(
        "value",
        (),
        r"nan rewritten, (inf|0\.0) not",
        "x ** 0.5 and x ** -0.5 are square roots, and that of -inf is NaN, where C's pow gives inf and 0.",
        one_of=("pow",),
    ),
    Known(
        "value",
        ("exp", "sum"),
        r"nan rewritten, -?(0\.0|inf) not",
        "exp(x) / exp(x).sum() is a softmax, and that of a row with an infinity is NaN, where the quotient has zeros.",
        one_of=("true_div",),
    ),
    Known(
        "value",
        ("exp", "sum", "true_div"),
        "rewritten",
        "exp(x) / exp(x).sum() is a softmax: where that of a row is NaN, another number can be the largest.",
        one_of=("argmax",),
    ),
    Known(
        "gradient",
        ("sum", "mean", "mul", "sqr", "add", "sub"),
        "the gradient's formula",
        "At a bound, clip counts as the number itself: its gradient is 1 there, also where both bounds are the same.",
        one_of=("clip",),
    ),
    Known(
        "gradient",
        None,
        "0.0 rewritten, nan not, nan right",
        "The branch of a switch that is not taken gives 0 to the gradient, where 0 * NaN would be NaN.",
        one_of=("switch", "clip"),
    ),
    Known(
        "error",
        (),
        "both, unlike NumPy, call: ValueError: zero-size array to reduction operation maximum",
        "How often each number occurs in an empty array is refused.",
        one_of=("bincount",),
    ),
    Known(
        "value",
        ("mul",),
        "0.0 rewritten, nan not",
        "Zeros of zeros_like drop what they multiply.",
        one_of=("zeros_like",),
    ),
    Known(
        "gradient",
        ("gammaln",),
        "0.0 rewritten, nan not",
        "Zeros of zeros_like drop what they multiply.",
        one_of=("sgn",),
    ),
    Known(
        "error",
        ("zeros_like",),
        "none rewritten, .*IndexError",
        "What is optimized away reports nothing.",
        one_of=("wrong index",),
    ),
    Known(
        "error",
        ("mul", "sum"),
        "could not broadcast input array",
        "The gradient of the diagonal of a matrix that is no square is an error.",
        one_of=("diagonal",),
    ),
    Known(
        "gradient",
        ("add", "mul", "sum", "stack", "tile"),
        "the gradient's formula",
        "At a bound the gradient of clip is the one inside.",
        one_of=("clip",),
    ),
    Known(
        "gradient",
        ("abs", "add", "dimshuffle", "dot", "mul", "neg", "nnet.softmax", "pow", "sqr", "sum", "true_div"),
        r"rewritten, [123] of \d+ numbers, .* (-?0\.0|9\.5\d+e-07) not",
        "Factors and divisors of extreme sizes are multiplied in another order.",
        one_of=("true_div", "pow", "nnet.softmax"),
    ),
]


def known(graph, differences):
    """The reason, if all differences of a graph are known; else nothing."""
    reasons = [next((k.reason for k in KNOWN if k.covers(graph, d)), None) for d in differences]
    return reasons[0] if reasons and None not in reasons else None
