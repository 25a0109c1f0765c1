"""Slides and pages of the solved notebooks: what stands where, and that a browser needs no network to show them."""

import functools
import hashlib
import json
import os
import shutil
import subprocess

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from deeplearning_tutorial import ROOT
from scripts.notebooks import slides
from scripts.notebooks.release import NotebookError, notebook_text

SOLUTION = "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION"

# A picture's first bytes are enough to know its size: this one is 400 wide and 300 tall.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAZAAAAEsCAYAAAA="


def text(source):
    return new_markdown_cell(source)


def code(source, *outputs):
    return new_code_cell(source, outputs=list(outputs))


def printed(printed_text):
    return new_output("stream", name="stdout", text=printed_text)


def picture():
    return new_output("display_data", {"image/png": PNG})


def notebook(*cells):
    """A solved notebook whose code cells were run in order."""
    nb = new_notebook(cells=list(cells))
    for number, cell in enumerate(nb.cells, start=1):
        cell.id = f"c{number}"
    for count, cell in enumerate((cell for cell in nb.cells if cell.cell_type == "code"), start=1):
        cell.execution_count = count
    return nb


def small_notebook():
    return notebook(
        text("# Squares & roots\n\nThe *square* of $x$ is $x^2$.\n\nMore."),
        code("import math"),
        text("## Exercise\n\nGo on with [the next one](02_next.ipynb), or [another](09_other.ipynb)."),
        code(SOLUTION),
        code('hint("f")', printed("Try x.")),
        code('f = check("f", f)', printed("Right")),
    )


# --- What stands on which slide ---------------------------------------------------------------------------------------


def test_headings_go_right_other_text_goes_down_and_code_stays_below_its_text():
    cells = [text("# Title"), text("## Part"), code("x"), code("y"), text("Now this:"), code("z"), text("### Detail")]
    assert slides.slide_types(cells) == ["slide", "slide", "-", "-", "subslide", "-", "subslide"]


def test_the_title_is_alone():
    assert slides.slide_types([text("# Title"), code("import numpy"), code("x")]) == ["slide", "subslide", "-"]


def test_a_solution_comes_with_the_next_key_and_a_hint_does_not_come():
    hint = code('from exercises import check, hint\n\nhint("f")')
    cells = [text("## Exercise"), code(SOLUTION), hint, code('f = check("f", f)')]
    assert slides.slide_types(cells) == ["slide", "fragment", "skip", "-"]


def test_code_that_only_mentions_a_hint_is_shown():
    assert slides.slide_types([text("## Hints"), code("# hint(x)\nprint(hint(1))")]) == ["slide", "-"]


def test_what_shows_nothing_is_no_slide():
    assert slides.slide_types([text("## Part"), code(""), new_raw_cell("raw"), text(" ")])[1:] == ["skip"] * 3


def test_text_that_no_code_follows_is_about_what_is_above_it():
    cells = [text("## Part"), code("x"), text("So much for x."), text("### Next"), code("y"), text("The end.")]
    assert slides.slide_types(cells) == ["slide", "-", "-", "subslide", "-", "subslide"]


@pytest.mark.parametrize("outputs", [[printed("line\n" * 30)], [picture(), picture()], [printed("long " * 500)]])
def test_code_that_does_not_fit_gets_a_slide_of_its_own(outputs):
    cells = [text("## Part\n\n" + "Many words. " * 30), code("x"), code("y", *outputs), code("z")]
    assert slides.slide_types(cells) == ["slide", "-", "subslide", "-"]


def test_a_single_line_is_not_left_alone():
    tall = code("x", printed("line\n" * 29))
    assert slides.slide_types([text("A picture:"), tall]) == ["subslide", "-"]
    assert slides.slide_types([text("A picture:"), code("x", printed("line\n" * 60))]) == ["subslide", "subslide"]


def test_a_pictures_height_is_read_from_it_and_is_limited():
    assert slides.output_height(picture()) == 300
    wide = new_output("display_data", {"image/png": PNG.replace("AAAZAAAAEs", "AABkAAAAEs")})  # 1600 x 300
    assert slides.output_height(wide) == 300 * slides.WIDTH / 1600
    assert slides.output_height(new_output("display_data", {"image/svg+xml": "<svg/>"})) == slides.TALLEST_PICTURE


