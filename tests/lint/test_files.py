"""The project's files pass their checks, and each check finds a fault in a damaged copy."""

from collections.abc import Callable
from pathlib import Path
import re
import shutil

import pytest
import voluptuous as vol

from tests.lint import files, texts
from tests.lint.files import FOLDER
from tests.paths import ROOT

COPIED = ("custom_components", ".github", "requirements")
TEXTS = f"{FOLDER}/translations/en.json"


@pytest.mark.parametrize("check", files.CHECKS, ids=lambda check: check.__name__)
def test_files_are_valid(check: Callable[[Path], None]) -> None:
    """As hassfest and HACS want them."""
    check(ROOT)


@pytest.mark.parametrize("check", texts.CHECKS, ids=lambda check: check.__name__)
def test_texts_and_code_agree(check: Callable[[Path], list[str]]) -> None:
    """In both directions."""
    assert check(ROOT) == []


def test_no_test_imports_from_a_test_file() -> None:
    """Shared helpers have modules of their own."""
    texts_by_path = {path: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")}
    pattern = re.compile(
        r"^\s*(from (tests|\.)[\w.]*\btest_\w+ import|from (tests[\w.]*|\.+) import test_)", re.MULTILINE
    )
    assert [path.name for path, text in texts_by_path.items() if pattern.search(text)] == []


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the files that the checks read."""
    root = tmp_path_factory.mktemp("project")
    for name in COPIED:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "LICENSE", "hacs.json", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    return root


@pytest.mark.parametrize(
    ("check", "file", "old", "new"),
    [
        (files.check_manifest, f"{FOLDER}/manifest.json", '"iot_class": ', '"iot_klass": '),
        (files.check_manifest, f"{FOLDER}/manifest.json", r'"requirements": \[\]', '"requirements": ["some>1"]'),
        (files.check_manifest, f"{FOLDER}/manifest.json", r'"version": ".*"', '"version": "9.9.9"'),
        (files.check_manifest, f"{FOLDER}/manifest.json", r'("codeowners".*?\],)\s*("config_flow": true,)', r"\2 \1"),
        (files.check_hacs, "hacs.json", r"\d+\.\d+\.0", "2020.1.0"),
        (files.check_hacs, "hacs.json", '"name"', '"domains": [], "name"'),
        (files.check_icons, f"{FOLDER}/icons.json", "mdi:", "fa:"),
        (files.check_services, f"{FOLDER}/services.yaml", "^    end:", "    other_end:"),
        (files.check_services, f"{FOLDER}/services.yaml", "date:", "dates:"),
        (files.check_services, f"{FOLDER}/icons.json", '"import_history"', '"import"'),
        (files.check_translations, TEXTS, '"config": {', '"configuration": {}, "config": {'),
        (files.check_translations, TEXTS, r'"message": "', '"message": " '),
        (files.check_pictures, f"{FOLDER}/brand/icon.png", None, "GIF89a"),
        (files.check_pictures, f"{FOLDER}/brand/picture.png", None, ""),
        (files.check_workflows, ".github/workflows/validate.yaml", "hassfest@master", "hassfest@main"),
        (files.check_license, "LICENSE", "MIT License", "License"),
        (texts.single_texts, TEXTS, r"\{until\}", "{until"),
        (texts.single_texts, TEXTS, r"\{until\}", "'{until}'"),
        (texts.single_texts, TEXTS, "the EMA portal", "https://apsystemsema.com"),
        (texts.single_texts, f"{FOLDER}/translations/de.json", None, '{"title": "APsystems"}'),
        (texts.sentence_case, TEXTS, "Total energy", "Total Energy"),
        (texts.labels, TEXTS, '"data_description": {', '"data_description": {"more": "More.", '),
        (texts.unused, TEXTS, '"exceptions": {', '"exceptions": {"never_used": {"message": "More."}, '),
        (texts.unused, TEXTS, '"error": {', '"error": {"never_used": "More.", '),
        (texts.unused, TEXTS, '"step": {', '"step": {"more": {}, '),
        (texts.untranslated, TEXTS, '"scan_inverters": {\n *"name"', '"more": { "name"'),
        (texts.untranslated, f"{FOLDER}/const.py", r"\Z", '\nError(translation_domain="", translation_key="more")\n'),
        (texts.flow_texts, TEXTS, '"invalid_url"', '"more"'),
        (texts.flow_texts, TEXTS, '"user": {', '"more": {'),
        (texts.readme, "README.md", "Sunrise offset", "Offset"),
        (texts.readme, "README.md", r"apsystems_openapi\.import_history", "the action"),
    ],
)  # fmt: skip
def test_a_check_finds_a_fault(
    original: Path, check: Callable[[Path], object], file: str, old: str | None, new: str
) -> None:
    """One change of one file. Without `old` the file is replaced."""
    path = original / file
    content = path.read_bytes() if path.exists() else None
    before = "" if old is None else path.read_text(encoding="utf-8")
    text, count = (new, 1) if old is None else re.subn(old, new, before, flags=re.MULTILINE | re.DOTALL)
    assert count, f"{old} is not in {file}"
    try:
        path.write_text(text, encoding="utf-8")
        try:
            faults = check(original)
        except (AssertionError, vol.Invalid) as error:
            faults = [error]
        assert faults
    finally:
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
