# Python packages: exactly those of requirements.txt.

install_python_packages() {
    local total failed='The Python packages could not be installed; is there a network?'
    total=$(sed -n 's/^\([a-zA-Z0-9._-]*\)==.*/\1/p' "$root/requirements.txt" | sort -u | wc -l)
    touch "$incomplete"
    split_requirements "$venv/requirements" 2>>"$log" || die_with_log 'The lists of Python packages could not be written.'
    run_pip install -r "$venv/requirements/wheels.txt" | show_progress "about $total packages" || die_with_log "$failed"
    build_theano install -r "$venv/requirements/theano.txt" | show_progress 'Theano' || die_with_log "$failed"
    rm -f "$incomplete"
    if [[ $PIP_CACHE_DIR == "$venv"/* ]]; then rm -rf -- "$PIP_CACHE_DIR"; fi
}

# Theano is the only package without a wheel. Writes two lists into a folder: wheels.txt, and theano.txt.
split_requirements() {
    mkdir -p "$1"
    awk '/^[a-zA-Z0-9]/ { theano = /^theano==/ } ! theano' "$root/requirements.txt" >"$1/wheels.txt"
    awk '/^[a-zA-Z0-9]/ { theano = /^theano==/ } theano' "$root/requirements.txt" >"$1/theano.txt"
}

# pip for Theano, with the setuptools and the wheel that are installed already: pip would fetch the newest for a build of its
# own, and would not let old names in.
build_theano() {
    PYTHONPATH=$root/scripts/installation/old_names run_pip "$@" --no-build-isolation
}

# run_pip COMMAND [OPTION]..., in this repository's folder. The list has all that is needed, and pip shall add nothing.
run_pip() {
    (
        cd "$root"
        PIP_USER=0 "$python" -m pip "$@" --no-deps --require-hashes --use-pep517 \
            --no-input --disable-pip-version-check --progress-bar off 2>&1
    )
}
