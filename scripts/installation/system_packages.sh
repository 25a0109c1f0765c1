# System packages: what Theano and the notebooks need, what is missing, and how it is installed.

needed_packages=(g++) # and a Python, if none is there: python_packages
useful_packages=(libopenblas-dev graphviz python3-pygpu libgpuarray-dev pocl-opencl-icd libclblast-dev)

# What Debian and Ubuntu have made of a Python, such as 3.13.
python_packages() { printf '%s\n' "python$1" "python$1-venv" "python$1-dev"; }

is_root() { ((EUID == 0)); }

# Nothing is installed before it is known that there is, or will be, a compiler and a Python.
install_system_packages() {
    local missing wanted=()
    find_missing "${needed_packages[@]}" python "${useful_packages[@]}"
    if ((${#missing[@]} > 0)) && is_root && command -v apt-get >/dev/null; then
        update_packages || note "The list of packages could not be updated; trying with the one that is there."
        find_offered
        # Now that the list is there, another Python may be the best.
        find_missing "${needed_packages[@]}" python "${useful_packages[@]}"
        choose_packages
    fi
    will_have g++ || die_of_what_is_missing
    if ! will_have python; then
        note "There is no complete $(name_of_python) here: trying to fetch one, without root."
        fetch_python || die_of_what_is_missing
    fi

    if ((${#wanted[@]})); then apt_install "${wanted[@]}"; fi
    has g++ && find_python || die_of_what_is_missing

    find_missing "${useful_packages[@]}"
    ((${#missing[@]} == 0)) || tell_consequences
}

die_of_what_is_missing() {
    die "Theano needs a C++ compiler and a $(name_of_python) with venv and C headers; get what is missing and start again: $(cure_for_what_is_needed)"
}

name_of_python() {
    if is_for_devices; then echo 'Python 3.11'; else echo 'Python 3.11 to 3.14'; fi
}

# Sets its caller's `wanted` to what of `missing` this release has; one that it does not have must not keep the others from
# being installed.
choose_packages() {
    local package
    for package in "${missing[@]}"; do
        if [[ $package == python ]]; then
            if choose_apt_python; then mapfile -t -O "${#wanted[@]}" wanted < <(python_packages "$apt_python"); fi
        elif is_offered "$package"; then
            wanted+=("$package")
        fi
    done
}

will_have() {
    has "$1" || [[ " ${wanted[*]} " == *" ${1/#python/python${apt_python:-?}} "* ]]
}

# Sets its caller's `missing`.
find_missing() {
    local package
    missing=()
    for package in "$@"; do
        has "$package" || missing+=("$package")
    done
}

# Looks for the thing and not for the package, as it may have come some other way.
has() {
    case $1 in
        g++ | graphviz) command -v "${1/graphviz/dot}" ;;
        python) has_python ;;
        libopenblas-dev) links openblas ;;
        python3-pygpu | libgpuarray-dev) has_libgpuarray ;;
        libclblast-dev) links clblast ;;
        pocl-opencl-icd) compgen -G '/etc/OpenCL/vendors/*.icd' ;;
    esac >/dev/null
}

# g++ answers with a whole path where it finds a library.
links() {
    [[ $(g++ -print-file-name="lib$1.so" 2>/dev/null) == /* ]]
}

# A Python that somebody chose, or that the environment is made with, will do; of others, Debian 12's own Python 3.11 is better
# than a newer one, as there is a pygpu for it.
has_python() {
    find_python || return
    [[ $base_version == 3.11 || -n ${chosen_python-} || -x $python ]] || ! apt_has_libgpuarray || ! is_offered $(python_packages 3.11)
}

apt_has_libgpuarray() {
    libgpuarray_can_be_had && [[ $libgpuarray_source == apt || $libgpuarray_source == system ]] && is_root
}

# It is fetched later where apt does not have it, and nothing can be done here where it cannot be had.
has_libgpuarray() {
    ! libgpuarray_can_be_had || [[ $libgpuarray_source != apt ]]
}

# Sets `offered` to the packages in question that this release has.
find_offered() {
    local version names=("${needed_packages[@]}" "${useful_packages[@]}")
    for version in "${python_versions[@]}"; do
        mapfile -t -O "${#names[@]}" names < <(python_packages "$version")
    done
    offered=" $(apt-cache ${apt_options+"${apt_options[@]}"} show "${names[@]}" 2>/dev/null | sed -n 's/^Package: //p' | tr '\n' ' ') "
}

# is_offered PACKAGE...: all of them.
is_offered() {
    local package
    for package in "$@"; do
        [[ ${offered-} == *" $package "* ]] || return
    done
}

# Sets `apt_python` to the newest Python that this release has whole, or to 3.11 where its libgpuarray is for that, or the
# environment is.
choose_apt_python() {
    local versions=("${python_versions[@]}")
    if is_for_devices; then
        versions=(3.11)
    elif apt_has_libgpuarray; then
        versions=(3.11 "${versions[@]}")
    fi
    for apt_python in "${versions[@]}"; do
        if is_offered $(python_packages "$apt_python"); then return; fi
    done
    apt_python=''
    return 1
}

apt_install() {
    run_apt install -y --no-install-recommends "$@" ||
        { finish_interrupted_installation && run_apt install -y --no-install-recommends "$@"; } ||
        note "Not all system packages could be installed; ${log#"$root/"} tells why."
    unset base_python # a better one may have come
}

# One that was stopped half-way, here or elsewhere: apt-get says so, and does nothing until that is done.
finish_interrupted_installation() {
    tail -n 3 "$log" | grep -q 'dpkg --configure -a' &&
        DEBIAN_FRONTEND=noninteractive LC_ALL=C dpkg --configure -a </dev/null 2>&1 | show_progress 'dpkg --configure -a'
}

# apt-get waits for another installation, but not for another update, such as the one that Debian makes by itself after a start.
update_packages() {
    local attempt
    for attempt in {1..60}; do
        run_apt update && return
        tail -n 1 "$log" | grep -q 'Unable to lock' || return
        sleep 2
    done
    return 1
}

run_apt() {
    DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -o DPkg::Lock::Timeout=120 "$@" </dev/null 2>&1 | show_progress "apt-get $1"
}

cure_for_what_is_needed() {
    local missing names=() uv="uv python install $python_from_uv (docs.astral.sh/uv says how to get uv)"
    find_missing "${needed_packages[@]}" python
    if [[ " ${missing[*]} " != *" python "* ]]; then
        cure "${missing[@]}"
        return
    fi
    mapfile -t names < <(printf '%s\n' "${missing[@]}" | grep -vx python)
    if ! command -v apt-get >/dev/null; then
        cure "${names[@]}" "python$python_from_uv" "python$python_from_uv-venv" "python$python_from_uv-dev"
        return
    fi
    find_offered
    if choose_apt_python; then
        cure "${names[@]}" $(python_packages "$apt_python")
    else
        echo "$uv${names[*]:+, and $(cure "${names[@]}")}"
    fi
}

# The one line that would install these packages.
cure() {
    local sudo='sudo '
    if is_root; then sudo=''; fi
    if ! command -v apt-get >/dev/null; then
        echo "with this system's package manager what Debian calls $*"
        return
    fi
    echo "$sudo${APT_CONFIG:+env APT_CONFIG=${APT_CONFIG@Q} }apt-get install -y --no-install-recommends $*"
}

tell_consequences() {
    case " ${missing[*]} " in *libopenblas*) note 'Without libopenblas-dev, the OpenBLAS inside scipy multiplies matrices.' ;; esac
    case " ${missing[*]} " in *graphviz*) note 'Without graphviz, the notebooks cannot draw computation graphs.' ;; esac
    case " ${missing[*]} " in *gpu*) note 'Without libgpuarray and pygpu, Theano runs on the CPU only.' ;; esac
    case " ${missing[*]} " in *cl*) note 'Without PoCL and CLBlast, there is no OpenCL on the CPU, and no GPU test without a GPU.' ;; esac
    note "To get what is missing: $(cure "${missing[@]}")"
}
