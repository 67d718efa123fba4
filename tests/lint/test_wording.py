"""The project is written in plain English: words and phrases that readers from elsewhere stumble over do not occur."""

from collections.abc import Iterator
from pathlib import Path
import re

import pytest

from tests.paths import ROOT

FOLDERS = (
    ".ci", ".github", "apsystems_test_apps", "blueprints", "custom_components", "demo", "docs", "scripts", "simulator",
    "tests",
)  # fmt: skip
SUFFIXES = {"", ".js", ".json", ".md", ".py", ".toml", ".txt", ".yaml", ".yml"}
SKIPPED = {
    "LICENSE": "a legal text",
    "docs/api.md": "the vendor's names",
    "tests/fixtures": "recorded files",
    "tests/lint/test_wording.py": "this list",
}


def word(forms: str, *, where: str = "", instead: str) -> tuple[re.Pattern[str], str, str]:
    """Return a rule: a whole word in a text or a part of an identifier, the paths it is for, and what to write."""
    return re.compile(rf"(?<![a-z])(?:{forms})(?![a-z])", re.IGNORECASE), where, instead


RULES = [
    word("told", instead="say who reports or logs what"),
    word("held", instead="stored, kept, contained"),
    word("former|formerly", instead="previous, old"),
    word("moments?", instead="time"),
    word("behind", instead="backlog, missing, below"),
    word(r"turns?(?![ _](on|off))", instead="change, start, end"),
    word("what is", instead="name the thing"),
    word('"""tell whether', instead="is_… as a name, and say what is true"),
    word("the cloud gave", instead="failed to connect to"),
    word("by way of", instead="by, through"),
    word("(goes|gone) (by itself|with its)", instead="closes automatically, is deleted"),
    word("what is known stays|stays? known", instead="keeping the last values"),
    word("(new ones are|be) asked for", instead="reauthentication started"),
    word("makes? of it|something newer of|have a part in|a system's part", instead="say it literally"),
    # One word for one thing.
    word("agenda", instead="automatic, plan"),
    word("book of calls", instead="ledger"),
    word("historian", instead="importer"),
    word(r"(?<![a-z_.])forecast(?![a-z_])", instead="preview"),
    word("light", where="/schedule/", instead="daylight"),
]
ALLOWED = {
    # Pattern in a line: the reason.
    r"config_entry_solar_forecast|solar forecast": "Home Assistant's word for an expected production",
    r"status[_ ]light": "the lamp of a system",
    r"_RENAMED_IN_ENERGY": "the name under which 1.0 stored a field",
}


def files() -> Iterator[Path]:
    """Yield the project's text files."""
    found = [path for path in ROOT.iterdir() if path.suffix in {".md", ".toml", ".json"}]
    for folder in FOLDERS:
        found += (ROOT / folder).rglob("*")
    for path in sorted(found):
        name = path.relative_to(ROOT).as_posix()
        skipped = any(name == skip or name.startswith(f"{skip}/") for skip in SKIPPED)
        if path.is_file() and path.suffix in SUFFIXES and not skipped:
            yield path


def findings(path: str, text: str) -> list[str]:
    """Return each line with a word to avoid, and what to write instead."""
    return [
        f"{number}: {found[0]!r}, better: {instead} | {line.strip()}"
        for number, line in enumerate(text.splitlines(), 1)
        if not any(re.search(pattern, line) for pattern in ALLOWED)
        for rule, where, instead in RULES
        if where in f"/{path}" and (found := rule.search(line))
    ]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_is_in_plain_english(path: Path) -> None:
    """No word to avoid, and one word for one thing."""
    assert findings(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("self._told = 1", True),
        ("return the former value", True),
        ("return", False),
        ("service: switch.turn_on", False),
        ("at the turn of the month", True),
        ("light = 1", False),
    ],
)
def test_words_are_found_in_texts_and_identifiers(line: str, is_found: bool) -> None:
    """A part of an identifier counts, a part of a word does not."""
    assert bool(findings("tests/any.py", line)) == is_found
