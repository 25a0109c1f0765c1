"""Python packages: by uv, with what the user has told pip; by pip, where that cannot be."""

import subprocess
import sys

import pytest
from repository_copy import run, write_program

from deeplearning_tutorial import ROOT
from scripts.installation import uv_settings

# pip's settings, told to uv ------------------------------------------------------------------------------------------

SETTINGS = """\
:env:.cert='/a/certificates.pem'
:env:.timeout='5'
global.disable-pip-version-check='true'
global.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'
global.find-links='/a/wheels file:///more%20wheels'
global.index-url='https://user:word@mirror.example/simple'
global.timeout='60'
install.trusted-host='mirror.example'
list.format='columns'
"""


def test_what_pip_was_told_uv_is_told():
    assert uv_settings.environment_for_uv(uv_settings.settings_in(SETTINGS), {}) == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://user:word@mirror.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_FIND_LINKS": "/a/wheels,file:///more%20wheels",
        "UV_INSECURE_HOST": "mirror.example",
        "UV_HTTP_TIMEOUT": "5",
        "SSL_CERT_FILE": "/a/certificates.pem",
    }


def test_what_the_user_has_told_uv_itself_stays():
    found = uv_settings.environment_for_uv(
        {"index-url": "https://pips.example"}, {"UV_DEFAULT_INDEX": "https://uvs.example"}
    )
    assert "UV_DEFAULT_INDEX" not in found


@pytest.mark.parametrize(
    ("setting", "value", "variables"),
    [
        (
            "proxy",
            "me:word@host:80",
            dict.fromkeys(["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"], "http://me:word@host:80"),
        ),
        ("proxy", "socks5://host:80", {"ALL_PROXY": "socks5://host:80"}),
        ("no-index", "true", {"UV_NO_INDEX": "1"}),
        ("cert", "~/a.pem", {"SSL_CERT_FILE": "/home/me/a.pem"}),
        ("client-cert", "/b.pem", {"SSL_CLIENT_CERT": "/b.pem"}),
        ("retries", "1", {"UV_HTTP_RETRIES": "1"}),
    ],
)
def test_each_setting(monkeypatch, setting, value, variables):
    monkeypatch.setenv("HOME", "/home/me")
    assert uv_settings.environment_for_uv({setting: value}, {}).items() >= variables.items()


def test_a_false_setting_is_none():
    assert "UV_NO_INDEX" not in uv_settings.environment_for_uv({"no-index": "false"}, {})


def test_certificates_of_the_environment_are_taken(tmp_path):
    for name in ("requests", "curl"):
        (tmp_path / name).touch()
    environment = {"REQUESTS_CA_BUNDLE": str(tmp_path / "requests"), "CURL_CA_BUNDLE": str(tmp_path / "curl")}
    assert uv_settings.environment_for_uv({}, environment)["SSL_CERT_FILE"] == str(tmp_path / "requests")
    assert "SSL_CERT_FILE" not in uv_settings.environment_for_uv({}, {**environment, "SSL_CERT_FILE": "/mine"})


@pytest.mark.parametrize(
    "setting",
    [
        "global.constraint='mine.txt'",
        "install.only-binary=':none:'",
        "global.find-links='/a,b'",
        "global.find-links='a.html'",
    ],
)
def test_what_uv_has_no_word_for_is_named(setting):
    result = subprocess.run(
        [sys.executable, ROOT / "scripts/installation/uv_settings.py"], input=setting, capture_output=True, text=True
    )
    assert (result.returncode, result.stdout) == (1, "")
    option, value = setting.partition(".")[2].split("=")
    assert result.stderr == f"uv has no word for pip's setting {option}={value[1:-1]}.\n"


# Who installs --------------------------------------------------------------------------------------------------------

INSTALL = """
set -o pipefail
. "$1/scripts/environment.sh"
for part in messages state python python_packages; do . "$1/scripts/installation/$part.sh"; done
log=$venv/setup.log && mkdir -p "$venv" && : >"$log"
install_python_packages
"""

PYTHON = """#!/bin/sh
case "$*" in
    *WHEEL_PKG_DIR*) echo "$WHEEL" ;;
    *uv_settings.py) echo "$SETTINGS" ;;
    *'pip config list'*) exit "${CONFIG:-0}" ;;
    *'pip install --target'*) echo "uv for uv by $PYTHONPATH" >>"$CALLS"; exit 1 ;;
    *) echo "python $*" | cut -d ' ' -f 1-5 >>"$CALLS" ;;
esac
"""


@pytest.fixture
def install(copy, tmp_path):
    """Runs the installation with stand-ins; returns what was called, and what was said."""
    (tmp_path / "pip-1.whl").touch()
    write_program(copy / ".venv/bin/python", PYTHON)
    write_program(
        tmp_path / "bin/uv", '#!/bin/sh\necho "uv $*, index $UV_DEFAULT_INDEX" >>"$CALLS"\nexit "${STATUS:-0}"\n'
    )

    def install(path=tmp_path / "bin", **environment):
        calls = tmp_path / "install-calls"
        calls.unlink(missing_ok=True)
        variables = {
            "CALLS": str(calls),
            "WHEEL": str(tmp_path / "pip-1.whl"),
            "SETTINGS": "UV_DEFAULT_INDEX=https://mine.example",
            "PATH": f"{path}:/usr/bin:/bin",
        }
        result = run("bash", "-euc", INSTALL, "bash", copy, **{**variables, **environment})
        assert (result.returncode, result.stderr) == (0, "")
        assert not (copy / ".venv/incomplete").exists()
        return calls.read_text(), result.stdout

    return install


WITHOUT_UV = "      Without uv, pip installs them, which takes longer; .venv/setup.log tells why.\n"


def test_uv_installs_from_where_pip_would(install, copy, tmp_path):
    calls, said = install()
    lists = f"{copy}/.venv/requirements"
    common = f"uv pip install --python {copy}/.venv/bin/python --no-deps"
    assert calls.splitlines() == [
        f"{common} --require-hashes -r {lists}/wheels.txt, index https://mine.example",
        f"{common} --require-hashes --no-build-isolation -r {lists}/theano.txt, index https://mine.example",
        f"{common} --no-index {tmp_path}/pip-1.whl, index https://mine.example",
    ]
    assert said == ""


@pytest.mark.parametrize(
    "why",
    [{"STATUS": "2"}, {"WHEEL": ""}, {"CONFIG": "1"}, {"path": "/nowhere"}],
    ids=["fails", "no wheel", "settings", "no uv"],
)
def test_pip_installs_where_uv_cannot(install, copy, why):
    calls, said = install(**why)
    assert said == WITHOUT_UV
    by_pip = [line for line in calls.splitlines() if line.startswith("python")]
    assert by_pip == ["python -m ensurepip --upgrade --default-pip", *["python -m pip install -r"] * 2]
