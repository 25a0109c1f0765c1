# libgpuarray and pygpu, through which Theano reaches a GPU or an OpenCL device: the system's, or Debian 12's.
#
# No release of Debian or Ubuntu after Debian 12 has them for a Python that Theano's GPU code works with, and PyPI does
# not have them. So they are fetched as packages of Debian 12, and its Python 3.11 with them where the machine has none.
# apt-get checks them with Debian's keys; they are unpacked into a folder, without root, and nothing is installed.

system_pygpu=/usr/lib/python3/dist-packages/pygpu
debian_keyrings=/usr/share/keyrings
debian_mirror=http://deb.debian.org/debian # what a new Debian is set to
libgpuarray_packages=(libgpuarray3 libgpuarray-dev python3-pygpu)
python311_packages=(
    python3.11 python3.11-minimal python3.11-venv python3.11-dev python3-distutils python3-pip-whl python3-setuptools-whl
    libpython3.11 libpython3.11-minimal libpython3.11-stdlib libpython3.11-dev
)

# Whether there is, or can be, a pygpu for Python 3.11. It asks no network. Sets `libgpuarray_source` to system, apt or
# debian12, or to nothing, and then `libgpuarray_problem` to what to do.
libgpuarray_can_be_had() {
    libgpuarray_source='' libgpuarray_problem=''
    if compgen -G "$system_pygpu/gpuarray.cpython-311-*.so" >/dev/null && links gpuarray; then
        libgpuarray_source=system
    elif [[ -n ${DEBIAN12_PACKAGES-} ]]; then
        libgpuarray_source=debian12
    elif ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        libgpuarray_problem="libgpuarray and pygpu are fetched from Debian 12, and there is no apt-get here to do it: use Debian or Ubuntu, or conda, which has libgpuarray and pygpu on conda-forge."
    elif is_root && [[ $(os_release VERSION_CODENAME) == bookworm ]]; then
        libgpuarray_source=apt
    elif find_debian_keys "$debian_keyrings" >/dev/null || [[ " $(os_release ID) $(os_release ID_LIKE) " == *" ubuntu "* ]]; then
        libgpuarray_source=debian12
    else
        libgpuarray_problem="libgpuarray and pygpu are fetched from Debian 12, and Debian's keys are not here: install the package debian-archive-keyring."
    fi
    [[ -n $libgpuarray_source ]]
}

# get_libgpuarray FOLDER: FOLDER/pygpu, and FOLDER/include and FOLDER/lib for the compiler.
get_libgpuarray() {
    [[ ! -d $1 ]] || return 0
    libgpuarray_can_be_had || fail "$libgpuarray_problem" || return
    [[ $libgpuarray_source == debian12 ]] || return 0
    unpack_from_debian12 "$1" complete_libgpuarray "${libgpuarray_packages[@]}" || return
    note "libgpuarray of Debian 12 in ${1#"$root/"}"
}

# get_python311 FOLDER: FOLDER/usr/bin/python3.11, which can make environments; FOLDER/include and FOLDER/lib.
get_python311() {
    [[ ! -d $1 ]] || return 0
    unpack_from_debian12 "$1" complete_python311 "${python311_packages[@]}" || return
    note "Python 3.11 of Debian 12 in ${1#"$root/"}"
}

# Links the first pygpu that works into the environment's packages.
link_pygpu() {
    local site=("$venv"/lib/python3*/site-packages) source
    [[ -d ${site[0]} ]] || return 0
    for source in "$venv/libgpuarray/pygpu" "$system_pygpu"; do
        [[ -d $source ]] || continue
        ln -sfn "$source" "${site[0]}/pygpu"
        if "$python" -c 'import pygpu' 2>>"$log"; then
            note "GPU: pygpu $("$python" -c 'import pygpu; print(pygpu.__version__)')"
            return
        fi
    done
    [[ -L ${site[0]}/pygpu ]] || return 0
    rm -f "${site[0]}/pygpu"
    note "GPU: pygpu does not work with $("$python" --version) of ${venv##*/}, so that Theano computes on the CPU there."
}

