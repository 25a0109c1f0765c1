"""Digits of MNIST written anew, as people's pictures of digits are: with a pen on squared paper, under a lamp, out of focus.

>>> picture = reink(digit, "ruled paper", seed=7)         # digit: (28, 28), ink is 255

Nothing here is shared with `deeplearning_tutorial.data.images`, whose work is to find the digit again. A way and a seed
give the same picture each time.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

PAPER, INK = 245, 40  # shades of the usual page


@dataclass
class Page:
    """What a way begins with."""

    ink: np.ndarray  # (height, width), how much of each pixel is covered, from 0 to 1
    rng: np.random.Generator

    def on(self, paper=PAPER, ink=INK):
        """Shades of the page with the digit on it; each may be a number or an array."""
        return paper * (1 - self.ink) + ink * self.ink


# The pens ------------------------------------------------------------------------------------------------------------


def enlarged(digit, length):
    """The digit with crisp outlines, its longer side of this many pixels."""
    rows, columns = (np.flatnonzero((digit > 60).any(axis=axis)) for axis in (1, 0))
    digit = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = length / max(digit.shape)
    margin = 2  # so that the outline is inside
    picture = Image.fromarray(np.pad(digit, margin))
    width, height = (round(scale * (side + 2 * margin)) for side in digit.shape[::-1])
    shades = np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC), dtype="float32")
    return np.clip((shades / 255 - 0.4) * scale / 2 + 0.5, 0, 1)


def drawn_with_a_pen(ink, width):
    """The middle lines of the strokes, drawn anew with a round pen of this many pixels."""
    distance = ndimage.distance_transform_edt(~thinned(np.pad(ink > 0.5, width)))
    return np.clip(width / 2 + 0.5 - distance, 0, 1).astype("float32")


def thinned(mask):
    """Strokes made one pixel wide by the rules of Zhang and Suen (1984)."""
    mask = np.pad(mask, 1).astype("uint8")
    changed = True
    while changed:
        changed = False
        for first in (True, False):
            n, ne, e, se, s, sw, w, nw = ring = [
                np.roll(mask, shift, (0, 1))
                for shift in [(1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1)]
            ]
            neighbours = sum(ring)
            starts = sum((one == 0) & (following == 1) for one, following in zip(ring, ring[1:] + ring[:1]))
            ends = (n * e * s == 0) & (e * s * w == 0) if first else (n * e * w == 0) & (n * s * w == 0)
            peeled = (mask == 1) & (2 <= neighbours) & (neighbours <= 6) & (starts == 1) & ends
            changed |= peeled.any()
            mask[peeled] = 0
    return mask[1:-1, 1:-1] == 1


# What is on the page, and how it is lit -------------------------------------------------------------------------------


def smooth_noise(shape, rng, size):
    """Hills and valleys of about `size` pixels, of standard deviation 1."""
    coarse = rng.normal(size=[side // size + 4 for side in shape]).astype("float32")
    hills = np.asarray(
        Image.fromarray(coarse).resize([side * size for side in coarse.shape[::-1]], Image.Resampling.BICUBIC)
    )
    hills = hills[size : size + shape[0], size : size + shape[1]]
    return hills / hills.std()


def speck(page):
    shades = page.on(255)
    shades[3:5, -6:-4] = 190
    return shades


def noise(deviation):
    return lambda page: page.on() + page.rng.normal(0, deviation, page.ink.shape)


def frame(page):
    shades = page.on()
    inset = page.rng.integers(0, 12)
    box = (inset, inset, shades.shape[1] - 1 - inset, shades.shape[0] - 1 - inset)
    picture = Image.fromarray(shades)
    ImageDraw.Draw(picture).rectangle(box, outline=30, width=int(page.rng.integers(2, 5)))
    return np.asarray(picture)


def radius(shape):
    """Distance from the middle; the corners are at 1."""
    y, x = np.ogrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return np.sqrt((x * x + y * y) / 2)


def vignette(page):
    return page.on() * (1 - 0.6 * radius(page.ink.shape) ** 2)


def desk(page):
    """A sheet, not quite straight, on a dark desk of wood."""
    height, width = (round(1.5 * side) for side in page.ink.shape)
    rows = np.arange(height)[:, None] + 6 * smooth_noise((height, width), page.rng, 150)
    wood = 90 + 18 * np.sin(rows / 9) + 6 * page.rng.normal(size=(height, width))
    sheet = Image.fromarray(page.on().astype("float32"))
    mask = Image.new("L", sheet.size, 255)
    angle = page.rng.uniform(-6, 6)
    sheet, mask = (one.rotate(angle, Image.Resampling.BICUBIC, expand=True) for one in (sheet, mask))
    picture = Image.fromarray(wood.astype("float32"))
    place = [int(page.rng.uniform(0.2, 0.8) * (all_ - part)) for all_, part in zip(picture.size, sheet.size)]
    picture.paste(sheet, place, mask)
    return np.asarray(picture)


def direction(page):
    """A ramp over the page in a random direction, from 0 to 1."""
    angle = page.rng.uniform(0, 2 * np.pi)
    height, width = page.ink.shape
    ramp = np.arange(height)[:, None] * np.sin(angle) + np.arange(width) * np.cos(angle)
    return (ramp - ramp.min()) / np.ptp(ramp)


def soft_shadow(page):
    ramp = direction(page)
    return page.on() - 100 * ramp * (0.4 + 0.6 * page.on() / PAPER)


def sharp_shadow(page):
    """The edge runs through the digit."""
    ramp = direction(page)
    edge = (ramp * page.ink).sum() / page.ink.sum() + page.rng.uniform(-0.1, 0.1)
    return page.on() * np.where(ramp > edge, 0.6, 1)


def rulings(page, axes):
    """Lines across the page, not quite straight."""
    height, width = page.ink.shape
    tilt, spacing = page.rng.uniform(-0.02, 0.02), page.rng.uniform(35, 60)
    lines = np.zeros(page.ink.shape, bool)
    for axis in axes:
        y, x = np.arange(height)[:, None], np.arange(width)
        across = y + tilt * x if axis == 0 else x - tilt * y
        lines |= (across + page.rng.uniform(0, spacing)) % spacing < 2
    return page.on(np.where(lines, page.rng.uniform(150, 200), PAPER))


def pencil(page):
    grain = np.clip(1 + 0.3 * page.rng.normal(size=page.ink.shape), 0, 1)
    page.ink = page.ink * grain
    return page.on(240, 215) + page.rng.normal(0, 2, page.ink.shape)


def transparent(page):
    layers = np.full((*page.ink.shape, 4), 255, "uint8")
    layers[..., 3] = np.round(255 * page.ink)
    return Image.fromarray(layers)


def blackboard(page):
    wiped = 55 + 8 * smooth_noise(page.ink.shape, page.rng, 60)
    chalk = 210 + 15 * page.rng.normal(size=page.ink.shape)
    return page.on(wiped, chalk) + page.rng.normal(0, 4, page.ink.shape)


def coloured(page):
    papers = [(250, 230, 120), (180, 220, 250), (250, 190, 200), (190, 240, 180)]
    inks = [(30, 60, 200), (200, 20, 30), (20, 110, 40), (120, 30, 140)]
    paper, ink = papers[page.rng.integers(4)], inks[page.rng.integers(4)]
    return np.stack([page.on(*shades) for shades in zip(paper, ink)], axis=-1)


def jpeg(page):
    shades = page.on() + page.rng.normal(0, 4, page.ink.shape)
    file = io.BytesIO()
    Image.fromarray(as_bytes(shades)).save(file, "jpeg", quality=10)
    return Image.open(file)


def out_of_focus(page):
    blurred = Image.fromarray(as_bytes(page.on())).filter(ImageFilter.GaussianBlur(page.rng.uniform(5, 9)))
    return np.asarray(blurred) + page.rng.normal(0, 3, page.ink.shape)


def crumpled(page):
    """Folds that catch the light, on one side, and throw shadows, on the other."""
    paper = 215 + 9 * smooth_noise(page.ink.shape, page.rng, 90)
    for _ in range(8):
        ramp = direction(page) - page.rng.uniform(0.1, 0.9)
        paper += page.rng.uniform(-25, 25) * np.exp(-np.abs(ramp) * 15) * np.sign(ramp)
    return page.on(paper) + page.rng.normal(0, 3, page.ink.shape)


def stained(page):
    """A ring of coffee, and drops."""
    height, width = page.ink.shape
    paper = np.full(page.ink.shape, float(PAPER))
    y, x = np.ogrid[:height, :width]
    away = np.hypot(x - page.rng.uniform(0, width), y - page.rng.uniform(0, height))
    paper -= 45 * np.exp(-(((away - 0.25 * width) / 8) ** 2))
    for _ in range(12):
        away = np.hypot(x - page.rng.uniform(0, width), y - page.rng.uniform(0, height))
        paper -= page.rng.uniform(15, 50) * (away < page.rng.uniform(2, 14))
    return page.on(paper)


def punched(page):
    """Two holes at the left, through which the dark table is seen."""
    height, _ = page.ink.shape
    shades = page.on()
    picture = Image.fromarray(shades)
    for y in (0.28 * height, 0.72 * height):
        ImageDraw.Draw(picture).ellipse((14, y - 14, 42, y + 14), fill=45)
    return np.asarray(picture)


# All ways ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """How a digit comes onto a page; lengths are in pixels."""

    finish: callable  # makes shades, or a picture, of a Page
    digit: tuple = (150, 300)  # the least and the greatest length of its longer side
    page: tuple = (640, 480)  # width and height
    pen: callable = None  # its width of the length; None leaves MNIST's strokes
    corner: bool = False


WAYS = {
    "clean": Way(lambda page: page.on()),
    "16 bits a pixel": Way(lambda page: Image.fromarray(np.round(257 * page.on(240)).astype("uint16"))),
    "a speck in a corner": Way(speck),
    "noise, deviation 10": Way(noise(10)),
    "noise, deviation 20": Way(noise(20)),
    "a thin dark frame": Way(frame),
    "dark corners (vignette)": Way(vignette),
    "a sheet on a desk": Way(desk),
    "a soft shadow of 100 levels": Way(soft_shadow),
    "a shadow with a sharp edge": Way(sharp_shadow),
    "ruled paper": Way(lambda page: rulings(page, [0])),
    "squared paper": Way(lambda page: rulings(page, [0, 1])),
    "a pen of 4 pixels": Way(lambda page: page.on(), digit=(200, 420), pen=lambda length: 4),
    "a thick marker": Way(lambda page: page.on(), pen=lambda length: round(0.2 * length)),
    "a pencil, 215 on 240": Way(pencil),
    "white on transparency": Way(transparent),
    "chalk on a blackboard": Way(blackboard),
    "coloured ink and paper": Way(coloured),
    "a JPEG of quality 10": Way(jpeg),
    "out of focus": Way(out_of_focus),
    "small, in a corner": Way(noise(3), digit=(90, 140), page=(1600, 1200), corner=True),
    "crumpled paper": Way(crumpled),
    "coffee stains": Way(stained),
    "punched paper": Way(punched),
}


def reink(digit, way, seed):
    """Write a digit anew.

    Parameters
    ----------
    digit : ndarray of uint8, (28, 28)
        Ink is 255, paper is 0.
    way : str
        One of `WAYS`.
    seed : int
        Of the size and place of the digit, and of everything else that is random.

    Returns
    -------
    PIL.Image.Image
    """
    how = WAYS[way]
    rng = np.random.default_rng([seed, list(WAYS).index(way)])
    length = int(rng.integers(*how.digit))
    ink = enlarged(digit, length)
    if how.pen:
        ink = drawn_with_a_pen(ink, how.pen(length))
    ink = ink[np.ix_(ink.any(axis=1), ink.any(axis=0))]
    room = [page - own for page, own in zip(how.page[::-1], ink.shape)]
    least, most = (0.85, 0.95) if how.corner else (0.1, 0.9)
    top, left = (int(rng.uniform(least, most) * space) for space in room)
    page = np.zeros(how.page[::-1], "float32")
    page[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    made = how.finish(Page(page, rng))
    return made if isinstance(made, Image.Image) else Image.fromarray(as_bytes(made))


def as_bytes(shades):
    return np.clip(np.round(shades), 0, 255).astype("uint8")
