# Python packages, downloaded: for any Python 3.11.

gather_wheels() {
    local list failed='The Python packages could not be downloaded.'
    mkdir -p "$1"
    pip_into_bundle download -r requirements.txt --dest "$1" || die_with_log "$failed"
    # The other machine's Python 3.11 may be older or newer than this one's.
    write_lists_for_any_python "$cache/any-python"
    for list in "$cache"/any-python/*.txt; do
        [[ -e $list ]] || continue
        pip_into_bundle download -r "${list#"$root"/}" --ignore-requires-python --dest "$1" || die_with_log "$failed"
    done
    note "$(count "$1"/*) packages, $(mebibytes "$1") MiB"
}

# A list for each package that is wanted by some releases of Python only, which wants it for all.
write_lists_for_any_python() {
    rm -rf -- "$1"
    mkdir -p "$1"
    awk -v folder="$1" '
        /^[^ #]/ { list = /python_full_version/ ? folder "/" ++number ".txt" : "" }
        list { gsub(/python_full_version [<>=!]+ \047[0-9.]+\047/, "python_version > \0470\047"); print > list }
    ' "$root/requirements.txt"
}

# pip with what it downloaded before, and without what a package depends on, as requirements.txt names all of it.
pip_into_bundle() {
    PIP_CACHE_DIR="$cache/pip" run_pip "$@" | show_progress "pip $1"
}
