"""Pictures of your own, made into digits like MNIST's.

>>> picture = read_picture("my_digit.png")
>>> centred = centred_digit(picture)                        # (28, 28), from 0 (black) to 255 (white)
>>> centred = centred_digit(picture, show_steps=True)       # the same, and a figure of how it came to be
"""

import numpy as np
from PIL import Image, ImageOps

from deeplearning_tutorial.data.ink import border, find_ink

LONGEST_SIDE = 640  # pixels; more of them would only take time and memory
THIN, USUAL = 1.5, 2.2  # widths where the digit is 20 pixels long: of strokes thinner than MNIST's, and of MNIST's

# Files that people have in the place of a picture, by what they begin with: name, and what to do.
_EXPORT = "Open it in the program that made it, and export it as a PNG file"
_IPHONE = "Open it and export it as PNG or JPEG; on an iPhone, Settings > Camera > Formats > Most Compatible makes JPEG"
_RAW = "Open it in the camera's program, and export it as a PNG or JPEG file"
_FTYP = {
    b"heic heix heim heis hevc hevx mif1 msf1": ("a photograph in the HEIC format", _IPHONE),
    b"avif avis": ("a picture in the AVIF format, which this Pillow cannot read", "Open it and export it as PNG"),
    b"crx ": ("a raw photograph", _RAW),
    b"qt   isom iso2 mp41 mp42 avc1 M4V 3gp4 3gp5": ("a film", "Save one of its pictures as a PNG file"),
}
_BEGINNINGS = [
    (b"%PDF-", "a PDF document", f"{_EXPORT}, or take a screenshot of the digit"),
    (b"%!PS", "a PostScript document", f"{_EXPORT}, or take a screenshot of the digit"),
    (b"\xff\x0a", "a picture in the JPEG XL format", "Open it and export it as PNG"),
    (b"\0\0\0\x0cJXL ", "a picture in the JPEG XL format", "Open it and export it as PNG"),
    (b"FUJIFILMCCD-RAW", "a raw photograph", _RAW),
    (b"IIRO", "a raw photograph", _RAW),
    (b"IIU\0", "a raw photograph", _RAW),
    (b"\x93NUMPY", "an array of NumPy", "Read it with np.load, and make a picture of it with PIL.Image.fromarray"),
    (b"PK\x03\x04", "an archive, or a document of a drawing or writing program", _EXPORT),
    (b"gimp xcf", "a drawing of GIMP", f"{_EXPORT} (File > Export As)"),
    (b"\x1aE\xdf\xa3", "a film", "Save one of its pictures as a PNG file"),
    (b"version https://git-lfs", "only Git's note of where the file is", "Fetch it: git lfs pull"),
]


def read_picture(path, cure="Save your drawing as a PNG file."):
    """Read a picture from a file, the way up that the camera noted.

    Parameters
    ----------
    path : str or Path
        Of a file of any kind that Pillow knows: PNG, JPEG, GIF, BMP, TIFF, WebP and more.
    cure : str, optional
        What the error says to do with a file of no known kind.

    Returns
    -------
    PIL.Image.Image

    Raises
    ------
    OSError
        If there is no such file, or it may not be read.
    ValueError
        If it is no picture, damaged, of more pixels than any camera's, or of a kind that Pillow does not know (HEIC, SVG,
        PDF, raw photographs): the message says which it is by its content, and what to do.
    """
    try:
        with Image.open(path) as file:
            return ImageOps.exif_transpose(file)  # it is not read before this
    except Exception as error:  # whatever Pillow's readers of many formats make of a damaged file
        if isinstance(error, OSError) and error.errno:
            raise
        with open(path, "rb") as file:
            kind = _kind(file.read(1024))
        if kind:
            raise ValueError(f"{path} is {kind[0]}, not a picture that can be read here. {kind[1]}.") from None
        raise ValueError(f"{path} is no picture, or damaged ({type(error).__name__}: {error}). {cure}") from None


def _kind(start):
    """What a file is that begins so, and what to do; None if it is not known."""
    if not start:
        return "empty", "Save or copy it again"
    if start[4:8] == b"ftyp":  # ISO/IEC 14496-12: the brand of the file, such as heic
        return next((kind for brands, kind in _FTYP.items() if start[8:12] in brands), None)
    if start[128:132] == b"DICM":
        return "a medical picture in the DICOM format", "Export it as PNG from the program that shows it"
    if start[:4] == b"II*\0" and start[8:10] == b"CR":
        return "a raw photograph", _RAW
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(b"<") and b"<svg" in text:
        return "a drawing in the SVG format", f"{_EXPORT} (in Inkscape: File > Export)"
    if text.startswith((b"<!doctype html", b"<html")):
        return "a page of the web", "Save the picture that is on it, not the page"
    return next((kind for beginning, *kind in _BEGINNINGS if start.startswith(beginning)), None)


