"""The house rules that no linter knows: each takes a file's text and names what is wrong in it.

Every rule is a plain function from (path inside the repository, text) to the
faults found, so that a counter-example can prove that it goes red.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

Rule = Callable[[PurePosixPath, str], list[str]]

FILE_LINES = 400
FUNCTION_LINES = 40
SQL = re.compile(
    r"\s*(SELECT\s.+\sFROM\b|INSERT\s+(OR\s+\w+\s+)?INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b"
    r"|CREATE\s+(UNIQUE\s+|TEMP\s+|VIRTUAL\s+)?(TABLE|INDEX|TRIGGER|VIEW)\b)",
    re.IGNORECASE | re.DOTALL,
)
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"} | {
    f"time.{name}{suffix}" for name in ("time", "monotonic", "perf_counter") for suffix in ("", "_ns")
}
PATCHING = re.compile(r"\b(unittest\.mock|from unittest import mock|monkey" r"patch|pytest_mock|MagicMock|mocker)\b")
EXCEPTION = re.compile(
    r"#\s*(?:no"
    r"qa(?P<codes>:\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*)?|type:\s*ig"
    r"nore(?P<kinds>\[[a-z, -]+\])?"
    r"|(?P<cover>pragma:\s*no\s+(?:cover|branch)))(?P<reason>.*)$"
)
SCRIPT_EXCEPTION = re.compile(r"(?:eslint-dis" r"able[a-z-]*|@ts-(?:ig" r"nore|expect-error))(?P<reason>.*)$")
LATER = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
PLACES = re.compile(
    r"(?<![\w.*-])/wo"
    r"rk/|/root/\.py"
    r"env|/opt/wh"
    r"eels|\bpy"
    r"pi\.org|python"
    r"hosted|npm"
    r"js\.org|deb\.debian"
    r"\.org"
)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method below a node."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def room(path: PurePosixPath) -> str:
    """The package inside `appliance` that a file belongs to, or its own name on top."""
    return path.parts[1] if len(path.parts) > 1 else ""


def file_is_short(path: PurePosixPath, text: str) -> list[str]:
    """One concept a file, at most 400 lines."""
    lines = text.count("\n")
    return [f"{path}: {lines} lines; a file has one concept and at most {FILE_LINES}"] if lines > FILE_LINES else []


def functions_are_short(path: PurePosixPath, text: str) -> list[str]:
    """A function has at most 40 lines without its docstring."""
    return [
        f"{path}:{function.lineno}: {function.name} has {length} lines; at most {FUNCTION_LINES}"
        for function in functions(ast.parse(text))
        if (length := _body_lines(function)) > FUNCTION_LINES
    ]


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    start = function.body[0].end_lineno if ast.get_docstring(function) else function.lineno
    return (function.end_lineno or 0) - (start or 0)


def module_says_what_it_is_for(path: PurePosixPath, text: str) -> list[str]:
    """Every module has a docstring."""
    return [] if ast.get_docstring(ast.parse(text)) else [f"{path}: a module says what it is for"]


def async_lives_in_web(path: PurePosixPath, text: str) -> list[str]:
    """Below the web door everything is synchronous."""
    if room(path) == "web":
        return []
    asynchronous = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    return [
        f"{path}:{getattr(node, 'lineno', 0)}: async lives in web"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, asynchronous)
    ]


def sql_lives_in_queries(path: PurePosixPath, text: str) -> list[str]:
    """SQL is written in a room's queries.py, or the queries_*.py that it was split into, or in store."""
    if re.fullmatch(r"queries(_[a-z]+)?\.py", path.name) or room(path) == "store":
        return []
    tree = ast.parse(text)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        f"{path}:{node.lineno}: SQL lives in queries.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
        if SQL.match(node.value)
    ]


