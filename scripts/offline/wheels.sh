# Python packages, downloaded: for any Python of the versions that the bundle is for.

# gather_wheels FOLDER VERSION...
gather_wheels() {
    local version failed='The Python packages could not be downloaded.'
    mkdir -p "$1"
    for version in "${@:2}"; do
        download_wheels "$1" "$version" || die_with_log "$failed"
    done
    pip_into_bundle run_pip download -r scripts/installation/uv.txt --dest "$1" --only-binary :all: || die_with_log "$failed"
    split_requirements "$cache/requirements"
    pip_into_bundle build_theano download -r "$cache/requirements/theano.txt" --dest "$1" || die_with_log "$failed"
    note "$(count "$1"/*) packages for Python $(joined "${@:2}"), $(mebibytes "$1") MiB"
}

# For any release of that version: the other machine's may be older or newer than this one's. Where they need different
# versions of a package, all are downloaded, from a list each.
download_wheels() {
    local list lists=$cache/requirements-$2
    list_requirements "$2" "$lists" || return
    for list in "$lists"/*.txt; do
        pip_into_bundle run_pip download -r "$list" --dest "$1" \
            --only-binary :all: --python-version "$2" --ignore-requires-python || return
    done
}

# list_requirements VERSION FOLDER [NAME]...
list_requirements() { run_python -m scripts.offline.requirements "$@" >>"$log" 2>&1; }

# pip_into_bundle COMMAND PIP'S_COMMAND...: with what was downloaded before, and without what a package depends on, as
# requirements.txt names all of it.
pip_into_bundle() {
    PIP_CACHE_DIR="$cache/pip" "$@" | show_progress "pip $2"
}

joined() {
    local words
    printf -v words ' and %s' "$@"
    printf '%s\n' "${words# and }"
}
