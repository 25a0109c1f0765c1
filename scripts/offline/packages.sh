# System packages of Debian or Ubuntu, downloaded: for any machine with the same release.

# apt-get with folders of its own, so that it needs no root, and without any installed package, so that it downloads
# what a machine with none of them would lack.
apt_options=(
    -o Dir::State="$cache/apt" -o Dir::State::lists="$cache/apt/lists" -o Dir::State::status="$cache/apt/status"
    -o Dir::Cache="$cache/apt" -o Dir::Cache::archives="$cache/apt/archives" -o APT::Sandbox::User=root
)

apt_update() {
    # What was fetched within the hour is still right.
    if [[ -n $(find "$cache/apt/updated" -mmin -60 2>/dev/null) ]]; then return; fi
    mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
    : >"$cache/apt/status"
    apt-get -q "${apt_options[@]}" update 2>&1 | show_progress 'apt-get update' ||
        die_with_log 'The list of packages could not be fetched.'
    touch "$cache/apt/updated"
}

# What scripts/setup installs: its own lists.
gather_packages() {
    local package known wanted=()
    apt_update
    find_known "${needed_packages[@]}" "${useful_packages[@]}"
    for package in "${needed_packages[@]}"; do
        is_known "$package" || die "$(system_name) has no package $package: make the bundle on a release that has it."
        wanted+=("$package")
    done
    for package in "${useful_packages[@]}"; do
        if is_known "$package"; then wanted+=("$package"); else note "$(system_name) has no package $package: left out."; fi
    done
    apt-get -q -y "${apt_options[@]}" --no-install-recommends --download-only install "${wanted[@]}" 2>&1 |
        show_progress 'apt-get download' ||
        die_with_log 'Not all system packages could be downloaded; start again, and it goes on.'
    apt-get -q "${apt_options[@]}" autoclean >>"$log" 2>&1 # versions of an earlier bundle
    mkdir -p "$1"
    cp -- "$cache"/apt/archives/*.deb "$1/"
    write_package_index "$1"
    note "$(count "$1"/*.deb) packages with all they depend on, $(mebibytes "$1") MiB"
}

# Sets `known` to those of some packages that this release has.
find_known() {
    known=" $(apt-cache "${apt_options[@]}" show "$@" 2>/dev/null | sed -n 's/^Package: //p' | tr '\n' ' ') "
}

is_known() {
    [[ $known == *" $1 "* ]]
}

# Makes a folder of .deb files a repository that apt reads.
write_package_index() {
    local deb
    (
        cd "$1"
        for deb in *.deb; do
            dpkg-deb --field "$deb"
            printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat -c %s -- "$deb")" "$(checksum "$deb")"
        done >Packages
        {
            printf 'Suite: offline\nDate: %s\nSHA256:\n' "$(LC_ALL=C date -Ru)"
            printf ' %s %s Packages\n' "$(checksum Packages)" "$(stat -c %s Packages)"
        } >Release
    )
}

# What a bundle's system packages belong to, such as "debian 12".
system_name() {
    (. /etc/os-release && printf '%s %s\n' "$ID" "${VERSION_ID-}")
}

count() { printf '%s\n' "$#"; }
