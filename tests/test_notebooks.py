"""The notebooks keep their promises, and the comparison of their outputs is a real one."""

import ast
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbval.plugin import find_comment_markers, find_metadata_tags, get_sanitize_patterns

from deeplearning_tutorial import ROOT
from scripts.notebooks import notebook
from scripts.notebooks.clean_run import solved_problems
from scripts.notebooks.markers import BEGIN
from scripts.notebooks.release import check
from tests import nbval_claims, nbval_start
from tests.claims import CLAIMS

CONFIG = ROOT / "tests" / "nbval.cfg"
SANITIZERS = get_sanitize_patterns(CONFIG.read_text(encoding="utf-8"))
SOLVED = {path.stem: notebook.read_notebook(path) for path in notebook.notebook_paths(notebook.SOLVED)}

solved_notebook = pytest.mark.parametrize("name", SOLVED)


# --- The notebooks ---------------------------------------------------------------------


def test_notebooks_are_what_their_solved_copies_generate():
    problems = check()
    assert problems == [], "\n".join(problems)


@solved_notebook
def test_solved_notebook_is_the_record_of_one_clean_run(name):
    assert solved_problems(SOLVED[name], name) == []


@solved_notebook
def test_every_exercise_has_a_hint_and_a_check(name):
    assert exercise_problems(SOLVED[name], name) == []


EXERCISE_EVENT = re.compile(
    rf"""^\s*(?P<solution>{re.escape(BEGIN)})"""
    r"""|^[^#\n]*?(?<![\w.])(?P<call>hint|check)\(\s*["'](?P<name>[^"'\n]+)["']""",
    re.MULTILINE,
)


def exercise_problems(nb, name):
    """List the solutions without hint("…") and check("…") before the next, and unpaired ones."""
    problems, hints, checks, unchecked = [], set(), set(), None
    for number, cell in enumerate(nb.cells, start=1):
        here = f"{name}, cell {number}"
        for event in EXERCISE_EVENT.finditer(cell.source) if cell.cell_type == "code" else ():
            exercise = event["name"]
            if event["solution"]:
                if unchecked:
                    problems.append(f"{unchecked}: no check(…) after this solution")
                unchecked = here
            elif event["call"] == "hint":
                hints.add(exercise)
            else:
                if exercise not in hints:
                    problems.append(f'{here}: no hint("{exercise}") before check("{exercise}")')
                checks.add(exercise)
                unchecked = None
    if unchecked:
        problems.append(f"{unchecked}: no check(…) after this solution")
    return problems + [f'{name}: no check("{exercise}") for hint("{exercise}")' for exercise in hints - checks]


BLANK = "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"


@pytest.mark.parametrize(
    "sources, expected",
    [
        ([BLANK, 'hint("a")', 'x = check("a", x)', "### BEGIN", "hint('b')\ncheck('b', x)"], []),
        ([BLANK, 'x = check("a", x)', 'hint("a")'], ['n, cell 2: no hint("a") before check("a")']),
        (
            [BLANK, 'hint("a")', "# check('a', x)"],
            ["n, cell 1: no check(…) after this solution", 'n: no check("a") for hint("a")'],
        ),
        ([BLANK, BLANK, 'hint("a")', 'check("a", x)'], ["n, cell 1: no check(…) after this solution"]),
        (
            [BLANK, 'hint("a")', 'check("b", x)'],
            ['n, cell 3: no hint("b") before check("b")', 'n: no check("a") for hint("a")'],
        ),
    ],
)
def test_exercise_without_its_hint_or_check_is_found(sources, expected):
    nb = new_notebook(cells=[new_code_cell(source) for source in sources])
    nb.cells.append(new_markdown_cell('check("in the text")'))
    assert exercise_problems(nb, "n") == expected


# --- Tagged cells ----------------------------------------------------------------------


def listed_cells(text):
    """Read the section [tagged] of nbval.cfg: {(notebook, cell id): reason}."""
    _, _, section = text.partition("\n[tagged]\n")
    listed = {}
    for line in section.splitlines():
        if line.strip() and not line.startswith("#"):
            match = re.fullmatch(r"(\S+): (\S+) = (.*\S.*)", line)
            assert match, f"{line!r} is not 'notebook: cell id = reason'"
            listed[match[1], match[2]] = match[3]
    return listed


