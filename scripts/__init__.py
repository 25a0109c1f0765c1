"""The commands, and what they run.

What a person types stands here: ``scripts/workshop``, ``scripts/test`` and the others, each with ``--help``. What they run
stands in a folder named after who uses it.

==============  =====================================================================
`notebooks`     who writes and releases notebooks; who shows them as slides
`classroom`     who runs a class on one server
`experiments`   who trains the networks of the literature, and searches
`benchmarks`    who measures how fast it is
`offline`       who prepares a machine without a network
`installation`  scripts/setup: what it installs, and how
`development`   who changes this repository: what scripts/test --quick runs; Theano's own tests
`command`       how every command ends: interrupted, without a reader, on a full disk
`arguments`     what commands take as arguments, and refuse
`files`         how a file is written: all of it, or nothing
`machine`       what this machine is, and the device that Theano is to compute on
==============  =====================================================================
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
