"""libgpuarray, and a Python 3.11 for it, where the system has none: whole or not at all, and only what Debian has signed."""

import os
import shlex
import shutil
import subprocess
import tarfile

import pytest
from repository_copy import write_program

from deeplearning_tutorial import ROOT

PARTS = ["messages", "apt", "system_packages", "libgpuarray"]
FILES_OF_LIBGPUARRAY = {
    "libgpuarray3": ["usr/lib/libgpuarray.so.3"],
    "libgpuarray-dev": ["usr/lib/libgpuarray.so", "usr/include/gpuarray/array.h"],
    "python3-pygpu": ["usr/lib/python3/dist-packages/pygpu/__init__.py"],
}
SETTINGS = "usr/lib/python3.11/_sysconfigdata__x86_64-linux-gnu.py"

# Writes down what it is called with. Each of its files tells it what to do: `refused` how an update fails, `packages` has
# what can be downloaded. Of `later`, nothing can be downloaded before an update.
APT_GET = r"""#!/bin/bash
here={here}
options=() words=()
while (($#)); do
    case $1 in
        -o) options+=("$2"); shift ;;
        -q) ;;
        *) words+=("$1") ;;
    esac
    shift
done
echo "${{words[*]}}" >>"$here/calls"
for option in "${{options[@]}}"; do
    case $option in
        Dir::Etc::SourceList=*) source=$(<"${{option#*=}}"); cat "${{option#*=}}" >>"$here/sources" ;;
        Dir::Etc::TrustedParts=*) cat "${{option#*=}}"/*.gpg >"$here/trusted" ;;
    esac
done
case ${{words[0]}} in
    update)
        for refused in "$here"/refused*; do
            if [[ -e $refused && ($(head -n 1 "$refused") == all || $source == *"$(head -n 1 "$refused")"*) ]]; then
                tail -n +2 "$refused" >&2
                exit 100
            fi
        done
        rm -f "$here/later" ;;
    download)
        for name in "${{words[@]:1}}"; do
            if [[ -e $here/later ]] || ! cp "$here/packages/$name"_*.deb .; then
                echo "E: Unable to fetch $name" >&2
                exit 100
            fi
        done ;;
    indextargets) cat "$here/targets" ;;
esac
"""
DPKG_DEB = """#!/bin/sh
[ "$1" = --extract ] && exec tar -x -f "$2" -C "$3"
"""
PYTHON = """#!/bin/sh
[ ! -e {here}/broken ] || {{ echo "ImportError: libssl.so.3: cannot open shared object file" >&2; exit 1; }}
"""


