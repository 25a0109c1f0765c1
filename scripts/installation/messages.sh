# What a long command says. The file `log`, which the command names, gets what other programs print.

say() { printf '%s\n' "$*"; }
note() { printf '      %s\n' "$@"; } # a line for each argument

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

die_with_log() {
    tail -n 5 "$log" >&2
    if is_full; then die "No more can be written into ${log%/*}: is the disk full? Make room, and start again."; fi
    die "$1  All that was printed is in ${log#"$root/"}."
}

# Whether not even this can be written. With a limit on the size of files, the program that writes is ended.
is_full() {
    local status=0
    head -c 65536 /dev/zero 2>/dev/null >"${log%/*}/room" || status=$?
    rm -f -- "${log%/*}/room"
    ((status))
}

# Writes what it reads into the log, and shows that something happens: on a terminal one line that changes, elsewhere
# a line every ten seconds.
show_progress() {
    local what=$1 started=$SECONDS shown=$SECONDS line='' next='' status
    local moves=no
    if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then moves=yes; fi
    while true; do
        status=0
        IFS= read -r -t 1 next || status=$?
        if ((status == 0)); then
            { printf '%s\n' "$next" >>"$log"; } 2>/dev/null || true # on a full disk, the program itself will say so
            line=${next%% (from *}
        elif ((status <= 128)); then
            break
        fi
        if [[ $moves == yes ]]; then
            printf '\r\033[K      %s, %d s: %.50s' "$what" $((SECONDS - started)) "$line"
        elif ((SECONDS - shown >= 10)); then
            shown=$SECONDS
            printf '      %s, %d s: %.60s\n' "$what" $((SECONDS - started)) "$line"
        fi
    done
    if [[ $moves == yes ]]; then printf '\r\033[K'; fi
}
