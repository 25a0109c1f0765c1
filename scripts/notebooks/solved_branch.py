"""Build the branch ``solved`` from the current commit, or bring it up to date.

On that branch ``notebooks/`` holds the notebooks solved and executed, without marker lines, and there is no
``notebooks/solved/``.  Everything else is as in the commit.  Your files, your index and the branch you are on are not
touched; where there is nothing to change, no commit is made.

Each commit of the branch has two parents: the one before it on ``solved``, and the commit that it was made from.  So
``git log --first-parent solved`` lists what was published, ``git branch --contains COMMIT`` says whether something is
in it, and who has commits of their own on a copy of ``solved`` can pull: git finds the common ancestor.  The branch
only ever moves forward, and is never pushed from here.

If ``origin`` has a newer ``solved`` than you (as of your last ``git fetch``), the new commit goes on top of that one.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts import ROOT
from scripts.notebooks.clean_run import solved_problems
from scripts.notebooks.notebook import NotebookError, notebook_text, read_notebook, shortened
from scripts.notebooks.solutions import instructor_notebook

BRANCH = "refs/heads/solved"
REMOTE_BRANCH = "refs/remotes/origin/solved"
SOURCES = "notebooks/solved/"

# The last lines of a commit message of this script's.  With the tree in it, a commit that somebody changed but whose
# message was kept (--amend, rebase) is not taken for one.
TRAILERS = "Solved-From: {source}\nSolved-Tree: {tree}"


class BranchError(Exception):
    """Why the branch was not built, and the cure."""


class Repository:
    """Git's plumbing commands in one repository."""

    def __init__(self, root):
        self.root = Path(root)

    def git(self, *arguments, send=None, **environment):
        """Run git; its output as text.

        Raises
        ------
        BranchError
            With git's own message, if it fails.
        """
        result = self.run(*arguments, send=send, **environment)
        if result.returncode:
            raise BranchError(result.stderr.decode(errors="replace").strip() or f"git {arguments[0]} failed")
        return result.stdout.decode(errors="surrogateescape").rstrip("\n")

    def run(self, *arguments, send=None, **environment):
        try:
            return subprocess.run(
                # git status would otherwise write what it found out into the index.
                ["git", "--no-optional-locks", "-c", "log.showSignature=false", *arguments],
                cwd=self.root,
                input=(send or "").encode(errors="surrogateescape"),
                capture_output=True,
                env={**os.environ, **environment},
            )
        except FileNotFoundError:
            raise BranchError("git is not installed.") from None

    def commit(self, name):
        """The full name of a commit, or None where there is none of that name."""
        result = self.run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        return None if result.returncode else result.stdout.decode().strip()

    def is_ancestor(self, one, other):
        return self.run("merge-base", "--is-ancestor", one, other).returncode == 0

    def blob(self, text):
        """Store a file's text; its name in git's storage."""
        return self.git("hash-object", "-w", "--stdin", "--no-filters", send=text)

    def title(self, commit):
        """A commit for the reader: short name and subject."""
        return self.git("log", "-1", "--format=%h (%s)", commit)


# --- What must be so -------------------------------------------------------------------


def check_repository(repository):
    """Raise BranchError unless this is the top folder of a repository with a commit."""
    try:
        prefix = repository.git("rev-parse", "--show-prefix")
    except BranchError as error:
        raise BranchError(f"The branch can be built in a git clone only. {error}") from error
    if prefix:
        raise BranchError(f"{repository.root} is a folder in another repository ({prefix}); clone this one by itself.")
    if repository.commit("HEAD") is None:
        raise BranchError("There is no commit yet to build the branch from.")


def check_not_checked_out(repository):
    """Raise BranchError if `solved` is checked out: its files would suddenly look edited."""
    folder = repository.git("for-each-ref", "--format=%(worktreepath)", BRANCH)
    if folder:
        cure = "Switch to another branch there (git switch main)" if Path(folder).exists() else "Run git worktree prune"
        raise BranchError(f"The branch solved is checked out in {folder}. {cure}, then start again.")


def check_committed(repository):
    """Raise BranchError if there are changes that the branch would lack."""
    listed = repository.git("status", "--porcelain", "--untracked-files=all")
    changed = [line for line in listed.splitlines() if line[:2] != "??" or line[3:].strip('"').startswith(SOURCES)]
    if changed:
        raise BranchError(
            "\n".join(
                [
                    "The branch is built from commits, and these changes are in none:",
                    *(f"  {line}" for line in changed),
                    "Commit them, or put them aside (git stash), then start again.",
                ]
            )
        )


def previous_tip(repository):
    """The commit that the new one follows, or None: the newer one of `solved` and of origin's."""
    ours, theirs = repository.commit(BRANCH), repository.commit(REMOTE_BRANCH)
    if ours is None or theirs is None:
        return ours or theirs
    for older, newer in ((theirs, ours), (ours, theirs)):
        if repository.is_ancestor(older, newer):
            return newer
    raise BranchError(
        f"solved, at {repository.title(ours)}, and origin/solved, at {repository.title(theirs)}, each have commits "
        "that the other has not. If yours holds nothing that you need, take origin's: git branch --force solved "
        "origin/solved. If it does, first keep it under another name: git branch my-solved solved. "
        "Then start again."
    )


