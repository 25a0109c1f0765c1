# What was done already, so that it is done once, and by one set-up at a time.

stamp=$venv/stamp           # written last: what the finished set-up was made from
packages=$venv/packages     # the same, once all packages are there
compiled=$venv/compiled     # the same, once the code for all notebooks is compiled
incomplete=$venv/incomplete # there while packages are being installed

# A change of any of these means that .venv must be brought up to date.
fingerprint() (
    shopt -s globstar
    LC_ALL=C # everybody's names are in the same order
    cd "$root"
    sha256sum requirements.txt scripts/setup scripts/installation/**/*.{sh,json,py,cpp} scripts/notebooks/warm_up.py \
        deeplearning_tutorial/engine/{onednn.py,sgemm.cpp,threads.h,blas.h}
    printf '%s\n' "$root"
)

# Whether a file was written when all of this was as it is now.
is_up_to_date() { [[ -e $1 && $(<"$1") == "$(fingerprint)" ]]; }

is_compiled() { is_up_to_date "$compiled"; }

has_packages() { [[ -x $python ]] && python_is_as_chosen && is_up_to_date "$packages"; }

is_done() { [[ -x $python ]] && python_is_as_chosen && is_up_to_date "$stamp" && has_data; }

# Two set-ups at once would write into the same files; the lock goes away with the process that holds it.
wait_for_other_setup() {
    command -v flock >/dev/null || return 0
    exec 9>"$venv/lock"
    flock --nonblock 9 || {
        say "Waiting for another scripts/setup to finish."
        flock 9
    }
}
