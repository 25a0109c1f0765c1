"""scripts/workshop: how it starts Jupyter, in a copy of the repository; and a JupyterLab that it really started."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import psutil
import pytest
from repository_copy import calls, one_sentence, run, write_program

from deeplearning_tutorial import ROOT

SCRIPTS = ROOT / "scripts"


def jupyter_arguments(copy, *arguments):
    result = run(copy / "scripts/workshop", *arguments)
    assert result.returncode == 0, result.stderr
    return calls(copy)[-1].removeprefix("-m jupyter lab ").split()


def test_jupyter_listens_on_this_machine_only(copy):
    assert "--ip=127.0.0.1" in jupyter_arguments(copy)


@pytest.mark.parametrize("given", [["--ip=0.0.0.0"], ["--ip", "0.0.0.0"], ["--ServerApp.ip=0.0.0.0"]])
def test_the_users_address_wins(copy, given):
    arguments = jupyter_arguments(copy, *given)
    assert arguments[-len(given) :] == given
    assert "--ip=127.0.0.1" not in arguments


def test_options_go_on_to_jupyter(copy):
    assert jupyter_arguments(copy, "--no-browser", "--port=9999")[-2:] == ["--no-browser", "--port=9999"]


def test_the_first_notebook_is_open(copy):
    """It is there: Jupyter would say so otherwise, in the window of every attendee."""
    (url,) = [word for word in jupyter_arguments(copy) if "default_url" in word]
    assert (ROOT / "notebooks" / url.removeprefix("--LabApp.default_url=/lab/tree/")).is_file()


@pytest.mark.parametrize("given", ["--LabApp.default_url=/lab", "--ServerApp.default_url=/lab"])
def test_what_the_user_wants_to_be_open_wins(copy, given):
    assert [word for word in jupyter_arguments(copy, given) if "default_url" in word] == [given]


def test_only_root_needs_to_allow_root(copy):
    assert ("--allow-root" in jupyter_arguments(copy)) == (os.geteuid() == 0)


READ_ONLY = """
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 99
! touch "$1/written" 2>/dev/null || exit 98
exec "$1/scripts/$2"
"""


@pytest.fixture
def in_a_read_only_folder(copy, own_mounts):
    """A function that runs a script of the copy, which cannot be written to, not even by root."""

    def in_it(script, home):
        result = run(*own_mounts, "bash", "-c", READ_ONLY, "bash", copy, script, HOME=str(home))
        assert result.returncode not in (98, 99), result.stderr
        return result

    return in_it


def test_where_notebooks_cannot_be_written_copies_are_opened(copy, tmp_path, in_a_read_only_folder):
    home = tmp_path / "home"
    write_program(
        copy / ".venv/bin/python",
        f"""#!/bin/sh
case "$4" in *copy_notebooks) PYTHONPATH="{copy}" exec {sys.executable} "$@" ;; esac
echo "$PWD: $*"
""",
    )
    (copy / "notebooks/01_a.ipynb").write_text('{"metadata": {}}')
    (copy / "notebooks/06_b.ipynb").write_text('{"metadata": {}}')
    (copy / "notebooks/07_c.ipynb").write_text('{"metadata": {}}')
    result = in_a_read_only_folder("workshop", home)
    assert (result.returncode, result.stderr) == (0, "")
    *_, copied, opened = result.stdout.splitlines()
    assert copied == f"3 notebooks copied to {home}/deep-learning"
    assert opened.startswith(f"{home}/deep-learning: -m jupyter lab")
    assert sorted(path.name for path in (home / "deep-learning").iterdir()) == [
        "01_a.ipynb",
        "06_b.ipynb",
        "07_c.ipynb",
    ]


def test_what_cannot_be_set_up_is_said_in_one_sentence(copy, tmp_path, in_a_read_only_folder):
    (copy / ".venv/stamp").unlink()
    for script in ["setup", "workshop"]:
        result = in_a_read_only_folder(script, tmp_path)
        assert result.returncode == 1 and result.stdout == "" and one_sentence(result.stderr)
        assert f"{copy}/.venv cannot be written to: ask" in result.stderr


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """The address and the token of a JupyterLab that scripts/workshop started, and its process."""
    if run(SCRIPTS / "setup", "--check").returncode:
        pytest.skip("scripts/setup has something to do first")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("workshop") / "log"
    with open(log, "w") as output:
        process = subprocess.Popen(
            [SCRIPTS / "workshop", "--no-browser", f"--port={port}", "--ServerApp.port_retries=0"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield f"http://127.0.0.1:{port}", wait_for_token(process, log), process
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()


def wait_for_token(process, log):
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r"token=([0-9a-f]+)", log.read_text())
        if found:
            return found[1]
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


def get(address, token=None):
    request = urllib.request.Request(address, headers={"Authorization": f"token {token}"} if token else {})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=60) as answer:
        return json.load(answer)


def test_the_workshop_answers_who_has_the_token(workshop):
    address, token, _ = workshop
    assert get(f"{address}/api/status", token)["kernels"] == 0


def test_the_workshop_refuses_who_has_no_token(workshop):
    address, _, _ = workshop
    for token in (None, "wrong"):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            get(f"{address}/api/status", token)


def test_the_workshop_cannot_be_reached_from_elsewhere(workshop):
    _, _, process = workshop
    connections = psutil.Process(process.pid).net_connections("tcp")
    listening = {connection.laddr.ip for connection in connections if connection.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_the_workshop_shows_the_notebooks(workshop):
    address, token, _ = workshop
    shown = {entry["name"] for entry in get(f"{address}/api/contents", token)["content"]}
    assert shown >= {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} | {"solved"}


def test_the_workshop_asks_for_no_news_and_shows_no_nbgrader(workshop):
    address, token, _ = workshop
    settings = get(f"{address}/lab/api/settings/@jupyterlab/apputils-extension:notification", token)
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"
    assert settings["schema"]["properties"]["checkForUpdates"]["default"] is False
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{address}/formgrader", token)
