"""What pages and slides load is fetched once, and is what its checksum says."""

import functools
import hashlib

import pytest

from deeplearning_tutorial.data.download import DataError
from scripts.notebooks.assets import get_assets


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

    return functools.partial(get_assets, assets=assets, get=get)


def test_assets_are_fetched_once_and_again_when_damaged(tmp_path):
    fetched = []
    fetch = package(fetched=fetched)
    assert fetch(tmp_path) == fetch(tmp_path) == tmp_path
    assert fetched == ["dist/reveal.js"]
    (tmp_path / "reveal/dist/reveal.js").write_bytes(b"damaged")
    fetch(tmp_path)
    assert (tmp_path / "reveal/dist/reveal.js").read_bytes() == b"reveal"
    assert [path for path in (tmp_path / "reveal").iterdir() if path.name != "dist"] == []


def test_an_asset_with_a_wrong_checksum_is_not_kept(tmp_path):
    with pytest.raises(DataError, match="reveal.js@1 could not be fetched: dist/reveal.js has SHA-256"):
        package(b"something else")(tmp_path)
    assert not (tmp_path / "reveal/dist/reveal.js").exists()


def test_without_npm_the_cure_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="npm client is not installed. Install it.* apt-get install .* npm$"):
        get_assets(tmp_path / "cache")
