"""PyTorch, eager or compiled: functions of the parameters, as plain as PyTorch programs come, without a data loader."""

import functools
import os

import torch
import torch.nn.functional as F

DEVICE = torch.device(os.environ.get("BENCHMARK_DEVICE", "cpu"))
ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}

torch.manual_seed(1234)
if "BENCHMARK_THREADS" in os.environ:
    torch.set_num_threads(int(os.environ["BENCHMARK_THREADS"]))


class Engine:
    def __init__(self, workload, pixels, labels, params):
        self.workload = workload
        self.pixels = torch.from_numpy(pixels).to(DEVICE).split(workload.batch_size)
        self.labels = torch.from_numpy(labels).long().to(DEVICE).split(workload.batch_size)
        self.params = [torch.tensor(p, device=DEVICE, requires_grad=True) for p in params]
        self.optimizer = torch.optim.SGD(self.params, lr=workload.learning_rate, momentum=workload.momentum, fused=True)
        self.cost = autoencoder_cost if workload.is_autoencoder else classifier_cost

    def step(self, x, y):
        self.optimizer.zero_grad()
        cost = self.cost(self.params, x, y, self.workload)
        cost.backward()
        self.optimizer.step()
        return cost.detach()

    def run(self, indices):
        costs = [self.step(self.pixels[index], self.labels[index]) for index in indices]
        return torch.stack(costs).tolist()


class ChannelsLastEngine(Engine):
    """The channels of a pixel side by side, as its convolutions like them best."""

    def __init__(self, workload, pixels, labels, params):
        super().__init__(workload, pixels, labels, params)
        self.params = [
            p.detach().to(memory_format=torch.channels_last).requires_grad_() if p.ndim == 4 else p for p in self.params
        ]
        self.optimizer = torch.optim.SGD(self.params, lr=workload.learning_rate, momentum=workload.momentum, fused=True)
        self.cost = functools.partial(classifier_cost, memory_format=torch.channels_last)


class CompiledEngine(Engine):
    """The whole step in one compiled graph: cost, gradients and updates."""

    def __init__(self, workload, pixels, labels, params):
        super().__init__(workload, pixels, labels, params)
        self.params = [p.detach() for p in self.params]
        self.velocities = [torch.zeros_like(p) for p in self.params] if workload.momentum else None
        cost_and_gradients = torch.func.grad_and_value(lambda params, x, y: self.cost(params, x, y, workload))
        rate, momentum, velocities = workload.learning_rate, workload.momentum, self.velocities

        def step(params, velocities, x, y):
            gradients, cost = cost_and_gradients(params, x, y)
            for i, (parameter, gradient) in enumerate(zip(params, gradients)):
                change = -rate * gradient
                if velocities is not None:
                    change = velocities[i].mul_(momentum).add_(change)
                parameter.add_(change)
            return cost

        compiled = torch.compile(step, fullgraph=True, dynamic=False)
        self.step = lambda x, y: compiled(self.params, velocities, x, y)

    def run(self, indices):
        with torch.no_grad():
            return super().run(indices)


def classifier_cost(params, x, y, workload, memory_format=torch.contiguous_format):
    activate = ACTIVATIONS[workload.activation]
    x = convolved(params, x, workload, memory_format) if workload.convolutions else x
    params = params[2 * len(workload.convolutions) :]
    weights, biases = params[::2], params[1::2]
    rates = workload.dropout or (0.0,) * len(weights)
    h = F.dropout(x, rates[0]) if rates[0] else x
    for w, b, rate in zip(weights[:-1], biases[:-1], rates[1:]):
        h = activate(torch.addmm(b, h, w))
        h = F.dropout(h, rate) if rate else h
    return F.cross_entropy(torch.addmm(biases[-1], h, weights[-1]), y)


def convolved(params, x, workload, memory_format):
    activate = ACTIVATIONS[workload.activation]
    images = x.view(-1, 1, 28, 28).contiguous(memory_format=memory_format)
    for w, b, (_, _, padding, pool) in zip(params[::2], params[1::2], workload.convolutions):
        images = F.conv2d(images, w, b, padding=padding)
        if workload.pools_first:
            images = activate(F.max_pool2d(images, pool))
        else:
            images = activate(images)
            images = F.max_pool2d(images, pool) if pool > 1 else images
    return images.flatten(1)


def autoencoder_cost(params, x, y, workload):
    w, b, b_prime = params
    rate = workload.corruption
    noisy = x * (torch.rand_like(x) >= rate) if rate else x
    code = torch.sigmoid(torch.addmm(b, noisy, w))
    scores = torch.addmm(b_prime, code, w.T)
    return F.binary_cross_entropy_with_logits(scores, x, reduction="sum") / len(x)


def matrix_product(a, b):
    a, b = torch.from_numpy(a).to(DEVICE), torch.from_numpy(b).to(DEVICE)
    result = torch.empty(len(a), b.shape[1], device=DEVICE)

    def multiply():
        torch.mm(a, b, out=result)
        if DEVICE.type == "cuda":
            torch.cuda.synchronize()

    return multiply


def version():
    return f"PyTorch {torch.__version__}"
