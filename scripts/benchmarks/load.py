"""Programs that only compute, and so take the processors from others.

with Load(2):
    ...  # beside two of them
"""

import contextlib
import os
import subprocess
import sys
import time

PATIENCE = 60  # seconds for all programs to begin
BEGUN = 0.05  # seconds of a processor after which a program computes, and does not start any more


class LoadError(Exception):
    """Programs that do not run, so that nothing was measured beside them."""


class Load:
    """So many programs that compute as long as the `with` statement lasts, each in a session of its own.

    Linux can share the processors out among sessions, such as the windows of a desktop and the kernels of a Jupyter.

    Raises
    ------
    LoadError
        If one of them does not start to compute.
    """

    def __init__(self, n_programs):
        self.n_programs = n_programs
        self.programs = []

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for _ in range(self.n_programs):
                self.programs.append(stack.enter_context(started_program()))
            self._wait()
            self.end = stack.pop_all()
        self.since, self.seconds_before = time.perf_counter(), self._seconds()
        return self

    def __exit__(self, *_):
        self.end.close()

    def _wait(self):
        end = time.monotonic() + PATIENCE
        while not all(seconds > BEGUN for seconds in self._seconds()):
            if time.monotonic() > end:
                raise LoadError(f"{self.n_programs} programs that compute did not all begin within {PATIENCE} s")
            time.sleep(0.02)

    def _seconds(self):
        """Processor time of each so far."""
        return [processor_seconds(program) for program in self.programs]

    def shares(self):
        """How much of a processor each has had since all began: 1 for one that had a processor to itself.

        Raises
        ------
        LoadError
            If one of them has ended, or has had next to nothing.
        """
        after, elapsed = self._seconds(), time.perf_counter() - self.since
        shares = [(later - before) / elapsed for later, before in zip(after, self.seconds_before)]
        least = 0.05 * min(1, len(os.sched_getaffinity(0)) / max(self.n_programs, 1))
        if idle := [share for share in shares if share < least]:
            raise LoadError(
                f"{len(idle)} of {self.n_programs} programs that should compute had {min(idle):.1%} of a processor"
            )
        return shares


@contextlib.contextmanager
def started_program():
    program = subprocess.Popen(
        [sys.executable, __file__, str(os.getpid())], stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield program
    finally:
        program.kill()
        program.wait()


def processor_seconds(program):
    """What a program has used of the processors.

    Raises
    ------
    LoadError
        If it has ended.
    """
    if program.poll() is not None:
        raise LoadError(f"a program that should compute ended (exit status {program.returncode})")
    with open(f"/proc/{program.pid}/stat") as file:
        user, system = file.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def compute(parent):
    """Until the process `parent` has ended, however it did."""
    number = 1
    while os.getppid() == parent:
        for _ in range(1_000_000):
            number = number * 1_664_525 % 4_294_967_291


if __name__ == "__main__":
    compute(int(sys.argv[1]))
