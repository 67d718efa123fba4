"""`scripts/simulator`. Imports nothing but the standard library until the command line is read."""

import asyncio
from contextlib import suppress
import sys

from .options import parse, parser


def main(arguments: list[str] | None = None) -> None:
    """Run until interrupted; exits with one line for a wrong command line or environment."""
    options = parse(arguments)
    try:
        from .process import cloud_of, serve  # noqa: PLC0415 -- `--help` works without them
    except (ImportError, SyntaxError) as error:
        sys.exit(f"Serving needs the project's environment ({error.msg}): run scripts/simulator")
    try:
        cloud = cloud_of(options)
    except ValueError as error:
        parser().error(str(error))
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(cloud, options.host, options.port))


if __name__ == "__main__":
    main()
