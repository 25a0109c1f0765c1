"""Pages and slides in a folder, and that a browser needs no network to show them."""

import json
import os
import shutil
import subprocess

import pytest
from nbformat.v4 import new_output
from notebook_examples import code, notebook, printed, save, save_empty_assets, small_notebook, text

from deeplearning_tutorial import ROOT
from deeplearning_tutorial.data.download import DataError
from scripts.notebooks import slides
from scripts.notebooks.assets import ASSETS, get_assets, sha256
from scripts.notebooks.layout import HEIGHT
from scripts.notebooks.notebook import NotebookError
from scripts.notebooks.references import network_problems


@pytest.fixture
def cache(tmp_path):
    save_empty_assets(tmp_path / "cache")
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


def save_all(folder, **notebooks):
    for name, nb in notebooks.items():
        save(folder / f"{name}.ipynb", nb)
    return folder


def test_names_choose_notebooks(tmp_path):
    folder = save_all(tmp_path, a_one=small_notebook(), a_two=small_notebook(), b=small_notebook())
    assert list(slides.read_solved([], folder)) == ["a_one", "a_two", "b"]
    assert list(slides.read_solved(["a"], folder)) == ["a_one", "a_two"]
    with pytest.raises(NotebookError, match="no solved notebook 'c'"):
        slides.read_solved(["c"], folder)


def test_a_notebook_without_results_is_refused(tmp_path):
    nb = small_notebook()
    nb.cells[1].execution_count = None
    with pytest.raises(NotebookError, match="a, cell 2: not executed; run scripts/release_notebooks --execute a"):
        slides.read_solved([], save_all(tmp_path, a=nb))


def test_a_long_list_of_problems_is_cut(tmp_path):
    nb = notebook(*(code("x") for _ in range(30)))
    for cell in nb.cells:
        cell.execution_count = None
    with pytest.raises(NotebookError) as caught:
        slides.read_solved([], save_all(tmp_path, a=nb))
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


# --- In a browser ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_deck(tmp_path_factory):
    """Slides of a small notebook with the real reveal.js and MathJax, and the copy of its folder that is opened."""
    try:
        assets = get_assets()
    except DataError as error:
        pytest.skip(f"no reveal.js and MathJax: {error}")
    folder = tmp_path_factory.mktemp("deck")
    long = code("x", printed("line\n" * 80))
    nb = notebook(text("# Long & short\n\n$$\\frac{1}{x}$$"), code("y"), text("## Part"), long)
    slides.build({"01_small": nb}, folder / "built", assets)
    return (folder / "built").rename(folder / "copied elsewhere")


def test_a_real_deck_is_complete(real_deck):
    assert network_problems(real_deck) == []
    for name, (_, sums) in ASSETS.items():
        for file, expected in sums.items():
            assert sha256(real_deck / "assets" / name / file) == expected


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
    assert all(height <= HEIGHT for height, _, _, _ in seen["slides"])
    _, whole, _, overflow = seen["slides"][-1]
    assert whole > HEIGHT and overflow == "auto"
