"""A class on this machine, for a few minutes: the kernels of many users train a network of notebook 01 at the same time.

    scripts/hub --trial 16

Run as root, each kernel belongs to another user, with a home folder of its own, as on a JupyterHub; these users need no
accounts, and are gone afterwards. Otherwise all kernels are yours, with home folders of their own.
"""

import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import psutil
from nbclient.exceptions import CellExecutionError

from scripts import ROOT
from scripts.classroom.memory import digits_in_cache, text_of_digits
from scripts.notebooks.client import notebook_client

NOTEBOOK = ROOT / "notebooks" / "solved" / "01_logistic_regression.ipynb"
FIRST, LAST = "batch-descent", "tutorial-run"  # cells: the first trained network; training with early stopping
FIRST_USER = 61_000  # the number of a user that no system gives to anybody


class User:
    """Somebody who runs notebook 01, and what that took."""

    def __init__(self, number, folder):
        self.name = f"user-{number}"
        self.home = folder / self.name
        self.home.mkdir(mode=0o700)
        self.seconds = {}
        self._write_kernel(folder / "kernels" / self.name, FIRST_USER + number if os.geteuid() == 0 else None)
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        last = [cell.id for cell in notebook.cells].index(LAST)
        notebook.cells = notebook.cells[: last + 1]
        self.client = notebook_client(notebook, "/", self.name, on_cell_executed=self._note)

    def _write_kernel(self, folder, user):
        environment = {
            "HOME": self.home,
            "PATH": os.defpath,
            "THEANO_FLAGS": "device=cpu",
            "OMP_NUM_THREADS": 1,
            "TQDM_DISABLE": 1,
            "DEEPLEARNING_TUTORIAL_VENV": sys.prefix,  # the one that is tried
        }
        argv = [
            "env",
            "-i",
            *(f"{name}={value}" for name, value in environment.items()),
            ROOT / "scripts" / "kernel",
            "{connection_file}",
        ]
        if user is not None:
            os.chown(self.home, user, user)
            # The file with the key of the connection becomes that of the user, and of nobody else.
            become = f'chown {user} "${{!#}}" && exec setpriv --reuid={user} --regid={user} --clear-groups "$@"'
            argv = ["bash", "-c", become, "bash", *argv]
        folder.mkdir(parents=True)
        about = {"argv": list(map(str, argv)), "display_name": self.name, "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(about))

    def _note(self, cell, **_):
        self.seconds[cell.id] = time.perf_counter() - self.started

    async def run(self, everybody_is_done):
        """Execute the notebook, and keep the kernel until all others have, so that memory can be measured."""
        self.started = time.perf_counter()
        self.error = ""
        async with self.client.async_setup_kernel():
            try:
                for number, cell in enumerate(self.client.nb.cells):
                    await self.client.async_execute_cell(cell, number)
            except CellExecutionError as error:
                self.error = f"{error.ename}: {error.evalue}"
            await everybody_is_done(self)

    def measure(self):
        """Memory of the kernel in MiB: what it has for itself, its share of what it has with others, and the most it had."""
        process = psutil.Process(self.client.km.provisioner.pid)
        memory = process.memory_full_info()
        most = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{process.pid}/status").read_text())[1]
        self.user = process.uids().real
        self.own, self.share, self.most = memory.uss / 2**20, memory.pss / 2**20, int(most) / 2**10

    def waits(self):
        """How often it had to wait long for another program that compiled."""
        return sum(
            output.get("text", "").count("Waiting for")
            for cell in self.client.nb.cells
            for output in cell.get("outputs", [])
        )


async def run_together(users):
    done, all_done = [], asyncio.Event()

    async def everybody_is_done(user):
        done.append(user)
        print(f"{user.name}: {user.error or f'{user.seconds[LAST]:.0f} s'}", file=sys.stderr, flush=True)
        if len(done) == len(users):
            for each in users:
                each.measure()
            all_done.set()
        await all_done.wait()

    await asyncio.gather(*(user.run(everybody_is_done) for user in users))


def main(n_users):
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        folder = Path(folder)
        folder.chmod(0o711)
        os.environ["JUPYTER_PATH"] = str(folder)
        os.environ["JUPYTER_RUNTIME_DIR"] = str(folder / "runtime")
        (folder / "runtime").mkdir(mode=0o711)
        users = [User(number, folder) for number in range(1, n_users + 1)]
        before = psutil.virtual_memory().available
        started = time.perf_counter()
        try:
            asyncio.run(run_together(users))
        except RuntimeError as error:  # such as of a kernel that ends when it starts
            sys.exit(f"{error}. What the kernel has said is above.")
        finally:
            for user in users:
                user.client.raise_if_stopped()
        seconds = time.perf_counter() - started
        folders = [path for user in users for path in user.home.glob(".cache/deeplearning_tutorial-*/theano")]
    failed = [user for user in users if user.error]
    if failed:
        sys.exit(f"{len(failed)} of {n_users} did not get to the end: {failed[0].error}")
    first, last = ([user.seconds[cell] for user in users] for cell in (FIRST, LAST))
    total = sum(user.share for user in users)
    print(
        f"{n_users} kernels of {len({user.user for user in users})} users on {os.cpu_count()} processors, {seconds:.0f} s in all"
    )
    print(f"  a first trained network after  {statistics.median(first):.0f} s (median), {max(first):.0f} s at most")
    print(f"  early stopping ended after     {statistics.median(last):.0f} s (median), {max(last):.0f} s at most")
    print(
        f"  memory of a kernel             {total / n_users:.0f} MiB with its share of what it shares; {statistics.median(user.own for user in users):.0f} MiB of its own, {max(user.most for user in users):.0f} MiB at most"
    )
    print(f"  memory of all kernels          {total:,.0f} MiB; {before / 2**20:,.0f} MiB were free before")
    print(f"  memory of the digits           {text_of_digits()}")
    print(f"  compile folders of their own   {len(folders)}")
    print(f"  long waits for a compiler      {sum(user.waits() for user in users)}")
    print(
        f"For 30 attendees: {(30 * total / n_users + digits_in_cache()) / 1024:.1f} GiB of memory, without their Jupyters."
    )


if __name__ == "__main__":
    if not (len(sys.argv) == 2 and sys.argv[1].isdigit() and int(sys.argv[1]) > 0):
        sys.exit("How many users? scripts/hub --trial 16")
    main(int(sys.argv[1]))
