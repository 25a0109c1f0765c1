"""NumPy by hand: the formulas of the gradients written out, everything computed in place where that is possible."""

import numpy as np

# A unit's slope in terms of its output.
ACTIVATIONS = {
    "tanh": (lambda a: np.tanh(a, out=a), lambda h: 1 - h * h),
    "relu": (lambda a: np.maximum(a, 0, out=a), lambda h: h > 0),
    "sigmoid": (lambda a: sigmoid(a), lambda h: h * (1 - h)),
}


def sigmoid(a):
    np.negative(a, out=a)
    np.exp(a, out=a)
    a += 1
    return np.reciprocal(a, out=a)


class Engine:
    def __init__(self, workload, pixels, labels, params):
        self.workload, self.pixels, self.labels = workload, pixels, labels
        self.params = [parameter.copy() for parameter in params]
        self.velocities = [np.zeros_like(parameter) for parameter in params] if workload.momentum else None
        self.rng = np.random.default_rng(1234)
        self.activate, self.slope = ACTIVATIONS[workload.activation]
        self.gradients_of = self.autoencoder if workload.is_autoencoder else self.classifier
        self.rows = np.arange(workload.batch_size)

    def run(self, indices):
        size = self.workload.batch_size
        costs = []
        for index in indices:
            rows = slice(index * size, (index + 1) * size)
            cost, gradients = self.gradients_of(self.pixels[rows], self.labels[rows])
            self.update(gradients)
            costs.append(float(cost))
        return costs

    def update(self, gradients):
        rate = np.float32(self.workload.learning_rate)
        for i, (parameter, gradient) in enumerate(zip(self.params, gradients)):
            gradient *= rate
            if self.velocities is None:
                parameter -= gradient
            else:
                velocity = self.velocities[i]
                velocity *= np.float32(self.workload.momentum)
                velocity -= gradient
                parameter += velocity

    def mask(self, shape, rate):
        """Zero with probability `rate`, and else what makes up for it."""
        kept = self.rng.random(shape, dtype=np.float32) >= np.float32(rate)
        return kept * np.float32(1 / (1 - rate))

    def classifier(self, x, y):
        n_convolved = 2 * len(self.workload.convolutions)
        stages = [Stage(self, *numbers) for numbers in enumerate(self.workload.convolutions)]
        images = x.reshape(-1, 28, 28, 1)
        for stage in stages:
            images = stage.forward(images)
        shape, x = images.shape, images.transpose(0, 3, 1, 2).reshape(len(x), -1)
        weights, biases = self.params[n_convolved::2], self.params[n_convolved + 1 :: 2]
        rates = self.workload.dropout or (0,) * len(weights)
        masks = [self.mask((len(x), w.shape[0]), rate) if rate else None for w, rate in zip(weights, rates)]
        inputs = [x if masks[0] is None else x * masks[0]]
        outputs = []
        for w, b, mask in zip(weights[:-1], biases[:-1], masks[1:]):
            a = inputs[-1] @ w
            a += b
            outputs.append(self.activate(a))
            inputs.append(outputs[-1] if mask is None else outputs[-1] * mask)

        scores = inputs[-1] @ weights[-1]
        scores += biases[-1]
        scores -= scores.max(axis=1, keepdims=True)
        correct = scores[self.rows, y]
        np.exp(scores, out=scores)
        sums = scores.sum(axis=1, keepdims=True)
        cost = np.mean(np.log(sums[:, 0]) - correct)

        delta = scores
        delta /= sums
        delta[self.rows, y] -= 1
        delta /= np.float32(len(x))
        gradients = []
        for layer in reversed(range(len(weights))):
            gradients += [delta.sum(axis=0), inputs[layer].T @ delta]
            if layer:
                delta = delta @ weights[layer].T
                if masks[layer] is not None:
                    delta *= masks[layer]
                delta *= self.slope(outputs[layer - 1])
        if stages:
            delta = delta @ weights[0].T
            delta = delta.reshape(shape[0], shape[3], *shape[1:3]).transpose(0, 2, 3, 1)
        for stage in reversed(stages):
            gradient, delta = stage.backward(delta, needs_delta=stage is not stages[0])
            gradients += gradient
        return cost, gradients[::-1]

    def autoencoder(self, x, y):
        w, b, b_prime = self.params
        rate = self.workload.corruption
        noisy = x * (self.rng.random(x.shape, dtype=np.float32) >= np.float32(rate)) if rate else x
        code = noisy @ w
        code += b
        code = sigmoid(code)
        scores = code @ w.T
        scores += b_prime
        # log(1 + e^a) - x a is the cross-entropy of the sigmoid of a, without overflow.
        cost = np.mean(np.sum(np.logaddexp(np.float32(0), scores) - x * scores, axis=1))

        delta = sigmoid(scores)
        delta -= x
        delta /= np.float32(len(x))
        hidden_delta = delta @ w
        hidden_delta *= self.slope(code)
        return cost, [noisy.T @ hidden_delta + delta.T @ code, hidden_delta.sum(axis=0), delta.sum(axis=0)]


