"""What a browser would load from elsewhere is found, wherever it stands in a page."""

import pytest
from nbconvert import SlidesExporter
from notebook_examples import small_notebook

from scripts.files import write_atomically
from scripts.notebooks.references import html_references, network_problems


def test_nothing_is_loaded_from_elsewhere(written):
    assert network_problems(written) == []
    references = html_references((written / "01_small.slides.html").read_text())
    assert "assets/reveal/dist/reveal.js" in references
    assert "assets/reveal/dist/reveal.css" in references
    assert "assets/mathjax/es5/tex-svg-full.js" in references


def test_what_the_stock_template_loads_from_elsewhere_is_found(tmp_path):
    html, _ = SlidesExporter().from_notebook_node(small_notebook())
    write_atomically(tmp_path / "stock.html", html)
    found = "\n".join(network_problems(tmp_path))
    for name in ("require.min.js", "jquery.min.js", "mermaid", "latest.js?config=", "reveal.css", "theme/simple.css"):
        assert name in found


@pytest.mark.parametrize(
    "loads",
    [
        '<script src="https://x.org/a.js"></script>',
        '<img src="//x.org/a.png">',
        '<img src="missing.png">',
        '<link rel="stylesheet" href="http://x.org/a.css">',
        '<img alt="" srcset="data:,x 1x, https://x.org/a.png 2x">',
        '<iframe src="https://x.org"></iframe>',
        '<object data="https://x.org/a.svg"></object>',
        '<p style="background: url(https://x.org/a.png)">',
        '<style>@import "https://x.org/a.css";</style>',
        "<style>p { background: url('https://x.org/a.png') }</style>",
        '<video poster="https://x.org/a.png"></video>',
        "<script type=module>import a from 'https://x.org/a.mjs'</script>",
        '<svg><image xlink:href="http://x.org/a"/></svg>',
        '<img src="file:///etc/a.png">',
        '<img src="../outside.png">',
        '<img src="https://x.org/a.png" src="data:,x">',
        '<style>@import"https://x.org/a.css";</style>',
    ],
)
def test_what_would_be_loaded_from_elsewhere_is_found(tmp_path, loads):
    (tmp_path / "outside.png").touch()
    write_atomically(tmp_path / "site/bad.html", f"<p>{loads}")
    (problem,) = network_problems(tmp_path / "site")
    assert problem.startswith("bad.html: would load ")


def test_style_sheets_are_searched_too(tmp_path):
    write_atomically(tmp_path / "a/b.css", "@import url(https://x.org/font.css); p { background: url(here.png) }")
    write_atomically(tmp_path / "a/here.png", "")
    (problem,) = network_problems(tmp_path)
    assert problem.startswith("a/b.css: would load https://x.org/font.css")


def test_links_code_and_data_load_nothing(tmp_path):
    write_atomically(tmp_path / "a b.js", "")
    write_atomically(
        tmp_path / "good.html",
        (
            '<a href="https://x.org">x</a><img src="data:image/png;base64,AA=="><script src="a%20b.js?v=1"></script>'
            "<pre>import a from 'https://x.org'; url(https://x.org)</pre><use href='#here'/>"
        ),
    )
    assert network_problems(tmp_path) == []