# ----------------------------------------------------------------------------------------------------------------------
# Packages of Debian 12

# unpack_from_debian12 FOLDER COMPLETE PACKAGE...: the folder is there when all is in it, and COMPLETE, a function that
# finishes it, has succeeded.
unpack_from_debian12() {
    local folder=$1 complete=$2 part=$1.part
    rm -rf -- "${part:?}"
    mkdir -p "$part/debs" || fail "$part cannot be written." || return
    if download_from_debian12 "$part/debs" "${@:3}" && extract_all "$part" && "$complete" "$part"; then
        rm -rf -- "$part/debs"
        mv -T -- "$part" "$folder"
    else
        rm -rf -- "${part:?}"
        return 1
    fi
}

extract_all() {
    local deb
    for deb in "$1"/debs/*.deb; do
        dpkg-deb --extract "$deb" "$1" 2>>"$log" || fail "${deb##*/} cannot be unpacked; is the disk full?" || return
    done
}

# download_from_debian12 FOLDER PACKAGE...: their .deb files; or those of the folder DEBIAN12_PACKAGES, where that is set.
download_from_debian12() {
    local mirror mirrors apt_folder apt_options
    if [[ -n ${DEBIAN12_PACKAGES-} ]]; then
        copy_packages "$@"
        return
    fi
    use_debian12
    get_debian_keys "$apt_folder/keys" || return
    mapfile -t mirrors < <(debian_mirrors)
    for mirror in "${mirrors[@]}"; do
        echo "deb [target=Packages] $mirror bookworm main" >"$apt_folder/sources.list"
        if apt_update && apt_download "$1" "${@:2}"; then return; fi
        rm -rf -- "$apt_folder"/{lists,updated}
    done
    fail "The packages of Debian 12 could not be fetched: $(words_of_apt)"
}

copy_packages() {
    local package
    for package in "${@:2}"; do
        cp -- "$DEBIAN12_PACKAGES/${package}"_*.deb "$1/" 2>>"$log" ||
            fail "DEBIAN12_PACKAGES=$DEBIAN12_PACKAGES has no package $package." || return
    done
}

# One list of packages, one file of keys: what apt-get trusts otherwise is not trusted here, nor what it prefers preferred.
use_debian12() {
    use_own_apt "$venv/cache/debian12"
    mkdir -p "$apt_folder/keys"
    apt_options+=(
        -o Dir::Etc::SourceList="$apt_folder/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::Etc::TrustedParts="$apt_folder/keys" -o Dir::Etc::Trusted="$apt_folder/no-other-keys"
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o APT::Default-Release=
        -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30
        -o APT::Update::Error-Mode=any # by itself, apt-get update goes on without a list that it could not get
    )
}

# Where this machine gets Debian from, as who has one release has Debian 12, too; and Debian's own address.
debian_mirrors() {
    {
        apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(RELEASE) $(REPO_URI)' 'Created-By: Packages' 2>>"$log" |
            awk '$1 == "Debian" && $2 == "main" && $3 !~ "[-/]" && $4 ~ "^https?:" { print $4 }' || true
        echo "$debian_mirror"
    } | sed 's:/*$::' | awk '!seen[$0]++'
}

