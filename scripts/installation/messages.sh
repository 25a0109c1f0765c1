# What a long command says. The file `log`, which the command names, gets what other programs print.

say() { printf '%s\n' "$*"; }
note() { printf '      %s\n' "$@"; } # a line for each argument

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

die_with_log() {
    tail -n 5 "$log" >&2
    die "$1  All that was printed is in ${log#"$root/"}."
}

# Writes what it reads into the log, and shows that something happens: on a terminal one line that changes, elsewhere
# a line every ten seconds.
show_progress() {
    local what=$1 started=$SECONDS shown=$SECONDS line='' next='' status
    while true; do
        status=0
        IFS= read -r -t 1 next || status=$?
        if ((status == 0)); then
            printf '%s\n' "$next" >>"$log"
            line=${next%% (from *}
        elif ((status <= 128)); then
            break
        fi
        if [[ -t 1 ]]; then
            printf '\r\033[K      %s, %d s: %.50s' "$what" $((SECONDS - started)) "$line"
        elif ((SECONDS - shown >= 10)); then
            shown=$SECONDS
            printf '      %s, %d s: %.60s\n' "$what" $((SECONDS - started)) "$line"
        fi
    done
    if [[ -t 1 ]]; then printf '\r\033[K'; fi
}
