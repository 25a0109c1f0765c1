"""The commands, and what they run.

What a person types stands here: ``scripts/workshop``, ``scripts/test`` and the others, each with ``--help``. What they run
stands in a folder named after who uses it.

==================  ==================================================================
`scripts/notebooks`     who writes and releases notebooks; who shows them as slides
`scripts/classroom`     who runs a class on one server
`scripts/experiments`   who trains the networks of the literature, and searches
`scripts/benchmarks`    who measures how fast it is
`scripts/offline`       who prepares a machine without a network
`scripts/installation`  scripts/setup: what it installs, and how
==================  ==================================================================
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
