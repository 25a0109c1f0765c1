"""A plugin for nbval: what must hold of a notebook's numbers is asserted in its kernel, after the cell that computes them.

pytest -p tests.nbval_claims --nbval notebooks/solved/03_sgd_momentum.ipynb

The last digits of a training differ from machine to machine, so nbval cannot compare them. What the text says of them must
hold on each: `tests/claims.py` has it, as expressions over the names of the notebook.
"""

from pathlib import Path

from nbval.plugin import IPyNbCell

from tests.claims import CLAIMS


def with_claims(source, claims):
    """The source of a cell, and each claim asserted after it; the error names the claim."""
    return "\n".join([source, *(f"assert {claim}, {'does not hold: ' + claim!r}" for claim in claims)])


def _runtest(self, _nbvals=IPyNbCell.runtest):
    claims = CLAIMS.get(Path(self.parent.name).stem, {}).get(self.cell.get("id"), [])
    self.cell.source = with_claims(self.cell.source, claims)
    _nbvals(self)


IPyNbCell.runtest = _runtest
