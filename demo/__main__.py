"""`scripts/demo`: a simulated plant and a real Home Assistant that shows it."""

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
from pathlib import Path
import shutil
import signal
import sys

from yarl import URL

from .check import Check
from .cloud import Cloud, open_cloud
from .house import CHECKOUT, House, open_house
from .options import parser, recall, remember, simulator_arguments
from .polling import DemoError
from .stage import add_system, history


def main() -> int:
    """Run until interrupted, or until everything is checked; return the exit code."""
    options = parser().parse_args()
    name = "check" if options.check else "kept" if options.keep else "house"
    try:
        with _occupied(CHECKOUT / ".demo" / name, keep=options.keep) as folder:
            return asyncio.run(run(options, folder))
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt, asyncio.CancelledError:
        return 130 if options.check else 0


async def run(options: argparse.Namespace, folder: Path) -> int:
    """Bring up cloud and house in `folder`; whatever happens, take both down again."""
    _stop_when_told()
    memory = folder / "kept.json"
    vars(options).update(recall(memory))
    async with open_cloud(folder, simulator_arguments(options)) as cloud:
        print(f"The cloud's stand-in is at {cloud.url}, where it is {cloud.timezone}", flush=True)
        async with open_house(folder, port=options.port) as house:
            await house.move_in(cloud.home)
            print(f"Home Assistant is at {house.url}, onboarding is done", flush=True)
            if options.check:
                return _verdict(await Check(house, cloud).run(), folder)
            if options.keep:
                remember(memory, options, cloud.home, port=house.port, cloud_port=URL(cloud.url).port or 0)
            await show(house, cloud)
    return 0


async def show(house: House, cloud: Cloud) -> None:
    """Set up the integration and the Energy dashboard, and stay until interrupted."""
    await add_system(house.client, cloud)
    await house.client.save_solar_source(await history(house.client, cloud))
    print(
        f"""
    {house.url}
    user name  {house.user.username}
    password   {house.user.password}

The Energy dashboard shows the day's hours, and the days since the plant was registered. The log is {house.output}.
Ctrl-C stops everything.""",
        flush=True,
    )
    await asyncio.Event().wait()


def _verdict(findings: list[str], folder: Path) -> int:
    if not findings:
        print("All is well.")
        return 0
    print(f"\n{len(findings)} findings; the logs are in {folder}:")
    for finding in findings:
        print(f"- {finding}")
    return 1


def _stop_when_told() -> None:
    """Take SIGTERM and the closing of the terminal like Ctrl-C: as a reason to clean up and leave."""
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


@contextmanager
def _occupied(folder: Path, *, keep: bool) -> Iterator[Path]:
    """Have a folder for oneself, an empty one unless its state is to be kept.

    Raises DemoError when another demo is in it.
    """
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(f"Another demo is running in {folder}") from None
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
        yield folder


if __name__ == "__main__":
    sys.exit(main())
