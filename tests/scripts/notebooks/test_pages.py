"""What a reader sees on pages and slides."""

from notebook_examples import code, notebook, small_notebook, text

from scripts.notebooks import pages
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
