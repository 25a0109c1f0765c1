"""A folder of pages and slides, for the tests of several modules."""

import pytest
from notebook_examples import code, notebook, save_empty_assets, small_notebook, text

from scripts.notebooks.slides import write_all


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """The folder that two small notebooks make, with empty files for what npm would fetch."""
    folder = tmp_path_factory.mktemp("slides")
    save_empty_assets(folder / "assets")
    write_all({"01_small": small_notebook(), "02_next": notebook(text("# Next"), code("y"))}, folder)
    return folder
