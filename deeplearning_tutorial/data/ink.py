"""Where the ink of a digit is in a photograph or a drawing.

>>> ink = find_ink(grey)                                    # (height, width), 0 where there is paper

The way of it: what the paper would look like without ink is estimated, so that shadows go; what is darker than that by
more than the paper varies is ink; ruled lines and frames are taken out; of what hangs together, the largest is taken,
with the pieces that belong to it. If a sheet of paper lies on a desk, only the sheet is looked at.

What is chosen here was chosen on validation digits of MNIST, drawn anew by ``scripts/benchmarks/reinking.py``, and is a
fraction of the picture or of the digit where it is a length.
"""

import numpy as np
from PIL import Image

# Shades are from 0 to 255, and lengths are in pixels where it says so; all else are fractions.
WIDEST_STROKE = 0.3  # of the longer side of the picture; what is wider is a shadow, or a desk
NOISE = 1.5  # standard deviation, in shades, from which on a picture is smoothed
FAINTEST = 10  # how far ink is from the paper at least,
FAINT = 32  # and how far at least if it covers fewer pixels than
LARGE = 200
DARK = 0.35  # of the contrast of the ink found so far; what is fainter is a stain, a line or the soft outline
RECTANGULAR = 0.88  # of the smallest rectangle around a sheet; what covers less of it is no sheet
STEEPEST_LINE = 0.2  # of ruled paper that was not held straight: pixels down for each to the right
LINE = 0.6  # of the picture's width that a line covers
THICKEST_LINE = 0.03  # of the picture's height
# Of the length of the digit: how far a piece of it may be away.
GAP_OF_A_BAR = 0.3  # which lies above, below or through it
GAP_OF_A_NEIGHBOUR = 0.05  # upright beside it: the next digit of a number, more likely
GAP = 0.15  # of any other
RIVAL = 0.5  # of the length of the digit; what is not a piece of it and as long as this may be another digit


def find_ink(grey, steps=None):
    """Find the ink of one digit.

    Parameters
    ----------
    grey : ndarray of float32, (height, width)
        Shades, from 0 (black) to 255 (white); ink may be dark on light or light on dark.
    steps : list, optional
        Gets a title and an array for each step, to be shown.

    Returns
    -------
    ndarray of float32, (height, width), or None
        How far each pixel of the digit is from the paper, 255 at most; 0 elsewhere. None if there is no digit.

    Raises
    ------
    ValueError
        If there is more than one digit.
    """
    steps = [] if steps is None else steps
    noise = _noise(grey)
    smooth = _smoothed(grey, noise)
    for sheet in _sheets(smooth):
        shades = np.where(sheet, smooth, np.median(smooth[sheet]))
        turned = [255 - shades, shades] if _is_light_on_dark(shades) else [shades, 255 - shades]
        for each in turned:
            ink = _ink_on_paper(each, sheet, noise, steps)
            if ink is not None:
                return ink
    return _two_shades(grey, steps)


# Shades --------------------------------------------------------------------------------------------------------------


