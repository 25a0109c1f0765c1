"""One of the modules beside this one, as `worker` asks for it: it trains on mini-batches that lie in memory."""


class Engine:
    """The network of a workload, built by a module of this folder.

    Parameters
    ----------
    module : module
        Its ``mlp`` or ``lenet`` takes initial weights and a learning rate, and returns a function of a mini-batch: float32
        pixels (batch, 784) and int32 labels (batch,). The function does a step and returns the cost before it.
    workload : Workload
        Softmax regression on one hidden layer of 500, or LeNet.
    pixels, labels : numpy.ndarray
        Shapes (n, 784) and (n,); n is a multiple of the workload's batch size.
    params : list of numpy.ndarray
    """

    def __init__(self, module, workload, pixels, labels, params):
        size = workload.batch_size
        self.x, self.y = pixels.reshape(-1, size, 784), labels.astype("int32").reshape(-1, size)
        build = module.lenet if workload.convolutions else module.mlp
        self.module, self.train = module, build(params, workload.learning_rate)

    def run(self, indices):
        return [float(self.train(self.x[index], self.y[index])) for index in indices]

    def graph(self):
        return self.module.graph(self.train, self.x[0], self.y[0])

    def choices(self):
        return self.module.choices()
