# Python packages: exactly those of requirements.txt. uv installs them, which takes a fifth of pip's time; where it cannot be had,
# or fails, pip does.

install_python_packages() {
    local total
    total=$(sed -n 's/^\([a-zA-Z0-9._-]*\)==.*/\1/p' "$root/requirements.txt" | sort -u | wc -l)
    touch "$incomplete"
    split_requirements "$venv/requirements" 2>>"$log" || die_with_log 'The lists of Python packages could not be written.'
    install_with_uv || {
        note 'Without uv, pip installs them, which takes longer; .venv/setup.log tells why.'
        install_with_pip || die_with_log 'The Python packages could not be installed; is there a network?'
    }
    rm -f "$incomplete"
    if [[ $PIP_CACHE_DIR == "$venv"/* ]]; then rm -rf -- "$PIP_CACHE_DIR"; fi
    rm -rf -- "$venv/cache/uv"
}

# Theano is the only package without a wheel. Writes two lists into a folder: wheels.txt, and theano.txt.
split_requirements() {
    mkdir -p "$1"
    awk '/^[a-zA-Z0-9]/ { theano = /^theano==/ } ! theano' "$root/requirements.txt" >"$1/wheels.txt"
    awk '/^[a-zA-Z0-9]/ { theano = /^theano==/ } theano' "$root/requirements.txt" >"$1/theano.txt"
}

# ----------------------------------------------------------------------------------------------------------------------

install_with_uv() {
    local uv settings pip
    pip=$(bundled_pip) && get_uv && find_uv_settings || return
    run_uv --require-hashes -r "$venv/requirements/wheels.txt" | show_progress "about $total packages" || return
    with_old_names run_uv --require-hashes --no-build-isolation -r "$venv/requirements/theano.txt" | show_progress 'Theano' || return
    run_uv --no-index "$pip" | show_progress 'pip'
}

# The pip that each Python brings along for its environments, as a wheel, which runs as it is.
bundled_pip() {
    local pip
    pip=$("$python" -c '
import ensurepip, glob, os, sysconfig
for folder in (sysconfig.get_config_var("WHEEL_PKG_DIR"), os.path.join(os.path.dirname(ensurepip.__file__), "_bundled")):
    print(*glob.glob(os.path.join(folder or "", "pip-*.whl")), sep="\n")
' 2>>"$log" | sed -n '/./ { p; q; }') && [[ -f $pip ]] && printf '%s\n' "$pip"
}

# Sets its caller's `uv`: the one that is there, or the one on PyPI.
get_uv() {
    if has_uv; then return; fi
    rm -rf -- "${venv:?}/uv"
    uv=$venv/uv/bin/uv
    PYTHONPATH=$pip install_uv "$python" --target "$venv/uv" --no-compile
}

# Sets its caller's `settings`: what the user has told pip, as variables that uv reads.
find_uv_settings() {
    local list
    settings=()
    list=$(cd "$root" && PYTHONPATH=$pip "$python" -m pip config list --disable-pip-version-check 2>>"$log") &&
        list=$("$python" "$root/scripts/installation/uv_settings.py" <<<"$list" 2>>"$log") &&
        { [[ -z $list ]] || mapfile -t settings <<<"$list"; }
}

# run_uv [OPTION]...: what it installs and where is not for the user's settings of uv to say. Python writes bytecode of what is
# used when it is first used, and scripts/setup of the rest in the background.
run_uv() {
    (
        cd "$root"
        unset UV_{SYSTEM_PYTHON,PYTHON,CONSTRAINT,BUILD_CONSTRAINT,OVERRIDE,EXCLUDE,EXCLUDE_NEWER,NO_BINARY,NO_BINARY_PACKAGE}
        unset UV_{NO_BUILD,NO_BUILD_PACKAGE,NO_BUILD_ISOLATION,NO_VERIFY_HASHES,COMPILE_BYTECODE,RESOLUTION,PRERELEASE,CONFIG_FILE}
        env "${settings[@]}" UV_NO_CONFIG=1 UV_NO_PROGRESS=1 UV_CACHE_DIR="$venv/cache/uv" \
            "$uv" pip install --python "$python" --no-deps "$@" 2>&1 </dev/null
    )
}

# ----------------------------------------------------------------------------------------------------------------------

install_with_pip() {
    "$python" -m ensurepip --upgrade --default-pip 2>&1 | show_progress 'pip' || return
    run_pip install -r "$venv/requirements/wheels.txt" | show_progress "about $total packages" || return
    build_theano install -r "$venv/requirements/theano.txt" | show_progress 'Theano'
}

# pip for Theano, with the setuptools and the wheel that are installed already: pip would fetch the newest for a build of its
# own, and would not let old names in.
build_theano() { with_old_names run_pip "$@" --no-build-isolation; }

with_old_names() { PYTHONPATH=$root/scripts/installation/old_names "$@"; }

# run_pip COMMAND [OPTION]..., in this repository's folder. The list has all that is needed, and pip shall add nothing.
run_pip() {
    (
        cd "$root"
        PIP_USER=0 "$python" -m pip "$@" --no-deps --require-hashes --use-pep517 \
            --no-input --disable-pip-version-check --progress-bar off 2>&1
    )
}

# The bytecode of all packages that no program has used yet: who cannot write into the environment needs it at each start.
compile_bytecode() {
    "$python" -m compileall -qq -j 0 "$(site_packages)" >>"$log" 2>&1 || true
}
