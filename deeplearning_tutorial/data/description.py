"""What a data set is like, at a glance: how many rows, of which classes, in which range, and how they look.

>>> describe(load_data("mnist"))            # as the last line of a cell in a notebook: tables and a picture
>>> print(describe(load_data("mnist")))     # as text

Look at it before a network does: a set without a class, rows that training and test set share, or pictures that lie on their
side are seen here in a second, and in an error rate not at all.
"""

import html
from dataclasses import dataclass

import numpy as np

from deeplearning_tutorial.data import labels
from deeplearning_tutorial.data.labels import listed
from deeplearning_tutorial.data.splits import in_runs

TITLES = tuple(labels.TITLES.values())

# Rows looked at together: a block of digits fits into the processor's cache.
BLOCK = 256

MOST_CLASSES, EXAMPLES = 12, 10  # in the picture
FEWEST_EXAMPLES = 3  # of wide pictures
PICTURE_HEIGHT, PICTURE_WIDTH = 0.55, 7  # of one, and of a line of them at most, in inches
MOST_LINES = 30  # of the table of classes
UNEVEN = 5  # the largest class has so many times the rows of the smallest


@dataclass
class Description:
    """What `describe` found.

    Attributes
    ----------
    title : str
    sets : list of dict
        For each set what is in a row of the table: rows, smallest, largest, mean, constant features.
    classes : dict
        From the name of a class to its rows in each set.
    notes : list of str
        Sentences about what is unusual.
    examples : list of (int, ndarray)
        The first training rows of a class, (rows, features), and its number.
    image_shape : tuple or None
        Height and width, and 3 where there is colour; None where rows are no images.
    """

    title: str
    sets: list
    classes: dict
    notes: list
    examples: list
    image_shape: tuple | None

    def __str__(self):
        lines = [self.title, *_aligned(self._table_of_sets()), "", *_aligned(self._table_of_classes())]
        return "\n".join([*lines, *([""] if self.notes else []), *(f"- {note}" for note in self.notes)])

    __repr__ = __str__

    def _repr_html_(self):
        from deeplearning_tutorial.plotting import as_png, data_url

        tables = _html_table(self._table_of_sets()) + _html_table(self._table_of_classes())
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        picture = data_url(as_png(self.plot().figure))
        return (
            f"<p><b>{html.escape(self.title)}</b></p>{tables}<ul>{notes}</ul>"
            f'<img alt="{html.escape(self._alternative())}" style="max-width: 100%" src="{picture}">'
        )

    def _alternative(self):
        return "Examples of each class" if self.image_shape else "How far each feature ranges in each class"

    def _table_of_sets(self):
        return [list(self.sets[0]), *([_shown(value) for value in row.values()] for row in self.sets)]

    def _table_of_classes(self):
        head = ["class", *(f"{row['set']} rows" for row in self.sets)]
        rows = [[name, *(f"{count:,}" for count in counts)] for name, counts in self.classes.items()]
        if len(rows) > MOST_LINES:
            half = MOST_LINES // 2
            rows = [*rows[:half], [f"… {len(rows) - 2 * half} more", *[""] * len(self.sets)], *rows[-half:]]
        return [head, *rows]

    def plot(self, ax=None):
        """Draw examples of each class where rows are images, else how the features of each class are distributed.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        return _plot_images(self, ax) if self.image_shape else _plot_features(self, ax)


def describe(datasets, class_names=None, image_shape=None):
    """Look at training, validation and test set.

    Parameters
    ----------
    datasets : list of (x, y)
        As :func:`load_data` or :func:`load_arrays` return it, or two or three pairs of arrays.
    class_names : list of str, optional
        By default those that `datasets` knows, or numbers.
    image_shape : (int, int) or (int, int, 3), optional
        Height and width of the image in a row. By default what `datasets` knows, or the square that a row makes.

    Returns
    -------
    Description
        A notebook shows it as tables and a picture, `print` as text.

    Raises
    ------
    ValueError
        If `datasets` are no pairs of a matrix and a vector of labels, or names or shape do not fit.
    """
    pairs = _arrays(datasets)
    n_classes = 1 + max(int(y.max()) for _, y in pairs)
    names = _names(class_names or getattr(datasets, "class_names", None), n_classes)
    shape = _shape(image_shape, getattr(datasets, "image_shape", None), pairs[0][0].shape[1])
    looks = [_look(x) for x, _ in pairs]
    counts = np.stack([np.bincount(y, minlength=n_classes) for _, y in pairs], axis=1)
    title = getattr(datasets, "name", "data")
    return Description(
        f"{title}: {n_classes:,} classes, {' × '.join(map(str, shape)) if shape else pairs[0][0].shape[1]} "
        f"{'pixels' if shape else 'features'}",
        [_row(*row) for row in zip(TITLES, pairs, looks)],
        {name: row.tolist() for name, row in zip(names, counts)},
        [*_notes_on_classes(pairs, names, counts), *_notes_on_features(looks), *_notes_on_shared_rows(pairs)],
        _examples(*pairs[0]),
        shape,
    )


# What is described --------------------------------------------------------------------------------------------------


def _arrays(datasets):
    try:
        pairs = [(_values(x), _values(y)) for x, y in datasets]
    except (TypeError, ValueError):
        pairs = []
    for x, y in pairs:
        if x.ndim != 2 or y.ndim != 1 or len(x) != len(y) or len(x) == 0 or y.dtype.kind not in "iu" or y.min() < 0:
            raise ValueError(
                f"expected x of shape (rows, features) and y of shape (rows,) of whole numbers from 0, not {x.shape} "
                f"{x.dtype} and {y.shape} {y.dtype}: describe what load_data or load_arrays returns."
            )
    if not 1 <= len(pairs) <= 3 or len({x.shape[1] for x, _ in pairs}) > 1:
        raise ValueError(
            "describe wants the training, validation and test set, pairs (x, y) with as many features each, as load_data "
            f"returns them, not {type(datasets).__name__}."
        )
    return pairs


def _values(variable):
    """The array that a shared variable holds, or a cast of one, as load_data's labels are; an array is itself."""
    if hasattr(variable, "get_value"):
        return np.asarray(variable.get_value(borrow=True))
    owner = getattr(variable, "owner", None)
    if owner is not None:
        return _values(owner.inputs[0]).astype(variable.dtype)
    return np.asarray(variable)


