"""A JupyterHub on this machine, for a few minutes: many users log in at the same moment, and each runs notebook 01.

    scripts/hub --rehearse 8

The hub is the one on your PATH, with the configuration that docs/classroom.md tells of, on 127.0.0.1 only. Its users have
accounts with passwords, in files that are mounted over /etc/passwd and /etc/shadow for this program and what it starts:
nobody else sees them, and they are gone afterwards.
"""

import contextlib
import json
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

import psutil
import requests
import websocket

from scripts.classroom.class_trial import FIRST, FIRST_USER, LAST, ROOT
from scripts.classroom.memory import digits_in_cache, text_of_digits

NOTEBOOK = "01_logistic_regression.ipynb"
PATIENCE = 1800  # seconds for one cell, which with many users on few processors takes long

CONFIGURATION = """
load_subconfig({configuration!r})
c.JupyterHub.bind_url = {url!r}
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.JupyterHub.authenticator_class = "pam"
c.JupyterHub.concurrent_spawn_limit = {n_users}
c.Authenticator.allow_all = True
c.Spawner.environment = {{"JUPYTER_PATH": {kernels!r}}}
"""


class User:
    """Somebody with an account, who logs in and runs notebook 01, and what that took."""

    def __init__(self, number, folder, url):
        self.number, self.name = FIRST_USER + number, f"user-{number}"
        self.home, self.password = folder / self.name, secrets.token_urlsafe()
        self.home.mkdir(mode=0o755)  # as on many servers: others may look into it
        os.chown(self.home, self.number, self.number)
        self.url, self.server = url, f"{url}/user/{self.name}"
        self.error, self.seconds = "", {}

    def account(self):
        """Its lines in /etc/passwd, /etc/shadow and /etc/group."""
        hashed = subprocess.run(
            ["openssl", "passwd", "-6", "-stdin"], input=self.password, check=True, capture_output=True, text=True
        ).stdout
        return (
            f"{self.name}:x:{self.number}:{self.number}::{self.home}:/bin/bash\n",
            f"{self.name}:{hashed.strip()}:20000:0:99999:7:::\n",
            f"{self.name}:x:{self.number}:\n",
        )

    def run(self, neighbour, everybody_is_done):
        self.started = time.perf_counter()
        try:
            self._log_in()
            self._start_server()
            self._run_notebook()
            self._look_at(neighbour)
        except Exception as error:  # whatever it is, the others are waiting
            self.error = f"{type(error).__name__}: {error}"
        print(f"{self.name}: {self.error or f'{self.seconds[LAST]:.0f} s'}", file=sys.stderr, flush=True)
        everybody_is_done.wait()

    def _log_in(self):
        """With name and password, as in a browser; then ask the hub for a token."""
        browser = requests.Session()
        browser.get(f"{self.url}/hub/login").raise_for_status()
        form = {"username": self.name, "password": self.password, "_xsrf": browser.cookies["_xsrf"]}
        answer = browser.post(f"{self.url}/hub/login", params={"next": "/hub/home"}, data=form)
        if not answer.url.endswith("/hub/home"):
            raise RuntimeError(f"The hub did not let {self.name} in ({answer.status_code}).")
        answer = browser.post(
            f"{self.url}/hub/api/users/{self.name}/tokens", params={"_xsrf": browser.cookies["_xsrf"]}, json={}
        )
        answer.raise_for_status()
        self.header = {"Authorization": f"token {answer.json()['token']}"}

    def _start_server(self):
        requests.post(f"{self.url}/hub/api/users/{self.name}/server", headers=self.header).raise_for_status()
        while not requests.get(f"{self.url}/hub/api/users/{self.name}", headers=self.header).json().get("server"):
            time.sleep(0.2)
        self.seconds["server"] = time.perf_counter() - self.started

    def _run_notebook(self):
        """What notebook 01 in their own folder holds, cell by cell, in the kernel that it names."""
        answer = requests.get(f"{self.server}/api/contents/{NOTEBOOK}", headers=self.header)
        answer.raise_for_status()
        notebook = answer.json()["content"]
        wanted = {
            "path": NOTEBOOK,
            "type": "notebook",
            "name": "",
            "kernel": {"name": notebook["metadata"]["kernelspec"]["name"]},
        }
        answer = requests.post(f"{self.server}/api/sessions", headers=self.header, json=wanted)
        answer.raise_for_status()
        channels = f"{self.server}/api/kernels/{answer.json()['kernel']['id']}/channels"
        self.kernel = websocket.create_connection(
            channels.replace("http", "ws", 1), header=self.header, timeout=PATIENCE
        )
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                self._execute(cell["source"])
            self.seconds[cell["id"]] = time.perf_counter() - self.started
            if cell["id"] == LAST:
                return

    def _execute(self, code):
        """Send an execute_request, in the words of the Jupyter messaging protocol, and wait for its execute_reply."""
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": "execute_request",
            "username": self.name,
            "session": self.name,
            "version": "5.3",
        }
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        self.kernel.send(
            json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"})
        )
        while True:
            message = self.kernel.recv()
            if isinstance(message, bytes):  # buffers of widgets
                continue
            message = json.loads(message)
            if message["msg_type"] == "execute_reply" and message["parent_header"].get("msg_id") == header["msg_id"]:
                if message["content"]["status"] != "ok":
                    raise RuntimeError(f"{message['content'].get('ename')}: {message['content'].get('evalue')}")
                return

    def _look_at(self, neighbour):
        """Neither the hub nor the file system may show another's notebooks, or what another has compiled."""
        if neighbour is self:
            return
        status = requests.get(f"{neighbour.server}/api/contents", headers=self.header).status_code
        if status != 403:
            raise RuntimeError(f"The hub shows the files of {neighbour.name} to {self.name} (status {status}).")
        folders = [neighbour.home / "deep-learning", *neighbour.home.glob(".cache/deeplearning_tutorial-*")]
        self._execute(
            f"import os\nassert not [folder for folder in {[*map(str, folders)]} if os.access(folder, os.R_OK) or os.access(folder, os.X_OK)]"
        )

    def measure(self):
        """Memory in MiB of the user's Jupyter and of the kernel; what programs share is divided among them."""
        self.memory = {"Jupyter": 0, "kernel": 0}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.uids().real == self.number:
                    kind = "kernel" if "ipykernel_launcher" in process.cmdline() else "Jupyter"
                    self.memory[kind] += process.memory_full_info().pss / 2**20