def tagged_cells(notebooks):
    """Find the cells with one of nbval's tags or comments: {(notebook, cell id)}."""
    return {
        (name, cell.id)
        for name, nb in notebooks.items()
        for cell in nb.cells
        if cell.cell_type == "code"
        if dict(find_metadata_tags(cell.metadata)) or dict(find_comment_markers(cell.source))
    }


def test_tagged_cells_are_those_listed_with_a_reason():
    listed = listed_cells(CONFIG.read_text(encoding="utf-8"))
    assert tagged_cells(SOLVED) == set(listed), f"compare with [tagged] in {CONFIG.name}"


def test_tagged_cells_are_found():
    nb = new_notebook(
        cells=[
            new_code_cell("1", id="plain", metadata={"tags": ["mine"]}),
            new_code_cell("2", id="tagged", metadata={"tags": ["nbval-ignore-output"]}),
            new_code_cell("# NBVAL_SKIP\n3", id="commented"),
            new_code_cell("4", id="raising", metadata={"tags": ["raises-exception"]}),
        ]
    )
    found = tagged_cells({"n": nb})
    assert found == {("n", "tagged"), ("n", "commented"), ("n", "raising")}


def test_list_of_tagged_cells_is_read():
    text = "# x\n\n[tagged]\n# why\n01_x: c1 = draws at random\n"
    assert listed_cells(text) == {("01_x", "c1"): "draws at random"}


@pytest.mark.parametrize("line", ["01_x: c1", "01_x: c1 = ", "c1 = reason"])
def test_tagged_cell_without_a_reason_is_an_error(line):
    with pytest.raises(AssertionError, match="is not 'notebook: cell id = reason'"):
        listed_cells(f"\n[tagged]\n{line}\n")


# --- Sanitizers ------------------------------------------------------------------------


def solved_texts():
    for nb in SOLVED.values():
        for cell in nb.cells:
            yield from notebook.output_texts(cell)


def sanitize(text):
    for regex, replacement in SANITIZERS:
        text = re.sub(regex, replacement, text)
    return text


def unbounded(regex):
    """Whether a regular expression can match any amount of text."""
    plain = re.sub(r"\\.|\[[^\]]*\]", "x", regex)
    return re.search(r"[*+]|\{\d*,\}", plain) is not None


def test_every_pair_of_lines_is_read():
    text = CONFIG.read_text(encoding="utf-8")
    assert len(SANITIZERS) == len(re.findall("^regex:", text, re.MULTILINE)) > 0
    assert len(SANITIZERS) == len(re.findall("^replace:", text, re.MULTILINE))
    assert len(SANITIZERS) == len(dict(SANITIZERS)), "nbval keeps one of two equal expressions"


@pytest.mark.parametrize("regex", [regex for regex, _ in SANITIZERS])
def test_sanitizer_is_used_and_bounded(regex):
    assert not unbounded(regex), "it could hide a whole output"
    assert any(re.search(regex, text) for text in solved_texts()), (
        f"no solved notebook needs it: remove it from {CONFIG.name}"
    )


@pytest.mark.parametrize(
    "regex, expected",
    [
        ("a.*b", True),
        ("a+", True),
        ("a{2,}", True),
        ("(?:ab)*", True),
        ("a{2,5}", False),
        (r"\*\+[*+]", False),
        (r" {0,10}(?<![\w.])\d", False),
    ],
)
def test_unbounded_expressions_are_found(regex, expected):
    assert unbounded(regex) is expected


@pytest.mark.parametrize(
    "one, other",
    [
        ("took 12.3 s", "took  9.87 s"),
        ("0.52 ms", "15 µs"),
        ("15 \u03bcs per call", "1.5 us per call"),
        ("<td>80 ns</td>", "<td>2 min</td>"),
        ("Python 3.11.2", "Python 3.13.0"),
        (
            "Python 3.11.7, Theano 1.0.5, NumPy 1.23.5, SciPy 1.10.1",
            "Python 3.14.0, Theano 1.0.5, NumPy 2.4.6, SciPy 1.17.1",
        ),
        ("yes  C++ compiler     g++ (Debian 12.2.0-14) 12.2.0", "yes  C++ compiler     clang version 16.0.6"),
        ("yes  BLAS             -lopenblas", "yes  BLAS             -l:libopenblas.so"),
        ("yes  threads          2 (2 processors)", "yes  threads          1 (OMP_NUM_THREADS=1)"),
    ],
)
def test_what_differs_each_run_is_sanitized(one, other):
    assert sanitize(one) == sanitize(other) != one


