"""How many threads compute, and why.

Products of matrices are shared by as many threads as the process may use processors: those it is allowed on, as many as its
control group grants (a container's ``--cpus``), and no more than ``OMP_NUM_THREADS``. While other programs keep some of them
busy, fewer compute: a thread that waits for another to be given a processor is worse than none. threads.h sees to that, and
`look` says what it sees.
"""

import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

from deeplearning_tutorial.engine import onednn

LOOK_FOR = 0.3  # seconds; Linux counts in hundredths


@dataclass(frozen=True)
class Threads:
    """What `look` sees.

    Attributes
    ----------
    n : int
        How many threads compute now.
    most : int
        How many would on a quiet machine.
    reason : str
        Why no more than `most`.
    others : float
        Processors that other programs use, of those that this process may use.
    """

    n: int
    most: int
    reason: str
    others: float

    @property
    def is_busy(self):
        return self.n < self.most

    def __str__(self):
        text = f"{self.n} of {self.most}" if self.is_busy else f"{self.n}"
        text += f" ({self.reason})"
        if self.is_busy:
            text += f": this machine is busy, other programs use {self.others:.1f} processors"
        return text


def look():
    """Look at what this process may use, and for a third of a second at what other programs do: a `Threads`."""
    most, reason = at_most()
    library = onednn.loaded()
    if library is None:  # OpenBLAS alone: nobody looks
        return Threads(most, most, reason, 0.0)
    library.threads_others()
    time.sleep(LOOK_FOR)
    return Threads(library.threads_now(), most, reason, library.threads_others())


def at_most():
    """How many threads may compute, and what sets the limit.

    Returns
    -------
    tuple of int and str
    """
    allowed = len(os.sched_getaffinity(0))
    limits = [(allowed, f"{allowed} processor{'s' if allowed > 1 else ''}")]
    if (quota := cpu_quota()) < allowed:
        limits.append((max(1, math.ceil(quota)), f"this container may use {quota:g} of {allowed} processors"))
    wanted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if wanted.isdecimal() and int(wanted) > 0:
        limits.append((int(wanted), f"OMP_NUM_THREADS={wanted}"))
    return min(limits, key=lambda limit: limit[0])


def cpu_quota(groups="/proc/self/cgroup", folder="/sys/fs/cgroup"):
    """How many processors' time the control groups of this process grant it: a float, infinite where there is no limit.

    Parameters
    ----------
    groups, folder : path
        Where Linux names a process's control groups, and has them. Version 1 keeps one hierarchy for each controller,
        ``cpu`` among them; version 2 keeps one for all, named by an empty list of controllers.
    """
    quota = math.inf
    try:
        lines = Path(groups).read_text().splitlines()
    except OSError:
        return quota
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = Path(folder, controllers)
        group = Path(root, path.lstrip("/"))
        for place in [group, *group.parents]:
            quota = min(quota, _quota_of(place))
            if place == root:
                break
    return quota


def _quota_of(group):
    """Of one control group: both versions give microseconds of work in a period of so many microseconds."""
    for files in [("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")]:
        try:
            work, period = " ".join(Path(group, file).read_text() for file in files).split()
            if work not in ("max", "-1"):
                return int(work) / int(period)
        except (OSError, ValueError, ZeroDivisionError):
            pass  # there is no such file, as in the root
    return math.inf
