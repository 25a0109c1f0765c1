"""Loops: how often they run."""

import functools

import numpy as np
import theano
import theano.scan_module
import theano.tensor as T
from theano import gof, scan_module
from theano.tensor.opt import Assert

TOO_FEW_STEPS = "scan was asked for n_steps below 1: it needs one step at least."
TOO_SHORT = "a sequence of scan has fewer elements than n_steps: leave n_steps out, and the shortest sequence decides."


def counted(theanos):
    """Theano's `scan`, which says so when `n_steps` is below 1, or a sequence is shorter.

    Theano 1.0.5 (`theano.scan_module.scan.scan`) notices both while it loops, and its rewrites take the loop away: without a result
    from the step before, ``scan(f, x, n_steps=5)`` of three elements gave three; and the last of 0 steps was the initial value.
    """

    @functools.wraps(theanos)
    def scan(fn, sequences=None, outputs_info=None, non_sequences=None, n_steps=None, *arguments, **options):
        if n_steps is not None and not (np.isscalar(n_steps) and np.isnan(n_steps)):
            sequences = [_long_enough(s, n_steps) for s in _as_list(sequences)]
            n_steps = _at_least_one(n_steps, has_sequences=bool(sequences))
        return theanos(fn, sequences, outputs_info, non_sequences, n_steps, *arguments, **options)

    return scan


def _as_list(sequences):
    if sequences is None:
        return []
    return list(sequences) if isinstance(sequences, list | tuple) else [sequences]


def _at_least_one(n_steps, has_sequences):
    """`n_steps`, tested: at once if it is a number. With sequences, 0 steps are left to Theano: its rewrites may know better."""
    least = 0 if has_sequences else 1
    if isinstance(n_steps, gof.Variable) and not isinstance(n_steps, gof.Constant):
        if n_steps.dtype not in T.integer_dtypes:
            return n_steps  # Theano says so
        return Assert(TOO_FEW_STEPS)(n_steps, T.ge(n_steps, least))
    number = n_steps.data if isinstance(n_steps, gof.Constant) else n_steps
    if number < least:
        raise ValueError(f"{TOO_FEW_STEPS} This is n_steps={number}.")
    return n_steps


def _long_enough(sequence, n_steps):
    if isinstance(sequence, dict):
        taps = sequence.get("taps") or [0]
        taps = [taps] if isinstance(taps, int) else taps
        beyond = max(0, *taps) - min(0, *taps)
        return {**sequence, "input": _with_rows(sequence["input"], n_steps, beyond)}
    return _with_rows(sequence, n_steps, 0)


def _with_rows(sequence, n_steps, beyond):
    sequence = T.as_tensor_variable(sequence)
    return Assert(TOO_SHORT)(sequence, T.ge(sequence.shape[0], n_steps + beyond))


theano.scan = scan_module.scan = scan_module.scan_views.scan = counted(scan_module.scan)
