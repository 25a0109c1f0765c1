r"""A rewrite of graphs that Theano's optimizer lacks: a sum that is there already is not added up again.

Theano rewrites a graph before it compiles it. The update rule of momentum,

>>> velocity_next = 0.9 * velocity - 0.1 * gradient
>>> parameter_next = parameter + velocity_next

becomes ``parameter + 0.9 * velocity - 0.1 * gradient`` in the second line, in search of terms that cancel. So the sum of
the first line is computed twice, and, worse, the gradient of a weight matrix has two readers. With one, Theano
computes ``0.9 * velocity - 0.1 * x.T . delta`` as what BLAS calls a gemm, the product of two matrices added to a third in
place: no gradient is stored, no sum either. `reuse_difference` gives the second line its first form back once the
terms have cancelled, before Theano looks for a gemm.

Importing this module is all there is to do; `updates` does it.
"""

import theano
import theano.tensor as T


@theano.gof.local_optimizer([T.sub])
def reuse_difference(node):
    """Rewrite ``(p + a) - b`` as ``p + (a - b)`` where the graph computes ``a - b`` anyway."""
    if node.op != T.sub:
        return False
    total, b = node.inputs
    if total.owner is None or total.owner.op != T.add or len(total.clients) > 1:
        return False
    for a in total.owner.inputs:
        for client, _ in a.clients:
            if client != "output" and client.op == T.sub and client.inputs == [a, b]:
                others = [term for term in total.owner.inputs if term is not a]
                return [T.add(*others, client.outputs[0])]
    return False


# After Theano's canonical form (1) and stable form (1.5), before its BLAS operations (1.7).
theano.compile.optdb.register(
    "reuse_difference", theano.gof.opt.in2out(reuse_difference, name="reuse_difference"), 1.6, "fast_run"
)
