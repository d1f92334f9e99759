"""The house rules that a linter cannot say."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "appliance"
FILES = sorted(ROOT.rglob("*.py"))
SQL = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ")


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    doc = function.body[0].end_lineno if ast.get_docstring(function) else function.lineno
    return (function.end_lineno or 0) - (doc or 0)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_house_rules(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    room = path.relative_to(ROOT).parts[0]
    assert text.count("\n") <= 400, "a file has one concept and at most 400 lines"
    for function in functions(tree):
        assert body_lines(function) <= 40, f"{function.name} is too long"
        assert room == "web" or not isinstance(function, ast.AsyncFunctionDef), "async lives in web"
    if path.name != "queries.py" and room != "store":
        found = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        assert not [s for s in found if s.lstrip().upper().startswith(SQL)], "SQL lives in queries.py"
    if path.name != "clock.py":
        assert "datetime.now(" not in text, "ask the clock"
    assert ast.get_docstring(tree), "a module says what it is for"
