"""PyTorch: layers are called one after the other, and the graph of their gradients is made anew in each step."""

import torch
from torch import nn


def mlp(params, learning_rate):
    model = nn.Sequential(nn.Linear(784, 500), nn.Tanh(), nn.Linear(500, 10))
    return train_function(model, params, learning_rate)


def lenet(params, learning_rate):
    model = nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        *(nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Tanh()),
        *(nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Tanh()),
        *(nn.Flatten(), nn.Linear(50 * 4 * 4, 500), nn.Tanh()),
        nn.Linear(500, 10),
    )
    return train_function(model, params, learning_rate)


def train_function(model, params, learning_rate):
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), params):
            parameter.copy_(torch.from_numpy(value.T if value.ndim == 2 else value))  # W is (outputs, inputs)
    optimizer = torch.optim.SGD(model.parameters(), learning_rate)
    cost_of = nn.CrossEntropyLoss()

    def train(x, y):
        cost = cost_of(model(torch.from_numpy(x)), torch.from_numpy(y).long())
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        return cost

    return train


# --- what is told about it


def version():
    return f"PyTorch {torch.__version__}"


def graph(train, x, y):
    from graphs import pytorch_graph

    return pytorch_graph(train(x, y))


def choices():
    from choices import MOMENTUM, ONES, RATES, SCORES, distinct, labels, spread

    def gradient(function, value):
        x = torch.tensor(value, requires_grad=True)
        function(x).sum().backward()
        return x.grad.tolist()

    p = torch.ones((), requires_grad=True)
    optimizer = torch.optim.SGD([p], RATES[0], momentum=MOMENTUM, nesterov=True)
    nesterov = []
    for rate in RATES:
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        (p**2 / 2).backward()
        optimizer.step()
        nesterov.append(float(p))
    dropout, ones, scores = nn.Dropout(0.5), torch.from_numpy(ONES), torch.from_numpy(SCORES)
    return {
        "initial weights": spread(nn.Linear(784, 500).weight.detach().numpy()),
        "Nesterov": nesterov,
        "dropout": [distinct(dropout.train()(ones).numpy()), distinct(dropout.eval()(ones).numpy())],
        "relu at 0": gradient(torch.relu, 0.0),
        "pooling at ties": gradient(lambda x: nn.MaxPool2d(2)(x[None])[0], [[1.0, 1.0], [1.0, 1.0]]),
        "max at ties": gradient(torch.max, [1.0, 1.0, 0.0]),
        "labels": labels(lambda label: nn.CrossEntropyLoss()(scores, torch.from_numpy(label).long())),
    }
