"""A file is written whole or not at all, and anybody may read it."""

import os

import pytest

from scripts.files import write_atomically


@pytest.mark.parametrize("content, written", [("fünf\r\n", b"f\xc3\xbcnf\r\n"), (b"\x00\xff", b"\x00\xff"), ("", b"")])
def test_text_and_bytes_are_written_as_they_are(content, written, tmp_path):
    path = tmp_path / "folder" / "of its own" / "file.txt"
    write_atomically(path, content)
    assert path.read_bytes() == written
    assert path.stat().st_mode & 0o777 == 0o644


def test_what_was_there_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "file.txt"
    for content in ["first", "second"]:
        write_atomically(path, content)
    assert path.read_text() == "second"
    assert os.listdir(tmp_path) == ["file.txt"]


@pytest.mark.parametrize("step", ["chmod", "replace"])
def test_where_it_cannot_be_written_the_old_file_stays_whole(step, tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"scripts.files.os.{step}", stop)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_what_is_neither_text_nor_bytes_leaves_nothing_behind(tmp_path):
    with pytest.raises(TypeError):
        write_atomically(tmp_path / "file.txt", 5)
    assert os.listdir(tmp_path) == []
