"""Pictures in colour: made grey, or kept with their three channels, as the reader chooses."""

import numpy as np

CHOICES = ("grey", "rgb")
LUMA = np.array([0.299, 0.587, 0.114])  # Recommendation ITU-R BT.601: how bright red, green and blue look


def check_colour(colour):
    """Refuse what is no choice."""
    if colour is not None and colour not in CHOICES:
        raise ValueError(f"colour must be 'grey' or 'rgb', not {colour!r}.")


def chosen(sets, path, colour, must_choose=True):
    """Sets of pictures as `colour` says.

    Parameters
    ----------
    sets : dict
        From the part's name to (x, y), each ``x`` an array. What has four dimensions, the last one or the second of
        length 1 or 3, is a picture with channels; three channels that are equal everywhere are a grey picture.
    path : str or path
        What errors call it.
    colour : {None, "grey", "rgb"}
    must_choose : bool, optional
        Whether to refuse pictures in colour if `colour` is `None`, instead of keeping them as they are.

    Returns
    -------
    sets, notes : dict, list of str

    Raises
    ------
    ValueError
        If a choice is wanted.
    """
    check_colour(colour)
    places = {_channels(x) for x, _ in sets.values()}
    if len(places) > 1 or None in places:  # no colour, or not the same in each set, which is refused later
        return sets, []
    axis, channels = places.pop()
    if channels == 1:
        return {part: (x.squeeze(axis), y) for part, (x, y) in sets.items()}, []
    if all(_is_grey(x, axis) for x, _ in sets.values()):
        return {part: (x.take(0, axis), y) for part, (x, y) in sets.items()}, [
            "The three colour channels of each picture are equal: one of them is used."
        ]
    if colour is None and must_choose:
        raise ValueError(f"{path}: {ask_for_colour('its pictures are in colour')}")
    sets = {part: (np.moveaxis(x, axis, -1), y) for part, (x, y) in sets.items()}
    if colour is None:
        return sets, ["The pictures are in colour: red, green and blue of each pixel are features of their own."]
    if colour == "rgb":
        return sets, []
    return {part: (_grey(x), y) for part, (x, y) in sets.items()}, ["The coloured pictures were made grey."]


def ask_for_colour(what):
    """The sentence that names both cures."""
    return (
        f"{what}. Say colour='grey' to make them grey, or colour='rgb' to keep red, green and blue as three features "
        "for each pixel."
    )


def _channels(x):
    """The axis of the channels and how many there are, or `None`."""
    if x.ndim != 4:
        return None
    axes = (axis for axis in (3, 1) if x.shape[axis] in (1, 3) and min(x.shape[1:]) == x.shape[axis])
    return next(((axis, x.shape[axis]) for axis in axes), None)


def _is_grey(x, axis):
    first = x.take(0, axis)
    return all(np.array_equal(x.take(other, axis), first) for other in (1, 2))


def _grey(x):
    """(rows, height, width) of (rows, height, width, 3), of the same type, a thousand pictures at a time."""
    grey = np.empty(x.shape[:3], x.dtype)
    for start in range(0, len(x), 1000):
        values = x[start : start + 1000] @ LUMA
        grey[start : start + 1000] = np.rint(values) if x.dtype.kind in "ui" else values
    return grey
