# The digits that go into a bundle.

gather_data() {
    local found
    found=$(stored_data)
    if [[ $found != mnist ]]; then
        run_python -m deeplearning_tutorial.data >>"$log" 2>&1 || true
        found=$(stored_data)
    fi
    [[ $found != none ]] || die_with_log 'MNIST could not be fetched.'
    [[ $found == mnist ]] ||
        note 'ONLY THE 5,000-DIGIT SUBSET OF MNIST IS HERE, and goes into the bundle. For the full set: scripts/setup --data'
    cp -R -- "$root/data/$found" "$1/"
    note "data/$found"
}

# mnist, mnist-5k or none; what has a wrong checksum does not count.
stored_data() {
    run_python -m deeplearning_tutorial.data --which 2>>"$log" || true
}

run_python() {
    (cd "$root" && THEANORC="$root/theanorc.example:$venv/theanorc" "$python" "$@")
}

# A part of them in one small file, for a node.
gather_digits() {
    run_python -m scripts.offline.digits "$1" 2>>"$log" || die_with_log 'There are no digits to pack.'
}
