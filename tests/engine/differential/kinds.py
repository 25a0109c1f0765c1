"""The kinds of wrong numbers that Theano 1.0.5 is known for, and how each is recognized among what was found."""


def _has(record, *operations):
    return set(operations) <= set(record["operations"])


def _is(record, *kinds):
    return bool(set(kinds) & {d["kind"] for d in record["differences"]})


def _source(record, text):
    return any(text in i["source"] for i in record["graph"]["inputs"])


def _is_product(record):
    return bool({"dot", "batched_dot", "tensordot", "outer"} & set(record["operations"])) and _is(record, "value")


def _predicts(graph):
    """Whether the class with the largest probability is asked for, as a logistic regression does."""
    operations = [step["operation"] for step in graph["steps"]]
    return {"dot", "nnet.softmax", "argmax"} <= set(operations)


def _scaled(record):
    return "local_sum_prod_mul_by_scalar" in record["blame"] or "local_sum_prod_mul_by_scalar" in record["rewrites"]


def _float64(record):
    return any(step["dtype"] == "float64" for step in record["graph"]["steps"])


KINDS = {
    "products of overlapping windows": lambda r: _is_product(r) and _source(r, "sliding_window_view"),
    "the class that a model predicts, of a view": lambda r: _is_product(r) and _predicts(r["first"]),
    "products of a repeated row": lambda r: _is_product(r) and _source(r, "broadcast_to"),
    "an error of BLAS that nobody sees": lambda r: (
        _is_product(r) and (_source(r, "sliding_window_view") or _source(r, "broadcast_to"))
    ),
    "products of scaled arrays": lambda r: _has(r, "prod") and _is(r, "value") and _scaled(r),
    "ERROR (theano.gof.opt) for a right graph": lambda r: _is(r, "log"),
    "set_subtensor with repeated indices": lambda r: _has(r, "advanced set_subtensor") and _is(r, "value"),
    "logsumexp at infinities": lambda r: (
        _has(r, "exp", "log") and bool({"sum", "add"} & set(r["operations"])) and _is(r, "value")
    ),
    "sigmoid and softplus in float64": lambda r: (
        _float64(r) and _is(r, "value") and bool({"nnet.sigmoid", "nnet.softplus"} & set(r["operations"]))
    ),
    "a variable compared with itself": lambda r: (
        _is(r, "value") and bool({"eq", "neq", "le", "ge", "lt", "gt", "isclose"} & set(r["operations"]))
    ),
    "products without rows or columns": lambda r: _is(r, "error") and bool({"dot", "tensordot"} & set(r["operations"])),
    "gradients where several are the largest": lambda r: (
        _is(r, "gradient") and bool({"max", "min", "pool_2d"} & set(r["operations"]))
    ),
}


def kinds_of(record):
    return [name for name, belongs in KINDS.items() if belongs(record)]
