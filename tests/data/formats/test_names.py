"""What names of files and arrays say."""

import pytest

from deeplearning_tutorial.data.formats.names import called, listed, parse_name, partner

NAMES = {
    "train-images-idx3-ubyte.gz": ("train", "x", ""),
    "t10k-labels.idx1-ubyte": ("test", "y", ""),
    "emnist-letters-train-images-idx3-ubyte.gz": ("train", "x", "emnist-letters"),
    "qmnist-test50k-labels-idx2-int": ("test", "y", "qmnist"),
    "kmnist-test-imgs.npz": ("test", "x", "kmnist"),
    "mnist_train.csv": ("train", "", "mnist"),
    "mnist.scale.t": ("test", "", "mnist-scale"),
    "optdigits.tra": ("train", "", "optdigits"),
    "X_val": ("valid", "x", ""),
    "ytest": ("test", "y", ""),
    "trainX": ("train", "x", ""),
    "val_images": ("valid", "x", ""),
    "sample_submission.csv": ("", "", "sample-submission"),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_in_use(name):
    assert parse_name(name) == NAMES[name]


@pytest.mark.parametrize(
    "pictures, labels",
    [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        ("kmnist-test-imgs.npz", "kmnist-test-labels.npz"),
        ("x_train", "y_train"),
        ("X_test.npy", "y_test.npy"),
    ],
)
def test_partners(pictures, labels):
    assert partner(pictures) == labels
    assert partner(labels).lower() in (pictures.lower(), pictures.replace("imgs", "images"))


def test_numbers_and_lists_in_words():
    assert (called("file", 1), called("file", 4), called("file", 12)) == ("one file", "four files", "12 files")
    assert (listed("abc", 2), listed([])) == ("a, b and 1 more", "nothing")
