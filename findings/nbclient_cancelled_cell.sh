#!/usr/bin/env bash
# nbclient 0.11.0: a cell that is cancelled from outside, as asyncio.timeout does it, ends with DeadKernelError.
#
# Expected: CancelledError goes through, so that asyncio.timeout makes TimeoutError of it, and the kernel can be asked again.
# Found:    where it waits for the kernel's answer, nbclient takes each cancelled task for the news that the kernel has died.
#           The kernel lives; its client says that it does not, and the time-out is never seen.
#
# Seen with Python 3.11.7 on 2026-11-28:
#     after a second: DeadKernelError, and the kernel is alive
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check nbclient==0.11.0 ipykernel==7.4.0 jupyter-client==8.10.0

PATH=$folder/environment/bin:$PATH environment/bin/python - 2>/dev/null <<'PYTHON' | tee said
import asyncio

import nbformat
from nbclient import NotebookClient


async def wait_a_second():
    cell = nbformat.v4.new_code_cell("import time; time.sleep(20)")
    client = NotebookClient(nbformat.v4.new_notebook(cells=[cell]))
    async with client.async_setup_kernel():
        try:
            async with asyncio.timeout(1):
                await client.async_execute_cell(cell, 0)
        except Exception as error:
            alive = await client.km.is_alive()
            print(f"after a second: {type(error).__name__}, and the kernel is {'alive' if alive else 'dead'}")


asyncio.run(wait_a_second())
PYTHON
if ! grep -qx 'after a second: DeadKernelError, and the kernel is alive' said; then
    echo 'It says something else now.' >&2
    exit 1
fi
