# Configuration: what was found out about this machine. All of it is in .venv.

write_theanorc() {
    local flags
    flags=$(cd "$root" && "$python" -c 'from deeplearning_tutorial.engine import blas_flags; print(blas_flags())')
    if [[ $flags == -L* ]]; then
        flags=$(flags_of_scipys_openblas)
    fi
    if [[ -n $flags ]]; then
        flags="$(flag_of_onednn) $flags"
        flags=${flags# }
    fi
    note "Matrix products: ${flags:-NumPy, as a BLAS in a path with spaces cannot be used: install libopenblas-dev}"
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

# oneDNN multiplies small matrices faster: the flag puts it before any other library. Prints nothing where it cannot be had.
flag_of_onednn() {
    (cd "$root" && "$python" -c 'from deeplearning_tutorial.engine.onednn import build; print(build())' 2>>"$log") ||
        note 'Without oneDNN, small networks train more slowly; .venv/setup.log tells why it cannot be used.' >&2
}

# Theano looks for a library by its plain name, and splits its linker flags at spaces.
flags_of_scipys_openblas() {
    local libraries=("$venv"/lib/python3.11/site-packages/scipy.libs/libopenblas*.so)
    mkdir -p "$venv/blas"
    ln -sfn "${libraries[0]}" "$venv/blas/libopenblas.so"
    [[ $venv == *[[:space:]]* ]] || echo "-L$venv/blas -lopenblas -Wl,-rpath,${libraries[0]%/*}"
}

link_pygpu() {
    local link=$venv/lib/python3.11/site-packages/pygpu
    [[ -d $system_pygpu ]] || return 0
    ln -sfn "$system_pygpu" "$link"
    if "$python" -c 'import pygpu' 2>>"$log"; then
        note "GPU: pygpu $("$python" -c 'import pygpu; print(pygpu.__version__)')"
    else
        rm -f "$link"
        note "GPU: the system's pygpu does not work with $("$python" --version), so that Theano runs on the CPU only."
    fi
}

# libgpuarray opens libcuda.so, libnvrtc.so and libcublas.so, and often there are only libnvrtc.so.12 and the like.
link_nvidia() {
    (cd "$root" && "$python" -m deeplearning_tutorial.engine.libgpuarray --link "$venv/cuda") | while IFS= read -r link; do
        note "GPU: $link"
    done
}

make_module_importable() {
    printf '%s\n' "$root" >"$venv/lib/python3.11/site-packages/deeplearning_tutorial.pth"
}

# nbgrader is here for one of its functions: an attendee needs none of its menus, and no servers of its own. Nor does
# anyone need to read which servers for other languages are not installed. And JupyterLab would ask whether it may fetch
# news, and look for a newer JupyterLab.
quiet_jupyter() {
    cp -Rf -- "$root/scripts/installation/jupyter/." "$venv/"
}
