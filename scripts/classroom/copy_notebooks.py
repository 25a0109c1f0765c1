"""Copies of the notebooks, for a user who shares this repository with others. What is there already is never changed."""

import json
import os
import sys
from pathlib import Path

from scripts import ROOT

NOTEBOOKS = ROOT / "notebooks"


def copy_notebooks(folder, kernel=None):
    """Copy each notebook that is not there yet, to be run by a kernel of that name if one is given. Returns the names of those copied."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # others need not see what somebody tries
    copied = []
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if kernel:
            notebook["metadata"]["kernelspec"].update(name=kernel, display_name=kernel)
        unfinished = folder / f".{path.name}.{os.getpid()}"
        try:
            unfinished.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            os.link(unfinished, folder / path.name)  # in one step, and an error where there is one
            copied.append(path.name)
        except FileExistsError:
            pass
        finally:
            unfinished.unlink(missing_ok=True)
    return copied


if __name__ == "__main__":
    target = Path(sys.argv[1])
    try:
        print(f"{len(copy_notebooks(target, *sys.argv[2:]))} notebooks copied to {target}")
    except OSError as error:
        sys.exit(
            f"The notebooks cannot be copied to {target}: {error.strerror} ({error.filename or 'is the disk full?'})."
        )
