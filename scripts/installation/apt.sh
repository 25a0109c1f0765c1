# apt-get with folders of its own: it needs no root, and leaves the machine's own lists of packages as they are.

# use_own_apt FOLDER: sets `apt_folder` and `apt_options`, with which apt-get takes no package for installed, so that it
# downloads what a machine with none of them would lack.
use_own_apt() {
    apt_folder=$1
    apt_options=(
        -o Dir::State="$1" -o Dir::State::lists="$1/lists" -o Dir::State::status="$1/status"
        -o Dir::Cache="$1" -o Dir::Cache::archives="$1/archives" -o APT::Sandbox::User=root
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Acquire::GzipIndexes=true # 9 MB instead of 120
    )
}

apt_update() {
    # What was fetched within the hour is still right.
    if [[ -n $(find "$apt_folder/updated" -mmin -60 2>/dev/null) ]]; then return; fi
    mkdir -p "$apt_folder/lists/partial" "$apt_folder/archives/partial"
    : >"$apt_folder/status"
    LC_ALL=C apt-get -q "${apt_options[@]}" update </dev/null 2>&1 | show_progress 'apt-get update' &&
        touch "$apt_folder/updated"
}

# apt_download FOLDER PACKAGE...
apt_download() {
    (cd "$1" && LC_ALL=C apt-get -q "${apt_options[@]}" download "${@:2}" </dev/null 2>&1) | show_progress 'apt-get download'
}
