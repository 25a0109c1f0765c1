# The bundle of the whole workshop. start_workshop.sh is how it starts where it is unpacked.

gather_workshop() {
    say 'The repository'
    gather_repository "$1/workshop"
    say 'The data'
    gather_data "$1/workshop/data"
    say 'System packages'
    gather_packages "$1/packages"
    gather_debian12 "$1/debian12"
    say 'Python packages'
    gather_wheels "$1/wheels" $(python_versions_in "$1")
    system_name >"$1/system"
    printf '%s\n' "$apt_python" >"$1/python"
    cp -- "$root/scripts/offline/start_workshop.sh" "$1/start"
}

# Those that the other machine will make an environment with.
python_versions_in() {
    printf '%s\n' "$apt_python"
    if compgen -G "$1/debian12/python3.11_*" >/dev/null; then echo 3.11; fi
}

pack_workshop() {
    pack "$1" "$2" theano-workshop 'The workshop "Deep learning from first principles, in Theano"' none "$(system_name)"
}

gather_repository() {
    local changes
    changes=$(git -C "$root" status --porcelain -- . | head -n 10)
    [[ -z $changes ]] || note 'These changes are in no commit, and so not in the bundle:' "${changes//$'\n'/$'\n'      }"
    mkdir -p "$1"
    git -C "$root" archive HEAD | tar -x -C "$1"
    note "$(git -C "$root" log -1 --format='%h %s')"
}
