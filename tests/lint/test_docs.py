"""The documentation agrees with the project: its picture, the modules, links and commands that it names."""

import ast
from collections.abc import Iterator
from pathlib import Path
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from tests.paths import INTEGRATION, ROOT

PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"(scripts/\w|\S*python|pip |uv |git |apt-get )")
OPTION = re.compile(r"--(?!help\b)[a-z][a-z-]+")
HELP_S = 10
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").iterdir() if not path.suffix and path.is_file())
# The programs that read the command lines of scripts.
PROGRAMS = {
    "demo": "demo/options.py",
    "fuzz": "scripts/fuzz.py",
    "panels": "scripts/panels.py",
    "preview": "scripts/preview.py",
    "screenshots": "demo/screenshots.py",
    "simulator": "simulator/options.py",
    "structure": "scripts/structure.py",
}
FOREIGN = {
    # Command: the reason why it is not one of the project's.
    "pip install aiohttp": "for the test apps, in whatever Python the owner has",
    "apt-get install chromium": "Debian's own",
    ".venv/bin/python -m pytest tests/system": "runs these tests",
}


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


def commands() -> Iterator[str]:
    """Yield the commands of all pages: each line of a fenced block of `sh`, and those within a sentence or a table."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for language, block in FENCE.findall(text):
            lines = [line.partition("#")[0].strip() for line in block.splitlines()]
            yield from (line for line in lines if language == "sh" or COMMAND.match(line))
        spans = [span.replace("\\|", "|") for span in SPAN.findall(FENCE.sub("", text))]
        yield from (span for span in spans if COMMAND.match(span) and not span.endswith((".py", ".txt")))


def answer(*command: str | Path, folder: Path = ROOT) -> str:
    """Run a command; return its output, and fail with it."""
    result = subprocess.run(  # noqa: S603 -- the project's own scripts
        command, cwd=folder, capture_output=True, text=True, timeout=HELP_S, check=False, stdin=subprocess.DEVNULL
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("command", sorted(set(commands()) - FOREIGN.keys()))
def test_commands_answer_help_and_know_their_options(command: str) -> None:
    """Each is a script of the project, or a program run by its Python."""
    program, *rest = shlex.split(re.sub(r"\[.*?\]", "", command))
    assert program.startswith("scripts/") or "python" in program, "not a command of the project"
    if program.startswith("scripts/"):
        said = answer(ROOT / program, "--help")
    else:
        said = answer(sys.executable, rest[0], "--help")
    assert [option for option in OPTION.findall(command) if option not in said] == []


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout without any environment."""
    root = tmp_path_factory.mktemp("fresh")
    for name in ("scripts", "demo", "simulator"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_answers_help_without_an_environment(fresh: Path, script: str) -> None:
    """It names the script, and all options that its program reads."""
    said = answer(fresh / "scripts" / script, "--help", folder=fresh)
    assert script in said
    program = fresh / PROGRAMS.get(script, "scripts/help")
    tree = ast.parse(program.read_text(encoding="utf-8")) if script in PROGRAMS else ast.Module([], [])
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    added = [
        argument.value
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument"
        for argument in call.args
        if isinstance(argument, ast.Constant)
    ]
    assert [option for option in added if option not in said] == []
    assert [path.name for path in fresh.iterdir() if path.name.startswith(".")] == []
