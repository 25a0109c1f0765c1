#!/bin/sh
# Trains a network with the Python and the Theano in this folder.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

usage() {
    cat <<'TEXT'
Usage: ./start [--device DEVICE] [OPTION]...
       ./start -- COMMAND...

Trains the same networks on the processor and on DEVICE, and compares: cuda, cuda1, opencl0:0, ...; the first that works is
the default. --device cpu trains on the processor alone, --quick only some small networks. ./start --device cpu --help
lists all options.

With a command, runs that in the same environment: ./start -- python my_script.py
Python there is 3.11 with Theano, NumPy, tqdm and the module deeplearning_tutorial; digits.npz beside this file is for
load_data.
TEXT
}

main() {
    case ${1-} in -h | --help) usage && return ;; esac
    set_environment
    check_compiler
    check_python
    link_cuda
    if [ "${1-}" = -- ]; then
        shift
        [ $# -gt 0 ] || { usage >&2 && exit 2; }
        exec "$@"
    fi
    exec python -P -m scripts.command benchmarks.compare_devices --data "$here/digits.npz" "$@"
}

set_environment() {
    # Compiled code is kept here; or at home, where this folder belongs to someone else.
    kept=$here/kept
    mkdir -p "$kept" 2>/dev/null && [ -w "$kept" ] || kept=${XDG_CACHE_HOME:-$HOME/.cache}/theano-node
    mkdir -p "$kept/cuda"
    # Matrices are multiplied by NumPy's OpenBLAS on the processor, by cuBLAS on a GPU.
    cat >"$kept/theanorc" <<CONF
[global]
base_compiledir = $(printf '%s\n' "$kept/theano" | sed 's/%/%%/g')
[blas]
ldflags =
[dnn]
enabled = False
CONF
    export THEANORC="$here/theanorc.example:$kept/theanorc${THEANORC:+:$THEANORC}"

    packages=$here/usr/lib/python3/dist-packages
    libraries=$here/usr/lib:$here/usr/lib/x86_64-linux-gnu
    export PATH="$here/usr/bin:$PATH"
    export PYTHONPATH="$here:$here/site:$packages${PYTHONPATH:+:$PYTHONPATH}"
    export CPATH="$here/usr/include${CPATH:+:$CPATH}"
    export LIBRARY_PATH="$libraries${LIBRARY_PATH:+:$LIBRARY_PATH}"
    export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    export PYTHONNOUSERSITE=1 CUDA_CACHE_PATH="${CUDA_CACHE_PATH:-$kept/cuda-cache}"
    export PYTHONUTF8=1
    unset PYTHONHOME PYTHONSTARTUP PYTHONSAFEPATH PYTHONPLATLIBDIR PYTHONOPTIMIZE PYTHONINSPECT PYTHONWARNINGS PYTHONIOENCODING
    unset THEANO_GPU_IS_ALREADY_ACTIVE
}

check_compiler() {
    command -v g++ >/dev/null || die "Theano needs a C++ compiler, and there is no g++ here." \
        "On a cluster there may be a module with one (module load gcc); on Debian: apt-get install g++"
}

check_python() {
    runs && return
    export LD_LIBRARY_PATH="$LD_LIBRARY_PATH:$here/spare"
    runs && return
    python -c 'import ctypes, zlib, numpy' || die "The Python in this bundle does not run here (see above)." \
        "It needs the GNU C library 2.35 or newer, and here is: $(ldd --version 2>&1 | head -n 1)"
}

runs() {
    python -c 'import ctypes, zlib' 2>/dev/null
}

# libgpuarray opens NVIDIA's libraries by names without a version, which few machines have.
link_cuda() {
    export LD_LIBRARY_PATH="$LD_LIBRARY_PATH:$kept/cuda"
    THEANO_FLAGS='' python -m deeplearning_tutorial.engine.libgpuarray --link "$kept/cuda" >/dev/null || true
}

die() {
    echo "$*" >&2
    exit 1
}

main "$@"