@pytest.mark.parametrize(
    "result",
    [
        "test error 7.489583 %",
        "Python 3.11 and NumPy 2",
        "Theano 1.0.4",
        "(50000, 784) float32",
        "epoch 12, 600 images",
        "learning rate 0.13",
        "GpuDot22",
        "3 steps",
        "7 samples",
        "0xff",
        "<Figure size 640x480 with 1 Axes>",
        "5 8 1.5",
        "W2 s",
        "[[0.1 0.9]\n [0.8 0.2]]",
        "max 0.25, mean 1.5e-06",
    ],
)
def test_results_are_not_sanitized(result):
    assert sanitize(result) == result


# --- nbval -----------------------------------------------------------------------------


def stdout(text):
    return [new_output("stream", name="stdout", text=text)]


def picture(data):
    return [new_output("display_data", {"image/png": data, "text/plain": "a picture"})]


SHOW_PICTURE = "display({'image/png': 'AAAA', 'text/plain': 'a picture'}, raw=True)"
# What a cell does, its saved outputs, its execution count, and whether nbval lets it pass.
CELLS = {
    "same": ("print('error 7.49 %')", stdout("error 7.49 %\n"), 1, True),
    "other number": ("print('error 7.49 %')", stdout("error 7.48 %\n"), 1, False),
    "other time": ("print('took 12.3 s')", stdout("took 9.87 s\n"), 1, True),
    "other Python": (
        "print('Python 3.11.2, Theano 1.0.5, NumPy 1.23.5, SciPy 1.10.1')",
        stdout("Python 3.13.0, Theano 1.0.5, NumPy 2.4.6, SciPy 1.17.1\n"),
        1,
        True,
    ),
    "other text form": (
        "[1]",
        [
            new_output(
                "execute_result",
                {"text/plain": "[2]"},
                execution_count=1,
            )
        ],
        1,
        False,
    ),
    "output lost": ("pass", stdout("ready\n"), 1, False),
    "output added": ("print('ready')", [], 1, False),
    "new warning": ("import warnings; warnings.warn('old')", [], 1, False),
    "other picture": (SHOW_PICTURE, picture("BBBB"), 1, True),
    "other text of a picture": (SHOW_PICTURE.replace("a pic", "no pic"), picture("AAAA"), 1, False),
    "no execution count": ("print('anything')", [], None, True),
    "error": ("1 / 0", [], 1, False),
}


@pytest.fixture(scope="module")
def nbval_verdicts(tmp_path_factory):
    """Run nbval, with the project's configuration, on a notebook of the cells above."""
    folder = tmp_path_factory.mktemp("nbval")
    nb = new_notebook(
        cells=[
            new_code_cell(source, outputs=outputs, execution_count=count)
            for source, outputs, count, _ in CELLS.values()
        ]
    )
    nbformat.write(nb, folder / "cells.ipynb")
    jupyter = ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR")
    environment = {**os.environ, **{name: str(folder / name) for name in jupyter}}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-p",
            "tests.nbval_stderr",
            "--nbval",
            "--nbval-current-env",
            "--nbval-sanitize-with",
            str(CONFIG),
            "--junitxml",
            "report.xml",
            "cells.ipynb",
        ],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search("Written to stderr:\n.* UserWarning: old", done.stdout)
    cases = ElementTree.parse(folder / "report.xml").iter("testcase")
    return dict(zip(CELLS, (len(case) == 0 for case in cases), strict=True))


@pytest.mark.parametrize("cell", CELLS)
def test_nbval_compares(nbval_verdicts, cell):
    *_, passes = CELLS[cell]
    assert nbval_verdicts[cell] is passes


# --- Claims ----------------------------------------------------------------------------------