def centred_digit(picture, show_steps=False):
    """Cut a digit out of a picture, and scale and centre it as MNIST's authors did.

    The longer side becomes 20 pixels; the centre of mass comes to the middle of 28 x 28 pixels. The picture may be a
    photograph: shadows, noise, specks, ruled lines, frames and the desk around the paper are left out. Strokes of a thin
    pen become as wide as MNIST's.

    Parameters
    ----------
    picture : PIL.Image.Image
        One digit on paper, of any size and mode. Light ink on dark paper is turned round; what is transparent is paper.
        Pixels may have more than 8 bits. Floating-point pixels that are all in [0, 1] are taken for shades from black to
        white.
    show_steps : bool
        Draw a figure with a panel for each step: grey, paper taken away, ink, what was found, normalized. It is drawn up
        to the step that failed where no digit is found.

    Returns
    -------
    ndarray of float32, (28, 28)
        From 0, black ink, to 255, white paper.

    Raises
    ------
    ValueError
        If `picture` is none, there is hardly any ink in it, or more than one digit.
    """
    if not isinstance(picture, Image.Image):
        raise ValueError(
            f"picture must be what read_picture(path) or PIL.Image.fromarray(array) returns, not {type(picture).__name__}."
        )
    steps = []
    try:
        ink = None
        if picture.width and picture.height:
            grey = _grey(picture)
            steps.append(("grey", grey))
            ink = find_ink(grey, steps)
        if ink is None:
            raise ValueError(
                f"no digit found in this picture of {picture.width} x {picture.height} pixels: nothing in it stands out "
                f"from the paper. Draw it large and dark on plain paper."
            )
        page = _normalized(_thickened(_cut(ink)))
        steps.append(("normalized", page))
    finally:
        if show_steps and steps:
            _show(steps)
    return page


# Shades --------------------------------------------------------------------------------------------------------------


def _grey(picture):
    """Shades of a picture, made small: an array of float32, (height, width), from 0 (black) to 255 (white)."""
    layers = _small(_with_bytes(picture))
    *colours, opacity = np.moveaxis(np.asarray(layers, dtype="float32"), -1, 0)
    luminance = np.asarray(layers.convert("RGB").convert("L"), dtype="float32")
    shades = [luminance, *colours]
    if opacity.min() < 255:
        opacity = opacity / 255
        # What is drawn on nothing in light ink is meant to be seen on something dark.
        is_light = (luminance * opacity).sum() > 128 * opacity.sum()
        paper = 0 if is_light and np.median(border(opacity)) < 0.5 else 255
        shades = [paper * (1 - opacity) + shade * opacity for shade in shades]
    return _clearest(*shades)


def _clearest(luminance, *colours):
    """The luminance, or the colour in which ink and paper of the same luminance differ."""
    from scipy import ndimage

    red, green, blue = colours
    if max(np.abs(red - green).max(), np.abs(green - blue).max()) < 16:
        return luminance
    size = -(-max(luminance.shape) // 3)
    contrasts = [(shades - ndimage.uniform_filter(shades, size)).std() for shades in (luminance, *colours)]
    contrasts[0] *= 1.5  # it has less noise than each colour
    return (luminance, *colours)[int(np.argmax(contrasts))]


def _small(picture):
    """With layers RGBA, no side longer than `LONGEST_SIDE`."""
    factor = -(-max(picture.size) // LONGEST_SIDE)
    if picture.mode in ("L", "RGB") and "transparency" not in picture.info:
        return picture.reduce(factor).convert("RGBA")  # in this order it takes less memory
    # What is transparent has no part in the mean colour.
    layers = picture.convert("RGBA")
    return layers if factor == 1 else layers.convert("RGBa").reduce(factor).convert("RGBA")


def _with_bytes(picture):
    """The picture; one of other numbers, such as a row of the training set or 16 bits, with 0 to 255 instead."""
    if picture.mode != "F" and not picture.mode.startswith("I"):
        return picture
    shades = np.asarray(picture)
    if not np.isfinite(shades).all():
        raise ValueError("this picture has pixels that are NaN or infinite.")
    most = float(shades.max())
    white = next((white for white in (255, 1023, 4095, 65535) if most <= white), most)  # of 8, 10, 12 and 16 bits
    if picture.mode == "F" and shades.min() >= 0 and most <= 1:
        white = 1
    return Image.fromarray(shades.astype("float32") * np.float32(255 / white)).convert("L")


# As MNIST's ----------------------------------------------------------------------------------------------------------


def _cut(ink):
    rows, columns = (np.flatnonzero((ink > 0.2 * ink.max()).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _thickened(ink):
    """The digit, with strokes as wide as MNIST's if they are thinner: made small, they would fade and break."""
    from scipy import ndimage

    unit = max(ink.shape) / 20
    if unit < 2:
        return ink
    strokes = np.pad(ink > 0.5 * ink.max(), 1)
    depth = ndimage.distance_transform_edt(strokes)[strokes]
    if 2 * depth.max() > THIN * unit:
        return ink
    width = 4 * depth.mean() - 2  # in a stroke of w pixels the mean is (w + 2) / 4
    reach = (USUAL * unit - width) / 2
    margin = int(reach) + 2
    away = ndimage.distance_transform_edt(~np.pad(strokes[1:-1, 1:-1], margin))
    widened = ink.max() * np.clip(reach + 0.5 - away, 0, 1)
    return _cut(np.maximum(np.pad(ink, margin), widened).astype("float32"))


def _normalized(digit):
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


def _show(steps):
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, len(steps), figsize=(2.4 * len(steps), 2.6), squeeze=False, layout="tight")
    for ax, (title, shades) in zip(axes[0], steps):
        ax.imshow(shades, cmap="gray", vmin=0, vmax=1 if shades.dtype == bool else 255)
        ax.set_title(f"{title}, {shades.shape[1]} × {shades.shape[0]}", fontsize=9)
        ax.set(xticks=[], yticks=[])
