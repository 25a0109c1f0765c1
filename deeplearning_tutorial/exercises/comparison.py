"""How a wrong result differs from the right one, in words that hold for any exercise."""

import numpy as np


def same(found, wanted):
    return np.shape(found) == np.shape(wanted) and np.allclose(found, wanted, rtol=1e-3, atol=1e-4)


def difference(found, wanted):
    """How an array, or a number, differs from another one, in a sentence.

    Parameters
    ----------
    found, wanted : ndarray
        Of numbers. They are not the same.
    """
    found, wanted = np.asarray(found), np.asarray(wanted)
    if found.shape != wanted.shape:
        return _difference_in_shape(found, wanted)
    if not np.all(np.isfinite(found)):
        return (
            f"{_share(~np.isfinite(found))} not finite (`nan` or `inf`), as after a division by zero, or the logarithm or root "
            "of a number that has none."
        )
    return _difference_in_all(found, wanted) or _difference_at_one_place(found, wanted)


def _difference_in_shape(found, wanted):
    if same(found.ravel(), wanted.ravel()):
        return f"The numbers are right, but the shape is {found.shape}, and should be {wanted.shape}."
    if found.ndim > 1 and same(found.T, wanted):
        return f"The numbers are right, but the axes are exchanged: the shape is {found.shape}, and should be {wanted.shape}."
    if wanted.size > 1 and found.ndim == 0:
        for name, number in [("sum", wanted.sum()), ("mean", wanted.mean()), ("largest", wanted.max())]:
            if same(found, number):
                return f"It is one number, the {name} of those that are wanted: the shape should be {wanted.shape}."
    if wanted.ndim == 0:
        for name, number in [("sum", found.sum()), ("mean", found.mean())]:
            if found.size and same(number, wanted):
                return f"It should be one number, the {name} of what it gives, an array of the shape {found.shape}."
    shape = f"the shape is {found.shape}" if found.ndim else "it is one number"
    return f"Already {shape}, and {f'it should be {wanted.shape}' if wanted.ndim else 'one number is wanted'}."


def _difference_in_all(found, wanted):
    """What all numbers have in common, or None."""
    if same(found, -wanted):
        return "The sign is wrong, of all that is there."
    if same(found, np.trunc(wanted)):
        return "All fractions are cut off, as in an array of whole numbers."
    if found.ndim == 0:
        return None
    if found.ndim == 2 and same(found.T, wanted):
        return "The numbers are right, but rows and columns are exchanged."
    if same(np.sort(found, axis=None), np.sort(wanted, axis=None)):
        return "The numbers are right, but in another order."
    if found.size > 2 and np.ptp(found) == 0:
        return f"All numbers are the same, {found.flat[0]:.4g}, and should differ."
    added = found.astype(float) - wanted
    if found.size > 2 and np.ptp(added) < 1e-4:
        return f"All numbers are too {'large' if added.flat[0] > 0 else 'small'} by {abs(added.flat[0]):.4g}."
    if found.size > 2 and np.any(wanted):
        factor = np.sum(found.astype(float) * wanted) / np.sum(np.square(wanted, dtype=float))
        if factor and same(found, factor * wanted):
            return f"All numbers are {factor:.4g} times as large as they should be."
    return None


def _difference_at_one_place(found, wanted):
    if found.ndim == 0:
        return f"It is {_written(found)}, and should be {_written(wanted)}."
    wrong = ~np.isclose(found, wanted, rtol=1e-3, atol=1e-4)
    place = tuple(int(index) for index in np.argwhere(wrong)[0])
    where = ", ".join(str(index) for index in place)
    if not found[wrong].any():
        number = int(np.sum(wrong))
        return (
            f"{number} number{'' if number == 1 else 's'} of {wrong.size} should not be 0, but {'is' if number == 1 else 'are'}, the "
            f"first at `[{where}]`. Does a loop end too early, or leave something out?"
        )
    share = "" if wrong.all() else f"{_share(wrong)} wrong. "
    return f"{share}At `[{where}]` it gives {_written(found[place])}, and should give {_written(wanted[place])}."


def _share(chosen):
    number = int(np.sum(chosen))
    return f"{number} of {chosen.size} numbers {'is' if number == 1 else 'are'}"


def _written(number):
    return f"{float(number):.4g}"
