# The digits in data/.

has_data() {
    [[ -e $root/data/mnist/train-images-idx3-ubyte || -e $root/data/mnist-5k/mnist_5k.csv ]]
}

get_data() {
    (cd "$root" && "$python" -m deeplearning_tutorial.data)
}