def _names(names, n_classes):
    names = [str(number) for number in range(n_classes)] if names is None else list(map(str, names))
    if len(names) < n_classes:
        raise ValueError(f"there are labels up to {n_classes - 1}, and only {len(names)} class_names: {listed(names)}.")
    return names[:n_classes]


def _shape(wanted, known, n_features):
    if wanted is not None and np.prod(wanted) != n_features:
        raise ValueError(f"image_shape {wanted!r} does not make {n_features} features.")
    shape = wanted or known
    side = round(n_features**0.5)
    if shape is None and side >= 8 and side**2 == n_features:
        return side, side
    return tuple(shape) if shape else None


# Numbers ------------------------------------------------------------------------------------------------------------


@dataclass
class _Look:
    low: np.ndarray  # (features,)
    high: np.ndarray  # (features,)
    mean: np.ndarray  # (features,)


def _look(x):
    """Smallest, largest and mean value of each feature, a block of rows at a time."""
    low, high, total = x[0].copy(), x[0].copy(), np.zeros(x.shape[1])
    for start in range(0, len(x), BLOCK):
        block = x[start : start + BLOCK]
        np.minimum(low, block.min(axis=0), out=low)
        np.maximum(high, block.max(axis=0), out=high)
        total += block.sum(axis=0)
    return _Look(low, high, total / len(x))


def _row(title, pair, look):
    x, y = pair
    return {
        "set": title,
        "rows": len(y),
        "smallest": float(look.low.min()),
        "largest": float(look.high.max()),
        "mean": float(look.mean.mean()),
        "constant features": int((look.low == look.high).sum()),
    }


def _notes_on_classes(pairs, names, counts):
    train = counts[:, 0]
    for title, column in zip(TITLES, counts.T):
        missing = [name for name, count in zip(names, column) if count == 0]
        if missing:
            yield f"No {title} row is of class {listed(missing)}."
    if train.max() > UNEVEN * train[train > 0].min():
        rarest, largest = np.where(train > 0, train, train.max()).argmin(), train.argmax()
        yield (
            f"Classes are uneven: training rows of class {names[rarest]!r}: {train[rarest]:,}, of {names[largest]!r}: "
            f"{train[largest]:,}. Who always says {names[largest]!r} errs on {100 * (1 - train[largest] / train.sum()):.2g} %."
        )
    if in_runs(pairs[0][1]):
        yield "Training rows are sorted by class: mini-batches hold one class each. Shuffle them."


def _notes_on_features(looks):
    train = looks[0]
    spans = (train.high - train.low)[train.high > train.low].astype(np.float64)
    if train.low.min() < 0 or train.high.max() > 1:
        yield "Features are not all from 0 to 1, which the cross-entropy of autoencoders needs."
    if len(spans) and train.high.max() > 1 and spans.max() > 100 * spans.min():
        yield (
            f"Features range from {spans.min():.3g} to {spans.max():.3g}: bring them to one scale, with standardize of "
            "deeplearning_tutorial.data.preprocessing."
        )
    margin = 0.05 * float(train.high.max() - train.low.min())
    for title, look in zip(TITLES[1:], looks[1:]):
        outside = int(((look.mean < train.low - margin) | (look.mean > train.high + margin)).sum())
        if outside:
            yield f"{outside:,} features are on average outside of their training range in the {title} set."