class Stage:
    """A convolution, its activation and pooling, for images of (n, height, width, channels)."""

    def __init__(self, engine, number, convolution):
        self.activate, self.slope = engine.activate, engine.slope
        self.pools_first = engine.workload.pools_first
        self.filters, self.bias = engine.params[2 * number : 2 * number + 2]
        _, self.size, self.padding, self.pool = convolution

    def forward(self, images):
        """Each window of the images becomes a row of a matrix (im2col)."""
        n, padding = len(images), [(0, 0), (self.padding,) * 2, (self.padding,) * 2, (0, 0)]
        images = np.pad(images, padding) if self.padding else images
        self.padded = images.shape
        windows = np.lib.stride_tricks.sliding_window_view(images, (self.size, self.size), axis=(1, 2))
        self.height, self.width = windows.shape[1:3]
        self.columns = windows.reshape(n * self.height * self.width, -1)
        maps = self.columns @ self.filters.reshape(len(self.filters), -1).T
        maps += self.bias
        maps = maps.reshape(n, self.height, self.width, -1)
        if self.pools_first:
            self.output = self.activate(self.pooled(maps))
            return self.output
        self.output = self.activate(maps)
        return self.pooled(self.output)

    def pooled(self, maps):
        if self.pool == 1:
            return maps
        n, height, width, channels = maps.shape
        size = self.pool
        windows = maps.reshape(n, height // size, size, width // size, size, channels).transpose(0, 1, 3, 5, 2, 4)
        windows = windows.reshape(n, height // size, width // size, channels, size * size)
        self.largest = windows.argmax(axis=-1)[..., np.newaxis]
        return np.take_along_axis(windows, self.largest, axis=-1)[..., 0]

    def unpooled(self, delta):
        """To the largest of each window, the first of several."""
        if self.pool == 1:
            return delta
        n, height, width, channels = delta.shape
        size = self.pool
        windows = np.zeros((n, height, width, channels, size * size), "float32")
        np.put_along_axis(windows, self.largest, delta[..., np.newaxis], axis=-1)
        windows = windows.reshape(n, height, width, channels, size, size).transpose(0, 1, 4, 2, 5, 3)
        return windows.reshape(n, height * size, width * size, channels)

    def backward(self, delta, needs_delta):
        """The gradients of bias and filters, and that of the images."""
        if self.pools_first:
            delta = self.unpooled(delta * self.slope(self.output))
        else:
            delta = self.unpooled(delta) * self.slope(self.output)
        delta = delta.reshape(len(self.columns), -1)
        gradients = [delta.sum(axis=0), (delta.T @ self.columns).reshape(self.filters.shape)]
        if not needs_delta:
            return gradients, None
        columns = delta @ self.filters.reshape(len(self.filters), -1)
        columns = columns.reshape(-1, self.height, self.width, *self.filters.shape[1:])
        images = np.zeros(self.padded, "float32")
        for i in range(self.size):
            for j in range(self.size):
                images[:, i : i + self.height, j : j + self.width] += columns[..., i, j]
        edge = slice(self.padding, -self.padding or None)
        return gradients, images[:, edge, edge]


def matrix_product(a, b):
    result = np.zeros((len(a), b.shape[1]), "float32")
    return lambda: np.dot(a, b, out=result)


def version():
    return f"NumPy {np.__version__}"
