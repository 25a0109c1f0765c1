"""Parameters of networks that were trained before, for when there is no time to train.

>>> mlp = MLP(rng, x, 784, 500, 10)
>>> load_pretrained("mlp", mlp.params)
No time to train: these are the parameters that scripts/reproduce mlp found in 8 minutes …

They are in ``results/parameters``, with their checksums; ``scripts/reproduce NAME`` trains them again.
"""

import hashlib

from deeplearning_tutorial import checkpoint
from deeplearning_tutorial.engine import ROOT

FOLDER = ROOT / "results" / "parameters"


def load_pretrained(name, params, folder=FOLDER):
    """Put trained parameters into a model, and say where they come from.

    Parameters
    ----------
    name : str
        One of those that ``scripts/reproduce --list`` names.
    params : list of shared variables
        Of a model of the same kind and size, from the first layer to the last.
    folder : Path
        Where the files and their ``SHA256SUMS`` are.

    Returns
    -------
    dict
        What the file says about them: ``configuration``, ``validation_error``, ``seconds`` and more.

    Raises
    ------
    ValueError
        If there are none of this name, or they belong to a model of another size. Nothing is changed then.
    CheckpointError
        If the file is not the one that its checksum is of.
    """
    path = folder / f"{name}.npz"
    sums = _sums(folder / "SHA256SUMS")
    if path.name not in sums or not path.exists():
        there = ", ".join(sorted(other.removesuffix(".npz") for other in sums)) or "none"
        raise ValueError(
            f"there are no trained parameters {name!r}; there are: {there}. Train them: scripts/reproduce {name}"
        )
    if hashlib.sha256(path.read_bytes()).hexdigest() != sums[path.name]:
        raise checkpoint.CheckpointError(
            f"{path} is damaged: it does not have its checksum. To get it back: git checkout {path}"
        )
    arrays, about = checkpoint.load(path)

    wanted = [parameter.get_value(borrow=True).shape for parameter in params]
    found = [array.shape for array in arrays.values()]
    if wanted != found:
        raise ValueError(f"the parameters {name!r} are of shapes {found}, and this model's are {wanted}.")
    for parameter, array in zip(params, arrays.values()):
        parameter.set_value(array)
    print(
        f"No time to train: these are the parameters that scripts/reproduce {name} found in {_duration(about['seconds'])} "
        f"on {about['device']} ({about['title']})."
    )
    return about


def _sums(path):
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return {name: digest for digest, name in map(str.split, lines)}


def _duration(seconds):
    return f"{seconds:.0f} seconds" if seconds < 100 else f"{seconds / 60:.0f} minutes"