def _notes_on_shared_rows(pairs):
    seen = _hashes(pairs[0][0])
    for title, (x, _) in zip(TITLES[1:], pairs[1:]):
        shared = int(np.isin(_hashes(x), seen).sum())
        if shared:
            yield f"{shared:,} of {len(x):,} {title} rows are training rows, too: what is measured on them is no surprise."
    twice = len(seen) - len(np.unique(seen))
    if twice:
        yield f"Training rows that are there more than once: {twice:,} of {len(seen):,}."


def _hashes(x):
    """A number for each row; that two of a million different rows share one is less likely than one in a million."""
    x = np.ascontiguousarray(x) + x.dtype.type(0)  # -0 is 0
    return np.fromiter((hash(row.tobytes()) for row in x), np.int64, len(x))


def _examples(x, y):
    """The first rows of each class, [(class, rows)]; of many classes, those of some."""
    present = np.unique(y)
    shown = present[np.linspace(0, len(present) - 1, min(len(present), MOST_CLASSES)).round().astype(int)]
    return [(int(number), x[np.flatnonzero(y == number)[:EXAMPLES]]) for number in shown]


# Pictures -----------------------------------------------------------------------------------------------------------


def _plot_images(description, ax):
    """A line of pictures for each class; grey ones with the value of most pixels as paper, which is white."""
    import matplotlib.pyplot as plt

    shape = description.image_shape
    height, width = shape[:2]
    names = [_short(list(description.classes)[number]) for number, _ in description.examples]
    columns = min(EXAMPLES, max(FEWEST_EXAMPLES, int(PICTURE_WIDTH / (PICTURE_HEIGHT * width / height))))
    if ax is None:
        inches = min(PICTURE_HEIGHT, PICTURE_WIDTH * height / (columns * width))
        size = inches * columns * width / height + 0.09 * max(map(len, names)) + 0.3, inches * len(names) + 0.5
        _, ax = plt.subplots(figsize=size, layout="compressed")
    gap = max(1, height // 14)
    low, high = _limits(description.examples)
    page = np.full((len(names) * (height + gap) - gap, columns * (width + gap) - gap, *shape[2:]), np.nan)
    for line, (_, rows) in enumerate(description.examples):
        for column, row in enumerate(rows[:columns]):
            top, left = line * (height + gap), column * (width + gap)
            page[top : top + height, left : left + width] = (row.reshape(shape) - low) / (high - low)
    if len(shape) == 3:
        ax.imshow(np.nan_to_num(page, nan=1).clip(0, 1), interpolation="nearest")
    else:
        dark = np.nanmedian(page) < 0.5
        page = np.nan_to_num(page, nan=0 if dark else 1).clip(0, 1)
        ax.imshow(page, cmap="gray_r" if dark else "gray", vmin=0, vmax=1, interpolation="nearest")
        white, black = (low, high) if dark else (high, low)
        ax.set_xlabel(f"white is {white:.3g}, black {black:.3g}", fontsize="small")
    ax.set(xticks=[], yticks=np.arange(len(names)) * (height + gap) + height / 2, yticklabels=names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def _plot_features(description, ax):
    """A line for each class: the mean of its examples in each feature, each feature from its smallest to its largest value."""
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
    names = list(description.classes)
    style = "o-" if len(description.examples[0][1][0]) < 60 else "-"
    values = np.concatenate([rows for _, rows in description.examples]).astype(np.float64)
    low = values.min(axis=0)
    span = np.maximum(values.max(axis=0) - low, 1e-300)
    for position, (number, rows) in enumerate(description.examples):
        scaled = (rows - low) / span
        (line,) = ax.plot(scaled.mean(axis=0), style, color=f"C{position}", label=_short(names[number]), markersize=4)
        ax.plot(scaled.T, color=line.get_color(), alpha=0.25, linewidth=1)
    ax.set(xlabel="feature", ylabel="from its smallest to its largest", yticks=[0, 1])
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(title="class", fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def _limits(examples):
    values = np.concatenate([rows.ravel() for _, rows in examples])
    low, high = float(values.min()), float(values.max())
    if 0 <= low and high <= 1:
        return 0, 1
    return low, high if high > low else low + 1


def _short(name, most=18):
    """Names of classes often differ at their end only."""
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-(most // 2 - 1) :]}"


# Tables -------------------------------------------------------------------------------------------------------------


def _shown(value):
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}" if isinstance(value, float) else value


def _aligned(table):
    widths = [max(map(len, column)) for column in zip(*table)]
    for first, *others in table:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:]))]
        yield "  ".join(cells).rstrip()


def _html_table(table):
    head, *rows = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in table]
    return f"<table><tr>{head.replace('td>', 'th>')}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
