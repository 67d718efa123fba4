"""One run of the demo: the cloud, Home Assistant, the owner's steps, and then the checks or a wait for Ctrl-C."""

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
from .instance import CHECKOUT, INTEGRATION, QUICK_CALLS, Instance, open_instance
from .memory import age_days, recall, simulator_arguments, store
from .polling import DemoError
from .process import next_free_port
from .progress import Progress
from .steps import add_system, fill_energy_dashboard, import_history, total_energy

_PORT = 8123


def run(options: argparse.Namespace) -> int:
    """Run until interrupted, or until all checks are done; return the exit code."""
    name = "check" if options.check else "kept" if options.keep else "run"
    try:
        with _locked(CHECKOUT / ".demo" / name, keep=options.keep) as folder:
            return asyncio.run(_run(options, folder))
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt, asyncio.CancelledError:
        return 130 if options.check else 0


async def _run(options: argparse.Namespace, folder: Path) -> int:
    """Start the cloud and Home Assistant in `folder`, and stop both in the end, whatever happens."""
    _stop_on_signals()
    progress, memory = Progress(), folder / "kept.json"
    vars(options).update(recall(memory))
    # The checks are about the integration as it is; whoever looks at it need not wait for its pauses.
    components = [INTEGRATION] if options.check else [INTEGRATION, QUICK_CALLS]
    port = options.port or next_free_port(_PORT)
    async with (
        open_instance(folder, port=port, components=components) as instance,
        open_cloud(folder, simulator_arguments(options), progress) as cloud,
    ):
        await _sign_in(instance, cloud, progress)
        if options.check:
            return _verdict(await Check(instance, cloud, progress, age_days(options)).run(), folder)
        if options.keep:
            store(memory, options, cloud.home, port=port, cloud_port=URL(cloud.url).port or 0)
        await _show(instance, cloud, progress, age_days(options))
        try:
            await asyncio.Event().wait()
        finally:
            progress.say("Stopping Home Assistant and the cloud …")
    return 0


async def _sign_in(instance: Instance, cloud: Cloud, progress: Progress) -> None:
    """Complete the onboarding, and print the login."""
    async with progress.step("Starting Home Assistant") as step:
        await instance.until_it_answers()
        step.status = instance.url
    async with progress.step("Onboarding") as step:
        await instance.sign_in(cloud.home)
        step.status = f"the home is where the plant is, in {cloud.timezone}"
    print(
        f"""
    {instance.url}
    user name  {instance.user.username}
    password   {instance.user.password}
""",
        flush=True,
    )


async def _show(instance: Instance, cloud: Cloud, progress: Progress, days: int) -> None:
    """Set up the integration, wait for its history, and show its production in the Energy dashboard."""
    client = instance.client
    async with progress.step("Setting up the integration") as step:
        added = await add_system(client, cloud)
        step.status = f"{(await total_energy(client, cloud.sid)).number:g} kWh in total"
    async with progress.step("Importing the history") as step:
        statistic_id = await import_history(client, cloud, days, step)
    async with progress.step("Filling the Energy dashboard") as step:
        by_integration = added.fills_energy_dashboard
        sources = await fill_energy_dashboard(client, cloud, statistic_id, by_integration=by_integration)
        step.status = ", ".join(f"{source['type']}: {source['stat_energy_from']}" for source in sources)
    progress.say("Everything is set up. The power's own curve, in the tab Now, begins with its first five minutes.")
    print(f"\nThe log is {instance.output}. Press Ctrl-C to stop.", flush=True)


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
