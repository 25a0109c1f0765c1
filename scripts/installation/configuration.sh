# Configuration: what was found out about this machine. All of it is in the environment.

write_theanorc() {
    local flags
    rm -f "$venv/blas/libopenblas.so" # of an earlier set-up: the compiler would find it, and take it for the system's
    flags=$(cd "$root" && "$python" -c 'from deeplearning_tutorial.engine import blas_flags; print(blas_flags())')
    if [[ $flags != -lopenblas ]]; then
        flags=$(flags_of_scipys_openblas)
    fi
    if [[ -n $flags ]]; then
        flags="$(flag_of_onednn "$flags") $flags"
        flags=${flags# }
    fi
    note "Matrix products: ${flags:-NumPy, as the OpenBLAS in scipy cannot be used in this folder: install libopenblas-dev}"
    {
        echo '# Written by scripts/setup; your own lines go into a file of yours that THEANORC names.'
        echo '[global]'
        echo "base_compiledir = ${venv//%/%%}/theano"
        if [[ $flags != -lopenblas ]]; then
            echo '[blas]'
            echo "ldflags = ${flags//%/%%}"
        fi
    } >"$venv/theanorc"
}

# flag_of_onednn OPENBLAS: oneDNN multiplies small matrices faster, and its flag comes before OpenBLAS's. Prints nothing where it
# cannot be had.
flag_of_onednn() {
    (cd "$root" && "$python" -c 'import sys; from deeplearning_tutorial.engine.onednn import build; print(build(sys.argv[1]))' "$1" 2>>"$log") ||
        note 'Without oneDNN, small networks train more slowly; .venv/setup.log tells why it cannot be used.' >&2
}

# Theano looks for a library by its plain name, and splits its linker flags at spaces. Newer releases of SciPy have put a prefix
# before the names of the functions in theirs.
flags_of_scipys_openblas() {
    local folder library
    folder=$(site_packages)/scipy.libs
    [[ $venv != *[[:space:]]* ]] || return 0
    mkdir -p "$venv/blas"
    for library in "$folder"/libopenblas*.so; do
        [[ -e $library ]] || continue
        ln -sfn "$library" "$venv/blas/libopenblas.so"
        echo "-L$venv/blas -lopenblas -Wl,-rpath,$folder"
        return
    done
    for library in "$folder"/libscipy_openblas-*.so; do
        [[ -e $library ]] || continue
        g++ -O2 -shared -fPIC "$root/scripts/installation/openblas.cpp" "$library" -Xlinker -rpath -Xlinker "$folder" \
            -Wl,-soname,libopenblas.so -o "$venv/blas/libopenblas.so" >>"$log" 2>&1 || return 0
        echo "-L$venv/blas -lopenblas -Wl,-rpath,$venv/blas"
        return
    done
}

# pygpu is for Python 3.11. What the system does not have is fetched, and what cannot be had is no error.
install_libgpuarray() {
    if ! libgpuarray_can_be_had; then
        note "GPU: Theano runs on the CPU only. ${libgpuarray_problem^}"
    elif [[ $base_version != 3.11 ]]; then
        note "GPU: there is no pygpu for Python $base_version. Where THEANO_FLAGS asks for a device, .venv-gpu is used," \
            'which scripts/setup --gpu makes with a Python 3.11.'
    elif get_libgpuarray "$venv/libgpuarray"; then
        link_pygpu
    else
        note 'GPU: without libgpuarray and pygpu, Theano runs on the CPU only.'
    fi
}

# libgpuarray opens libcuda.so, libnvrtc.so and libcublas.so, and often there are only libnvrtc.so.12 and the like.
link_nvidia() {
    (cd "$root" && "$python" -m deeplearning_tutorial.engine.libgpuarray --link "$venv/cuda") | while IFS= read -r link; do
        note "GPU: $link"
    done
}

# A line of a .pth file is a folder to look for modules in, or an import that every Python here begins with.
make_module_importable() {
    local packages
    packages=$(site_packages)
    cp -Rf -- "$root/scripts/installation/site-packages/." "$packages/"
    printf '%s\n' "$root" 'import theano_compatibility' >"$packages/deeplearning_tutorial.pth"
}

# nbgrader is here for one of its functions: an attendee needs none of its menus, and no servers of its own. Nor does
# anyone need to read which servers for other languages are not installed. And JupyterLab would ask whether it may fetch
# news, and look for a newer JupyterLab.
quiet_jupyter() {
    cp -Rf -- "$root/scripts/installation/jupyter/." "$venv/"
}