def claim_problems(claims, notebooks):
    """List claims of cells that are not there, or whose value would no longer be displayed, and what is no expression."""
    problems = []
    for name, by_cell in claims.items():
        cells = {cell.id: cell for cell in notebooks[name].cells if cell.cell_type == "code"}
        for cell_id, expressions in by_cell.items():
            here = f"{name}: {cell_id}"
            if cell_id not in cells:
                problems.append(f"{here}: no such cell")
                continue
            last = ast.parse(cells[cell_id].source).body[-1]
            if isinstance(last, ast.Expr) and not re.match(r"print\(|plt\.show\(|show_\w+\(", ast.unparse(last)):
                problems.append(f"{here}: ends in a value, which would not be displayed with an assertion after it")
            for expression in expressions:
                try:
                    ast.parse(expression, mode="eval")
                except SyntaxError:
                    problems.append(f"{here}: {expression!r} is no expression")
    return problems


def test_claims_are_of_cells_that_exist():
    assert claim_problems(CLAIMS, SOLVED) == []


def test_wrong_claims_are_found():
    nb = new_notebook(cells=[new_code_cell("x = 1\nx", id="value"), new_code_cell("x = 1\nprint(x)", id="good")])
    wrong = {"n": {"none": ["x"], "value": ["x == 1"], "good": ["x == 1", "x ="]}}
    assert claim_problems(wrong, {"n": nb}) == [
        "n: none: no such cell",
        "n: value: ends in a value, which would not be displayed with an assertion after it",
        "n: good: 'x =' is no expression",
    ]


def test_a_claim_that_does_not_hold_is_an_error_of_its_cell():
    source = nbval_claims.with_claims("x = 1", ["x == 1", "x > 5"])
    with pytest.raises(AssertionError, match="does not hold: x > 5"):
        exec(source, {})
    exec(nbval_claims.with_claims("x = 7", ["x > 5"]), {})


def test_nbval_asserts_claims(tmp_path):
    nbformat.write(new_notebook(cells=[new_code_cell("x = 1", id="a", execution_count=1)]), tmp_path / "n.ipynb")
    program = (
        "import sys, pytest, tests.claims; tests.claims.CLAIMS['n'] = {'a': [sys.argv[1]]}; sys.exit(pytest.main("
        "['-q', '-p', 'no:cacheprovider', '-p', 'tests.nbval_claims', '--nbval', '--nbval-current-env', 'n.ipynb']))"
    )
    for claim, status in [("x > 0", 0), ("x > 5", 1)]:
        done = subprocess.run(
            [sys.executable, "-c", program, claim],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""},
            capture_output=True,
            text=True,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert (f"does not hold: {claim}" in done.stdout) is (status == 1)


# --- What a cell displays -------------------------------------------------------------------


def semicolon_cells(notebooks):
    """Cells that end in a semicolon: JupyterLab then hides the last value, and nbval does not."""
    return [
        f"{name}: {cell.id}"
        for name, nb in notebooks.items()
        for cell in nb.cells
        if cell.cell_type == "code" and cell.source.rstrip().endswith(";")
    ]


def test_figures_end_in_show_and_not_in_a_semicolon():
    assert semicolon_cells(SOLVED) == []


def test_a_cell_that_ends_in_a_semicolon_is_found():
    nb = new_notebook(cells=[new_code_cell("ax.plot();", id="a"), new_code_cell("x = 1; y = 2", id="b")])
    assert semicolon_cells({"n": nb}) == ["n: a"]


# Kernels that die ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deaths, starts", [(0, 1), (1, 2), (2, None)])
def test_a_kernel_that_dies_at_its_start_is_started_once_more(deaths, starts):
    calls = []

    def start(name):
        calls.append(name)
        if len(calls) <= deaths:
            raise RuntimeError("Kernel died before replying to kernel_info")
        return len(calls)

    if starts:
        assert nbval_start.once_more(start)("python3") == starts
    else:
        with pytest.raises(RuntimeError, match="Kernel died"):
            nbval_start.once_more(start)("python3")
    assert calls == ["python3"] * min(deaths + 1, 2)


def test_nbval_starts_its_kernels_so():
    program = (
        "import tests.nbval_start; from nbval import kernel; print(kernel.start_new_kernel.__wrapped__.__module__)"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout == "nbval.kernel\n", answer.stderr