# get_debian_keys FOLDER: a file with Debian's keys. Ubuntu has them as a package of its own, signed by Ubuntu's keys.
get_debian_keys() {
    local keys work=$1.part
    if keys=$(find_debian_keys "$debian_keyrings"); then
        cp -- "$keys" "$1/debian.gpg"
        return
    fi
    rm -rf -- "$work"
    mkdir -p "$work"
    if download_keyring "$work" && dpkg-deb --extract "$work"/*.deb "$work" 2>>"$log" &&
        keys=$(find_debian_keys "$work/usr/share/keyrings"); then
        cp -- "$keys" "$1/debian.gpg"
        rm -rf -- "$work"
    else
        rm -rf -- "$work"
        fail "Debian's keys, which libgpuarray's packages are checked with, could not be fetched: install the package debian-archive-keyring (in Ubuntu's component universe), and start again."
    fi
}

# With the machine's own lists of packages; where they are empty or old, with new ones.
download_keyring() {
    local apt_folder apt_options=()
    apt_download "$1" debian-archive-keyring || {
        use_own_apt "$venv/cache/apt"
        apt_update && apt_download "$1" debian-archive-keyring
    }
}

find_debian_keys() {
    local keys
    for keys in "$1"/debian-archive-keyring.{gpg,pgp}; do
        if [[ -r $keys ]]; then
            printf '%s\n' "$keys"
            return
        fi
    done
    return 1
}

# What apt-get said last, for someone who wants to know what to do.
words_of_apt() {
    local words
    words=$(grep -aE '^(E|W|Err)[: ]' "$log" | grep -v 'Some index files' | tail -n 2) || true
    if [[ $words == *NO_PUBKEY* || $words == *'not signed'* || $words == *signature* ]]; then
        echo "what came is not signed with Debian's keys. Behind a network that wants you to log in, do that first; where debian-archive-keyring is older than 2023, install a newer one."
    else
        echo "${words##*$'\n'} Is there a network?"
    fi
}

# ----------------------------------------------------------------------------------------------------------------------
# What is left to do once they are unpacked

complete_libgpuarray() {
    [[ -e $1/usr/lib/libgpuarray.so && -d $1/usr/lib/python3/dist-packages/pygpu ]] ||
        fail "Debian 12's packages of libgpuarray are not complete." || return
    ln -s usr/lib "$1/lib"
    ln -s usr/include "$1/include"
    ln -s usr/lib/python3/dist-packages/pygpu "$1/pygpu"
    rm -rf -- "$1"/usr/lib/*.a "$1"/usr/share
}

# Python finds its modules beside itself, wherever that is. Only what was written down when it was built names /usr.
complete_python311() {
    local settings=("$1"/usr/lib/python3.11/_sysconfigdata__*-gnu.py) lib=("$1"/usr/lib/*-linux-gnu) setting
    [[ -x $1/usr/bin/python3.11 && -f ${settings[0]} && -d ${lib[0]} ]] ||
        fail "Debian 12's packages of Python 3.11 are not complete." || return
    for setting in INCLUDEPY CONFINCLUDEPY CONFINCLUDEDIR LIBDIR WHEEL_PKG_DIR; do
        sed -i -E --follow-symlinks "s|^( '$setting': )'/usr/|\1__file__.rpartition('/lib/python3.11/')[0] + '/|" "${settings[@]}"
    done
    ln -s "usr/lib/${lib[0]##*/}" "$1/lib"
    ln -s usr/include "$1/include"
    rm -rf -- "$1"/usr/lib/python3.11/config-*/*.a "$1"/usr/lib/*-linux-gnu/*.a "$1"/usr/share/{doc,man,applications,pixmaps}
    runs_python311 "$1/usr/bin/python3.11"
}

# It is made for the libraries of Debian 12, of which one may be missing here.
runs_python311() {
    local answer
    answer=$("$1" -c 'import bz2, ctypes, distutils, ensurepip, lzma, pyexpat, sqlite3, ssl, zlib' 2>&1) || {
        printf '%s\n' "$answer" >>"$log"
        fail "Debian 12's Python 3.11 does not run here: ${answer##*$'\n'}"
    }
}

# ----------------------------------------------------------------------------------------------------------------------

# os_release NAME: a line of /etc/os-release, such as ID.
os_release() {
    [[ ! -r /etc/os-release ]] || (. /etc/os-release && printf '%s\n' "${!1-}")
}

fail() {
    printf '%s\n' "$*" >&2
    return 1
}
