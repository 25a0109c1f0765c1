#!/usr/bin/env bash
# CPython 3.11 to 3.13: Popen.communicate() leaves out what a read of one character before it has read ahead.
#
# Expected: what was not read yet. A program says that it is ready, one waits for the first character, and then for the rest.
# Found:    in text mode the file above the pipe has taken all that was there; communicate() reads from the pipe below it, so
#           that the rest of the line is in neither. Without text=True nothing is lost. To read whole lines hides it most of
#           the time only: what follows the line may have been read ahead, too.
#
# Seen with Python 3.11.7 on 2026-11-28:
#     text:  'r' and then 'done\n'
#     bytes: b'r' and then b'eady\ndone\n'
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"

"${PYTHON:-python3}" - <<'PYTHON'
import subprocess
import sys

CHILD = "import os, sys; os.write(1, b'ready\\n'); sys.stdin.read(); os.write(1, b'done\\n')"


def both(**options):
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options
    ) as process:
        return process.stdout.read(1), process.communicate()[0]


text, content = both(text=True), both(bufsize=0)
print(f"text:  {text[0]!r} and then {text[1]!r}")
print(f"bytes: {content[0]!r} and then {content[1]!r}")
if "".join(text) == "ready\ndone\n":
    sys.exit("Nothing is lost in text mode.")
if b"".join(content) != b"ready\ndone\n":
    sys.exit("Bytes are lost, too.")
PYTHON