def check_made_here(repository, tip):
    """Raise BranchError if somebody's own work is at the tip: what is built next would undo it."""
    if is_made_here(repository, tip):
        return
    branch = "solved" if tip == repository.commit(BRANCH) else "origin/solved"
    raise BranchError(
        "\n".join(
            [
                f"The branch {branch} ends with a commit that this script did not make: {repository.title(tip)}.",
                "The next commit would undo it. If everybody should have the change, make it in notebooks/solved/.",
                "To keep the commit on a branch of its own, and build solved without it:",
                f"  git branch my-solved {branch}",
                *(f"  {command}" for command in ways_back(branch, last_made_here(repository, tip))),
                "  scripts/solved_branch",
                "  git switch my-solved && git merge solved",
            ]
        )
    )


def last_made_here(repository, tip):
    """The youngest commit of this script's before `tip`, or None."""
    commits = repository.git("rev-list", "--first-parent", tip).splitlines()
    return next((commit for commit in commits if is_made_here(repository, commit)), None)


def ways_back(branch, commit):
    """Commands that take a branch back to a commit, or away altogether."""
    if branch == "solved":
        return [f"git branch --force solved {commit}" if commit else "git branch --delete --force solved"]
    return [f"git push --force origin {commit}:refs/heads/solved" if commit else "git push --delete origin solved"]


def is_made_here(repository, commit):
    message = repository.git("log", "-1", "--format=%T%n%B", commit).splitlines()
    return f"Solved-Tree: {message[0]}" in message[1:]


# --- What the branch holds -------------------------------------------------------------


def committed_files(repository, commit):
    """Return {path: (mode, blob)} of all files in a commit."""
    listed = repository.git("ls-tree", "-r", "-z", commit).split("\0")
    entries = (line.split("\t", 1) for line in listed if line)
    return {path: tuple(about.split()[::2]) for about, path in entries}


def solved_notebooks(repository, files):
    """Return {file name: text} of the notebooks as they will be on the branch.

    Raises
    ------
    NotebookError
        If there are none, or one is not the record of a clean run.
    """
    texts, problems = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(files):
            name = path.removeprefix(SOURCES)
            if path == name or "/" in name or not name.endswith(".ipynb"):
                continue
            file = Path(folder) / name
            file.write_bytes(repository.run("cat-file", "blob", files[path][1]).stdout)
            try:
                nb = read_notebook(file)
                problems += solved_problems(nb, file.stem, repository.root)
                texts[name] = notebook_text(instructor_notebook(nb, file.stem))
            except NotebookError as error:
                problems += error.problems
    if not texts and not problems:
        raise NotebookError(f"There are no notebooks in {SOURCES} of this commit: run scripts/solved_branch on main.")
    if problems:
        raise NotebookError([*shortened(problems), "Commit what you mend, then start again."])
    return texts


def build_tree(repository, files, texts):
    """Write the branch's files into git's storage; the name of their tree."""
    kept = [f"{mode} {blob}\t{path}" for path, (mode, blob) in files.items() if not path.startswith(SOURCES)]
    kept = [line for line in kept if line.split("\t", 1)[1].removeprefix("notebooks/") not in texts]
    made = [f"100644 {repository.blob(text)}\tnotebooks/{name}" for name, text in texts.items()]
    with tempfile.TemporaryDirectory() as folder:
        index = str(Path(folder) / "index")
        # An index of its own, so that yours stays as it is.
        repository.git("update-index", "-z", "--index-info", send="\0".join([*kept, *made, ""]), GIT_INDEX_FILE=index)
        return repository.git("write-tree", GIT_INDEX_FILE=index)


def build_commit(repository, tree, source, tip):
    """Write the commit; its name.

    It has the date of the commit that it is made from: made again by the same person, it is the same commit.
    """
    date, subject = repository.git("log", "-1", "--format=%cI%n%s", source).split("\n")
    message = f"Solved: {subject}\n\nMade by scripts/solved_branch.\n\n{TRAILERS.format(source=source, tree=tree)}\n"
    parents = [word for parent in (tip, source) if parent for word in ("-p", parent)]
    return repository.git(
        "commit-tree",
        tree,
        *parents,
        send=message,
        GIT_AUTHOR_DATE=date,
        GIT_COMMITTER_DATE=date,
    )


# --- What the command does -------------------------------------------------------------


def build(root=ROOT):
    """Build the branch or bring it up to date; what was done, in words."""
    repository = Repository(root)
    check_repository(repository)
    check_not_checked_out(repository)
    check_committed(repository)
    source, old, tip = repository.commit("HEAD"), repository.commit(BRANCH), previous_tip(repository)
    if tip:
        check_made_here(repository, tip)

    files = committed_files(repository, source)
    texts = solved_notebooks(repository, files)
    tree = build_tree(repository, files, texts)
    up_to_date = tip is not None and repository.git("rev-parse", f"{tip}^{{tree}}") == tree
    new = tip if up_to_date else build_commit(repository, tree, source, tip)
    # The last word makes git refuse if the branch has moved meanwhile.
    repository.git("update-ref", "-m", "scripts/solved_branch", BRANCH, new, old or "")
    if up_to_date:
        return f"solved is already up to date with {repository.title(source)}."
    return f"solved now holds {len(texts)} solved notebooks of {repository.title(source)}."


def main(arguments=None, root=ROOT):
    parser = argparse.ArgumentParser(
        prog="scripts/solved_branch",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(arguments)
    try:
        print(build(root))
    except (BranchError, NotebookError) as error:
        print(error, file=sys.stderr)
        return 1
    print("To show it: git switch solved\nTo publish it: git push --set-upstream origin solved")
    return 0


if __name__ == "__main__":
    sys.exit(main())
