"""Pictures of your own, made into digits like MNIST's.

>>> centred = centred_digit(Image.open("digit.png"))        # (28, 28), from 0 (black) to 255 (white)
"""

import numpy as np
from PIL import Image


def centred_digit(picture):
    """Cut a digit out of a picture, and scale and centre it as MNIST's authors did.

    The longer side becomes 20 pixels; the centre of mass comes to the middle of 28 x 28 pixels.

    Parameters
    ----------
    picture : PIL.Image.Image
        One digit on plain paper, of any size and mode. Light ink on dark paper is turned round; what is transparent
        is paper.

    Returns
    -------
    ndarray of float32, (28, 28)
        From 0, black ink, to 255, white paper.

    Raises
    ------
    ValueError
        If there is hardly any ink in the picture.
    """
    ink = _ink(picture) if picture.width and picture.height else np.zeros(1)
    if ink.max() < 32:
        raise ValueError(
            f"no digit found in this picture of {picture.width} x {picture.height} pixels: it is all of one shade."
        )

    rows, columns = (np.flatnonzero((ink > 0.2 * ink.max()).any(axis=axis)) for axis in (1, 0))
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = 20 / max(digit.shape)
    width, height = (max(1, round(scale * length)) for length in (digit.shape[1], digit.shape[0]))
    digit = np.asarray(
        Image.fromarray(digit).resize(
            (width, height), Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
        )
    )
    digit = digit * (255 / digit.max())  # thin lines fade when they are made small

    middle = [
        (np.arange(length) @ digit.sum(axis=1 - axis)) / digit.sum()
        for axis, length in enumerate(digit.shape)
    ]
    top, left = (
        int(np.clip(round(13.5 - centre), 0, 28 - length)) for centre, length in zip(middle, digit.shape)
    )
    page = np.full((28, 28), 255, dtype="float32")
    page[top : top + height, left : left + width] -= digit
    return page


def _ink(picture):
    """Darkness of each pixel: 0 is paper, 255 is black ink. An array of float32, (height, width)."""
    layers = picture.convert("RGBA")
    paper = Image.new("RGBA", layers.size, "white")
    grey = np.asarray(Image.alpha_composite(paper, layers).convert("L"), dtype="float32")
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return np.abs(np.median(border) - grey)
