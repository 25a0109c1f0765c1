"""Digits that are alike in what a writer's hand varies most: upright, and of one width."""

import numpy as np
from scipy.ndimage import affine_transform

SIDE = 28
INK = 0.2  # what counts as ink where the width is measured


def normalize(images, deslant=False, width=None):
    """Set digits upright, and make all equally wide.

    Parameters
    ----------
    images : ndarray, (n, 784)
    deslant : bool
        Shift each row sideways, in proportion to its height, until rows and columns of the ink are uncorrelated.
    width : float, optional
        In pixels, of the box around a digit. A narrow one, as of most ones, becomes at most 1.6 times as wide.

    Returns
    -------
    ndarray, (n, 784)
    """
    if not (deslant or width):
        return images
    return np.stack([_normalize(image, deslant, width) for image in images.reshape(-1, SIDE, SIDE)]).reshape(
        images.shape
    )


def _normalize(image, deslant, width):
    """What is read at (row, column) of the old image, for each place of the new one: column / stretch + slant * row."""
    rows, columns = np.indices(image.shape) - (SIDE - 1) / 2
    ink = image.sum() or 1
    row, column = (image * rows).sum() / ink, (image * columns).sum() / ink
    slant = 0.0
    if deslant:
        height = (image * (rows - row) ** 2).sum()
        slant = np.clip((image * (rows - row) * (columns - column)).sum() / height, -1, 1) if height else 0.0
    # The box around the digit as it will be when it is upright.
    across = (columns - slant * (rows - row))[image > INK]
    left, right = (across.min(), across.max()) if across.size else (0.0, 0.0)
    stretch = np.clip(width / (right - left + 1), 0.5, 1.6) if width else 1.0
    middle = (left + right) / 2 if width else 0.0

    matrix = np.array([[1, 0], [slant, 1 / stretch]])
    centre = np.full(2, (SIDE - 1) / 2)
    # Row by row the digit stays where it is; its middle comes to the middle of the image.
    offset = centre + [0, middle - slant * row] - matrix @ centre
    return affine_transform(image, matrix, offset, order=1)
