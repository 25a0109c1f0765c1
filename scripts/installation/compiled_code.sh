# What Theano compiles when it is first needed: it is compiled before anybody waits for it.

# Takes the numbers of the notebooks, as a pattern.
warm_up() {
    (cd "$root" && "$python" -m scripts.command notebooks.warm_up notebooks/$1_*.ipynb) || {
        note "Not everything was compiled ahead of time; the notebooks compile what they need."
        return 1
    }
}
