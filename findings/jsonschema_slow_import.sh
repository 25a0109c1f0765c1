#!/usr/bin/env bash
# jsonschema 4.26.0 beside rfc3987-syntax 1.1.0: importing jsonschema takes many times as long as without it.
#
# Expected: that a package which can check one more format (is this text an IRI?) costs something when a text is checked.
# Found:    jsonschema imports it if it is there, and it makes 38 parsers with lark when it is imported, one for each rule of
#           its grammar. It is there wherever jsonschema[format-nongpl] is asked for, as jupyter-events does: each start of a
#           Jupyter server, and each `import nbformat`, then takes about a second longer.
#
# Seen with Python 3.11.7 on 2026-11-27, seconds of a processor, the least of five:
#     without rfc3987-syntax 0.05, with it 1.02
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check jsonschema==4.26.0

cat >least.py <<'PYTHON'
import resource
import subprocess
import sys


def seconds():
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run([sys.executable, "-c", "import jsonschema"], check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


print(f"{min(seconds() for _ in range(5)):.2f}")
PYTHON

without=$(environment/bin/python least.py)
environment/bin/pip install --quiet --disable-pip-version-check rfc3987-syntax==1.1.0 lark==1.3.1
with=$(environment/bin/python least.py)
echo "without rfc3987-syntax $without, with it $with"
if ! environment/bin/python -c 'import sys; sys.exit(not float(sys.argv[2]) > 3 * float(sys.argv[1]))' "$without" "$with"; then
    echo 'It no longer takes three times as long.' >&2
    exit 1
fi
