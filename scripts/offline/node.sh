# The bundle of a GPU node. start_node.sh is how it starts where it is unpacked. Its system packages are Debian 12's.

node_packages=(
    python3.11-minimal libpython3.11-minimal libpython3.11-stdlib libpython3.11 libpython3.11-dev python3-distutils
    libgpuarray3 libgpuarray-dev python3-pygpu python3-six python3-mako python3-markupsafe
)
spare_packages=(libexpat1 zlib1g libffi8) # libraries that nearly every machine has
node_wheels=(numpy setuptools tqdm psutil)
node_sources=(
    deeplearning_tutorial theanorc.example LICENSE scripts/{__init__,arguments,command,files,machine}.py
    scripts/benchmarks/{compare_devices,comparison,device_run,networks,tables}.py
)
node_mebibytes=20

gather_node() {
    [[ $(uname -m) == x86_64 ]] || die "The bundle of a node is for x86-64, and this machine is $(uname -m)."
    say 'System packages'
    gather_unpacked "$1"
    say 'Python packages'
    gather_site "$1/site"
    leave_out_the_rest "$1"
    say 'The module'
    gather_module "$1"
    say 'The data'
    gather_digits "$1/digits.npz"
    cp -- "$root/scripts/offline/start_node.sh" "$1/start"
}

pack_node() {
    pack "$1" "$2" theano-node 'Theano, and the least that trains a network on a GPU' xz ''
    (($(stat -c %s -- "$2") <= node_mebibytes << 20)) ||
        die "$2 is larger than $node_mebibytes MiB: leave out more, or fewer digits in."
}

gather_unpacked() {
    local package debs=$1/debs
    mkdir -p "$debs" "$1/spare"
    download_from_debian12 "$debs" "${node_packages[@]}" "${spare_packages[@]}" ||
        die_with_log 'Not all system packages could be downloaded.'
    for package in "${node_packages[@]}"; do
        dpkg-deb --extract "$debs/${package}"_*.deb "$1"
    done
    for package in "${spare_packages[@]}"; do
        dpkg-deb --extract "$debs/${package}"_*.deb "$debs/spare"
    done
    find "$debs/spare" -name 'lib*.so.*' ! -name 'libexpatw*' -exec cp -P -- {} "$1/spare/" \;
    rm -rf -- "$debs"
}

# For the Python 3.11 of the bundle, whichever this environment has.
gather_site() {
    local failed='The Python packages could not be downloaded.' lists=$cache/requirements-node
    list_requirements 3.11 "$lists" "${node_wheels[@]}" || die_with_log "$failed"
    pip_into_bundle run_pip install -r "$lists/1.txt" --no-compile --target "$1" \
        --only-binary :all: --python-version 3.11 --ignore-requires-python || die_with_log "$failed"
    split_requirements "$cache/requirements"
    pip_into_bundle build_theano install -r "$cache/requirements/theano.txt" --no-compile --target "$1" ||
        die_with_log "$failed"
}

# Tests, documentation, static libraries, and what no training needs. Theano itself uses parts of its folder of tests.
leave_out_the_rest() {
    (
        cd "$1"
        rm -rf etc usr/share usr/src usr/lib/binfmt.d usr/lib/*/pkgconfig usr/lib/python3.11/sitecustomize.py site/bin \
            usr/lib/python3.11/{test,pydoc_data,ensurepip,idlelib,lib2to3,turtle.py} usr/lib/python3.11/lib-dynload/_test* \
            site/numpy/core/_simd.*.so usr/lib/python3/dist-packages/pygpu/*.c
        find . -depth -type d \( -name tests ! -path ./site/theano/tests -o -name __pycache__ \) -exec rm -rf {} +
        find site/theano/tests -type f -name 'test_*' -delete
        find . \( -name '*.a' -o -name '*.o' -o -name '*.exe' -o -name '*.pyi' -o -name '*.pyx' -o -name direct_url.json \) -delete
        ln -s python3.11 usr/bin/python3
        ln -s python3.11 usr/bin/python
    )
}

# What git tracks or would track: no compiled files, and no one's notes.
gather_module() {
    local source
    for source in "${node_sources[@]}"; do
        [[ -e $root/$source ]] || die "$source is missing."
    done
    (
        cd "$root"
        git ls-files -z --cached --others --exclude-standard --deduplicate -- "${node_sources[@]}" |
            while IFS= read -r -d '' file; do if [[ -e $file ]]; then printf '%s\0' "$file"; fi; done |
            tar -c --null --files-from=-
    ) | tar -x -C "$1"
}
