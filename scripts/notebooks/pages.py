"""The HTML of pages, slides and contents: nbconvert's, in the templates of ``scripts/notebooks/templates``.

A template extends nbconvert's own, leaves out what that loads from the network (require.js, jQuery, Mermaid and
MathJax 2), and loads from ``assets/`` what `scripts.notebooks.assets` puts there.
"""

import logging
import re
from copy import deepcopy
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from nbconvert import HTMLExporter, SlidesExporter
from nbconvert.filters import markdown2html

from scripts.notebooks.layout import HEIGHT, TALLEST_PICTURE, WIDTH, slide_types, split_at_headings
from scripts.notebooks.notebook import SOLVED
from scripts.notebooks.solutions import instructor_notebook

TEMPLATES = Path(__file__).parent / "templates"
TITLE = "Deep learning from first principles, in Theano"

LOG = logging.getLogger("slides")
LOG.setLevel(logging.ERROR)  # nbconvert warns of each figure that has no description
OPTIONS = {"extra_template_paths": [str(TEMPLATES)], "embed_images": True, "log": LOG}

# [text](../NN_name.ipynb#place), but no notebook elsewhere on the web
NOTEBOOK_LINK = re.compile(r"\[([^]]*)\]\((?!\w+:)[^()\s]*?([^()\s/]+)\.ipynb(#[^()\s]*)?\)")


def page_html(nb, name, before=None, after=None):
    """A solved notebook as a page to read; `before` and `after` are the names of its neighbours."""
    exporter = HTMLExporter(template_file="page.html.j2", **OPTIONS)
    return export(exporter, instructor_notebook(nb, name), name, before=before, after=after)


def slides_html(nb, name):
    """A solved notebook, still with its marker lines, as slides."""
    split = split_at_headings(nb)
    nb = instructor_notebook(split, name)
    for cell, slide_type in zip(nb.cells, slide_types(split.cells), strict=True):
        cell.metadata["slideshow"] = {"slide_type": slide_type}
    exporter = SlidesExporter(
        template_file="slides.html.j2",
        reveal_url_prefix="assets/reveal",
        reveal_theme="workshop",
        reveal_width=str(WIDTH),
        reveal_height=str(HEIGHT),
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        **OPTIONS,
    )
    return export(exporter, nb, name, tallest_picture=TALLEST_PICTURE)


def export(exporter, nb, name, **resources):
    metadata = {"name": heading(nb) or name, "path": str(SOLVED)}  # where pictures are looked for
    html, _ = exporter.from_notebook_node(nb, resources={"metadata": metadata, "name": name, **resources})
    return html


def contents_html(notebooks):
    """The page that leads to all others."""
    entries = [
        {"name": name, "heading": heading(nb) or name, "summary": markdown2html(first_paragraph(nb))}
        for name, nb in notebooks.items()
    ]
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, keep_trailing_newline=True
    )
    return environment.get_template("contents.html.j2").render(
        title=TITLE,
        entries=entries,
        has_formulas=any("$" in entry["heading"] + entry["summary"] for entry in entries),
    )


def heading(nb):
    found = re.search(r"^# +(.+)", nb.cells[0].source) if nb.cells else None
    return found[1] if found else ""


def first_paragraph(nb):
    """The first paragraph of text in a notebook that is no heading."""
    for cell in nb.cells:
        for paragraph in cell.source.split("\n\n") if cell.cell_type == "markdown" else []:
            if paragraph.strip() and not paragraph.startswith("#"):
                return paragraph.strip()
    return ""


def relinked(nb, names, suffix):
    """The notebook with links to `names` leading to what is made of those; links to other notebooks become text."""

    def link(match):
        text, name, place = match.groups()
        return f"[{text}]({name}{suffix}{place or ''})" if name in names else text

    nb = deepcopy(nb)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = NOTEBOOK_LINK.sub(link, cell.source)
    return nb
