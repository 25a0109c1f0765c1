"""JAX: a compiled step called from Python, or a whole epoch of them in one compiled loop."""

import functools
import os

import jax
import jax.numpy as jnp
import numpy as np

# A GPU's tensor cores would round float32 to 19 bits.
jax.config.update("jax_default_matmul_precision", "highest")
if os.environ.get("BENCHMARK_DEVICE", "cpu") == "cpu":
    jax.config.update("jax_platforms", "cpu")

ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}


class Engine:
    def __init__(self, workload, pixels, labels, params):
        shape = (-1, workload.batch_size)
        self.data = jnp.asarray(pixels.reshape(*shape, 784)), jnp.asarray(labels.astype("int32").reshape(shape))
        params = [jnp.array(p) for p in params]
        velocities = [jnp.zeros_like(p) for p in params] if workload.momentum else None
        self.state = params, velocities, jax.random.key(1234, impl="rbg")
        self.step = functools.partial(step, workload)
        self.compiled = jax.jit(self.step, donate_argnums=0)

    def run(self, indices):
        costs = []
        for index in indices:
            self.state, cost = self.compiled(self.state, self.data, index)
            costs.append(cost)
        return [float(cost) for cost in jax.device_get(costs)]


class ScannedEngine(Engine):
    """All steps of a call of `run` in one compiled loop."""

    def __init__(self, workload, pixels, labels, params):
        super().__init__(workload, pixels, labels, params)

        @functools.partial(jax.jit, donate_argnums=0)
        def scan(state, data, indices):
            return jax.lax.scan(lambda state, index: self.step(state, data, index), state, indices)

        self.compiled = scan

    def run(self, indices):
        self.state, costs = self.compiled(self.state, self.data, np.array(indices, dtype="int32"))
        return np.asarray(costs).tolist()


def step(workload, state, data, index):
    params, velocities, key = state
    x, y = (jax.lax.dynamic_index_in_dim(array, index, keepdims=False) for array in data)
    if workload.is_noisy:
        key, drawn = jax.random.split(key)
    else:
        drawn = None
    cost = autoencoder_cost if workload.is_autoencoder else classifier_cost
    cost, gradients = jax.value_and_grad(cost)(params, x, y, drawn, workload)
    changes = [-workload.learning_rate * gradient for gradient in gradients]
    if velocities is not None:
        changes = velocities = [workload.momentum * v + change for v, change in zip(velocities, changes)]
    return ([p + change for p, change in zip(params, changes)], velocities, key), cost


def classifier_cost(params, x, y, key, workload):
    x = convolved(params, x, workload) if workload.convolutions else x
    params = params[2 * len(workload.convolutions) :]
    weights, biases = params[::2], params[1::2]
    rates = workload.dropout or (0,) * len(weights)
    keys = jax.random.split(key, len(rates)) if key is not None else rates
    h = drop(keys[0], x, rates[0])
    for w, b, k, rate in zip(weights[:-1], biases[:-1], keys[1:], rates[1:]):
        h = drop(k, ACTIVATIONS[workload.activation](h @ w + b), rate)
    log_p = jax.nn.log_softmax(h @ weights[-1] + biases[-1])
    return -jnp.mean(jnp.take_along_axis(log_p, y[:, None], axis=1))


def convolved(params, x, workload):
    activate = ACTIVATIONS[workload.activation]
    images = x.reshape(-1, 1, 28, 28)
    for w, b, (_, _, padding, pool) in zip(params[::2], params[1::2], workload.convolutions):
        images = jax.lax.conv_general_dilated(images, w, (1, 1), [(padding, padding)] * 2) + b[:, None, None]
        if workload.pools_first:
            images = activate(max_pool(images, pool))
        else:
            images = activate(images)
            images = max_pool(images, pool) if pool > 1 else images
    return images.reshape(len(images), -1)


def max_pool(images, size):
    window = (1, 1, size, size)
    return jax.lax.reduce_window(images, -jnp.inf, jax.lax.max, window, window, "VALID")


def drop(key, h, rate):
    return h * jax.random.bernoulli(key, 1 - rate, h.shape) / (1 - rate) if rate else h


def autoencoder_cost(params, x, y, key, workload):
    w, b, b_prime = params
    noisy = x * jax.random.bernoulli(key, 1 - workload.corruption, x.shape) if workload.corruption else x
    code = jax.nn.sigmoid(noisy @ w + b)
    scores = code @ w.T + b_prime
    return jnp.mean(jnp.sum(jax.nn.softplus(scores) - x * scores, axis=1))


def matrix_product(a, b):
    a, b = jnp.asarray(a), jnp.asarray(b)
    multiply = jax.jit(jnp.dot)
    return lambda: multiply(a, b).block_until_ready()


def version():
    return f"JAX {jax.__version__}"