def mount_accounts(users, folder):
    lines = zip(*(user.account() for user in users))
    for name, added in zip(["passwd", "shadow", "group"], lines):
        copy = shutil.copy2(f"/etc/{name}", folder / name)
        with open(copy, "a") as file:
            file.writelines(added)
        subprocess.run(["mount", "--bind", copy, f"/etc/{name}"], check=True)


@contextlib.contextmanager
def hub(users, folder):
    """Run the JupyterHub that is on the PATH, with these users."""
    url, hub_port, proxy_port = users[0].url, free_port(), free_port()
    kernels = folder / "kernels"
    subprocess.run([ROOT / "scripts" / "hub", "--kernel", kernels], check=True)
    (folder / "hub").mkdir(mode=0o700)
    configuration = str(ROOT / "scripts" / "jupyterhub_config.py")
    (folder / "hub" / "config.py").write_text(
        CONFIGURATION.format(
            configuration=configuration,
            url=url,
            hub_port=hub_port,
            proxy_port=proxy_port,
            n_users=len(users),
            kernels=f"{kernels}/share/jupyter",
        )
    )
    with open(folder / "hub" / "log", "w+") as log:
        process = subprocess.Popen(
            ["jupyterhub", "-f", "config.py"], cwd=folder / "hub", stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        try:
            wait_for(f"{url}/hub/api", process)
            yield
        except BaseException:
            log.seek(0)
            print(*log.readlines()[-20:], sep="", file=sys.stderr)
            raise
        finally:
            process.terminate()  # it ends its users' servers
            process.wait(60)


def wait_for(url, process):
    while process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            if requests.get(url, timeout=5).ok:
                return
        time.sleep(0.2)
    sys.exit("JupyterHub did not start.")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def main(n_users):
    programs = ["jupyterhub", "jupyterhub-singleuser", "configurable-http-proxy", "openssl"]
    lacking = [program for program in programs if not shutil.which(program)]
    if lacking:
        sys.exit(
            f"A rehearsal needs {' and '.join(lacking)}, which cannot be found: install it, or put the bin folder of your JupyterHub on the PATH."
        )
    if os.geteuid() != 0 or os.readlink("/proc/self/ns/mnt") == os.readlink(f"/proc/{os.getppid()}/ns/mnt"):
        sys.exit(
            "Start this with scripts/hub --rehearse, as root: what is mounted over /etc/passwd must not be seen by all of this machine."
        )
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        folder = Path(folder)
        folder.chmod(0o711)
        url = f"http://127.0.0.1:{free_port()}"
        users = [User(number, folder, url) for number in range(1, n_users + 1)]
        mount_accounts(users, folder)
        with hub(users, folder):
            everybody_is_done = threading.Barrier(n_users, action=lambda: [user.measure() for user in users])
            started = time.perf_counter()
            threads = [
                threading.Thread(target=user.run, args=(users[number % n_users], everybody_is_done), daemon=True)
                for number, user in enumerate(users, 1)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seconds = time.perf_counter() - started
            failed = [user for user in users if user.error]
            if failed:
                sys.exit(f"{len(failed)} of {n_users} did not get to the end: {failed[0].error}")
    report(users, seconds)


def report(users, seconds):
    print(f"{len(users)} users logged in to a JupyterHub on {os.cpu_count()} processors, {seconds:.0f} s in all")
    for what, key in [
        ("their Jupyter was there after", "server"),
        ("a first trained network after", FIRST),
        ("early stopping ended after", LAST),
    ]:
        times = [user.seconds[key] for user in users]
        print(f"  {what:30} {statistics.median(times):.0f} s (median), {max(times):.0f} s at most")
    memory = {kind: statistics.mean(user.memory[kind] for user in users) for kind in users[0].memory}
    print(
        f"  memory of each                 {memory['kernel']:.0f} MiB for the kernel and {memory['Jupyter']:.0f} MiB for the Jupyter, with a share of what they share"
    )
    print(f"  memory of the digits           {text_of_digits()}")
    print(f"For 30 attendees: {(30 * sum(memory.values()) + digits_in_cache()) / 1024:.1f} GiB of memory.")


if __name__ == "__main__":
    if not (len(sys.argv) == 2 and sys.argv[1].isdigit() and int(sys.argv[1]) > 0):
        sys.exit("How many users? scripts/hub --rehearse 8")
    main(int(sys.argv[1]))
