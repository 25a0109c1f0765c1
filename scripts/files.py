"""How every command writes the files that it leaves behind."""

import os
import tempfile


def write_atomically(path, content):
    """Write `content` so that `path` holds all of it or is left as it was.

    Parameters
    ----------
    path : pathlib.Path
        Its folder is made where there is none.
    content : str or bytes
        A str is written in UTF-8, its line ends as they are.

    Raises
    ------
    OSError
        With `path` as its `filename`, if it cannot be written, such as on a full disk.
    """
    if isinstance(content, str):
        content = content.encode("utf-8")
    try:
        _write(path, content)
    except OSError as error:  # which names a temporary file, or none
        raise OSError(error.errno, error.strerror, str(path)) from error


def _write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder: only within a file system is a file renamed in one go.
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False) as file:
        try:
            file.write(content)
            file.close()
            os.chmod(file.name, 0o644)  # a temporary file is its owner's only
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
