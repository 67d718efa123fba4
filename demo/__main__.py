"""`scripts/demo`: a simulated plant, and a real Home Assistant that shows it."""

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
from .instance import CHECKOUT, Instance, open_instance
from .options import parser, recall, simulator_arguments, store
from .polling import DemoError
from .steps import add_system, imported_history


def main() -> int:
    """Run until interrupted, or until all checks are done; return the exit code."""
    options = parser().parse_args()
    name = "check" if options.check else "kept" if options.keep else "run"
    try:
        with _locked(CHECKOUT / ".demo" / name, keep=options.keep) as folder:
            return asyncio.run(run(options, folder))
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt, asyncio.CancelledError:
        return 130 if options.check else 0


async def run(options: argparse.Namespace, folder: Path) -> int:
    """Start the cloud and Home Assistant in `folder`, and stop both in the end, whatever happens."""
    _stop_on_signals()
    memory = folder / "kept.json"
    vars(options).update(recall(memory))
    async with open_cloud(folder, simulator_arguments(options)) as cloud:
        print(f"The simulated cloud is at {cloud.url}, its plant in the time zone {cloud.timezone}", flush=True)
        async with open_instance(folder, port=options.port) as instance:
            await instance.sign_in(cloud.home)
            print(f"Home Assistant is at {instance.url}, onboarding is done", flush=True)
            if options.check:
                return _verdict(await Check(instance, cloud).run(), folder)
            if options.keep:
                store(memory, options, cloud.home, port=instance.port, cloud_port=URL(cloud.url).port or 0)
            await show(instance, cloud)
    return 0


async def show(instance: Instance, cloud: Cloud) -> None:
    """Set up the integration and the Energy dashboard, and wait until interrupted."""
    await add_system(instance.client, cloud)
    await instance.client.save_solar_source(await imported_history(instance.client, cloud))
    print(
        f"""
    {instance.url}
    user name  {instance.user.username}
    password   {instance.user.password}

The Energy dashboard shows today by the hour, and every day since the plant was registered.
The log is {instance.output}. Press Ctrl-C to stop.""",
        flush=True,
    )
    await asyncio.Event().wait()


def _verdict(findings: list[str], folder: Path) -> int:
    if not findings:
        print("All checks passed.")
        return 0
    print(f"\n{len(findings)} checks failed, the logs are in {folder}:")
    for finding in findings:
        print(f"- {finding}")
    return 1


def _stop_on_signals() -> None:
    """Cancel the running task on SIGTERM and when the terminal closes, as Ctrl-C does."""
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


@contextmanager
def _locked(folder: Path, *, keep: bool) -> Iterator[Path]:
    """Lock a folder for this process, and empty it unless its state is kept.

    Raises DemoError when another demo uses it.
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
