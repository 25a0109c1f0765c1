"""Which cell goes on which slide."""

import pytest
from nbformat.v4 import new_output, new_raw_cell
from notebook_examples import SOLUTION, code, notebook, printed, text

from scripts.notebooks import layout

# A picture's first bytes are enough to know its size: this one is 400 wide and 300 tall.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAZAAAAEsCAYAAAA="


def picture():
    return new_output("display_data", {"image/png": PNG})


def test_headings_go_right_other_text_goes_down_and_code_stays_below_its_text():
    cells = [text("# Title"), text("## Part"), code("x"), code("y"), text("Now this:"), code("z"), text("### Detail")]
    assert layout.slide_types(cells) == ["slide", "slide", "-", "-", "subslide", "-", "subslide"]


def test_the_title_is_alone():
    assert layout.slide_types([text("# Title"), code("import numpy"), code("x")]) == ["slide", "subslide", "-"]


def test_a_solution_comes_with_the_next_key_and_a_hint_does_not_come():
    hint = code('from exercises import check, hint\n\nhint("f")')
    cells = [text("## Exercise"), code(SOLUTION), hint, code('f = check("f", f)')]
    assert layout.slide_types(cells) == ["slide", "fragment", "skip", "-"]


def test_code_that_only_mentions_a_hint_is_shown():
    assert layout.slide_types([text("## Hints"), code("# hint(x)\nprint(hint(1))")]) == ["slide", "-"]


def test_what_shows_nothing_is_no_slide():
    assert layout.slide_types([text("## Part"), code(""), new_raw_cell("raw"), text(" ")])[1:] == ["skip"] * 3


def test_text_that_no_code_follows_is_about_what_is_above_it():
    cells = [text("## Part"), code("x"), text("So much for x."), text("### Next"), code("y"), text("The end.")]
    assert layout.slide_types(cells) == ["slide", "-", "-", "subslide", "-", "subslide"]


@pytest.mark.parametrize("outputs", [[printed("line\n" * 30)], [picture(), picture()], [printed("long " * 500)]])
def test_code_that_does_not_fit_gets_a_slide_of_its_own(outputs):
    cells = [text("## Part\n\n" + "Many words. " * 30), code("x"), code("y", *outputs), code("z")]
    assert layout.slide_types(cells) == ["slide", "-", "subslide", "-"]


def test_a_single_line_is_not_left_alone():
    tall = code("x", printed("line\n" * 29))
    assert layout.slide_types([text("A picture:"), tall]) == ["subslide", "-"]
    assert layout.slide_types([text("A picture:"), code("x", printed("line\n" * 60))]) == ["subslide", "subslide"]


def test_a_pictures_height_is_read_from_it_and_is_limited():
    assert layout.output_height(picture()) == 300
    wide = new_output("display_data", {"image/png": PNG.replace("AAAZAAAAEs", "AABkAAAAEs")})  # 1600 x 300
    assert layout.output_height(wide) == 300 * layout.WIDTH / 1600
    assert layout.output_height(new_output("display_data", {"image/svg+xml": "<svg/>"})) == layout.TALLEST_PICTURE


def test_what_is_folded_takes_no_room():
    short, long = "```python\nx\n```", "```python\n" + "y\n" * 60 + "```"
    folded = f"{short}\n\n<details><summary>All 60 lines of it</summary>\n\n{long}\n\n</details>"
    height = {
        text: layout.output_height(new_output("display_data", {"text/markdown": text})) for text in (short, folded)
    }
    assert height[folded] < height[short] + 4 * layout.CODE_LINE
    assert layout.output_height(new_output("display_data", {"text/markdown": long})) > 60 * layout.CODE_LINE


def test_a_heading_in_the_midst_of_text_begins_a_new_slide():
    source = "That was that.\n\n## Part\n\n### Exercise\n\nDo it.\n\n```\n# a comment\n```"
    nb = notebook(text(source), code("# a comment\nx"))
    split = layout.split_at_headings(nb)
    assert [cell.source for cell in split.cells] == [
        "That was that.",
        "## Part\n\n### Exercise\n\nDo it.\n\n```\n# a comment\n```",
        "# a comment\nx",
    ]
    assert len({cell.id for cell in split.cells}) == 3
    assert len(nb.cells) == 2