def _noise(grey):
    """Standard deviation of the noise, by Immerkaer's filter (1996), with the median in the place of the mean."""
    from scipy import ndimage

    kernel = np.float32([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6  # blind to slopes
    return 1.4826 * np.median(np.abs(ndimage.convolve(grey, kernel)))


def _smoothed(grey, noise):
    from scipy import ndimage

    if noise < NOISE or min(grey.shape) < 100:
        return grey
    return ndimage.gaussian_filter(grey, min(2, 0.5 + noise / 10))


def _is_light_on_dark(grey):
    """Whether more stands out from its surroundings by being light than by being dark."""
    from scipy import ndimage

    small = np.asarray(Image.fromarray(grey).reduce(-(-max(grey.shape) // 50)))
    # The edge of a shadow stays where it is in a median, so that it counts for neither.
    away = small - ndimage.median_filter(small, max(3, round(0.5 * max(small.shape))))
    light, dark = (away[away > 0] ** 2).sum(), (away[away < 0] ** 2).sum()
    return light > dark if max(light, dark) > 0 else np.median(border(grey)) < 128


def border(array):
    """The pixels at the four sides."""
    return np.concatenate([array[0], array[-1], array[:, 0], array[:, -1]])


def _otsu(values):
    """The threshold between two classes of numbers that leaves the least variance within them (Otsu 1979)."""
    counts, edges = np.histogram(values, 64)
    centres = (edges[:-1] + edges[1:]) / 2
    below, sums = np.cumsum(counts)[:-1], np.cumsum(counts * centres)
    total = len(values)
    between = (sums[-1] * below / total - sums[:-1]) ** 2 / np.maximum(below * (total - below), 1)
    return edges[1:-1][np.argmax(between)]


def _contrast(ink):
    """The usual ink of a mark: of the darker of two classes, so that a pale surrounding does not count."""
    darker = ink[ink > _otsu(ink)]
    return float(np.median(darker if len(darker) else ink))


# Paper ---------------------------------------------------------------------------------------------------------------


def _paper(grey):
    """What the picture would look like without strokes. One shade, if it nearly is one."""
    size = round(WIDEST_STROKE * max(grey.shape)) | 1
    paper = _closed(grey, size)
    usual = np.median(paper)
    if np.percentile(np.abs(paper - usual), 99) < 8:
        return np.full_like(paper, usual)
    return _shadowed(grey)  # on even paper this would cut ink off that touches the border


def _shadowed(grey):
    """What it would look like without strokes; a shadow that is cut off by the border is taken for a wide one."""
    size = max(3, round(WIDEST_STROKE * max(grey.shape)) | 1)
    margin = size // 2
    return _closed(np.pad(grey, margin, constant_values=-np.inf), size)[margin:-margin, margin:-margin]


def _closed(grey, size):
    """Without what is dark and narrower than `size`: edges of wide shadows stay where they are."""
    from scipy import ndimage

    widened = ndimage.maximum_filter(grey, size, mode="constant", cval=-np.inf)
    return ndimage.minimum_filter(widened, size, mode="constant", cval=np.inf)


def _sheets(grey):
    """Where to look: on the sheet that lies on a darker or lighter desk, if there is one, then everywhere."""
    for shades in (grey, 255 - grey):
        sheet = _sheet(shades)
        if sheet is not None:
            yield sheet
    yield np.ones(grey.shape, bool)


def _sheet(grey):
    """A light rectangle on something dark, without its outline; None if there is none."""
    from scipy import ndimage

    step = -(-max(grey.shape) // 200)
    small = np.asarray(Image.fromarray(grey).reduce(step))
    if min(small.shape) < 20:
        return None
    paper = _shadowed(small)
    labels, _ = ndimage.label(paper > _otsu(paper.ravel()))
    areas = np.bincount(labels.ravel())[1:]
    if not len(areas):
        return None
    sheet = ndimage.binary_fill_holes(labels == 1 + np.argmax(areas))
    # The bright side of a shadow is as wide as the picture.
    if sheet.mean() < 0.1 or border(sheet).mean() > 0.3:
        return None
    inner = ndimage.binary_erosion(sheet, iterations=2, border_value=1)
    around = ndimage.binary_dilation(sheet, iterations=3) & ~ndimage.binary_dilation(sheet)
    if not around.any() or not inner.any():
        return None
    drop = np.median(paper[sheet & ~inner]) - np.median(paper[around])
    if drop < max(25, 0.7 * (paper[sheet].mean() - paper[~sheet].mean())):
        return None  # it fades away
    area, shorter = _rectangle(sheet)
    if sheet.sum() < RECTANGULAR * area or shorter < WIDEST_STROKE * max(small.shape):
        return None  # a thick digit
    return np.kron(inner, np.ones((step, step), bool))[: grey.shape[0], : grey.shape[1]]


def _rectangle(mask):
    """Area and shorter side of the smallest rectangle around a shape: one of its sides lies on the convex hull's."""
    from scipy.spatial import ConvexHull

    points = np.argwhere(mask)
    corners = points[ConvexHull(points).vertices]
    sides = np.diff(corners, axis=0, append=corners[:1])
    along = sides / np.linalg.norm(sides, axis=1, keepdims=True)
    across = along[:, ::-1] * [1, -1]
    lengths = np.stack([np.ptp(corners @ directions.T, axis=0) + 1 for directions in (along, across)])
    smallest = np.argmin(lengths.prod(axis=0))
    return lengths[:, smallest].prod(), lengths[:, smallest].min()


# Ink -----------------------------------------------------------------------------------------------------------------


def _ink_on_paper(grey, sheet, noise, steps):
    """Dark ink on a sheet, or None."""
    from scipy import ndimage

    paper = np.maximum(_paper(grey), 16)
    ink = 255 * (1 - grey / paper)  # in a shadow everything is darker by the same factor
    usual = np.median(ink[sheet])
    spread = 1.4826 * np.median(np.abs(ink[sheet] - usual))
    ink = np.where(sheet, np.maximum(ink - usual, 0), 0)

    edge = ~ndimage.binary_erosion(sheet)
    threshold = max(FAINTEST, 5 * spread)
    for _ in range(3):
        dark = np.zeros(ink.shape, bool)
        dark[_box(sheet)] = _without_lines((ink > threshold)[_box(sheet)])
        found, others = _largest_mark(dark, ink, edge)
        if found is None:
            return None
        contrast = _contrast(ink[found])
        if DARK * contrast <= threshold:
            break
        threshold = DARK * contrast  # stains and lines are fainter than the ink that they touch
    if contrast < FAINT and (contrast < FAINTEST or found.sum() < LARGE):
        return None

    steps += [("paper taken away", 255 - ink), ("ink", ~dark), ("what was found", ~(found | others))]
    if others.any():
        raise ValueError(
            "more than one digit, or something else that is as large, was found in this picture. Cut out one digit; "
            "centred_digit(picture, show_steps=True) shows what was found."
        )
    # The soft outline belongs to it, but what is ink and was not taken does not.
    soft = ndimage.binary_dilation(found, iterations=max(3, round(0.015 * _length(found))))
    ink = np.where(soft & (found | (ink <= threshold)), ink, 0)
    return np.minimum(ink, contrast) if noise >= NOISE else ink


def _two_shades(grey, steps):
    """Ink of any width on even paper, whose shade is that of the border; or None."""
    ink = np.abs(np.median(border(grey)) - grey)
    if ink.max() < FAINT or ((ink > 0.2 * ink.max()) & (ink < 0.8 * ink.max())).mean() > 0.2:
        return None
    steps += [("paper taken away", 255 - ink), ("ink", ink <= 0.2 * ink.max())]
    return ink


# Lines ---------------------------------------------------------------------------------------------------------------


def _without_lines(dark):
    """Without thin straight lines that go through most of the picture: ruled and squared paper, frames."""
    if min(dark.shape) < 100:
        return dark
    return dark & ~_lines(dark) & ~_lines(dark.T).T


def _lines(dark):
    """Lines that are nearly horizontal; where something thicker crosses them they are left out."""
    from scipy import ndimage

    nothing = np.zeros_like(dark)
    height, width = dark.shape
    if dark.any(axis=0).mean() < LINE:
        return nothing
    y, x = np.nonzero(dark)

    def row(y, x, slope):
        return np.round(y - slope * (x - width / 2)).astype(int) + width

    def sharpness(slope):
        return (np.bincount(row(some_y, some_x, slope)).astype(float) ** 2).sum()

    # All lines at once are sharpest where the slope is right; some of the pixels are enough to see it.
    some_y, some_x = (each[:: -(-len(y) // 20_000)] for each in (y, x))
    slope = max(np.arange(-STEEPEST_LINE, STEEPEST_LINE, 2 / width), key=sharpness)
    rows = row(y, x, slope)
    counts = np.bincount(rows, minlength=height + 2 * width)
    first, last = np.full(height + 2 * width, width), np.zeros(height + 2 * width)
    np.minimum.at(first, rows, x)
    np.maximum.at(last, rows, x)
    # A stroke ends on the page, a line goes on to its border.
    lined = (counts > LINE * width) & (first < 0.05 * width) & (last > 0.95 * width)
    labels, n_lines = ndimage.label(lined)
    if not n_lines:
        return nothing
    thickest = np.bincount(labels)[1:].max() + 2
    if thickest > THICKEST_LINE * height:
        return nothing
    lined = ndimage.binary_dilation(lined)
    thick = ndimage.binary_opening(dark, np.ones((2 * thickest + 1, 1)))
    return lined[row(*np.ogrid[:height, :width], slope)] & ~thick


# Marks ---------------------------------------------------------------------------------------------------------------


class _Mark:
    """Ink that hangs together."""

    def __init__(self, label, box, labels, ink, edge):
        self.label, self.box = label, box
        own = labels[box] == label
        self.height, self.width = own.shape
        self.length, self.area = max(own.shape), own.sum()
        self.contrast = np.percentile(ink[box][own], 90)
        self.touches = edge[box][own].any()
        # A blot, a hole, or a smudge: as wide as it is high, and filled.
        self.is_blot = self.area > 0.7 * own.size and min(own.shape) > 0.5 * self.length
        self.score = self.length * self.contrast * (0.2 if self.touches else 1) * (0.2 if self.is_blot else 1)

    def frames(self, other):
        """Whether this is drawn around another mark."""
        if self.area > 0.15 * self.height * self.width or other.length < 0.3 * self.length:
            return False
        return all(own.start < its.start and own.stop > its.stop for own, its in zip(self.box, other.box))


def _largest_mark(dark, ink, edge):
    """The digit with all its pieces, and what else could be one; two masks, the first None if there is nothing."""
    from scipy import ndimage

    labels, _ = ndimage.label(dark, np.ones((3, 3)))
    boxes = ndimage.find_objects(labels)
    longest = sorted(enumerate(boxes, 1), key=lambda pair: -max(side.stop - side.start for side in pair[1]))[:100]
    marks = [_Mark(label, box, labels, ink, edge) for label, box in longest]
    if not marks:
        return None, np.zeros_like(dark)
    marks = [mark for mark in marks if not any(mark.frames(other) for other in marks)]
    main = max(marks, key=lambda mark: mark.score)
    others = [
        mark
        for mark in marks
        if mark is not main
        and mark.contrast > 0.4 * main.contrast
        and mark.area > 0.02 * main.area
        and (main.touches or not mark.touches)
    ]
    found = labels == main.label
    pieces = True
    while pieces:
        away = ndimage.distance_transform_edt(~found) if others else None
        pieces = [mark for mark in others if _belongs(mark, labels, found, away)]
        others = [mark for mark in others if mark not in pieces]
        found |= np.isin(labels, [mark.label for mark in pieces])
    rivals = [
        mark.label
        for mark in others
        if mark.length > RIVAL * _length(found) and mark.contrast > 0.6 * main.contrast and not mark.is_blot
    ]
    return found, np.isin(labels, rivals)


def _belongs(mark, labels, found, away):
    """Whether a mark is a piece of the digit: the bar of a 5, the rest of a broken stroke."""
    rows, columns = _box(found)
    length = _length(found)
    gap = away[mark.box][labels[mark.box] == mark.label].min()
    overlap = min(mark.box[1].stop, columns.stop) - max(mark.box[1].start, columns.start)
    is_bar = mark.height < 0.5 * min(mark.width, rows.stop - rows.start) + 1
    if is_bar or overlap > 0.5 * min(mark.width, columns.stop - columns.start):
        return gap <= GAP_OF_A_BAR * length
    if overlap <= 0 and mark.height > 0.6 * length:
        return gap <= GAP_OF_A_NEIGHBOUR * length
    return gap <= GAP * length


def _box(mask):
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _length(mask):
    return max(side.stop - side.start for side in _box(mask))
