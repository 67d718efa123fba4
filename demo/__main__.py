"""`scripts/demo`. Imports nothing but the standard library until the command line is read."""

import sys

from .options import parse


def main() -> int:
    """Run until interrupted, or until all checks are done; return the exit code."""
    options = parse()
    from .run import run  # noqa: PLC0415 -- `--help` works without the environment

    return run(options)


if __name__ == "__main__":
    sys.exit(main())
