"""Draws the integration's packages and modules, and which package imports which, from the imports in the code."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
import sys
from typing import Final
from xml.sax.saxutils import escape

import grimp

CHECKOUT: Final = Path(__file__).resolve().parent.parent
PICTURE: Final = CHECKOUT / "docs" / "images" / "structure.svg"
INTEGRATION: Final = "custom_components.apsystems_openapi"
ROOT: Final = "root"
LAYERS: Final = ((ROOT,), ("history",), ("system",), ("schedule", "cloud"))
"""From top to bottom, as the contract in pyproject.toml has them."""
CAPTIONS: Final = {
    ROOT: "custom_components/apsystems_openapi: everything that meets Home Assistant",
    "history": "long-term statistics",
    "system": "the state of a system, and the decisions about it",
    "schedule": "which call is made when",
    "cloud": "the vendor's OpenAPI",
}

# Sizes in pixels.
WIDTH: Final = 960
LANE: Final = 64  # free on both sides of the lower layers, for arrows that pass a layer
CELL: Final = 134  # a module
CELL_HEIGHT: Final = 26
GAP: Final = 8
PADDING: Final = 12
HEADING: Final = 30
CORNER: Final = 8  # of an arrow
BETWEEN: Final = 46  # layers
COLUMNS: Final = {ROOT: 6, "history": 3, "system": 5, "schedule": 3, "cloud": 2}

HOME_ASSISTANT: Final = "homeassistant"
FILL: Final = {True: "#dbeafe", False: "#dcfce7"}  # of a module, by whether it imports Home Assistant
BORDER: Final = {True: "#3b82f6", False: "#22a355"}
LINE: Final = "#475569"
INK: Final = "#0f172a"
TIP: Final = 'markerWidth="7" markerHeight="7" orient="auto"'
FONT: Final = "Inter, Segoe UI, Helvetica, Arial, sans-serif"


type Import = tuple[str, str]
"""Two modules or two packages, of which the first imports the second."""


@dataclass(frozen=True, kw_only=True)
class Imports:
    """The imports of the integration's modules; names are relative to its folder, empty for its `__init__`."""

    modules: frozenset[str]
    inner: frozenset[Import]
    """Of other modules of the integration."""
    libraries: dict[str, frozenset[str]]
    """What each module needs beside the integration and Python's own library."""

    def of_package(self, package: str) -> list[str]:
        """Return the modules of a package, so that none imports another that comes before it."""
        return list(ordered({name for name in self.modules if package_of(name) == package}, self.inner))

    @property
    def arrows(self) -> frozenset[Import]:
        """The imports between packages."""
        pairs = {(package_of(name), package_of(other)) for name, other in self.inner}
        return frozenset((package, other) for package, other in pairs if package != other)


@dataclass(frozen=True, kw_only=True)
class Box:
    """Where a package is drawn, in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The x of its right side."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The y of its lower side."""
        return self.y + self.height


# The imports


def read_imports() -> Imports:
    """Read the imports of the code."""
    sys.path.insert(0, str(CHECKOUT))
    graph = grimp.build_graph(INTEGRATION.partition(".")[0], include_external_packages=True, cache_dir=None)
    full = {name for name in graph.modules if f"{name}.".startswith(f"{INTEGRATION}.")}
    imported = {name: graph.find_modules_directly_imported_by(name) for name in full}
    return Imports(
        modules=frozenset(map(relative, full)),
        inner=frozenset((relative(name), relative(other)) for name in full for other in imported[name] & full),
        libraries={relative(name): frozenset(imported[name] - full - sys.stdlib_module_names) for name in full},
    )


def relative(name: str) -> str:
    """Return a module's name within the integration."""
    return name.removeprefix(INTEGRATION).removeprefix(".")


def package_of(name: str) -> str:
    """Return the package that a module is in. Raises SystemExit when the picture has no place for it."""
    first, _, rest = name.partition(".")
    if rest and first not in CAPTIONS:
        sys.exit(f"scripts/structure.py has no layer for the package {first}")
    return first if first in CAPTIONS else ROOT


def against_layers(arrows: Iterable[Import]) -> list[Import]:
    """Return the imports that do not lead to a lower layer."""
    depth = {package: n for n, layer in enumerate(LAYERS) for package in layer}
    return sorted(arrow for arrow in arrows if depth[arrow[0]] >= depth[arrow[1]])


