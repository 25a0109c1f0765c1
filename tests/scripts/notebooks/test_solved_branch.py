"""scripts/solved_branch in small repositories of its own: what the branch holds, and when none is built."""

import os
import shutil
import subprocess

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from deeplearning_tutorial import ROOT
from scripts.notebooks import solved_branch
from scripts.notebooks.notebook import NotebookError, notebook_text, read_notebook
from scripts.notebooks.solutions import attendee_notebook
from scripts.notebooks.solved_branch import BranchError, build

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


@pytest.fixture(autouse=True)
def plain_git(monkeypatch, tmp_path):
    """Git as it is on a new machine: with nobody's settings and outside any repository."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


def git(root, *arguments):
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def solved(answer="42"):
    """A solved and executed notebook with one exercise."""
    source = f"def f():\n    ### BEGIN SOLUTION\n    return {answer}\n    ### END SOLUTION\n\nprint(f())"
    output = new_output("stream", name="stdout", text=f"{answer}\n")
    nb = new_notebook(cells=[new_markdown_cell("# Title"), new_code_cell(source, outputs=[output], execution_count=1)])
    for number, cell in enumerate(nb.cells, start=1):
        cell.id = f"c{number}"
    return nb


def write(root, name, content):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def write_notebook(root, name, nb):
    write(root, f"notebooks/solved/{name}.ipynb", notebook_text(nb))
    write(root, f"notebooks/{name}.ipynb", notebook_text(attendee_notebook(nb)))


def commit(root, message="A change"):
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)
    return git(root, "rev-parse", "HEAD")


def identify(root):
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@example.org")


@pytest.fixture
def repository(tmp_path):
    """A repository with two notebooks and all kinds of files, everything committed."""
    root = tmp_path / "Übung 1, it's ours"
    root.mkdir()
    git(root, "init", "--quiet")
    git(root, "symbolic-ref", "HEAD", "refs/heads/main")
    identify(root)
    write_notebook(root, "01_a", solved("42"))
    write_notebook(root, "02_b", solved("43"))
    write(root, "notebooks/solved/notes.txt", "for authors")
    write(root, "notebooks/picture.svg", "<svg/>")
    write(root, "données été.txt", "text\n")
    write(root, "scripts/run", "#!/bin/sh\n")
    (root / "scripts/run").chmod(0o755)
    (root / "link").symlink_to("scripts/run")
    write(root, ".gitignore", "*.pyc\n")
    commit(root, "First")
    return root


def snapshot(root):
    """All that a user can see, and the index."""
    files = {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and ".git" not in path.parts}
    index, head = (root / ".git/index").read_bytes(), (root / ".git/HEAD").read_text()
    return files, index, head, git(root, "rev-parse", "HEAD"), git(root, "stash", "list")


def tree(root, commit):
    """{path: "mode type blob"} of a commit."""
    lines = git(root, "-c", "core.quotePath=false", "ls-tree", "-r", commit).splitlines()
    return {path: about for about, path in (line.split("\t") for line in lines)}


def tip(root, branch="solved"):
    return git(root, "rev-parse", branch)


def refusal(root, error=BranchError):
    """The message of a refused build, which changes nothing."""
    refs, before = git(root, "for-each-ref"), snapshot(root)
    with pytest.raises(error) as caught:
        build(root)
    assert git(root, "for-each-ref") == refs
    assert snapshot(root) == before
    return str(caught.value)


# --- What the branch holds --------------------------------------------------------------------------------------------


def test_notebooks_on_the_branch_are_solved_executed_and_without_markers(repository, tmp_path):
    build(repository)
    path = tmp_path / "01_a.ipynb"
    path.write_text(git(repository, "show", "solved:notebooks/01_a.ipynb"))
    nb = read_notebook(path)
    assert nb.cells[1].source == "def f():\n    return 42\n\nprint(f())"
    assert nb.cells[1].outputs[0].text == "42\n"
    assert nb.cells[1].execution_count == 1


def test_everything_else_is_as_in_the_commit_but_for_the_folder_of_sources(repository):
    build(repository)
    before, after = tree(repository, "main"), tree(repository, "solved")
    notebooks = {"notebooks/01_a.ipynb", "notebooks/02_b.ipynb"}
    assert after.keys() == {path for path in before if not path.startswith("notebooks/solved/")}
    assert {path for path in after if after[path] != before[path]} == notebooks
    assert all(after[path].startswith("100644 blob") for path in notebooks)
    assert after["scripts/run"].startswith("100755") and after["link"].startswith("120000")


def test_what_you_see_and_your_index_stay_as_they_are(repository):
    os.utime(repository / "notebooks/01_a.ipynb", (10**9, 10**9))  # git status would like to write this down
    write(repository, "mine.txt", "not in git")
    before = snapshot(repository)
    build(repository)
    assert snapshot(repository) == before
    assert [path.name for path in (repository / ".git").glob("*.lock")] == []


def test_it_says_what_it_did_and_what_can_be_done_with_it(repository, capsys):
    assert solved_branch.main([], repository) == 0
    said = capsys.readouterr().out
    short = git(repository, "rev-parse", "--short", "HEAD")
    assert said.startswith(f"solved now holds 2 solved notebooks of {short} (First).\n")
    assert "git switch solved" in said and "git push --set-upstream origin solved" in said


def test_the_branch_can_be_used(repository):
    build(repository)
    git(repository, "switch", "--quiet", "solved")
    assert git(repository, "status", "--porcelain") == ""
    assert "return 42" in (repository / "notebooks/01_a.ipynb").read_text()
    assert not (repository / "notebooks/solved").exists()


def test_a_notebook_that_is_new_or_gone_is_so_on_the_branch(repository):
    build(repository)
    write(repository, "notebooks/solved/03_c.ipynb", notebook_text(solved("44")))  # and no attendees' one
    for folder in ("notebooks", "notebooks/solved"):
        (repository / folder / "02_b.ipynb").unlink()
    commit(repository)
    build(repository)
    assert {path for path in tree(repository, "solved") if path.endswith(".ipynb")} == {
        "notebooks/01_a.ipynb",
        "notebooks/03_c.ipynb",
    }


# --- Its history ------------------------------------------------------------------------------------------------------


def parents(root, commit="solved"):
    return git(root, "log", "-1", "--format=%P", commit).split()


def test_a_second_time_there_is_nothing_to_do(repository):
    build(repository)
    first = tip(repository)
    assert build(repository).startswith("solved is already up to date with ")
    git(repository, "commit", "--allow-empty", "--quiet", "--message", "Nothing")
    assert build(repository).startswith("solved is already up to date with ")
    assert tip(repository) == first


def test_each_commit_follows_the_one_before_and_the_one_it_is_made_from(repository):
    build(repository)
    first, source = tip(repository), tip(repository, "main")
    assert parents(repository) == [source]
    write_notebook(repository, "01_a", solved("6 * 7"))
    newer = commit(repository, "Another way")
    build(repository)
    assert parents(repository) == [first, newer]
    assert "return 6 * 7" in git(repository, "show", "solved:notebooks/01_a.ipynb")
    message = git(repository, "log", "-1", "--format=%B", "solved").splitlines()
    assert message[0] == "Solved: Another way"
    assert f"Solved-From: {newer}" in message


def test_the_same_person_makes_the_same_commit_again(repository, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("GIT_COMMITTER_DATE", "2016-01-02T03:04:05+00:00")
        git(repository, "commit", "--amend", "--no-edit", "--quiet")
    build(repository)
    first = tip(repository)
    # Since Git 2.45 this time zone is a Z.
    dates = git(repository, "log", "-1", "--format=%aI %cI", "solved").replace("Z", "+00:00")
    assert dates == " ".join(["2016-01-02T03:04:05+00:00"] * 2)
    git(repository, "branch", "--delete", "--force", "solved")
    build(repository)
    assert tip(repository) == first
    assert git(repository, "log", "-1", "--format=%an <%ae>", "solved") == "Ada <ada@example.org>"


def test_a_detached_head_will_do(repository):
    git(repository, "switch", "--quiet", "--detach")
    build(repository)
    assert parents(repository) == [tip(repository, "main")]


@pytest.fixture
def clone(repository, tmp_path):
    """A clone of a repository that has the branch."""
    build(repository)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    identify(clone)
    return clone


def test_a_fresh_clone_goes_on_where_origin_is(clone):
    assert "already up to date" in build(clone)
    assert tip(clone) == tip(clone, "origin/solved")
    write_notebook(clone, "01_a", solved("6 * 7"))
    source = commit(clone)
    build(clone)
    assert parents(clone) == [tip(clone, "origin/solved"), source]


def test_a_branch_behind_that_of_origin_goes_on_where_origin_is(repository, clone):
    build(clone)
    write_notebook(repository, "01_a", solved("6 * 7"))
    commit(repository)
    build(repository)
    git(clone, "pull", "--quiet")
    assert "already up to date" in build(clone)
    assert tip(clone) == tip(repository)


def test_a_branch_that_went_another_way_than_that_of_origin_is_left_alone(repository, clone):
    for number, root in enumerate((repository, clone)):
        write_notebook(root, "01_a", solved(f"42 + {number}"))
        commit(root)
        build(root)
    git(clone, "fetch", "--quiet")
    said = refusal(clone)
    assert "each have commits that the other has not" in said
    assert "git branch --force solved origin/solved" in said


def test_own_commits_on_the_branch_and_upstreams_come_together(repository, clone):
    git(clone, "switch", "--quiet", "solved")
    write(clone, "données été.txt", "my text\n")
    commit(clone, "My text")
    write_notebook(repository, "01_a", solved("6 * 7"))
    commit(repository)
    build(repository)
    git(clone, "pull", "--quiet", "--no-rebase", "--no-edit")
    assert (clone / "données été.txt").read_text() == "my text\n"
    assert "return 6 * 7" in (clone / "notebooks/01_a.ipynb").read_text()


# --- When none is built -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, stage",
    [
        ("notebooks/solved/01_a.ipynb", False),
        ("notebooks/solved/01_a.ipynb", True),
        ("scripts/run", False),
        ("notebooks/solved/03_new.ipynb", False),
        ("notebooks/solved/03_new.ipynb", True),
        ("notebooks/01_a.ipynb", False),
    ],
)
def test_changes_that_are_not_committed_are_listed(repository, name, stage):
    write(repository, name, "changed")
    if stage:
        git(repository, "add", name)
    said = refusal(repository)
    assert said.startswith("The branch is built from commits, and these changes are in none:\n")
    assert f" {name}\n" in said
    assert "Commit them, or put them aside (git stash)" in said


def test_a_deleted_file_is_a_change(repository):
    (repository / "scripts/run").unlink()
    assert "D scripts/run" in refusal(repository)


def test_files_of_yours_that_are_no_sources_do_not_matter(repository):
    write(repository, "mine.txt", "mine")
    write(repository, "notebooks/solved/x.pyc", "ignored")
    build(repository)
    assert "mine.txt" not in tree(repository, "solved")


def test_a_branch_that_is_checked_out_is_left_alone(repository, tmp_path):
    build(repository)
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "other"), "solved")
    said = refusal(repository)
    assert f"The branch solved is checked out in {tmp_path / 'other'}. Switch to another branch there" in said
    shutil.rmtree(tmp_path / "other")
    assert "Run git worktree prune" in refusal(repository)
    git(repository, "worktree", "prune")
    git(repository, "switch", "--quiet", "solved")
    assert f"is checked out in {repository}. Switch" in refusal(repository)


def follow(root, said, *commands):
    """Do what a message says; the commands that it lists must be these."""
    listed = [line.strip() for line in said.splitlines() if line.startswith("  ")]
    assert [line.split(" ")[:2] for line in listed] == [command.split() for command in commands]
    for line in listed:
        if line == "scripts/solved_branch":
            build(root)
        else:
            subprocess.run(["bash", "-euc", line], cwd=root, check=True, capture_output=True)


CURE = ["git branch", "git branch", "scripts/solved_branch", "git switch"]


def own_commit(root, *options):
    git(root, "switch", "--quiet", "solved")
    write(root, "données été.txt", "my text\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", *options)
    git(root, "switch", "--quiet", "main")


@pytest.mark.parametrize("options", [["--message", "Mine"], ["--amend", "--no-edit"]], ids=["on top", "amended"])
def test_somebodys_own_commit_is_not_undone(repository, options):
    build(repository)
    write_notebook(repository, "02_b", solved("44"))
    commit(repository)
    build(repository)
    own_commit(repository, *options)
    write_notebook(repository, "01_a", solved("6 * 7"))
    commit(repository)

    said = refusal(repository)
    assert "The branch solved ends with a commit that this script did not make: " in said
    follow(repository, said, *CURE)
    assert git(repository, "branch", "--show-current") == "my-solved"
    assert (repository / "données été.txt").read_text() == "my text\n"
    assert "return 6 * 7" in (repository / "notebooks/01_a.ipynb").read_text()


def test_a_branch_of_somebodys_own_is_not_taken_over(repository):
    git(repository, "branch", "solved")
    follow(repository, refusal(repository), *CURE)
    assert parents(repository) == [tip(repository, "main")]


def test_somebodys_own_commit_at_origin_is_not_undone(repository, clone):
    own_commit(repository, "--message", "Mine")
    git(clone, "fetch", "--quiet")
    said = refusal(clone)
    assert "The branch origin/solved ends with a commit that this script did not make" in said
    follow(clone, said, "git branch", "git push", "scripts/solved_branch", "git switch")
    assert parents(clone, "my-solved") == [tip(clone, "solved")]


def test_notebooks_that_were_not_run_are_refused(repository):
    nb = solved()
    nb.cells[1].update(outputs=[], execution_count=None)
    write_notebook(repository, "01_a", nb)
    commit(repository)
    said = refusal(repository, NotebookError)
    assert "01_a, cell 2: not executed; run scripts/release_notebooks --execute 01_a" in said
    assert said.endswith("Commit what you mend, then start again.")


def test_a_long_list_of_problems_is_cut(repository):
    nb = solved()
    nb.cells = [new_code_cell("x", id=f"c{number}") for number in range(30)]
    write(repository, "notebooks/solved/01_a.ipynb", notebook_text(nb))
    commit(repository)
    said = refusal(repository, NotebookError).splitlines()
    assert len(said) == 12 and said[-2] == "… and 20 more"


def test_wrong_markers_are_refused(repository):
    nb = solved()
    nb.cells[1].source += "\n### END SOLUTION"
    write(repository, "notebooks/solved/01_a.ipynb", notebook_text(nb))
    commit(repository)
    assert "01_a, cell 2, line 7: stray '### END SOLUTION'" in refusal(repository, NotebookError)


def test_a_commit_without_sources_is_refused(repository):
    build(repository)
    git(repository, "switch", "--quiet", "--detach", "solved")
    assert "There are no notebooks in notebooks/solved/ of this commit" in refusal(repository, NotebookError)


def test_without_an_identity_git_says_how_to_give_one(repository):
    git(repository, "config", "--unset", "user.name")
    git(repository, "config", "--unset", "user.email")
    git(repository, "config", "user.useConfigOnly", "true")
    assert "git config --global user.email" in refusal(repository)


def test_a_folder_that_is_no_clone_is_refused(tmp_path, repository):
    with pytest.raises(BranchError, match="built in a git clone only. fatal: not a git repository"):
        build(tmp_path)
    with pytest.raises(BranchError, match="is a folder in another repository"):
        build(repository / "notebooks")


def test_a_repository_without_a_commit_is_refused(tmp_path):
    git(tmp_path, "init", "--quiet")
    with pytest.raises(BranchError, match="There is no commit yet"):
        build(tmp_path)


def test_without_git_it_says_so(repository, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BranchError, match="git is not installed"):
        build(repository)


def test_a_refusal_is_the_exit_status(repository, capsys):
    write(repository, "scripts/run", "changed")
    assert solved_branch.main([], repository) == 1
    assert "these changes are in none" in capsys.readouterr().err


def test_the_script_explains_itself():
    result = subprocess.run([ROOT / "scripts/solved_branch", "--help"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0
    assert result.stdout.startswith("usage: scripts/solved_branch")
