# System packages of Debian or Ubuntu, downloaded: for any machine with the same release.

use_own_apt "$cache/apt"

# What scripts/setup installs: its own lists, and the Python that it would choose.
gather_packages() {
    local package wanted=()
    find_packages
    for package in "${needed_packages[@]}"; do
        is_offered "$package" || die "$(system_name) has no package $package: make the bundle on a release that has it."
    done
    for package in "${useful_packages[@]}"; do
        if is_offered "$package"; then
            wanted+=("$package")
        elif [[ $package != *gpu* ]] || ! needs_debian12; then
            note "$(system_name) has no package $package: left out."
        fi
    done
    apt-get -q -y "${apt_options[@]}" --no-install-recommends --download-only install \
        "${needed_packages[@]}" $(python_packages "$apt_python") "${wanted[@]}" 2>&1 |
        show_progress 'apt-get download' ||
        die_with_log 'Not all system packages could be downloaded; start again, and it goes on.'
    apt-get -q "${apt_options[@]}" autoclean >>"$log" 2>&1 # versions of an earlier bundle
    mkdir -p "$1"
    cp -- "$cache"/apt/archives/*.deb "$1/"
    write_package_index "$1"
    note "Python $apt_python, and all else: $(count "$1"/*.deb) packages with what they depend on, $(mebibytes "$1") MiB"
}

# Sets `offered` to what this release has, and `apt_python` to the Python that goes into the bundle.
find_packages() {
    apt_update || die_with_log 'The list of packages could not be fetched.'
    find_offered
    choose_apt_python || die "$(system_name) has no Python 3.11 to 3.14: make the bundle on a release that has one."
}

# Devices need libgpuarray and a Python 3.11, which no release after Debian 12 has: the other machine makes a second
# environment with those, as scripts/setup does here. They are small; where they cannot be had, the bundle is for the
# processor.
gather_debian12() {
    local wanted=("${libgpuarray_packages[@]}")
    needs_debian12 || return 0
    if [[ $apt_python != 3.11 ]]; then wanted+=("${python311_packages[@]}"); fi
    mkdir -p "$1"
    if libgpuarray_can_be_had && download_from_debian12 "$1" "${wanted[@]}"; then
        note "For devices, of Debian 12: libgpuarray${wanted[3]:+ and a Python 3.11}, $(mebibytes "$1") MiB"
    else
        rm -rf -- "$1"
        note "Without libgpuarray, Theano will compute on the CPU only there. ${libgpuarray_problem-}"
    fi
}

needs_debian12() { [[ $(os_release VERSION_CODENAME) != bookworm ]]; }

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
