"""Kernels that run notebook 01 at the same time, each started as Jupyter does it, with all threads that it takes by itself."""

import asyncio
import contextlib
import os

import nbformat

from scripts import ROOT
from scripts.benchmarks import start
from scripts.benchmarks.load import Load
from scripts.benchmarks.measure import say
from scripts.benchmarks.processes import without_threads
from scripts.classroom.class_trial import User
from scripts.notebooks.client import notebook_client

PATIENCE = 900  # seconds for all cells


class Kernel(User):
    """One of several that run all of a notebook: somebody's who does not know of the others."""

    def __init__(self, number, path):
        self.name, self.seconds = f"kernel {number}", {}
        notebook = nbformat.read(path, as_version=4)
        self.client = notebook_client(notebook, path.parent, on_cell_executed=self._note)

    def _note(self, cell, **_):
        super()._note(cell)
        if cell.id in start.MILESTONES:
            say(f"  {self.name}: {start.MILESTONES[cell.id]} after {self.seconds[cell.id]:.0f} s")


def run_side_by_side(n_kernels, n_programs=0, path=ROOT / start.NOTEBOOK):
    """Seconds and memory of kernels that begin together, beside programs that compute.

    Returns
    -------
    dict
        Of each kernel, seconds until each of `start.MILESTONES`, "all" being the last cell; and, when the last kernel is
        done, its memory in MiB: what it has alone, its share (PSS), and the most that it ever had.

    Raises
    ------
    KernelError
        If one did not get to the end.
    LoadError
        If the programs did not run.
    """
    kernels = [Kernel(number, path) for number in range(1, n_kernels + 1)]
    with Load(n_programs) as load, environment_without_threads():
        try:
            asyncio.run(run_together(kernels))
        except RuntimeError as error:  # such as of a kernel that ends when it starts
            raise KernelError(str(error)) from None
        finally:
            for kernel in kernels:
                kernel.client.raise_if_stopped()
        load.shares()
    if failed := [kernel for kernel in kernels if kernel.error]:
        raise KernelError(f"{failed[0].name} of {n_kernels}: {failed[0].error}")
    return {
        "kernels": n_kernels,
        "programs": n_programs,
        "seconds": [milestones(kernel.seconds) for kernel in kernels],
        "own_mib": [kernel.own for kernel in kernels],
        "share_mib": [kernel.share for kernel in kernels],
        "most_mib": [kernel.most for kernel in kernels],
    }


class KernelError(Exception):
    """A kernel that did not get to the end of the notebook."""


async def run_together(kernels):
    """All of their cells; memory is measured when the last is done, and none has ended yet."""
    done = asyncio.Barrier(len(kernels))

    async def all_are_done(kernel):
        say(f"  {kernel.name}: {kernel.error or f'done after {max(kernel.seconds.values()):.0f} s'}")
        await done.wait()
        kernel.measure()
        await done.wait()

    try:
        async with asyncio.timeout(PATIENCE) as patience:
            await asyncio.gather(*(kernel.run(all_are_done) for kernel in kernels))
    except (RuntimeError, TimeoutError) as error:
        if patience.expired():  # nbclient takes a kernel that nobody waits for any more for one that has died
            raise RuntimeError(f"not all were done after {PATIENCE} s") from None
        raise error


def milestones(seconds):
    return {cell: seconds[cell] for cell in start.MILESTONES if cell in seconds} | {"all": max(seconds.values())}


@contextlib.contextmanager
def environment_without_threads():
    """This process's, which kernels inherit."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(without_threads(before), TQDM_DISABLE="1")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
