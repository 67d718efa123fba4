"""`scripts/screenshots`. Imports nothing but the standard library until the command line is read."""

import argparse
from pathlib import Path
import sys

PICTURES = ("config-flow", "system", "inverter", "energy-day", "energy-month", "energy-year", "energy-house")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/screenshots",
        description="Take the README's pictures of Home Assistant's pages from a real run. Needs Chromium: on Debian, "
        "apt-get install chromium.",
    )
    images = Path(__file__).parent.parent / "docs" / "images"
    parser.add_argument("--output", type=Path, default=images, metavar="FOLDER", help="default: docs/images")
    parser.add_argument("--only", choices=PICTURES, nargs="+", default=PICTURES, help="take these (default: all)")
    parser.add_argument("--hour", type=int, choices=range(24), default=13, metavar="HH", help="the hour at the plant")
    return parser.parse_args(arguments)


def main() -> int:
    """Take the pictures; return the exit code."""
    options = parse()
    from .pictures import take_all  # noqa: PLC0415 -- `--help` works without the environment

    return take_all(options)


if __name__ == "__main__":
    sys.exit(main())
