"""What the values of a configuration may be: a wrong one is refused before anything is begun."""

import inspect
import json
import math

from deeplearning_tutorial.data.augmentation import distort
from scripts.experiments.classifier import ACTIVATIONS
from scripts.experiments.normalization import normalize

COUNTS = ["n_epochs", "pretraining_epochs", "batch_size", "patience", "filter_size"]
SHARES = ["momentum", "pretraining_momentum", "dropout", "corruption"]  # from 0 to below 1


def problem(configuration, key, value):
    """Why a value cannot stand in a configuration under this key, in a sentence with both; None if it can.

    Parameters
    ----------
    configuration : dict
        As it is in the catalogue: a value is of the kind of the one that is there.
    key : str
    value : whatever JSON can say
        Whether it fits the others, and the digits, is found out when training begins.
    """
    if key not in configuration:
        return f"There is no {key!r} in the configuration: {', '.join(configuration)}."
    usual = configuration[key]
    wanted, fits = kind_of(key, usual)
    if all(map(math.isfinite, filter(is_number, leaves(value)))) and (fits(value) or value is None is usual):
        return None
    given = json.dumps(value, ensure_ascii=False)
    return f"{key} should be {wanted}, and not {given}; it is {json.dumps(usual)} in the catalogue."


def kind_of(key, usual):
    """What a value should be, in words, and a function that says whether it is."""
    if key in COUNTS:
        return "a whole number from 1 on", is_count
    if key == "activation":
        return f"one of {', '.join(ACTIVATIONS)}", lambda value: isinstance(value, str) and value in ACTIVATIONS
    if key == "border_mode":
        return '"half" or "valid"', lambda value: value in ("half", "valid")
    if key == "hidden":
        return "a list of whole numbers from 1 on", lambda value: is_list_of(is_count, value)
    if key == "n_filters" and is_list_of(is_count, usual):
        return "a list of whole numbers from 1 on", lambda value: bool(value) and is_list_of(is_count, value)
    if key == "n_filters":
        wanted = "a list of lists of whole numbers from 1 on, such as [[32, 32], [64]]"
        return (
            wanted,
            lambda value: bool(value) and is_list_of(lambda one: bool(one) and is_list_of(is_count, one), value),
        )
    if key == "members":
        names = options_of(normalize)
        wanted = f"a list of settings in braces, each of {', '.join(names)}"
        return wanted, lambda value: bool(value) and is_list_of(lambda one: is_settings(one, names), value)
    if key == "distortion":
        names = sorted({*options_of(distort), *(usual or {})})
        wanted = f"numbers in braces, each of one of {', '.join(names)}, or null for none"
        return wanted, lambda value: value is None or is_settings(value, names)
    if isinstance(usual, bool):
        return "true or false", lambda value: value in (True, False)
    fits, wanted = (is_share, "from 0 to below 1") if key in SHARES else (is_size, "from 0 on")
    if isinstance(usual, list) or (key == "dropout" and usual is None):
        return f"a list of numbers {wanted}", lambda value: is_list_of(fits, value)
    return f"a number {wanted}", fits


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_size(value):
    return is_number(value) and value >= 0


def is_share(value):
    return is_number(value) and 0 <= value < 1


def is_count(value):
    return is_number(value) and isinstance(value, int) and value >= 1


def is_list_of(fits, value):
    return isinstance(value, list) and all(map(fits, value))


def is_settings(value, names):
    """Whether it has numbers, or true or false, for some of these names, and for no others."""
    numbers = isinstance(value, dict) and all(isinstance(one, (bool, int, float)) for one in value.values())
    return numbers and set(value) <= set(names)


def options_of(function):
    return [name for name, one in inspect.signature(function).parameters.items() if one.default is not one.empty]


def leaves(value):
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return [value] if parts is None else [leaf for part in parts for leaf in leaves(part)]