class Machine:
    """A folder that is a machine: stand-ins for apt-get and dpkg-deb, Debian's keys, packages to download."""

    def __init__(self, folder):
        self.folder = folder
        self.venv = folder / "it's Übung 1" / ".venv-gpu"
        self.system = {"ID": "debian", "VERSION_CODENAME": "trixie"}
        here = shlex.quote(str(folder))
        self.tools = folder / "tools"
        write_program(self.tools / "apt-get", APT_GET.format(here=here))
        write_program(self.tools / "dpkg-deb", DPKG_DEB)
        self.venv.mkdir(parents=True)
        (folder / "keyrings").mkdir()
        (folder / "keyrings/debian-archive-keyring.gpg").write_text("Debian's keys")
        (folder / "targets").write_text(
            "Debian contrib trixie http://a.mirror/debian\n"
            "Debian main trixie-security http://a.mirror/debian-security/\n"
            "Debian main trixie http://a.mirror/debian/\n"
            "Someone main trixie http://someone.else/debian/\n"
        )
        for package, files in FILES_OF_LIBGPUARRAY.items():
            self.package(package, dict.fromkeys(files, "as it should be"))
        for package in ["python3.11-minimal", "libpython3.11-stdlib", "libpython3.11-dev"]:
            self.package(package, {})
        self.package("python3.11", {"usr/bin/python3.11": PYTHON.format(here=here)})
        self.package(
            "libpython3.11", {"usr/lib/x86_64-linux-gnu/libpython3.11.so": "", "usr/share/doc/python3.11/README": ""}
        )
        self.package(
            "libpython3.11-minimal",
            {
                SETTINGS: "build_time_vars = {'prefix': '/usr',\n 'INCLUDEPY': '/usr/include/python3.11',\n"
                " 'LIBDIR': '/usr/lib/x86_64-linux-gnu',\n 'WHEEL_PKG_DIR': '/usr/share/python-wheels/'}\n"
            },
        )
        for package in [
            "python3.11-venv",
            "python3.11-dev",
            "python3-distutils",
            "python3-pip-whl",
            "python3-setuptools-whl",
        ]:
            self.package(package, {})

    def package(self, name, files):
        """A file that the stand-in for dpkg-deb takes for a package."""
        contents = self.folder / "contents"
        shutil.rmtree(contents, ignore_errors=True)
        contents.mkdir()
        for path, text in files.items():
            (contents / path).parent.mkdir(parents=True, exist_ok=True)
            (contents / path).write_text(text)
            (contents / path).chmod(0o755)
        (self.folder / "packages").mkdir(exist_ok=True)
        with tarfile.open(self.folder / "packages" / f"{name}_1_all.deb", "w") as archive:
            for path in contents.iterdir():
                archive.add(path, path.name)

    def refuse(self, address, *words):
        """An update from this address fails with these words."""
        (self.folder / f"refused-{len(list(self.folder.glob('refused*')))}").write_text(
            "\n".join([address, *words]) + "\n"
        )

    def call(self, *command, path=None, **environment):
        """Call a function of scripts/installation/libgpuarray.sh on this machine."""
        system = "".join(f"{name}) echo {value} ;; " for name, value in self.system.items())
        text = f"""
            root=$1 venv=$2 python=$2/bin/python log=$3; shift 3
            for part in {" ".join(PARTS)}; do . {shlex.quote(str(ROOT))}/scripts/installation/$part.sh; done
            system_pygpu={shlex.quote(str(self.folder))}/pygpu debian_keyrings={shlex.quote(str(self.folder))}/keyrings
            os_release() {{ case $1 in {system} esac }}
            is_root() {{ [[ ${{AS_ROOT-}} == yes ]]; }}
            links() {{ [[ -e {shlex.quote(str(self.folder))}/lib$1.so ]]; }}
            "$@"
        """
        command = [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            text,
            "bash",
            self.venv.parent,
            self.venv,
            self.folder / "log",
            *command,
        ]
        return subprocess.run(
            [str(word) for word in command],
            env={**os.environ, "PATH": path or f"{self.tools}:{os.environ['PATH']}", **environment},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def calls(self):
        return (self.folder / "calls").read_text().splitlines() if (self.folder / "calls").exists() else []

    def left(self):
        """What is in the environment, but for the lists of packages."""
        return sorted(path.name for path in self.venv.iterdir() if path.name != "cache")


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def assert_refused(answer, *words):
    assert answer.returncode == 1, answer.stdout
    assert answer.stderr.count("\n") == 1, answer.stderr
    for word in words:
        assert word in answer.stderr


# Whether it can be had ------------------------------------------------------------------------------------------------


def source(machine, **environment):
    """What `libgpuarray_can_be_had` says: its status, the source and the problem."""
    answer = machine.call(
        "eval",
        'libgpuarray_can_be_had && s=0 || s=1; echo "$s:$libgpuarray_source:$libgpuarray_problem"',
        **environment,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip().split(":", 2)


def test_where_there_is_none_it_comes_from_debian_12(machine):
    assert source(machine) == ["0", "debian12", ""]
    assert machine.calls() == [], "a network was asked"


def test_debian_12_has_its_own_for_who_may_install_it(machine):
    machine.system["VERSION_CODENAME"] = "bookworm"
    assert source(machine, AS_ROOT="yes") == ["0", "apt", ""]
    assert source(machine) == ["0", "debian12", ""]


def test_what_the_system_has_is_used_if_it_is_for_python_3_11(machine):
    (machine.folder / "libgpuarray.so").touch()
    (machine.folder / "pygpu").mkdir()
    (machine.folder / "pygpu/gpuarray.cpython-310-x86_64-linux-gnu.so").touch()
    assert source(machine)[1] == "debian12"
    (machine.folder / "pygpu/gpuarray.cpython-311-x86_64-linux-gnu.so").touch()
    assert source(machine) == ["0", "system", ""]
    (machine.folder / "libgpuarray.so").unlink()  # without it nothing can be compiled
    assert source(machine)[1] == "debian12"


def test_without_apt_it_cannot_be_had(machine, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for program in ["bash", "dpkg-deb"]:
        (few / program).symlink_to(shutil.which(program) or "/bin/true")
    status, found, problem = source(machine, path=str(few))
    assert (status, found) == ("1", "") and "no apt-get here" in problem and "conda" in problem


def test_without_debians_keys_it_cannot_be_had_but_on_ubuntu(machine):
    shutil.rmtree(machine.folder / "keyrings")
    status, found, problem = source(machine)
    assert (status, found) == ("1", "") and "install the package debian-archive-keyring" in problem
    machine.system = {"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}
    assert source(machine) == ["0", "debian12", ""]


# libgpuarray ----------------------------------------------------------------------------------------------------------


def get(machine, **environment):
    return machine.call("get_libgpuarray", machine.venv / "libgpuarray", **environment)


def test_libgpuarray_is_unpacked_and_found_under_short_names(machine):
    answer = get(machine)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.endswith("libgpuarray of Debian 12 in .venv-gpu/libgpuarray\n")
    folder = machine.venv / "libgpuarray"
    for path in ["pygpu/__init__.py", "include/gpuarray/array.h", "lib/libgpuarray.so.3"]:
        assert (folder / path).read_text() == "as it should be"
        assert not os.path.isabs(os.readlink(folder / path.partition("/")[0]))
    assert machine.left() == ["libgpuarray"]
    assert machine.calls()[1:] == [
        "update",
        "download libgpuarray3 libgpuarray-dev python3-pygpu",
    ]


def test_only_debians_keys_are_trusted_and_only_debian_12_is_asked(machine):
    get(machine)
    assert (machine.folder / "trusted").read_text() == "Debian's keys"
    assert set((machine.folder / "sources").read_text().splitlines()) == {
        "deb [target=Packages] http://a.mirror/debian bookworm main"
    }


def test_the_second_time_there_is_nothing_to_do(machine):
    get(machine)
    before = machine.calls()
    answer = get(machine)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert machine.calls() == before


def test_what_the_system_has_is_not_fetched(machine):
    machine.system["VERSION_CODENAME"] = "bookworm"
    assert get(machine, AS_ROOT="yes").returncode == 0
    assert machine.calls() == [] and machine.left() == []


NOT_SIGNED = [
    "W: OpenPGP signature verification failed: http://a.mirror/debian bookworm InRelease: Missing key 4CB50190207B4758",
    "E: The repository 'http://a.mirror/debian bookworm InRelease' is not signed.",
]


def test_what_debian_has_not_signed_is_refused(machine):
    machine.refuse("all", *NOT_SIGNED)
    assert_refused(get(machine), "not signed with Debian's keys")
    assert machine.left() == []
    assert "download" not in str(machine.calls())


def test_a_mirror_without_it_is_passed_over(machine):
    machine.refuse(
        "http://a.mirror", "E: Failed to fetch http://a.mirror/debian/dists/bookworm/InRelease  404  Not Found"
    )
    assert get(machine).returncode == 0
    assert "http://deb.debian.org/debian bookworm main" in (machine.folder / "sources").read_text()


def test_elsewhere_than_on_debian_it_is_debians_own_address(machine):
    (machine.folder / "targets").write_text("Ubuntu main noble http://a.mirror/ubuntu/\n")
    assert get(machine).returncode == 0
    assert "a.mirror" not in (machine.folder / "sources").read_text()


def test_without_a_network_that_is_said(machine):
    machine.refuse(
        "all", "E: Failed to fetch http://a.mirror/debian/dists/bookworm/InRelease  Could not resolve 'a.mirror'"
    )
    assert_refused(get(machine), "Could not resolve 'a.mirror'", "Is there a network?")
    assert machine.left() == []


@pytest.mark.parametrize("lost", FILES_OF_LIBGPUARRAY)
def test_half_of_it_is_nothing(machine, lost):
    (machine.folder / f"packages/{lost}_1_all.deb").rename(machine.folder / "later.deb")
    assert_refused(get(machine), f"Unable to fetch {lost}")
    assert machine.left() == []
    (machine.folder / "later.deb").rename(machine.folder / f"packages/{lost}_1_all.deb")
    assert get(machine).returncode == 0


@pytest.mark.parametrize("lost", ["libgpuarray-dev", "python3-pygpu"])
def test_packages_without_what_belongs_there_are_refused(machine, lost):
    machine.package(lost, {"usr/share/doc/README": ""})
    assert_refused(get(machine), "packages of libgpuarray are not complete")
    assert machine.left() == []


def test_a_package_that_cannot_be_unpacked_is_named(machine):
    (machine.folder / "packages/python3-pygpu_1_all.deb").write_text("half of a package")
    assert_refused(get(machine), "python3-pygpu_1_all.deb cannot be unpacked")
    assert machine.left() == []


def test_what_was_left_by_a_set_up_that_was_killed_is_made_anew(machine):
    part = machine.venv / "libgpuarray.part"
    (part / "debs").mkdir(parents=True)
    (part / "debs/half.deb").write_text("half of a package")
    (part / "lib").symlink_to("nowhere")
    assert get(machine).returncode == 0
    assert machine.left() == ["libgpuarray"]
    assert not (machine.venv / "libgpuarray/debs").exists()


def test_a_folder_of_packages_serves_instead_of_a_network(machine):
    answer = get(machine, DEBIAN12_PACKAGES=str(machine.folder / "packages"))
    assert answer.returncode == 0 and machine.calls() == []
    assert (machine.venv / "libgpuarray/pygpu/__init__.py").exists()


def test_a_folder_of_packages_that_lacks_one_is_told(machine):
    (machine.folder / "packages/libgpuarray3_1_all.deb").unlink()
    folder = str(machine.folder / "packages")
    assert_refused(get(machine, DEBIAN12_PACKAGES=folder), f"DEBIAN12_PACKAGES={folder} has no package libgpuarray3")
    assert machine.left() == []


# Debian's keys on Ubuntu ----------------------------------------------------------------------------------------------


@pytest.fixture
def ubuntu(machine):
    """It has Debian's keys as a package of its own."""
    (machine.folder / "keyrings/debian-archive-keyring.gpg").unlink()
    machine.system = {"ID": "ubuntu", "VERSION_CODENAME": "noble"}
    machine.package(
        "debian-archive-keyring", {"usr/share/keyrings/debian-archive-keyring.gpg": "Debian's, from Ubuntu"}
    )
    return machine


@pytest.mark.parametrize("lists_are_there", [True, False])
def test_ubuntu_has_debians_keys_as_a_package(ubuntu, lists_are_there):
    if not lists_are_there:
        (ubuntu.folder / "later").touch()
    answer = get(ubuntu)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert (ubuntu.folder / "trusted").read_text() == "Debian's, from Ubuntu"
    # With the machine's own lists and keys, or with new lists.
    own = ["download debian-archive-keyring"] * (1 if lists_are_there else 2)
    if not lists_are_there:
        own.insert(1, "update")
    assert ubuntu.calls()[: len(own)] == own


def test_where_ubuntu_does_not_give_the_keys_it_is_said_what_to_do(ubuntu):
    (ubuntu.folder / "packages/debian-archive-keyring_1_all.deb").unlink()
    assert_refused(get(ubuntu), "install the package debian-archive-keyring (in Ubuntu's component universe)")
    assert ubuntu.left() == []
    assert "libgpuarray" not in str(ubuntu.calls())


def test_keys_that_are_too_old_are_told(ubuntu):
    ubuntu.refuse("bookworm", *NOT_SIGNED)
    assert_refused(get(ubuntu), "where debian-archive-keyring is older than 2023, install a newer one")


# Python 3.11 ----------------------------------------------------------------------------------------------------------


def test_python_3_11_is_unpacked_and_knows_where_it_is(machine):
    answer = machine.call("get_python311", machine.venv / "python3.11")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "Python 3.11 of Debian 12 in .venv-gpu/python3.11" in answer.stdout
    folder = machine.venv / "python3.11"
    assert (folder / "lib/libpython3.11.so").exists() and not (folder / "usr/share/doc").exists()
    moved = folder.rename(machine.folder / "somewhere else")
    settings = {"__file__": str(moved / SETTINGS)}
    exec((moved / SETTINGS).read_text(), settings)
    assert settings["build_time_vars"] == {
        "INCLUDEPY": f"{moved}/usr/include/python3.11",
        "LIBDIR": f"{moved}/usr/lib/x86_64-linux-gnu",
        "WHEEL_PKG_DIR": f"{moved}/usr/share/python-wheels/",
        "prefix": "/usr",
    }


def test_a_python_that_does_not_run_here_is_not_kept(machine):
    (machine.folder / "broken").touch()
    answer = machine.call("get_python311", machine.venv / "python3.11")
    assert answer.returncode == 1 and "does not run here: ImportError: libssl.so.3: cannot open" in answer.stderr
    assert machine.left() == []


# pygpu in the environment ---------------------------------------------------------------------------------------------


@pytest.fixture
def environment(machine):
    """Its Python can import pygpu where the link leads to a folder with a file `works`."""
    site = machine.venv / "lib/python3.11/site-packages"
    site.mkdir(parents=True)
    write_program(
        machine.venv / "bin/python",
        f"""#!/bin/sh
[ "$1" = --version ] && echo "Python 3.11.2" && exit
case $2 in *__version__*) echo 0.7.6 ;; esac
[ -e "{site}/pygpu/works" ]
""",
    )
    return machine


def make_pygpu(folder, works):
    folder.mkdir(parents=True)
    if works:
        (folder / "works").touch()
    return folder


@pytest.mark.parametrize(
    "fetched, systems, linked", [(True, True, "fetched"), (None, True, "systems"), (False, True, "systems")]
)
def test_the_first_pygpu_that_works_is_linked(environment, fetched, systems, linked):
    folders = {"fetched": environment.venv / "libgpuarray/pygpu", "systems": environment.folder / "pygpu"}
    if fetched is not None:
        make_pygpu(folders["fetched"], fetched)
    make_pygpu(folders["systems"], systems)
    answer = environment.call("link_pygpu")
    assert (answer.returncode, answer.stdout) == (0, "      GPU: pygpu 0.7.6\n")
    assert os.readlink(environment.venv / "lib/python3.11/site-packages/pygpu") == str(folders[linked])


def test_a_pygpu_that_does_not_work_is_not_linked(environment):
    make_pygpu(environment.folder / "pygpu", works=False)
    answer = environment.call("link_pygpu")
    assert answer.returncode == 0
    assert "pygpu does not work with Python 3.11.2 of .venv-gpu" in answer.stdout
    assert list((environment.venv / "lib/python3.11/site-packages").iterdir()) == []


def test_without_any_pygpu_nothing_is_linked_or_said(environment):
    answer = environment.call("link_pygpu")
    assert (answer.returncode, answer.stdout) == (0, "")
    assert list((environment.venv / "lib/python3.11/site-packages").iterdir()) == []


# With the network -----------------------------------------------------------------------------------------------------

REAL = """
import distutils.sysconfig, os, sys, sysconfig
for folder in [sysconfig.get_path("include"), distutils.sysconfig.get_python_inc()]:
    assert folder.startswith(sys.argv[1]) and os.path.exists(folder + "/Python.h"), folder
assert sys.version_info[:2] == (3, 11) and sys.base_prefix.startswith(sys.argv[1])
"""


@pytest.fixture
def real(machine):
    """The machine's own apt-get, dpkg-deb and keys."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        pytest.skip("there is no apt-get here")
    shutil.rmtree(machine.tools)
    shutil.rmtree(machine.folder / "keyrings")
    (machine.folder / "keyrings").symlink_to("/usr/share/keyrings")
    return machine


@pytest.mark.slow(8)
def test_debians_own_packages_make_environments_and_compile(real):
    python311 = real.venv / "python3.11"
    answer = real.call(
        "eval",
        f"get_libgpuarray {shlex.quote(str(real.venv))}/libgpuarray && get_python311 {shlex.quote(str(python311))}",
    )
    if answer.returncode and (
        "Is there a network?" in answer.stderr or "could not be fetched: install" in answer.stderr
    ):
        pytest.skip(answer.stderr)
    assert answer.returncode == 0, answer.stderr
    subprocess.run([python311 / "usr/bin/python3.11", "-m", "venv", "--without-pip", real.venv], check=True)
    subprocess.run([real.venv / "bin/python", "-c", REAL, python311], check=True)
    program = "#include <Python.h>\n#include <gpuarray/array.h>\nint main() { Py_Initialize(); GpuArray_clear(0); }"
    folders = {
        name: f"{real.venv}/libgpuarray/{part}:{python311}/{part}"
        for name, part in {"CPATH": "include", "LIBRARY_PATH": "lib", "LD_LIBRARY_PATH": "lib"}.items()
    }
    compiler = [
        "g++",
        "-xc++",
        "-",
        f"-I{python311}/usr/include/python3.11",
        "-lpython3.11",
        "-lgpuarray",
        "-o",
        real.folder / "program",
    ]
    subprocess.run(compiler, input=program, text=True, check=True, env={**os.environ, **folders})


@pytest.mark.slow(4)
def test_with_other_keys_than_debians_nothing_is_fetched(real):
    """Keys that Debian no longer signs with are keys of somebody else."""
    removed = real.folder / "keyrings/debian-archive-removed-keys.gpg"
    if not removed.exists():
        pytest.skip("this machine has no other keys")
    (real.folder / "keyrings").unlink()
    (real.folder / "keyrings").mkdir()
    shutil.copy(f"/usr/share/keyrings/{removed.name}", real.folder / "keyrings/debian-archive-keyring.gpg")
    answer = get(real)
    if "Is there a network?" in answer.stderr:
        pytest.skip(answer.stderr)
    assert_refused(answer, "not signed with Debian's keys")
    assert real.left() == []
