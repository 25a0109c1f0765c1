"""What a reader sees on pages and slides."""

import re

import ipywidgets
import matplotlib.pyplot as plt
from nbconvert import HTMLExporter
from nbformat.v4 import new_output
from notebook_examples import code, notebook, small_notebook, text

from deeplearning_tutorial.plotting import as_png, show_panel
from scripts.notebooks import pages
from scripts.notebooks.execution import clean_executed
from scripts.notebooks.layout import HEIGHT, TALLEST_PICTURE, WIDTH


def test_links_to_notebooks_lead_to_their_pages_or_become_text():
    source = "[a](01_a.ipynb#x), [b](../solved/02_b.ipynb), [c](https://x.org/01_a.ipynb), [d](data.md)"
    linked = pages.relinked(notebook(text(source)), ["01_a"], ".html").cells[0].source
    assert linked == "[a](01_a.html#x), b, [c](https://x.org/01_a.ipynb), [d](data.md)"


def test_the_first_paragraph_is_text():
    assert pages.first_paragraph(small_notebook()) == "The *square* of $x$ is $x^2$."
    assert pages.first_paragraph(notebook(code("x"))) == ""


def test_there_is_an_index_and_a_page_and_slides_for_each_notebook(written):
    assert sorted(path.name for path in written.glob("*.html")) == [
        "01_small.html",
        "01_small.slides.html",
        "02_next.html",
        "02_next.slides.html",
        "index.html",
    ]
    index = (written / "index.html").read_text()
    assert "<h2>Squares &amp; roots</h2>\n<p>The <em>square</em> of $x$ is $x^2$.</p>" in index
    assert "More." not in index
    for name in ("01_small", "02_next"):
        assert f'<a href="{name}.html">Page</a> · <a href="{name}.slides.html">Slides</a>' in index


def test_no_marker_and_no_hint_is_on_a_slide(written):
    page, deck = (written / "01_small.html").read_text(), (written / "01_small.slides.html").read_text()
    assert "SOLUTION" not in page + deck
    assert "Try x." in page and "Try x." not in deck
    assert 'class="fragment"' in deck


def test_the_browser_is_told_the_sizes_that_slides_are_laid_out_for(written):
    deck = (written / "01_small.slides.html").read_text()
    assert f"width: {WIDTH}, height: {HEIGHT}," in deck
    assert f"--tallest-picture: {TALLEST_PICTURE}px;" in deck
    assert "var(--tallest-picture)" in (written / "assets/reveal/dist/theme/workshop.css").read_text()


def test_neighbours_are_linked(written):
    page, deck = (written / "01_small.html").read_text(), (written / "01_small.slides.html").read_text()
    assert '<a href="02_next.html">Next</a>' in page and ">Previous<" not in page
    assert '<a href="02_next.html">the next one</a>, or another.' in page
    assert '<a href="02_next.slides.html">the next one</a>, or another.' in deck


PICTURE = re.compile(r"<img[^>]*src=[^>]*data:image/png;base64,iVBOR")


def shown_with_a_picture():
    fig, _ = plt.subplots(figsize=(2, 1))
    picture = ipywidgets.Image(format="png", value=as_png(fig))
    return ipywidgets.VBox([ipywidgets.FloatSlider(description="rate"), picture]), picture


def as_executed(monkeypatch, show):
    """A notebook whose only cell shows widgets, as it is saved after it was executed."""
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    show(*shown_with_a_picture())
    if not shown:
        shown = [shown_with_a_picture()[0]._repr_mimebundle_()]
    nb = notebook(text("# Sliders"), code("show()", new_output("display_data", shown[0])))
    clean_executed(nb)
    return nb


def pages_of(nb):
    """The page and the slides that are made here, and the page that anybody's nbconvert makes."""
    return [pages.page_html(nb, "01_x"), pages.slides_html(nb, "01_x"), HTMLExporter().from_notebook_node(nb)[0]]


def test_where_a_notebook_has_sliders_a_page_has_their_picture(monkeypatch):
    for html in pages_of(as_executed(monkeypatch, show_panel)):
        assert PICTURE.search(html) and "VBox(" not in html


def test_widgets_by_themselves_would_leave_their_names(monkeypatch):
    for html in pages_of(as_executed(monkeypatch, lambda panel, picture: None)):
        assert not PICTURE.search(html) and "VBox(" in html
