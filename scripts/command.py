"""Runs a module of this folder as a command, and sees to it that every command ends in the same way.

    python -P -m scripts.command experiments.reproduce [ARGUMENT]...

is what scripts/reproduce calls. An interrupt, at any moment, a reader that has gone away, and a file that cannot be written
are no faults of the program: they end it with a sentence, or without one, and never with a traceback.
"""

import errno
import os
import runpy
import select
import signal
import sys

INTERRUPTED = 128 + signal.SIGINT
NOBODY_READS = 128 + signal.SIGPIPE

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EIO}


def main(name, arguments):
    """Run a module with these arguments. Returns the exit status."""
    sys.argv[1:] = arguments
    try:
        status = status_of(name)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # another one ends what is still waiting for its threads
        print("\nStopped.", file=sys.stderr)
        return INTERRUPTED
    except MemoryError as error:
        print(f"There is not enough memory. {error}".rstrip(), file=sys.stderr)
        return 1
    except OSError as error:
        if isinstance(error, BrokenPipeError) and not has_reader(sys.stdout):
            status = NOBODY_READS
        elif sentence := sentence_about(error):
            print(sentence, file=sys.stderr)
            status = 1
        else:
            raise
        # What could not be written is still there, and Python would try again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return status


def status_of(name):
    try:
        runpy.run_module(f"scripts.{name}", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    return 0


def has_reader(file):
    poll = select.poll()
    poll.register(file, 0)
    return not poll.poll(0)


def sentence_about(error):
    """What to say of an error that the machine is to blame for; None of any other."""
    where = error.filename or "The output"
    if error.errno in FULL:
        return f"{where} cannot be written: {error.strerror}. Make room, and start again."
    if error.errno in REFUSED and error.filename:
        return f"{where} cannot be used: {error.strerror}."
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
