"""The texts of the integration, as JSON."""

from collections.abc import Iterator
import json
from pathlib import Path
import re

from tests.paths import INTEGRATION

type Json = dict[str, Json] | list[Json] | str | int | float | bool | None


PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return set(PLACEHOLDER.findall(text))


def load(path: Path) -> dict[str, Json]:
    """Read a JSON object."""
    data = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(data, dict), path.name
    return data


def english(folder: Path = INTEGRATION) -> dict[str, Json]:
    """Return the English texts, which every other language follows."""
    return load(folder / "translations" / "en.json")


def below(tree: Json, *path: str) -> dict[str, Json]:
    """Return the object at a path; an empty one where there is none."""
    for key in path:
        tree = tree.get(key, {}) if isinstance(tree, dict) else {}
    return tree if isinstance(tree, dict) else {}


def flatten(tree: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with its dotted path."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from flatten(value, f"{path}.{key}" if path else key)
    else:
        yield path, str(tree)
