"""Make slides and pages of the solved notebooks that need no network.

The output folder holds ``index.html``, and for each notebook a page to read (``NN_name.html``) and slides to show
(``NN_name.slides.html``).  They refer to nothing outside the folder: copy it to a USB stick, and open ``index.html``
in any browser.

What stands on which slide follows from the notebook alone:

- A cell of text begins a slide, and the code below it stands on the same one.  Headings # and ## are reached with the
  arrow to the right, all others with the arrow down; the space bar goes through all of them.
- The title has a slide of its own, and so has code that would not fit below what is there already.
- The solution of an exercise comes with the next key, when the class has had its guess.
- Hints are left out; the pages have them.

What is too tall for the screen all the same is set smaller, down to three quarters, and beyond that it scrolls.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from deeplearning_tutorial.data.download import shown
from scripts import ROOT
from scripts.arguments import folder_to_write, unwritable
from scripts.files import write_atomically
from scripts.notebooks.assets import copy_assets, get_assets
from scripts.notebooks.clean_run import solved_problems
from scripts.notebooks.notebook import SOLVED, NotebookError, UnknownNotebook, chosen, read_notebook, shortened
from scripts.notebooks.pages import TEMPLATES, contents_html, page_html, relinked, slides_html
from scripts.notebooks.references import network_problems

OUTPUT = ROOT / "build" / "html"

# By this line of the templates a file is known as one that was made here and may be replaced.
GENERATOR = 'content="scripts/slides"'


class SlidesError(Exception):
    """Why there are no slides, and the cure."""


def read_solved(names, folder=SOLVED):
    """Return {name: solved notebook} of the notebooks whose names begin with one of `names`, or of all."""
    notebooks = {path.stem: read_notebook(path) for path in chosen(names, folder)}
    if not notebooks:
        raise SlidesError(f"There are no notebooks in {folder}.")
    problems = [problem for name, nb in notebooks.items() for problem in solved_problems(nb, name)]
    if problems:
        raise NotebookError(shortened(problems))
    return notebooks


def write_all(notebooks, folder):
    """Write pages, slides and contents into a folder."""
    names = list(notebooks)
    pages = {name: relinked(nb, names, ".html") for name, nb in notebooks.items()}
    for name, before, after in zip(names, [None, *names], [*names[1:], None], strict=False):
        write_atomically(folder / f"{name}.html", page_html(pages[name], name, before, after))
        slides = relinked(notebooks[name], names, ".slides.html")
        write_atomically(folder / f"{name}.slides.html", slides_html(slides, name))
    # Where nbconvert's template looks for the theme `workshop`.
    write_atomically(folder / "assets/reveal/dist/theme/workshop.css", (TEMPLATES / "slides.css").read_bytes())
    write_atomically(folder / "index.html", contents_html(pages))


def check_replaceable(output):
    """Raise SlidesError if `output` is, or holds, anything that was not made here."""
    if not output.exists():
        return
    if not output.is_dir():
        raise SlidesError(f"{output} is a file: name another folder.")
    strangers = sorted(path.name for path in output.iterdir() if path.name != "assets" and not made_here(path))
    if strangers:
        named = ", ".join(strangers[:3]) + (" …" if len(strangers) > 3 else "")
        raise SlidesError(
            f"{output} would be replaced, but scripts/slides did not make all that is in it ({named}): "
            "name another folder, or move that away."
        )


def made_here(path):
    return path.suffix == ".html" and GENERATOR.encode() in path.read_bytes()


def build(notebooks, output, cache):
    """Make all of it in a folder beside `output`, check it, and put it into its place."""
    check_replaceable(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}-", dir=output.parent) as temporary:
        new, old = Path(temporary) / "new", Path(temporary) / "old"
        copy_assets(cache, new / "assets")
        write_all(notebooks, new)
        if problems := network_problems(new):
            raise SlidesError("\n".join([*problems, "Put it into the notebook, or beside it."]))
        if output.exists():
            os.replace(output, old)
        try:
            os.replace(new, output)
        except BaseException:
            if old.exists():
                os.replace(old, output)
            raise


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="scripts/slides",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--output", type=folder_to_write, metavar="FOLDER", default=OUTPUT, help="instead of build/html"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these notebooks; how a name begins is enough")
    options = parser.parse_args(arguments)
    if problem := unwritable(options.output.absolute().parent):
        parser.error(f"{options.output} cannot be written: {problem}. Name a folder of yours: --output FOLDER")
    try:
        notebooks = read_solved(options.names, SOLVED)
    except UnknownNotebook as error:
        parser.error(str(error))
    except (SlidesError, NotebookError) as error:
        print(error, file=sys.stderr)
        return 1
    try:
        build(notebooks, options.output.resolve(), get_assets())
    except (SlidesError, NotebookError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for name in notebooks:
        print(f"{name}: page and slides")
    print(f"Open {shown(options.output / 'index.html')} in a browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
