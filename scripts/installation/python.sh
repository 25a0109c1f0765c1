# A Python, and the environment made with it. Python 3.11 where libgpuarray can be had, as pygpu is for no other; else the newest.

python_versions=(3.14 3.13 3.12 3.11) # those that requirements.txt is for; newest first
python_from_uv=3.13                   # the one to fetch where the machine has none: each package has been a wheel for it for long

system_bin=/usr/bin

# Run by any Python, old ones too: prints "ok", its version and where it is, or what is wrong with it.
probe='
import os, sys
version = "%d.%d.%d" % sys.version_info[:3]
problem = ""
if not (3, 11) <= sys.version_info[:2] <= (3, 14):
    problem = "is Python " + version
elif sys.implementation.name != "cpython":
    problem = "is %s, for which there is no Theano" % sys.implementation.name
else:
    import sysconfig
    try:
        import ensurepip, venv
    except ImportError:
        problem = "is Python %s without its venv module" % version
    if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
        problem = "is Python %s without its C headers (Python.h)" % version
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        problem = "is Python %s built for free threading" % version
print(problem or "ok %d.%d %s" % (sys.version_info[:2] + (getattr(sys, "_base_executable", sys.executable),)))
'

probe_python() {
    "$1" -c "$probe" 2>/dev/null </dev/null || echo "is not a Python that runs"
}

is_for_devices() { [[ $venv == "$root/.venv-gpu" ]]; }

