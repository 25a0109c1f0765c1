# One file out of a folder. unpack.sh is how it unpacks.

# pack FOLDER FILE NAME TITLE COMPRESSION SYSTEM: a text that unpacks, and below it what it unpacks. FOLDER holds an
# executable `start`; it is called NAME where it is unpacked. COMPRESSION is none or xz. SYSTEM is what system_name
# prints, or empty where any will do.
pack() {
    local folder=$1 file=$2 payload=$1.payload part=$2.part lines
    # Who has the last file, start, has all. The same contents make the same file, byte for byte.
    (
        cd "$folder"
        chmod +x start
        find . -mindepth 1 -maxdepth 1 ! -name start -printf '%P\0' | LC_ALL=C sort -z |
            tar -c --null --files-from=- --add-file=start --sort=name --format=gnu --mtime="@$(commit_time)" \
                --owner=0 --group=0 --numeric-owner --mode=u+rw,go+rX,go-w
    ) | compress_with "$5" >"$payload"
    lines=$(write_header "$3" "$4" "$5" "$6" "$payload" 0 | wc -l)
    {
        write_header "$3" "$4" "$5" "$6" "$payload" $((lines + 1)) &&
            cat -- "$payload"
    } >"$part" || die "$file cannot be written; is the disk full? Make room, and start again."
    rm -f -- "$payload"
    chmod +x "$part"
    mv -f -- "$part" "$file"
}

compress_with() {
    # Higher levels take twice as long, and save a twentieth.
    case $1 in none) cat ;; xz) xz -4 --threads=2 ;; esac
}

commit_time() {
    git -C "$root" log -1 --format=%ct 2>/dev/null || echo 0
}

# write_header NAME TITLE COMPRESSION SYSTEM PAYLOAD LINE, the line of the file that the payload begins on.
write_header() {
    printf '#!/bin/sh\n'
    printf '# %s.\n' "$2"
    printf '# This text unpacks the archive that follows it, and starts what is in there.  sh FILE --help says more.\n'
    printf "name='%s'\ntitle='%s'\ncompression=%s\nsystem='%s'\nmachine=%s\n" "$1" "$2" "$3" "$4" "$(uname -m)"
    printf 'payload_line=%s\npayload_bytes=%s\npayload_sha256=%s\n' "$6" "$(stat -c %s -- "$5")" "$(checksum "$5")"
    cat -- "$root/scripts/offline/unpack.sh"
}

checksum() {
    local sum
    sum=$(sha256sum <"$1")
    printf '%s\n' "${sum%% *}"
}

mebibytes() { du -s --apparent-size --block-size=1M -- "$1" | cut -f 1; }