def ordered(names: set[str], imports: Iterable[Import]) -> Iterator[str]:
    """Yield modules so that none imports another that came before it; those that could come next by name."""
    left = set(names)
    while left:
        free = left - {other for name, other in imports if name in left}
        if not free:
            sys.exit(f"Imports run in a circle: {', '.join(sorted(left))}")
        yield from sorted(free)
        left -= free


# The picture


def draw(imports: Imports) -> str:
    """Return the picture as SVG."""
    boxes = layout(imports)
    height = max(box.bottom for box in boxes.values()) + 40
    size = f'width="{WIDTH}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {size} font-family="{FONT}">',
        "<title>Packages and modules of the integration, and which package imports which</title>",
        f'<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" {TIP}>',
        f'<path d="M0 0L10 5L0 10z" fill="{LINE}"/></marker></defs>',
        f'<rect {size} rx="10" fill="#ffffff"/>',
        *(arrow(route(boxes)) for pair, route in ROUTES.items() if pair in imports.arrows),
        *(part for package, box in boxes.items() for part in draw_package(package, box, imports)),
        *legend(height - 26),
        "</svg>",
    ]
    return "".join(f"{part}\n" for part in parts)


def layout(imports: Imports) -> dict[str, Box]:
    """Return where each package is drawn."""
    boxes, y = {}, PADDING
    for layer in LAYERS:
        width, height = sum(map(width_of, layer)), height_of(layer, imports)
        space = WIDTH - 2 * LANE - width if len(layer) > 1 else 0
        x = (WIDTH - width - space) // 2
        for package in layer:
            boxes[package] = Box(x=x, y=y, width=width_of(package), height=height)
            x += width_of(package) + space
        y += height + BETWEEN
    return boxes


def width_of(package: str) -> int:
    """Return the width of a package's box; the root's spans the lanes."""
    return WIDTH - 2 * PADDING if package == ROOT else COLUMNS[package] * (CELL + GAP) - GAP + 2 * PADDING


def drawn(package: str, imports: Imports) -> list[str]:
    """Return the modules of a package that have a box; a package's own `__init__` has none."""
    return [name for name in imports.of_package(package) if name != package]


def height_of(layer: Sequence[str], imports: Imports) -> int:
    """Return the height of the boxes of a layer: that of the package with the most rows."""
    rows = max(ceil(len(drawn(package, imports)) / COLUMNS[package]) for package in layer)
    return HEADING + rows * (CELL_HEIGHT + GAP) - GAP + PADDING


