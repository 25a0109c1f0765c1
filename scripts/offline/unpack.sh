# The second half of a bundle's first lines, which unpacks what follows them. The first half, which
# one_file.sh writes, says what it is: name, title, compression, system, machine, payload_...

usage() {
    cat <<TEXT
Usage: sh ${0##*/} [--to FOLDER] [--extract-only] [--any-system] [WHAT IS FOR ./start]...

$title, for a machine without a network.
Unpacks itself into ./$name, if that has not been done, and runs ./$name/start with all that follows.

  --to FOLDER      unpack into that folder instead
  --extract-only   do not start anything
  --any-system     unpack on another system than it was made for (${system:-any} on $machine), too

./$name/start --help says what can follow.
TEXT
}

main() {
    folder=./$name start=yes any_system=no
    while [ $# -gt 0 ]; do
        case $1 in
            -h | --help) usage && return ;;
            --extract-only) start=no ;;
            --any-system) any_system=yes ;;
            --to) [ $# -ge 2 ] || die "--to needs a folder." && folder=$2 && shift ;;
            --to=*) folder=${1#--to=} ;;
            *) break ;;
        esac
        shift
    done
    case $folder in /* | ./* | ../*) ;; *) folder=./$folder ;; esac
    folder=${folder%/}

    check_system
    is_unpacked || unpack
    if [ "$start" = yes ]; then exec "$folder/start" "$@"; fi
}

check_system() {
    [ "$(uname -s) $(uname -m)" = "Linux $machine" ] ||
        die "This bundle is for Linux on $machine, and this is $(uname -s) on $(uname -m). Nothing was changed."
    if [ -z "$system" ] || [ "$any_system" = yes ]; then return; fi
    here=$( [ ! -r /etc/os-release ] || . /etc/os-release && echo "${ID-unknown} ${VERSION_ID-}")
    [ "$here" = "$system" ] ||
        die "This bundle has the system packages of $system, and this is $here. Nothing was changed." \
            "Make a bundle on a machine with $here; or, if what the packages bring is here already, add --any-system."
}

is_unpacked() {
    [ -f "$folder/.bundle" ] && [ "$(cat "$folder/.bundle")" = "$payload_sha256" ]
}

# Into a folder with another name, which gets its own when it is whole.
unpack() {
    [ ! -e "$folder" ] || die "$folder is there already, and is not from this file." \
        "Rename or delete it, or choose another folder: --to FOLDER"
    check_payload
    mkdir -p "$(dirname -- "$folder")"
    remove_leftovers
    part=$folder.unpacking.$(uname -n).$$
    trap 'rm -rf -- "$part"' EXIT
    trap 'exit 130' HUP INT TERM
    mkdir -- "$part" || die "Nothing can be written here. Go to another folder, or choose one: --to FOLDER"
    check_folder
    echo "Unpacking into $folder"
    payload | decompress | tar -xof - -C "$part" && [ -f "$part/start" ] ||
        die "It could not be unpacked into $folder. Is there room for it?"
    echo "$payload_sha256" >"$part/.bundle"
    # Another node that shares this folder may have been faster.
    mv -T -- "$part" "$folder" 2>/dev/null || is_unpacked || die "$part could not be renamed to $folder."
    rm -rf -- "$part"
    trap - EXIT HUP INT TERM
}

check_payload() {
    for tool in tar sha256sum; do
        command -v "$tool" >/dev/null || die "$tool is needed to unpack this, and is not on this machine."
    done
    [ "$compression" = none ] || command -v xz >/dev/null || command -v python3 >/dev/null ||
        die "xz (or a python3) is needed to unpack this, and is not on this machine."
    echo "Checking $0"
    found=$(payload | sha256sum)
    [ "${found%% *}" = "$payload_sha256" ] ||
        die "$0 is damaged: $(payload | wc -c) bytes follow its first lines, and they are not the $payload_bytes that it" \
            "was made with. Copy it again. Nothing was unpacked."
}

payload() {
    tail -n "+$payload_line" -- "$0"
}

decompress() {
    if [ "$compression" = none ]; then
        cat
    elif command -v xz >/dev/null; then
        xz -dc
    else
        python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.stdin.buffer), sys.stdout.buffer)'
    fi
}

# What a run on this machine left behind when it was killed.
remove_leftovers() {
    for left in "$folder.unpacking.$(uname -n)".*; do
        if [ -d "$left" ] && [ ! -d "/proc/${left##*.}" ]; then rm -rf -- "$left"; fi
    done
}

# A USB stick often holds neither programs that run nor links.
check_folder() {
    printf '#!/bin/sh\n' >"$part/try"
    chmod +x "$part/try"
    { "$part/try" && ln -s try "$part/link"; } 2>/dev/null ||
        die "Programs cannot run from this folder, or it holds no links: is it on a USB stick?" \
            "Go to another one (cd ~), and start from there: sh $0"
    rm -f -- "$part/try" "$part/link"
}

die() {
    echo "$*" >&2
    exit 1
}

main "$@"
exit
