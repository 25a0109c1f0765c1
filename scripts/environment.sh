# Sourced by every script here: says where the repository and its Python are, and sets the environment for both.
# A shell of your own can source it too.  What you have set yourself stays as it is, but for what would lead this Python, its
# pip or its Jupyter to another Python's files.

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)

# Whether THEANO_FLAGS asks for a GPU or for OpenCL. The last word counts.
device_is_asked_for() {
    local word words device=''
    IFS=, read -r -d '' -a words <<<"${THEANO_FLAGS-}" || true
    for word in "${words[@]}"; do
        if [[ $word =~ ^[[:space:]]*device=[[:space:]]*([a-z0-9:]*) ]]; then device=${BASH_REMATCH[1]}; fi
    done
    [[ $device == cuda* || $device == opencl* ]]
}

# Devices need pygpu, which is for Python 3.11 only. Where .venv is made with a newer Python, as on Debian 13, there is a second
# environment for them: .venv-gpu, if one was made, or scripts/setup makes it.
needs_environment_for_devices() {
    if ! device_is_asked_for || compgen -G "$root/.venv/lib/python3*/site-packages/pygpu" >/dev/null; then return 1; fi
    if [[ -x $root/.venv-gpu/bin/python ]]; then return; fi
    if [[ -x $root/.venv/bin/python ]]; then
        # A Python 3.11 without it is on a machine that cannot have it, or scripts/setup has not been there.
        [[ ! -e $root/.venv/lib/python3.11 ]] && [[ -n $(source_of_libgpuarray) ]]
    else
        [[ $(source_of_libgpuarray) == debian12 ]] # the system has none of its own
    fi
}

source_of_libgpuarray() (
    set +eu
    . "$root/scripts/installation/messages.sh"
    . "$root/scripts/installation/system_packages.sh"
    . "$root/scripts/installation/libgpuarray.sh"
    if libgpuarray_can_be_had; then printf '%s\n' "$libgpuarray_source"; fi
)

# DEEPLEARNING_TUTORIAL_VENV names another environment than .venv, such as one with another Python.
venv=${DEEPLEARNING_TUTORIAL_VENV:-$root/.venv}
if [[ -n ${DEEPLEARNING_TUTORIAL_VENV-} ]]; then
    if [[ $venv != /* ]]; then venv=$PWD/$venv; fi
    export DEEPLEARNING_TUTORIAL_VENV=$venv # what this script starts may stand in another folder
elif needs_environment_for_devices; then
    venv=$root/.venv-gpu
fi
python=$venv/bin/python

# Another NumPy on PYTHONPATH, the modules of another Python, or an environment that is active, whose packages IPython puts before
# all others: the Python here sees none of it. Where warnings are errors, packages as old as these cannot be imported; and
# PYTHONOPTIMIZE would leave out their assertions.
unset PYTHONPATH PYTHONHOME PYTHONPLATLIBDIR PYTHONSAFEPATH PYTHONSTARTUP PYTHONOPTIMIZE PYTHONINSPECT PYTHONWARNINGS VIRTUAL_ENV

# Where pip gets packages from, and by which proxy, is for you to say; where it puts them, and which it may take, is not.
unset PIP_{TARGET,PREFIX,ROOT,USER,PYTHON,REQUIRE_VIRTUALENV,CONSTRAINT,DRY_RUN,NO_BINARY,ONLY_BINARY}

# All files here are in UTF-8, and so is what is printed, whatever the language of the system.
export PYTHONUTF8=1
unset PYTHONIOENCODING

# A compiler of conda's looks for libraries in conda only. So conda's programs come last, for where there are no others.
put_conda_last() {
    local folder folders first=() last=()
    IFS=: read -r -d '' -a folders <<<"$PATH" || true
    for folder in "${folders[@]}"; do
        folder=${folder%$'\n'}
        if is_of_conda "$folder"; then last+=("$folder"); else first+=("$folder"); fi
    done
    printf -v folder '%s:' "${first[@]}" "${last[@]}"
    export PATH=${folder%:}
}

is_of_conda() {
    local folder=${1%/}
    [[ -d ${folder%/*}/conda-meta ]]
}

# Whether a folder has libraries of conda's, which are not for this environment. Those for a GPU are.
has_foreign_libraries() {
    local name
    [[ -d $1 ]] && is_of_conda "$1" || return
    for name in cuda nvrtc cublas gpuarray; do
        if compgen -G "$1/lib$name*" >/dev/null; then return 1; fi
    done
}

# put_first VARIABLE PATH...: before what stands in the variable. What another environment has put there goes.
put_first() {
    local variable=$1 path paths=("${@:2}") others
    local ours='/(theanorc|blas|cuda|share/jupyter|(libgpuarray|python3\.11)/(include|lib))'
    IFS=: read -r -d '' -a others <<<"${!variable-}" || true
    for path in "${others[@]}"; do
        path=${path%$'\n'}
        if [[ -z $path || $path == "$root/theanorc.example" || $path =~ ^("$venv"|"$root"/\.venv(-[^/]*)?)$ours$ ]]; then continue; fi
        if has_foreign_libraries "$path"; then continue; fi
        paths+=("$path")
    done
    printf -v path '%s:' "${paths[@]}"
    export "$variable=${path%:}"
}

put_conda_last

# Theano reads these files from left to right and the last word counts: the tuned configuration, what scripts/setup
# found out about this machine, and the files that you name in THEANORC.  THEANO_FLAGS overrules them all.  An old
# ~/.theanorc cannot break the notebooks: it is read only if you name it.
put_first THEANORC "$root/theanorc.example" "$venv/theanorc"

# scripts/setup puts a library there that takes Theano's products of matrices to oneDNN, and into cuda links to NVIDIA's
# libraries under the names that libgpuarray opens; libgpuarray itself and a Python 3.11 where the system has none. The
# compiler looks in CPATH and LIBRARY_PATH, and programs in LD_LIBRARY_PATH.
put_first CPATH "$venv/libgpuarray/include" "$venv/python3.11/include"
put_first LIBRARY_PATH "$venv/blas" "$venv/libgpuarray/lib" "$venv/python3.11/lib"
put_first LD_LIBRARY_PATH "$venv/blas" "$venv/libgpuarray/lib" "$venv/python3.11/lib" "$venv/cuda"

# Jupyter looks there for kernels before it looks beside itself, and many an environment has one that is called python3, too.
if [[ -n ${JUPYTER_PATH-} ]]; then put_first JUPYTER_PATH "$venv/share/jupyter"; fi

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
unset -f device_is_asked_for needs_environment_for_devices source_of_libgpuarray put_first keep_in_venv
unset -f put_conda_last is_of_conda has_foreign_libraries

# run_module NAME [ARGUMENT]...: ends this script with a Python module of this folder, such as benchmarks.benchmark.
run_module() {
    if [[ ! -x $python ]]; then
        echo "Run scripts/setup first: there is no Python in ${venv#"$root/"} yet." >&2
        exit 1
    fi
    exec "$python" -P -m scripts.command "$1" "${@:2}" # -P: whatever lies in the folder that one stands in
}

# An interrupt ends a script here, and does not only end the program that it waits for. stop_on_interrupt [SENTENCE]
stop_on_interrupt() {
    interrupt_sentence=${1-Stopped.}
    trap 'trap - INT; printf "\n%s\n" "$interrupt_sentence" >&2; exit 130' INT
}
