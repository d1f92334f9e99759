"""What every script and form of ours may do in a browser: no HTML of data, little kept, passwords pasted."""

import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "appliance" / "web"
SCRIPTS = {
    str(each.relative_to(WEB)): each.read_text()
    for folder, pattern in (("static", "*.js"), ("viewer/src", "**/*.ts"))
    for each in sorted((WEB / folder).glob(pattern))
}
TEMPLATES = {each.name: each.read_text() for each in sorted((WEB / "staff" / "templates").glob("*.html"))}
WRITES_HTML = re.compile(
    r"(?:innerHTML|outerHTML|srcdoc)\s*\+?=(?!=)|insertAdjacentHTML|createContextualFragment|document\.write"
    r"|setHTML|\beval\(|\bnew Function\b"
)
KEEPS = re.compile(r"\b(?:localStorage|sessionStorage|indexedDB|caches|document\.cookie)\b")
MINDS_PASTING = re.compile(r"onpaste|oncopy|[\"'](?:paste|copy)[\"']")
PASSWORD_FIELD = re.compile(r'<input (?:class="code" )?name="(\w+)" type="password"[^>]*autocomplete="([\w-]+)"[^>]*>')


def test_no_script_makes_html_of_data() -> None:
    assert len(SCRIPTS) > 100
    assert {name: found[0] for name, text in SCRIPTS.items() if (found := WRITES_HTML.search(text))} == {}


@pytest.mark.parametrize("line", ["a.innerHTML = name", "a.outerHTML += b", "document.write(x)", "eval(x)"])
def test_one_that_does_would_be_found(line: str) -> None:
    assert WRITES_HTML.search(line)
    assert not WRITES_HTML.search("if (from.innerHTML === shown) to.textContent = name; evaluate(x)")


def test_browsers_keep_how_something_was_looked_at_and_nothing_else() -> None:
    keeping = {name for name, text in SCRIPTS.items() if KEEPS.search(text)}
    assert keeping == {
        "static/signed_out.js",  # empties it
        "viewer/src/ui/keeping.ts",  # how a series was looked at, as long as its tab lives
        "viewer/src/ui/image_keeping.ts",  # how a single picture was, under a mark of its UID
        "viewer/src/ui/pictures/numbers.ts",  # how teeth are numbered
    }


def test_a_password_is_typed_pasted_or_filled_in_by_a_manager() -> None:
    fields = [found for text in TEMPLATES.values() for found in PASSWORD_FIELD.findall(text)]
    assert len(fields) == sum(text.count('type="password"') for text in TEMPLATES.values())
    filled = {"password": "current-password", "old": "current-password", "new": "new-password", "again": "new-password"}
    told = filled | {"pin": "off", "passphrase": "off"}  # a PIN is of one browser, the box's passphrase of nobody
    assert {name for name, _ in fields} == set(told)
    assert [name for name, autocomplete in fields if autocomplete != told[name]] == []
    assert [name for name, text in (SCRIPTS | TEMPLATES).items() if MINDS_PASTING.search(text)] == []
