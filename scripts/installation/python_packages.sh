# Python packages: exactly those of requirements.txt.

install_python_packages() {
    local total
    total=$(grep -c '^[a-zA-Z0-9].*==' "$root/requirements.txt")
    touch "$incomplete"
    run_pip install -r requirements.txt | show_progress "about $total packages" ||
        die_with_log "The Python packages could not be installed; is there a network?"
    rm -f "$incomplete"
    if [[ $PIP_CACHE_DIR == "$venv"/* ]]; then rm -rf -- "$PIP_CACHE_DIR"; fi
}

# run_pip COMMAND [OPTION]..., in this repository's folder. The list has all that is needed, and pip shall add nothing.
run_pip() {
    # pip builds Theano with a setuptools and a wheel that it fetches for that: with these, not with the newest.
    grep -oE '^(setuptools|wheel)==[^ ]+' "$root/requirements.txt" >"$venv/build-constraints.txt"
    (
        cd "$root" # pip would split a path in PIP_CONSTRAINT at spaces
        PIP_USER=0 PIP_CONSTRAINT=.venv/build-constraints.txt "$python" -m pip "$@" --no-deps --require-hashes --use-pep517 \
            --no-input --disable-pip-version-check --progress-bar off 2>&1
    )
}
