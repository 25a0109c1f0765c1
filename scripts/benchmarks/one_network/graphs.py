"""The graph that each library makes of a step, as a list of nodes: each a label and the places of its inputs in the list.

A graph comes before its drawing: `nodes[i] = [label, [places]]`, inputs before what uses them.
"""


def theano_graph(function):
    """The graph of a compiled function, after Theano's rewrites: inputs, weights, operations."""
    places, nodes = {}, []

    def add(thing, label, inputs=()):
        places[thing] = len(nodes)
        nodes.append([label, [places[i] for i in inputs]])

    for variable in function.maker.fgraph.inputs:
        add(variable, "weights" if _is_shared(variable) else f"input {variable.name or ''}".strip())
    for node in function.maker.fgraph.toposort():
        add(node, _theano_name(node.op), [i.owner or i for i in node.inputs if (i.owner or i) in places])
    return nodes


def _is_shared(variable):
    return variable.type.ndim > 0 and variable.name not in ("x", "y") and not _is_fed(variable)


def _is_fed(variable):
    """Keras names what is fed to a model by its layer: ``dense_1_input``, ``dense_2_target``."""
    return any(word in str(variable.name) for word in ("input", "target", "sample_weights"))


def _theano_name(op):
    scalar_op = getattr(op, "scalar_op", None)
    if scalar_op is None:
        return type(op).__name__
    name = type(scalar_op).__name__
    return f"Elemwise {name.lower()}" if type(op).__name__ == "Elemwise" else f"{type(op).__name__} {name.lower()}"


def pytorch_graph(cost):
    """What autograd remembers of a cost: the functions that give its gradients, from the cost to the weights."""
    places, nodes = {}, []

    def add(function):
        if function not in places:
            inputs = [add(below) for below, _ in function.next_functions if below is not None]
            places[function] = len(nodes)
            weights = getattr(function, "variable", None)
            label = type(function).__name__ if weights is None else f"weights {tuple(weights.shape)}"
            nodes.append([label, inputs])
        return places[function]

    add(cost.grad_fn)
    return nodes


def tensorflow_graph(model, x, y):
    """The graph that TensorFlow traces of a step of training, without what only passes values on."""
    import tensorflow

    def step(x, y):
        with tensorflow.GradientTape() as tape:
            cost = model.compute_loss(x, y, model(x, training=True))
        weights = model.trainable_weights
        model.optimizer.apply(tape.gradient(cost, weights), weights)
        return cost

    traced = tensorflow.function(step).get_concrete_function(x, y).graph
    places, nodes = {}, []
    for operation in traced.get_operations():
        inputs = sorted({places[i.op] for i in operation.inputs if i.op in places})
        if operation.type in ("Identity", "NoOp", "Const", "Cast", "ReadVariableOp") and len(inputs) <= 1:
            if inputs:
                places[operation] = inputs[0]
            continue
        label = operation.type
        if label == "Placeholder":
            label = "weights" if operation.outputs[0].dtype == tensorflow.resource else f"input {operation.name}"
        places[operation] = len(nodes)
        nodes.append([label, inputs])
    return nodes


def jax_graph(closed):
    """The equations of a jaxpr, calls of other jaxprs opened."""
    places, nodes = {}, []

    def place(atom):
        return places.get(atom) if not hasattr(atom, "val") else None  # None: a constant

    def add(jaxpr):
        for equation in jaxpr.eqns:
            inner = next((p for p in equation.params.values() if hasattr(p, "jaxpr")), None)
            if inner is not None:
                for outside, inside in zip(equation.invars, inner.jaxpr.invars):
                    if place(outside) is not None:
                        places[inside] = place(outside)
                add(inner.jaxpr)
                for outside, inside in zip(equation.outvars, inner.jaxpr.outvars):
                    if place(inside) is not None:
                        places[outside] = place(inside)
                continue
            inputs = [place(atom) for atom in equation.invars if place(atom) is not None]
            for variable in equation.outvars:
                places[variable] = len(nodes)
            nodes.append([equation.primitive.name, sorted(set(inputs))])

    names = ["weights"] * (len(closed.jaxpr.invars) - 2) + ["input x", "input y"]
    for variable, name in zip(closed.jaxpr.invars, names):
        places[variable] = len(nodes)
        nodes.append([name, []])
    add(closed.jaxpr)
    return nodes