# Sets `chosen_python` and `chosen_version` if PYTHON names one, or ends with what is wrong with it.
check_chosen_python() {
    local answer
    [[ -n ${PYTHON-} ]] || return 0
    answer=$(probe_python "$PYTHON")
    [[ $answer == ok\ * ]] ||
        die "PYTHON=$PYTHON $answer, but Theano needs a complete Python 3.11, 3.12, 3.13 or 3.14: set PYTHON to one, or unset it and scripts/setup looks for one."
    if is_for_devices && [[ $answer != 'ok 3.11 '* ]]; then
        return # it is for .venv
    fi
    chosen_python=$PYTHON
    answer=${answer#ok }
    chosen_version=${answer%% *}
}

# Sets base_python and base_version to the first usable Python.
find_python() {
    local candidate answer
    [[ -z ${base_python-} ]] || return 0
    while IFS= read -r candidate; do
        answer=$(probe_python "$candidate")
        if [[ $answer == ok\ * ]] && { ! is_for_devices || [[ $answer == 'ok 3.11 '* ]]; }; then
            answer=${answer#ok }
            base_version=${answer%% *}
            base_python=${answer#* }
            return 0
        fi
    done < <(python_candidates)
    return 1
}

python_candidates() {
    local version
    if [[ -n ${chosen_python-} ]]; then
        printf '%s\n' "$chosen_python"
        return
    fi
    if [[ -e $python ]]; then printf '%s\n' "$python"; fi # what the environment was made with
    if is_for_devices || libgpuarray_can_be_had; then pythons_of_version 3.11; fi
    if is_for_devices; then
        printf '%s\n' "$venv/python3.11/usr/bin/python3.11"
        return
    fi
    for version in "${python_versions[@]}"; do pythons_of_version "$version"; done
    type -aP python3 || true
}

# Where a Python of this version may be: those of the search path first, then the system's, pyenv's and uv's.
pythons_of_version() {
    local uv_folder
    type -aP "python$1" || true
    printf '%s\n' "$system_bin/python$1"
    compgen -G "${PYENV_ROOT:-${HOME-}/.pyenv}/versions/$1.*/bin/python" | sort -rV || true
    for uv_folder in "$venv/python" "$root/.venv/python" "${UV_PYTHON_INSTALL_DIR:-${XDG_DATA_HOME:-${HOME-}/.local/share}/uv/python}"; do
        compgen -G "$uv_folder/cpython-$1.*/bin/python$1" | sort -rV || true
    done
}

# A line for each version that is here: the version, and the first complete Python of it.
list_pythons() {
    local version candidate answer
    for version in "${python_versions[@]}"; do
        while IFS= read -r candidate; do
            answer=$(probe_python "$candidate")
            if [[ $answer == "ok $version "* ]]; then
                printf '%s\n' "${answer#ok }"
                break
            fi
        done < <(pythons_of_version "$version")
    done
}

# Whether the environment is made with the Python that PYTHON names, if it does.
python_is_as_chosen() {
    local version
    [[ -n ${chosen_version-} && -e $venv/pyvenv.cfg ]] || return 0
    version=$(sed -n 's/^version = //p' "$venv/pyvenv.cfg")
    [[ -z $version || $version == "$chosen_version".* ]]
}

make_venv() {
    if [[ ! -e $incomplete ]] && venv_works; then
        note "$("$python" --version) in ${venv##*/}"
        return
    fi
    # What is half installed, or was made for another place or Python, is made again; downloads are kept.
    touch "$incomplete"
    rm -rf -- "${venv:?}"/{bin,lib,lib64,include,share,etc,pyvenv.cfg}
    "$base_python" -m venv "$venv" --without-pip 2>&1 | show_progress "making ${venv##*/} with $base_python" ||
        die_with_log "No virtual environment could be made with $base_python."
    note "$("$python" --version) from $base_python"
}

# The programs in it hold its absolute path, so that a repository that was moved needs them made again.
venv_works() {
    [[ $("$python" -c 'import sys, pip; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) == "$base_version" ]] &&
        [[ $(sed -n 's/^command = .* -m venv \(--without-pip \)\?//p' "$venv/pyvenv.cfg") == "$venv" ]]
}

# The folder of the environment's packages.
site_packages() {
    "$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
}

# ----------------------------------------------------------------------------------------------------------------------
# Where the machine has none

# Fetches one, without root; fails where that cannot be done.
fetch_python() {
    if is_for_devices; then
        get_python311 "$venv/python3.11" && find_python
    else
        fetch_python_with_uv
    fi
}

# uv brings a whole Python, with its headers, for any Linux.
fetch_python_with_uv() {
    local uv
    find_uv || return
    UV_PYTHON_INSTALL_DIR=$venv/python UV_PYTHON_INSTALL_BIN=0 UV_CACHE_DIR=$venv/cache/uv \
        "$uv" python install "$python_from_uv" 2>&1 </dev/null | show_progress "uv python install $python_from_uv" || return
    find_python || return
    note "Python $base_version fetched with uv"
}

# Sets its caller's `uv`: the one that is there, or the one on PyPI, which any Python with pip can get.
find_uv() {
    local any
    if has_uv; then return; fi
    while IFS= read -r any; do
        rm -rf -- "${venv:?}/uv"
        uv=$venv/uv/bin/uv
        if has_pip "$any"; then
            install_uv "$any" --target "$venv/uv"
            return
        fi
        uv=$venv/uv/environment/bin/uv
        if "$any" -m venv "$venv/uv/environment" >>"$log" 2>&1 && has_pip "$venv/uv/environment/bin/python"; then
            install_uv "$venv/uv/environment/bin/python"
            return
        fi
    done < <(command -v python3 python3.{8..14} || true)
    return 1
}

# Sets its caller's `uv` to the one that is there.
has_uv() {
    uv=$(command -v uv) && return
    for uv in "$venv"/uv/{bin,environment/bin}/uv; do
        if [[ -x $uv ]]; then return; fi
    done
    return 1
}

has_pip() { "$1" -m pip --version >/dev/null 2>&1; }

# install_uv PYTHON [OPTION]...: without patience, as there may be no network.
install_uv() {
    (cd "$root" && PIP_USER=0 "$1" -m pip install "${@:2}" -r scripts/installation/uv.txt --no-deps --require-hashes \
        --only-binary :all: --retries 1 --no-input --disable-pip-version-check --progress-bar off 2>&1) | show_progress 'uv'
}
