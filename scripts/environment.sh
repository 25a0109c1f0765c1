# Sourced by every script here: says where the repository and its Python are, and sets the environment for both.
# A shell of your own can source it too.  What you have set yourself stays as it is.

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
python=$venv/bin/python

# Theano reads these files from left to right and the last word counts: the tuned configuration, what scripts/setup
# found out about this machine, and the files that you name in THEANORC.  THEANO_FLAGS overrules them all.  An old
# ~/.theanorc cannot break the notebooks: it is read only if you name it.
case ":${THEANORC-}:" in
    *":$root/theanorc.example:"*) ;; # sourced before
    *) export THEANORC="$root/theanorc.example:$venv/theanorc${THEANORC:+:$THEANORC}" ;;
esac

# scripts/setup puts a library there that takes Theano's products of matrices to oneDNN, and into cuda links to NVIDIA's
# libraries under the names that libgpuarray opens.  The compiler looks in LIBRARY_PATH, and programs in LD_LIBRARY_PATH.
case ":${LD_LIBRARY_PATH-}:" in
    *":$venv/cuda:"*) ;;
    *)
        export LIBRARY_PATH="$venv/blas${LIBRARY_PATH:+:$LIBRARY_PATH}"
        export LD_LIBRARY_PATH="$venv/blas:$venv/cuda${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" ;;
esac

# PoCL asks /sys how much memory there is, and aborts where there is no /sys, as in a plain chroot.
if [[ ! -e /sys/devices ]]; then
    export HWLOC_SYNTHETIC="${HWLOC_SYNTHETIC:-numa:1(memory=$(awk '/^MemTotal:/ { printf "%.0f", 1024 * $2 }' /proc/meminfo)) core:$(nproc) pu:1}"
fi

# A child of a process that uses a GPU would inherit this, and Theano would then not start the GPU there.
unset THEANO_GPU_IS_ALREADY_ACTIVE

# Programs that keep files in the home directory keep them in .venv instead, unless .venv is another user's.
keep_in_venv() {
    local variable=$1 folder=$2
    if [[ -w $venv || ! -e $venv ]]; then export "$variable=${!variable:-$venv/$folder}"; fi
}
keep_in_venv MPLCONFIGDIR matplotlib
keep_in_venv IPYTHONDIR ipython
keep_in_venv JUPYTER_CONFIG_DIR jupyter/config
keep_in_venv JUPYTER_DATA_DIR jupyter/data
keep_in_venv JUPYTER_RUNTIME_DIR jupyter/runtime
keep_in_venv JUPYTERLAB_SETTINGS_DIR jupyter/lab/settings
keep_in_venv JUPYTERLAB_WORKSPACES_DIR jupyter/lab/workspaces
keep_in_venv POCL_CACHE_DIR cache/pocl
keep_in_venv CUDA_CACHE_PATH cache/cuda
keep_in_venv PIP_CACHE_DIR cache/pip
keep_in_venv npm_config_cache cache/npm
unset -f keep_in_venv

# run_module NAME [ARGUMENT]...: ends this script with a Python module of this folder, such as benchmarks.benchmark.
run_module() {
    if [[ ! -x $python ]]; then
        echo 'Run scripts/setup first: there is no Python in .venv yet.' >&2
        exit 1
    fi
    exec "$python" -P -m "scripts.$1" "${@:2}" # -P: whatever lies in the folder that one stands in
}
