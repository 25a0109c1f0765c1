"""A plugin for nbval: of a cell that writes to stderr, and should not, it tells what that was.

pytest -p tests.nbval_stderr --nbval notebooks/solved/00_setup.ipynb
"""

from nbval.plugin import IPyNbCell


def _compare_outputs(self, test, ref, skip_compare=None, _nbvals=IPyNbCell.compare_outputs):
    equal = _nbvals(self, test, ref, skip_compare)
    streams = [output for output in test if output["output_type"] == "stream"]
    written = "".join(stream["text"] for stream in streams if stream["name"] == "stderr")
    if written and not equal:
        self.comparison_traceback.append(f"Written to stderr:\n{written}")
    return equal


IPyNbCell.compare_outputs = _compare_outputs
