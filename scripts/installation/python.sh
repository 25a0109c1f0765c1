# A Python 3.11, and .venv made with it.

# Run by any Python, old ones too: prints "ok" and where it is, or what is wrong with it.
probe='
import os, sys
version = "%d.%d.%d" % sys.version_info[:3]
problem = ""
if sys.version_info[:2] != (3, 11):
    problem = "is Python " + version
else:
    import sysconfig
    try:
        import ensurepip, venv
    except ImportError:
        problem = "is Python %s without its venv module" % version
    if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
        problem = "is Python %s without its C headers (Python.h)" % version
print(problem or "ok " + getattr(sys, "_base_executable", sys.executable))
'

probe_python() {
    "$1" -c "$probe" 2>/dev/null </dev/null || echo "is not a Python that runs"
}

check_chosen_python() {
    [[ -n ${PYTHON-} ]] || return 0
    local answer
    answer=$(probe_python "$PYTHON")
    [[ $answer == ok\ * ]] ||
        die "PYTHON=$PYTHON $answer, but Theano 1.0.5 needs a complete Python 3.11 (the last with numpy.distutils and numpy 1.23): set PYTHON to one, or unset it and scripts/setup looks for one."
}

# Sets base_python to the first usable Python 3.11.
find_python() {
    local candidate answer
    [[ -z ${base_python-} ]] || return 0
    while IFS= read -r candidate; do
        answer=$(probe_python "$candidate")
        if [[ $answer == ok\ * ]]; then
            base_python=${answer#ok }
            return 0
        fi
    done < <(python_candidates)
    return 1
}

python_candidates() {
    if [[ -n ${PYTHON-} ]]; then
        printf '%s\n' "$PYTHON"
        return
    fi
    printf '%s\n' "$python" # what .venv was made with
    command -v python3.11 || true
    command -v python3 || true
    printf '%s\n' /usr/bin/python3.11
    compgen -G "${PYENV_ROOT:-$HOME/.pyenv}/versions/3.11*/bin/python" || true
    if command -v uv >/dev/null; then
        uv --no-cache python find --no-project --system 3.11 2>/dev/null || true
    fi
}

make_venv() {
    if [[ ! -e $incomplete ]] && venv_works; then
        note "$("$python" --version) in .venv"
        return
    fi
    # What is half installed, or was made for another place, is made again; downloads are kept.
    touch "$incomplete"
    rm -rf -- "${venv:?}"/{bin,lib,lib64,include,share,etc,pyvenv.cfg}
    "$base_python" -m venv "$venv" 2>&1 | show_progress "making .venv with $base_python" ||
        die_with_log "No virtual environment could be made with $base_python."
    note "$("$python" --version) from $base_python"
}

# The programs in .venv hold its absolute path, so that a repository that was moved needs them made again.
venv_works() {
    "$python" -c 'import sys, pip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null &&
        grep -qF -- " -m venv $venv" "$venv/pyvenv.cfg"
}
