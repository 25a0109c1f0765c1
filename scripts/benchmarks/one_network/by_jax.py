"""JAX: functions of the parameters, and functions that make other functions of them: grad, jit."""

import jax
import jax.numpy as jnp


def mlp(params, learning_rate):
    def scores(params, x):
        W1, b1, W2, b2 = params
        return jnp.tanh(x @ W1 + b1) @ W2 + b2

    return train_function(scores, params, learning_rate)


def lenet(params, learning_rate):
    def scores(params, x):
        F1, b1, F2, b2, W3, b3, W4, b4 = params
        h = x.reshape(-1, 1, 28, 28)
        for F, b in (F1, b1), (F2, b2):
            h = jax.lax.conv(h, F, (1, 1), "VALID") + b[:, None, None]
            h = jnp.tanh(jax.lax.reduce_window(h, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID"))
        h = jnp.tanh(h.reshape(len(h), -1) @ W3 + b3)
        return h @ W4 + b4

    return train_function(scores, params, learning_rate)


def train_function(scores, params, learning_rate):
    def cost(params, x, y):
        log_p = jax.nn.log_softmax(scores(params, x))
        return -log_p[jnp.arange(len(y)), y].mean()

    @jax.jit
    def step(params, x, y):
        value, gradients = jax.value_and_grad(cost)(params, x, y)
        return [p - learning_rate * g for p, g in zip(params, gradients)], value

    def train(x, y):
        train.params, value = train.step(train.params, x, y)
        return value

    train.params, train.step = params, step
    return train


# --- what is told about it


def version():
    return f"JAX {jax.__version__}"


def graph(train, x, y):
    from graphs import jax_graph

    return jax_graph(jax.make_jaxpr(train.step)(train.params, x, y))


def choices():
    from choices import SCORES, labels

    def pool(x):
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (2, 2), (2, 2), "VALID").sum()

    log_p = jax.nn.log_softmax(SCORES)
    return {
        "relu at 0": jax.grad(jax.nn.relu)(0.0).tolist(),
        "pooling at ties": jax.grad(pool)(jnp.ones((2, 2))).tolist(),
        "max at ties": jax.grad(jnp.max)(jnp.array([1.0, 1.0, 0.0])).tolist(),
        "labels": labels(lambda label: -log_p[jnp.arange(1), label].mean()),
    }
