"""The documentation agrees with the project: its picture, the modules, links and scripts that it names."""

from collections.abc import Iterator
from pathlib import Path
import re
import subprocess
import sys

import pytest

from tests.paths import INTEGRATION, ROOT

PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
SCRIPT = re.compile(r"scripts/([a-z0-9-]+)(?![\w./*-])")


def page_name(path: Path) -> str:
    """Return a page's path within the project."""
    return path.relative_to(ROOT).as_posix()


def modules() -> Iterator[str]:
    """Yield the names of the integration's modules, those of empty `__init__` files excepted."""
    for path in INTEGRATION.rglob("*.py"):
        if path.name != "__init__.py" or path.parent == INTEGRATION:
            yield path.name


def test_the_picture_of_the_structure_is_up_to_date() -> None:
    """`scripts/structure` draws the imports of the code."""
    result = subprocess.run(  # noqa: S603 -- the project's own script
        [sys.executable, ROOT / "scripts/structure.py", "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_contributing_names_every_module() -> None:
    """The tree has a line for each, and no other."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tree = text.partition("custom_components/apsystems_openapi/\n")[2].partition("```")[0]
    assert sorted(re.findall(r"(\w+\.py)\b", tree)) == sorted(modules())


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_somewhere(page: Path) -> None:
    """Those to files of the project."""
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_scripts_exist(page: Path) -> None:
    """Every script that a page names can be run."""
    names = set(SCRIPT.findall(page.read_text(encoding="utf-8")))
    assert [name for name in sorted(names) if not (ROOT / "scripts" / name).exists()] == []
