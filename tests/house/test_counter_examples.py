"""Each house rule goes red on a small wrong file, and stays green on its right neighbour."""

from pathlib import PurePosixPath

import pytest

from tests.house import rules

ROOM = PurePosixPath("appliance/archive/studies.py")
TEST = PurePosixPath("tests/archive/test_studies.py")

WRONG = [
    (rules.file_is_short, ROOM, "x = 1\n" * 401),
    (rules.functions_are_short, ROOM, "def f():\n" + "    x = 1\n" * 41),
    (rules.module_says_what_it_is_for, ROOM, "x = 1\n"),
    (rules.async_lives_in_web, ROOM, "async def f(): ...\n"),
    (rules.sql_lives_in_queries, ROOM, "q = 'SELECT a\\n FROM b'\n"),
    (rules.sql_lives_in_queries, ROOM, "q = f'delete from {t}'\n"),
    (rules.sql_lives_in_queries, ROOM, "q = 'INSERT OR IGNORE INTO t VALUES (1)'\n"),
    (rules.time_comes_from_the_clock, ROOM, "import datetime\ndatetime.datetime.now()\n"),
    (rules.time_comes_from_the_clock, ROOM, "import time\ntime.time()\n"),
    (rules.time_comes_from_the_clock, ROOM, "import time\ntime.monotonic()\n"),
    (rules.environment_is_read_in_config, ROOM, "import os\nos.environ['A']\n"),
    (rules.environment_is_read_in_config, ROOM, "from os import getenv\n"),
    (rules.nothing_is_patched, TEST, "from unittest.mock import Mock\n"),
    (rules.nothing_is_patched, TEST, "def test_it(monkeypatch): ...\n"),
    (rules.exceptions_give_their_reason, ROOM, "x = 1  # noqa: S603\n"),
    (rules.exceptions_give_their_reason, ROOM, "x = 1  # noqa because it is so\n"),
    (rules.exceptions_give_their_reason, ROOM, "x = 1  # type: ignore[attr-defined]\n"),
    (rules.exceptions_give_their_reason, ROOM, "x = 1  # pragma: no cover\n"),
    (rules.script_exceptions_give_their_reason, ROOM, "// eslint-disable-next-line no-console\n"),
    (rules.nothing_is_left_for_later, ROOM, "# TODO: later\n"),
    (rules.nothing_names_a_workplace, ROOM, r"see /wo" r"rk/checkout"),
    (rules.nothing_names_a_workplace, ROOM, "see /root/.pyenv/shims\n"),
    (rules.nothing_names_a_workplace, ROOM, "https://pypi.org/simple\n"),
    (rules.test_names_are_sentences, TEST, "def test_it(): ...\n"),
]

RIGHT = [
    (rules.file_is_short, ROOM, "x = 1\n" * 400),
    (rules.functions_are_short, ROOM, 'def f():\n    """Long.\n' + "\n" * 60 + '    """\n' + "    x = 1\n" * 40),
    (rules.async_lives_in_web, PurePosixPath("appliance/web/staff/app.py"), "async def f(): ...\n"),
    (rules.sql_lives_in_queries, PurePosixPath("appliance/archive/queries.py"), "q = 'SELECT a FROM b'\n"),
    (rules.sql_lives_in_queries, ROOM, '"""Select a study from the list."""\n'),
    (rules.time_comes_from_the_clock, PurePosixPath("appliance/clock.py"), "datetime.now(UTC)\n"),
    (rules.time_comes_from_the_clock, ROOM, "clock.now()\n"),
    (rules.environment_is_read_in_config, PurePosixPath("appliance/config.py"), "os.environ\n"),
    (rules.exceptions_give_their_reason, ROOM, "x = 1  # noqa: S603 - the peer's own program\n"),
    (rules.exceptions_give_their_reason, ROOM, "x  # type: ignore[attr-defined]  # ctypes has no stubs\n"),
    (rules.nothing_names_a_workplace, ROOM, "docs/work/plan.md\n"),
    (rules.test_names_are_sentences, TEST, "def test_a_study_is_listed(): ...\n"),
]


@pytest.mark.parametrize(("rule", "path", "text"), WRONG)
def test_a_wrong_file_is_named(rule: rules.Rule, path: PurePosixPath, text: str) -> None:
    assert rule(path, text)


@pytest.mark.parametrize(("rule", "path", "text"), RIGHT)
def test_a_right_file_is_left_alone(rule: rules.Rule, path: PurePosixPath, text: str) -> None:
    assert not rule(path, text)


def test_no_rule_lacks_a_counter_example() -> None:
    families = (rules.PRODUCT_RULES, rules.PYTHON_RULES, rules.TEST_RULES, rules.SCRIPT_RULES, rules.TEXT_RULES)
    assert {rule for family in families for rule in family} == {rule for rule, _path, _text in WRONG}
