#!/bin/sh
# Sets the workshop up from this folder alone, without a network, and opens it.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

usage() {
    cat <<'TEXT'
Usage: ./start [workshop | setup | test] [OPTION]...

Opens the notebooks in JupyterLab; sets everything up first if that has not been done, all of it from this folder. Options
go on to scripts/workshop, scripts/setup or scripts/test in the folder `workshop`: ./start workshop --help
Once it is set up, those scripts can be called directly, and `packages` and `wheels` be deleted. A GPU or OpenCL may
need more of this folder the first time: THEANO_FLAGS=device=cuda ./start workshop
TEXT
}

main() {
    program=workshop
    case ${1-} in
        -h | --help) usage && return ;;
        workshop | setup | test) program=$1 && shift ;;
    esac
    use_these_packages
    use_these_wheels
    use_their_python
    exec "$here/workshop/scripts/$program" "$@"
}

# apt-get reads this folder and no other source.  What it read is kept here too, so that the machine's own lists stay.
use_these_packages() {
    system=$(cat "$here/system")
    found=$( [ ! -r /etc/os-release ] || . /etc/os-release && echo "${ID-unknown} ${VERSION_ID-}")
    if [ "$found" != "$system" ]; then
        echo "The system packages here are those of $system, and this is $found: they are not used."
        return
    fi
    mkdir -p "$here/apt/lists/partial"
    echo "deb [trusted=yes] file:$(in_an_address "$here/packages") ./" >"$here/apt/sources.list"
    cat >"$here/apt/apt.conf" <<CONF
Dir::Etc::SourceList "$here/apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$here/apt/lists";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
Acquire::Check-Date "false";
APT::Sandbox::User "root";
CONF
    export APT_CONFIG="$here/apt/apt.conf"
    # What this system has no package of, for a GPU or OpenCL.
    if [ -d "$here/debian12" ]; then export DEBIAN12_PACKAGES="$here/debian12"; fi
    # So that the line that scripts/setup prints for someone who is not root works as it is.
    apt-get -qq update || echo "apt-get cannot read the packages in $here/packages."
}

use_these_wheels() {
    export PIP_NO_INDEX=1 PIP_FIND_LINKS="file://$(in_an_address "$here/wheels")"
}

# A newer Python, which is not in the bundle's lists, may be found first.
use_their_python() {
    version=$(cat "$here/python")
    if [ -n "${PYTHON-}" ]; then return; fi
    for python in "$(command -v "python$version" || true)" "/usr/bin/python$version"; do
        if is_complete "$python"; then
            export PYTHON="$python"
            return
        fi
    done
    echo "The Python packages here are for Python $version, which comes with the system packages."
}

is_complete() {
    "$1" -c 'import ensurepip, os, sysconfig, venv; os.stat(os.path.join(sysconfig.get_path("include"), "Python.h"))' 2>/dev/null
}

# apt and pip split at spaces.
in_an_address() {
    printf '%s\n' "$1" | sed 's/%/%25/g; s/ /%20/g; s/#/%23/g; s/?/%3F/g; s/\[/%5B/g; s/\]/%5D/g'
}

main "$@"
