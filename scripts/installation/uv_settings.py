"""What the user has told pip about where packages come from, told to uv, which does not read pip's settings.

    python -m pip config list | python uv_settings.py

prints a line NAME=value for each variable that uv's environment needs. Where uv has no word for a setting, it prints nothing, says
which one that is, and ends with status 1: pip has to install then.
"""

import ast
import os
import sys

# From the weakest to the strongest, as in pip.
SECTIONS = ("global", "install", ":env:")

# What pip calls a setting, what uv's environment calls it, and what stands between its values where it can have several.
NAMES = {
    "index-url": ("UV_DEFAULT_INDEX", None),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "no-index": ("UV_NO_INDEX", None),
    "cert": ("SSL_CERT_FILE", None),
    "client-cert": ("SSL_CLIENT_CERT", None),
    "proxy": ("ALL_PROXY", None),
    "timeout": ("UV_HTTP_TIMEOUT", None),
    "default-timeout": ("UV_HTTP_TIMEOUT", None),
    "retries": ("UV_HTTP_RETRIES", None),
}
# How pip talks and where it keeps what it has fetched: nothing of it changes what is installed.
IRRELEVANT = set(
    """
    break-system-packages cache-dir compile debug disable-pip-version-check exists-action format log no-cache-dir no-color
    no-compile no-deps no-input no-python-version-warning no-warn-conflicts no-warn-script-location prefer-binary
    progress-bar quiet require-hashes root-user-action upgrade upgrade-strategy use-pep517 user verbose
    """.split()
)
YES = {"1", "on", "true", "y", "yes"}
SYSTEMS_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def settings_in(text):
    """pip's settings for an installation, by name, from what `pip config list` prints.

    >>> settings_in("global.timeout='60'\\n:env:.timeout='5'\\nlist.format='columns'")
    {'timeout': '5'}
    """
    found = {section: {} for section in SECTIONS}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if section in found and (value := str(ast.literal_eval(value)).strip()):
            found[section][option] = value
    return {option: value for section in SECTIONS for option, value in found[section].items()}


def environment_for_uv(settings, environment):
    """The variables that say the same to uv; those that the user has set for uv stay as they are.

    Raises
    ------
    ValueError
        If uv has no word for a setting.
    """
    variables = {
        "UV_INDEX_STRATEGY": "unsafe-best-match"
    }  # like pip, which looks into all indexes; hashes tell which is right
    for option, value in settings.items():
        if option in IRRELEVANT:
            continue
        if option not in NAMES:
            raise ValueError(f"{option}={value}")
        name, separator = NAMES[option]
        if separator:
            values = value.split()
            if any(separator in one for one in values) or any(one.endswith((".html", ".htm")) for one in values):
                raise ValueError(f"{option}={value}")
            value = separator.join(values)
        if option == "no-index":
            if value.lower() not in YES:
                continue
            value = "1"
        if option == "proxy" and "://" not in value:
            value = f"http://{value}"
        if option in ("cert", "client-cert"):
            value = os.path.expanduser(value)
        variables[name] = value
    if "SSL_CERT_FILE" not in {**variables, **environment}:
        certificates = [environment.get("REQUESTS_CA_BUNDLE"), environment.get("CURL_CA_BUNDLE"), SYSTEMS_CERTIFICATES]
        if found := [path for path in certificates if path and os.path.isfile(path)]:
            variables["SSL_CERT_FILE"] = found[0]
    if "ALL_PROXY" in variables:  # pip's setting is stronger than these, which are for one protocol each
        variables |= {name: variables["ALL_PROXY"] for name in ("HTTP_PROXY", "HTTPS_PROXY")}
    return {name: value for name, value in variables.items() if not (name.startswith("UV_") and environment.get(name))}


def main():
    try:
        variables = environment_for_uv(settings_in(sys.stdin.read()), os.environ)
    except ValueError as problem:
        sys.exit(f"uv has no word for pip's setting {problem}.")
    for name, value in variables.items():
        print(f"{name}={value}")


if __name__ == "__main__":
    main()