def test_a_heading_in_the_midst_of_text_begins_a_new_slide():
    source = "That was that.\n\n## Part\n\n### Exercise\n\nDo it.\n\n```\n# a comment\n```"
    nb = notebook(text(source), code("# a comment\nx"))
    split = slides.split_at_headings(nb)
    assert [cell.source for cell in split.cells] == [
        "That was that.",
        "## Part\n\n### Exercise\n\nDo it.\n\n```\n# a comment\n```",
        "# a comment\nx",
    ]
    assert len({cell.id for cell in split.cells}) == 3
    assert len(nb.cells) == 2


# --- From a notebook to HTML ------------------------------------------------------------------------------------------


def test_links_to_notebooks_lead_to_their_pages_or_become_text():
    source = "[a](01_a.ipynb#x), [b](../solved/02_b.ipynb), [c](https://x.org/01_a.ipynb), [d](data.md)"
    linked = slides.relinked(notebook(text(source)), ["01_a"], ".html").cells[0].source
    assert linked == "[a](01_a.html#x), b, [c](https://x.org/01_a.ipynb), [d](data.md)"


def test_the_first_paragraph_is_text():
    assert slides.first_paragraph(small_notebook()) == "The *square* of $x$ is $x^2$."
    assert slides.first_paragraph(notebook(code("x"))) == ""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder that two small notebooks make, with empty files for what npm would fetch."""
    folder = tmp_path_factory.mktemp("slides")
    for name, (_, sums) in slides.ASSETS.items():
        for file in sums:
            slides.write(folder / "assets" / name / file, "")
    slides.write_all({"01_small": small_notebook(), "02_next": notebook(text("# Next"), code("y"))}, folder)
    return folder


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


def test_neighbours_are_linked(written):
    page, deck = (written / "01_small.html").read_text(), (written / "01_small.slides.html").read_text()
    assert '<a href="02_next.html">Next</a>' in page and ">Previous<" not in page
    assert '<a href="02_next.html">the next one</a>, or another.' in page
    assert '<a href="02_next.slides.html">the next one</a>, or another.' in deck


def test_nothing_is_loaded_from_elsewhere(written):
    assert slides.network_problems(written) == []
    references = slides.html_references((written / "01_small.slides.html").read_text())
    assert "assets/reveal/dist/reveal.js" in references
    assert "assets/reveal/dist/reveal.css" in references
    assert "assets/mathjax/es5/tex-svg-full.js" in references


def test_what_the_stock_template_loads_from_elsewhere_is_found(tmp_path):
    html, _ = slides.SlidesExporter(log=slides.quiet()).from_notebook_node(small_notebook())
    slides.write(tmp_path / "stock.html", html)
    found = "\n".join(slides.network_problems(tmp_path))
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
    ],
)
def test_what_would_be_loaded_from_elsewhere_is_found(tmp_path, loads):
    (tmp_path / "outside.png").touch()
    slides.write(tmp_path / "site/bad.html", f"<p>{loads}")
    (problem,) = slides.network_problems(tmp_path / "site")
    assert problem.startswith("bad.html: would load ")


def test_style_sheets_are_searched_too(tmp_path):
    slides.write(tmp_path / "a/b.css", "@import url(https://x.org/font.css); p { background: url(here.png) }")
    slides.write(tmp_path / "a/here.png", "")
    (problem,) = slides.network_problems(tmp_path)
    assert problem.startswith("a/b.css: would load https://x.org/font.css")


def test_links_code_and_data_load_nothing(tmp_path):
    slides.write(tmp_path / "a b.js", "")
    slides.write(
        tmp_path / "good.html",
        (
            '<a href="https://x.org">x</a><img src="data:image/png;base64,AA=="><script src="a%20b.js?v=1"></script>'
            "<pre>import a from 'https://x.org'; url(https://x.org)</pre><use href='#here'/>"
        ),
    )
    assert slides.network_problems(tmp_path) == []


# --- Scripts and style sheets -----------------------------------------------------------------------------------------


def package(content=b"reveal", fetched=None):
    """One asset, and a stand-in for npm that has it with `content`."""
    assets = {"reveal": ("reveal.js@1", {"dist/reveal.js": hashlib.sha256(b"reveal").hexdigest()})}

    def get(names, folder, package, inside):
        assert (package, inside) == ("reveal.js@1", "package/")
        for name in names:
            if fetched is not None:
                fetched.append(name)
            (folder / name).write_bytes(content)
            yield folder / name

    return functools.partial(slides.get_assets, assets=assets, get=get)


def test_assets_are_fetched_once_and_again_when_damaged(tmp_path):
    fetched = []
    get_assets = package(fetched=fetched)
    assert get_assets(tmp_path) == get_assets(tmp_path) == tmp_path
    assert fetched == ["dist/reveal.js"]
    (tmp_path / "reveal/dist/reveal.js").write_bytes(b"damaged")
    get_assets(tmp_path)
    assert (tmp_path / "reveal/dist/reveal.js").read_bytes() == b"reveal"
    assert [path for path in (tmp_path / "reveal").iterdir() if path.name != "dist"] == []


def test_an_asset_with_a_wrong_checksum_is_not_kept(tmp_path):
    with pytest.raises(slides.SlidesError, match="reveal.js@1 could not be fetched: dist/reveal.js has SHA-256"):
        package(b"something else")(tmp_path)
    assert not (tmp_path / "reveal/dist/reveal.js").exists()


def test_without_npm_the_cure_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(slides.SlidesError, match="npm client is not installed. Install it.* apt-get install .* npm$"):
        slides.get_assets(tmp_path / "cache")


# --- What the command does --------------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path):
    for name, (_, sums) in slides.ASSETS.items():
        for file in sums:
            slides.write(tmp_path / "cache" / name / file, "")
    return tmp_path / "cache"


def test_building_again_replaces_what_was_built_before(tmp_path, cache):
    output = tmp_path / "out" / "html"
    slides.build({"01_small": small_notebook(), "02_next": small_notebook()}, output, cache)
    slides.build({"01_small": small_notebook()}, output, cache)
    assert sorted(path.name for path in output.iterdir()) == [
        "01_small.html",
        "01_small.slides.html",
        "assets",
        "index.html",
    ]
    assert [path.name for path in output.parent.iterdir()] == ["html"]


@pytest.mark.parametrize("name", ["thesis.tex", "my.html", ".git"])
def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path, cache, name):
    output = tmp_path / "html"
    slides.build({"01_small": small_notebook()}, output, cache)
    (output / name).write_text("mine")
    with pytest.raises(slides.SlidesError, match=f"did not make all that is in it \\({name}\\): name another folder"):
        slides.build({"01_small": small_notebook()}, output, cache)
    assert (output / name).read_text() == "mine"


def test_a_file_is_not_replaced_by_a_folder(tmp_path, cache):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(slides.SlidesError, match="is a file: name another folder"):
        slides.build({"01_small": small_notebook()}, tmp_path / "file", cache)


def test_a_notebook_that_needs_the_network_is_refused_and_the_old_slides_stay(tmp_path, cache):
    output = tmp_path / "html"
    slides.build({"01_small": small_notebook()}, output, cache)
    loads = new_output("display_data", {"text/html": '<img src="https://x.org/a.png">'})
    bad = notebook(text("# Bad"), code("x", loads))
    with pytest.raises(slides.SlidesError, match="01_small.html: would load https://x.org/a.png"):
        slides.build({"01_small": bad}, output, cache)
    assert "Squares" in (output / "01_small.html").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "html"]


def save(folder, **notebooks):
    folder.mkdir(exist_ok=True)
    for name, nb in notebooks.items():
        (folder / f"{name}.ipynb").write_text(notebook_text(nb))
    return folder


def test_names_choose_notebooks(tmp_path):
    folder = save(tmp_path, a_one=small_notebook(), a_two=small_notebook(), b=small_notebook())
    assert list(slides.read_solved([], folder)) == ["a_one", "a_two", "b"]
    assert list(slides.read_solved(["a"], folder)) == ["a_one", "a_two"]
    with pytest.raises(NotebookError, match="no solved notebook 'c'"):
        slides.read_solved(["c"], folder)


def test_a_notebook_without_results_is_refused(tmp_path):
    nb = small_notebook()
    nb.cells[1].execution_count = None
    with pytest.raises(NotebookError, match="a, cell 2: not executed; run scripts/release_notebooks --execute a"):
        slides.read_solved([], save(tmp_path, a=nb))


def test_a_long_list_of_problems_is_cut(tmp_path):
    nb = notebook(*(code("x") for _ in range(30)))
    for cell in nb.cells:
        cell.execution_count = None
    with pytest.raises(NotebookError) as caught:
        slides.read_solved([], save(tmp_path, a=nb))
    assert len(caught.value.problems) == 11
    assert caught.value.problems[-1] == "… and 20 more"


def test_no_notebooks_at_all_is_an_error(tmp_path):
    with pytest.raises(slides.SlidesError, match="There are no notebooks in"):
        slides.read_solved([], tmp_path)


def test_errors_are_told_and_are_the_exit_status(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(slides, "SOLVED", tmp_path)
    assert slides.main(["--output", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.startswith("There are no notebooks in")


def test_the_script_explains_itself():
    result = subprocess.run([ROOT / "scripts/slides", "--help"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0
    assert result.stdout.startswith("usage: scripts/slides")


@pytest.fixture(scope="module")
def real_deck(tmp_path_factory):
    """Slides of a small notebook with the real reveal.js and MathJax, and the copy of its folder that is opened."""
    try:
        assets = slides.get_assets()
    except slides.SlidesError as error:
        pytest.skip(f"no reveal.js and MathJax: {error}")
    folder = tmp_path_factory.mktemp("deck")
    long = code("x", printed("line\n" * 80))
    nb = notebook(text("# Long & short\n\n$$\\frac{1}{x}$$"), code("y"), text("## Part"), long)
    slides.build({"01_small": nb}, folder / "built", assets)
    return (folder / "built").rename(folder / "copied elsewhere")


def test_a_real_deck_is_complete(real_deck):
    assert slides.network_problems(real_deck) == []
    for name, (_, sums) in slides.ASSETS.items():
        for file, expected in sums.items():
            assert slides.sha256(real_deck / "assets" / name / file) == expected


# Goes through the slides, and says how tall each one is and how small it was set.
LOOK = """<script>
window.addEventListener('load', () => MathJax.startup.promise.then(() => {
  const seen = {formulas: document.querySelectorAll('.slides mjx-container').length, slides: []};
  for (const slide of Reveal.getSlides()) {
    const {h, v} = Reveal.getIndices(slide);
    Reveal.slide(h, v);
    seen.slides.push([slide.clientHeight, slide.scrollHeight, Number(slide.style.getPropertyValue('--scale')),
                      getComputedStyle(slide).overflowY]);
  }
  document.documentElement.innerHTML = '<pre>' + JSON.stringify(seen) + '</pre>';
}));
</script>"""


def browse(folder, name, text):
    """What a browser makes of a page in a folder, without a network."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no Chromium")
    (folder / name).write_text(text)
    result = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={folder / 'profile'}",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--virtual-time-budget=10000",
            "--dump-dom",
            (folder / name).as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "HOME": str(folder)},
    )
    return result.stdout


def test_a_browser_without_network_shows_it(real_deck):
    if "here" not in browse(real_deck, "probe.html", "<p>here</p>"):
        pytest.skip("Chromium cannot open a file in this folder")
    deck = (real_deck / "01_small.slides.html").read_text()
    shown = browse(real_deck, "look.html", deck.replace("</body>", LOOK + "</body>"))
    seen = json.loads(shown.split("<pre>")[1].split("</pre>")[0])
    assert seen["formulas"] == 1
    assert [scale for _, _, scale, _ in seen["slides"]] == [1, 1, 1, 0.75]
    assert all(height <= slides.HEIGHT for height, _, _, _ in seen["slides"])
    _, whole, _, overflow = seen["slides"][-1]
    assert whole > slides.HEIGHT and overflow == "auto"