def time_comes_from_the_clock(path: PurePosixPath, text: str) -> list[str]:
    """Nothing but clock.py asks the machine what time it is."""
    if path.name == "clock.py":
        return []
    return [
        f"{path}:{node.lineno}: ask the Clock, not {name}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and (name := _last_two(node)) in CLOCKS
    ]


def _last_two(node: ast.Attribute) -> str:
    owner = node.value
    before = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return f"{before}.{node.attr}"


def environment_is_read_in_config(path: PurePosixPath, text: str) -> list[str]:
    """Only config reads the environment."""
    if path.name == "config.py" or room(path) == "config":
        return []
    names = {"environ", "environb", "getenv", "getenvb"}
    return [
        f"{path}:{getattr(node, 'lineno', 0)}: the environment is read in config"
        for node in ast.walk(ast.parse(text))
        if (isinstance(node, ast.Attribute) and node.attr in names)
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and names & {a.name for a in node.names})
    ]


def nothing_is_patched(path: PurePosixPath, text: str) -> list[str]:
    """Tests use real peers and passed collaborators: no mocks, no patching."""
    return [f"{path}:{n}: no mocks and no patching" for n, line in _lines(text) if PATCHING.search(line)]


def exceptions_give_their_reason(path: PurePosixPath, text: str) -> list[str]:
    """Whoever silences a tool names the rule and says why on that line."""
    faults = []
    for number, line in _lines(text):
        silenced = EXCEPTION.search(line)
        if silenced is None:
            continue
        if not (silenced["codes"] or silenced["kinds"] or silenced["cover"]):
            faults.append(f"{path}:{number}: name the rule that is silenced")
        if not _is_a_reason(silenced["reason"]):
            faults.append(f"{path}:{number}: say why a tool is silenced")
    return faults


def script_exceptions_give_their_reason(path: PurePosixPath, text: str) -> list[str]:
    """The same for TypeScript."""
    return [
        f"{path}:{number}: say why a tool is silenced"
        for number, line in _lines(text)
        if (silenced := SCRIPT_EXCEPTION.search(line)) and not _is_a_reason(silenced["reason"])
    ]


def _is_a_reason(rest: str) -> bool:
    return len(re.findall(r"[A-Za-z]{2,}", rest)) >= 3


def nothing_is_left_for_later(path: PurePosixPath, text: str) -> list[str]:
    """What is not built is not hinted at either."""
    return [f"{path}:{n}: build it or file it" for n, line in _lines(text) if LATER.search(line)]


def nothing_names_a_workplace(path: PurePosixPath, text: str) -> list[str]:
    """No folder of the machine it was written on, no registry's host."""
    return [f"{path}:{n}: names a workplace or a registry" for n, line in _lines(text) if PLACES.search(line)]


def test_names_are_sentences(path: PurePosixPath, text: str) -> list[str]:
    """A test's name says what holds, in three words or more."""
    return [
        f"{path}:{function.lineno}: {function.name} is no sentence"
        for function in functions(ast.parse(text))
        if function.name.startswith("test_") and len(function.name.split("_")) < 4
    ]


test_names_are_sentences.__test__ = False  # type: ignore[attr-defined]  # a rule about tests, which pytest must not collect


def _lines(text: str) -> Iterator[tuple[int, str]]:
    return iter(enumerate(text.splitlines(), start=1))


PRODUCT_RULES: tuple[Rule, ...] = (
    module_says_what_it_is_for,
    async_lives_in_web,
    sql_lives_in_queries,
    time_comes_from_the_clock,
    environment_is_read_in_config,
)
PYTHON_RULES: tuple[Rule, ...] = (
    file_is_short,
    functions_are_short,
    nothing_is_patched,
    exceptions_give_their_reason,
)
TEST_RULES: tuple[Rule, ...] = (test_names_are_sentences,)
SCRIPT_RULES: tuple[Rule, ...] = (file_is_short, script_exceptions_give_their_reason)
TEXT_RULES: tuple[Rule, ...] = (nothing_is_left_for_later, nothing_names_a_workplace)
