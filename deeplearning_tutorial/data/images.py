"""Pictures of your own, made into digits like MNIST's.

>>> picture = read_picture("my_digit.png")
>>> centred = centred_digit(picture)                        # (28, 28), from 0 (black) to 255 (white)
"""

import numpy as np
from PIL import Image, ImageOps

LONGEST_SIDE = 1000  # pixels; more of them would only take time and memory


def read_picture(path):
    """Read a picture from a file, the way up that the camera noted.

    Parameters
    ----------
    path : str or Path
        Of a file of any kind that Pillow knows: PNG, JPEG, GIF, BMP, TIFF, WebP and more.

    Returns
    -------
    PIL.Image.Image

    Raises
    ------
    OSError
        If there is no such file, or it may not be read.
    ValueError
        If it is no picture, damaged, or of more pixels than any camera's.
    """
    try:
        with Image.open(path) as file:
            return ImageOps.exif_transpose(file)  # it is not read before this
    except Exception as error:  # whatever Pillow's readers of many formats make of a damaged file
        if isinstance(error, OSError) and error.errno:
            raise
        raise ValueError(
            f"{path} is no picture, or damaged ({type(error).__name__}: {error}). Save your drawing as a PNG file."
        ) from None


def centred_digit(picture):
    """Cut a digit out of a picture, and scale and centre it as MNIST's authors did.

    The longer side becomes 20 pixels; the centre of mass comes to the middle of 28 x 28 pixels.

    Parameters
    ----------
    picture : PIL.Image.Image
        One digit on plain paper, of any size and mode. Light ink on dark paper is turned round; what is transparent
        is paper. Floating-point pixels that are all in [0, 1] are taken for shades from black to white.

    Returns
    -------
    ndarray of float32, (28, 28)
        From 0, black ink, to 255, white paper.

    Raises
    ------
    ValueError
        If `picture` is none, or there is hardly any ink in it.
    """
    if not isinstance(picture, Image.Image):
        raise ValueError(
            f"picture must be what read_picture(path) or PIL.Image.fromarray(array) returns, not {type(picture).__name__}."
        )
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
        Image.fromarray(digit).resize((width, height), Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR)
    )
    digit = np.minimum(digit * (255 / digit.max()), 255)  # thin lines fade when they are made small

    middle = [(np.arange(length) @ digit.sum(axis=1 - axis)) / digit.sum() for axis, length in enumerate(digit.shape)]
    top, left = (int(np.clip(round(13.5 - centre), 0, 28 - length)) for centre, length in zip(middle, digit.shape))
    page = np.full((28, 28), 255, dtype="float32")
    page[top : top + height, left : left + width] -= digit
    return page


def _ink(picture):
    """Darkness of each pixel: 0 is paper, 255 is black ink. An array of float32, (height, width)."""
    layers = _with_bytes(picture).convert("RGBA")
    layers = layers.reduce(-(-max(layers.size) // LONGEST_SIDE))
    paper = Image.new("RGBA", layers.size, "white")
    grey = np.asarray(Image.alpha_composite(paper, layers).convert("L"), dtype="float32")
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return np.abs(np.median(border) - grey)


def _with_bytes(picture):
    """The picture; one of floating-point shades, such as a row of the training set, with 0 to 255 instead of 0 to 1."""
    if picture.mode != "F":
        return picture
    shades = np.asarray(picture)
    if not np.isfinite(shades).all():
        raise ValueError("this picture has pixels that are NaN or infinite.")
    return Image.fromarray(255 * shades) if shades.min() >= 0 and shades.max() <= 1 else picture
