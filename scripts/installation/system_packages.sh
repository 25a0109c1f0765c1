# System packages: what Theano and the notebooks need, what is missing, and how it is installed.

needed_packages=(g++ python3.11 python3.11-venv python3.11-dev)
useful_packages=(libopenblas-dev graphviz python3-pygpu libgpuarray-dev pocl-opencl-icd libclblast-dev)
system_pygpu=/usr/lib/python3/dist-packages/pygpu

install_system_packages() {
    local missing=()
    find_missing "${needed_packages[@]}" "${useful_packages[@]}"
    if ((${#missing[@]} > 0 && EUID == 0)) && command -v apt-get >/dev/null; then
        apt_install "${missing[@]}"
    fi

    find_missing "${needed_packages[@]}"
    ((${#missing[@]} == 0)) ||
        die "Theano needs a C++ compiler and a Python 3.11 with venv and C headers; get what is missing and start again: $(cure "${missing[@]}")"

    find_missing "${useful_packages[@]}"
    ((${#missing[@]} == 0)) || tell_consequences
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
        python3.11*) find_python ;;
        libopenblas-dev) links openblas ;;
        python3-pygpu) [[ -d $system_pygpu ]] ;;
        libgpuarray-dev) links gpuarray ;;
        libclblast-dev) links clblast ;;
        pocl-opencl-icd) compgen -G '/etc/OpenCL/vendors/*.icd' ;;
    esac >/dev/null
}

# g++ answers with a whole path where it finds a library.
links() {
    [[ $(g++ -print-file-name="lib$1.so" 2>/dev/null) == /* ]]
}

# A package that this release does not have must not keep the others from being installed.
apt_install() {
    local known=() package
    update_packages || note "The list of packages could not be updated; trying with the one that is there."
    for package in "$@"; do
        apt-cache show "$package" >/dev/null 2>&1 && known+=("$package")
    done
    ((${#known[@]})) || return 0
    run_apt install -y --no-install-recommends "${known[@]}" ||
        note "Not all system packages could be installed; .venv/setup.log tells why."
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

# The one line that would install these packages.
cure() {
    local missing=" $* " before='' sudo=sudo
    if ((EUID == 0)); then sudo=''; fi
    if ! command -v apt-get >/dev/null; then
        echo "with this system's package manager what Debian calls$missing"
        return
    fi
    if [[ $missing == *" python3.11 "* ]] && ! apt-cache show python3.11 >/dev/null 2>&1; then
        missing=${missing/ python3.11 python3.11-venv python3.11-dev/}
        before='uv python install 3.11 (docs.astral.sh/uv says how to get uv)'
    fi
    [[ $missing == ' ' ]] || before+="${before:+, and }${sudo:+$sudo }${APT_CONFIG:+env APT_CONFIG=${APT_CONFIG@Q} }apt-get install -y --no-install-recommends$missing"
    printf '%s\n' "${before% }"
}

tell_consequences() {
    case " ${missing[*]} " in *libopenblas*) note 'Without libopenblas-dev, the OpenBLAS inside scipy multiplies matrices.' ;; esac
    case " ${missing[*]} " in *graphviz*) note 'Without graphviz, the notebooks cannot draw computation graphs.' ;; esac
    case " ${missing[*]} " in *gpu*) note 'Without libgpuarray and pygpu, Theano runs on the CPU only.' ;; esac
    case " ${missing[*]} " in *cl*) note 'Without PoCL and CLBlast, there is no OpenCL on the CPU, and no GPU test without a GPU.' ;; esac
    note "To get what is missing: $(cure "${missing[@]}")"
}