def draw_package(package: str, box: Box, imports: Imports) -> Iterator[str]:
    """Yield a package's box with its modules."""
    yield rectangle(box, fill="#f8fafc", border="#94a3b8", corner=8)
    caption = f'<tspan dx="8" font-size="12" font-weight="normal">{escape(caption_of(package, imports))}</tspan>'
    yield label(box.x + PADDING, box.y + 20, package + caption, 'font-size="13" font-weight="bold"')
    columns = COLUMNS[package]
    width = (box.width - 2 * PADDING - (columns - 1) * GAP) // columns
    for number, name in enumerate(drawn(package, imports)):
        row, column = divmod(number, columns)
        x, y = box.x + PADDING + column * (width + GAP), box.y + HEADING + row * (CELL_HEIGHT + GAP)
        needs = HOME_ASSISTANT in imports.libraries[name]
        cell = Box(x=x, y=y, width=width, height=CELL_HEIGHT)
        yield rectangle(cell, fill=FILL[needs], border=BORDER[needs], corner=4)
        text = name.rpartition(".")[2] or "__init__"
        yield label(x + width // 2, y + 17, text, 'font-size="13" text-anchor="middle"')


def caption_of(package: str, imports: Imports) -> str:
    """Return the line beside a package's name; at the bottom it names the one library that is needed."""
    libraries = {library for name in imports.of_package(package) for library in imports.libraries[name]}
    is_lowest = package in LAYERS[-1]
    return CAPTIONS[package] + (f" ({', '.join(sorted(libraries))} only)" if is_lowest and libraries else "")


def rectangle(box: Box, *, fill: str, border: str, corner: int) -> str:
    """Return a box."""
    return (
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="{corner}" fill="{fill}" '
        f'stroke="{border}"/>'
    )


def label(x: int, y: int, text: str, style: str) -> str:
    """Return a text."""
    return f'<text x="{x}" y="{y}" fill="{INK}" {style}>{text}</text>'


def arrow(points: Sequence[tuple[int, int]]) -> str:
    """Return an arrow along some points, with round corners."""
    path = f"M{points[0][0]} {points[0][1]}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        near, far = (towards(corner, end, CORNER) for end in (before, after))
        path += f"L{near[0]} {near[1]}Q{corner[0]} {corner[1]} {far[0]} {far[1]}"
    path += f"L{points[-1][0]} {points[-1][1]}"
    return (
        f'<path d="{path}" fill="none" stroke="#ffffff" stroke-width="8"/>'  # where it crosses another, that one ends
        f'<path d="{path}" fill="none" stroke="{LINE}" stroke-width="1.6" marker-end="url(#tip)"/>'
    )


def towards(start: tuple[int, int], end: tuple[int, int], length: int) -> tuple[int, int]:
    """Return the point that is some pixels from one towards another, on a line along an axis."""
    x, y = (max(-length, min(length, b - a)) for a, b in zip(start, end, strict=True))
    return start[0] + x, start[1] + y


def down(upper: str, lower: str, share: float) -> Callable[[dict[str, Box]], list[tuple[int, int]]]:
    """Return the route of an arrow straight down, at a share of the width of the lower box."""

    def route(boxes: dict[str, Box]) -> list[tuple[int, int]]:
        x = round(boxes[lower].x + share * boxes[lower].width)
        return [(x, boxes[upper].bottom), (x, boxes[lower].y)]

    return route


def beside(upper: str, lower: str, lane: int) -> Callable[[dict[str, Box]], list[tuple[int, int]]]:
    """Return the route of an arrow that passes a layer at its side, `lane` pixels from the picture's edge."""

    def route(boxes: dict[str, Box]) -> list[tuple[int, int]]:
        start, end = boxes[upper], boxes[lower]
        is_left = end.x == min(box.x for name, box in boxes.items() if name in LAYERS[-1])
        x, near = (lane, end.x) if is_left else (WIDTH - lane, end.right)
        y = end.y + (40 if upper == ROOT else 20)
        if upper == ROOT:
            return [(x, start.bottom), (x, y), (near, y)]
        side = start.x if is_left else start.right
        return [(side, start.y + start.height // 2), (x, start.y + start.height // 2), (x, y), (near, y)]

    return route


ROUTES: Final = {
    (ROOT, "history"): down(ROOT, "history", 0.5),
    (ROOT, "system"): down(ROOT, "system", 0.92),
    (ROOT, "schedule"): beside(ROOT, "schedule", 24),
    (ROOT, "cloud"): beside(ROOT, "cloud", 24),
    ("history", "system"): down("history", "system", 0.5),
    ("history", "schedule"): beside("history", "schedule", 44),
    ("history", "cloud"): beside("history", "cloud", 44),
    ("system", "schedule"): down("system", "schedule", 0.5),
    ("system", "cloud"): down("system", "cloud", 0.5),
}


def legend(y: int) -> Iterator[str]:
    """Yield the meaning of the colours."""
    texts = {True: "imports Home Assistant", False: "plain Python, runs without it"}
    x = PADDING
    for needs, text in texts.items():
        yield rectangle(Box(x=x, y=y, width=22, height=14), fill=FILL[needs], border=BORDER[needs], corner=3)
        yield label(x + 30, y + 12, text, 'font-size="12"')
        x += 210
    order = "Within a box, a module imports only modules that come after it."
    yield label(WIDTH - PADDING, y + 12, order, 'font-size="12" text-anchor="end"')


def main() -> int:
    """Write the picture, or check the one that is there; return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/structure", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when the picture is out of date")
    parser.add_argument("--output", type=Path, default=PICTURE, help="of the SVG (default: docs/images/structure.svg)")
    options = parser.parse_args()
    imports = read_imports()
    if wrong := against_layers(imports.arrows):
        print(*(f"{package} must not import {other}" for package, other in wrong), sep="\n", file=sys.stderr)
        return 1
    picture = draw(imports)
    number = sum(len(drawn(package, imports)) for package in CAPTIONS)
    print(f"{number} modules, {len(imports.inner)} imports between them, none in a circle")
    if not options.check:
        options.output.write_text(picture, encoding="utf-8")
    elif not options.output.exists() or options.output.read_text(encoding="utf-8") != picture:
        print(f"{options.output} is out of date: run scripts/structure", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
