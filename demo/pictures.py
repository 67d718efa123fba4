"""Takes pictures of Home Assistant's pages, as high as their content."""

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from .browser import open_page
from .client import Client
from .cloud import Cloud, open_cloud
from .instance import INTEGRATION, QUICK_CALLS, Instance, open_instance
from .log import DOMAIN
from .polling import DemoError, until
from .progress import Progress
from .steps import add_system, fill_energy_dashboard, import_history

if TYPE_CHECKING:
    from playwright.async_api import Page  # type: ignore[import-not-found]  # in an environment of its own

_WIDTH = 1280
# Pages scroll within an element of their own. So high a window shows any of them whole.
_HIGHEST = 3000
_MARGIN = 16
_DATE_BAR = 90
# For the picture of the config flow: invented, like every id of the simulator.
_EXAMPLE = {
    "app_id": "0123456789abcdef0123456789abcdef",
    "app_secret": "s3cr3tS3cr3t",
    "sid": "AB12345C6D7E",
}
_PERIODS = {"energy-day": "today", "energy-month": "this_month", "energy-year": "this_year"}


def take_all(options: argparse.Namespace) -> int:
    """Take the pictures that `options.only` names, into `options.output`; return the exit code."""
    options.output.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(_take(Path(folder), options))
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _take(folder: Path, options: argparse.Namespace) -> None:
    paths = {name: options.output / f"{name}.png" for name in options.only}
    of_house = paths.pop("energy-house", None)
    if paths:
        await _take_home(folder / "home", paths, options.hour)
    if of_house:
        await _take_house(folder / "house", of_house, options.hour)


async def _take_house(folder: Path, path: Path, hour: int) -> None:
    """Take the picture of the Energy dashboard of a house with a meter and a battery."""
    progress = Progress()
    async with (
        open_instance(folder, components=[INTEGRATION, QUICK_CALLS]) as instance,
        open_cloud(folder, [f"--site-where-it-is={hour}", "--meter", "--battery=5"], progress) as cloud,
    ):
        async with progress.step("Starting Home Assistant"):
            await instance.sign_in(cloud.home)
        async with progress.step("Setting up the integration"):
            added = await add_system(instance.client, cloud)
        async with progress.step("Importing the history") as step:
            statistic_id = await import_history(instance.client, cloud, 400, step)
            await fill_energy_dashboard(
                instance.client, cloud, statistic_id, by_integration=added.fills_energy_dashboard
            )
        async with open_page(instance, cloud.timezone) as page:
            await _energy(page, instance, "this_month", path)


async def _take_home(folder: Path, paths: Mapping[str, Path], hour: int) -> None:
    """Take the other pictures."""
    progress = Progress()
    async with (
        open_instance(folder, components=[INTEGRATION, QUICK_CALLS]) as instance,
        open_cloud(folder, [f"--site-where-it-is={hour}"], progress) as cloud,
    ):
        async with progress.step("Starting Home Assistant"):
            await instance.sign_in(cloud.home)
        async with open_page(instance, cloud.timezone) as page:
            if "config-flow" in paths:
                await _config_flow(page, instance, paths["config-flow"])
            async with progress.step("Setting up the integration"):
                added = await add_system(instance.client, cloud)
                await until(lambda: _telemetry(instance.client), "the telemetry", timeout_s=120)
            async with progress.step("Importing the history") as step:
                statistic_id = await import_history(instance.client, cloud, 400, step)
                by_integration = added.fills_energy_dashboard
                await fill_energy_dashboard(instance.client, cloud, statistic_id, by_integration=by_integration)
            await _devices(page, instance, cloud, paths)
            for name in _PERIODS.keys() & paths.keys():
                await _energy(page, instance, _PERIODS[name], paths[name])


async def _config_flow(page: Page, instance: Instance, path: Path) -> None:
    """Take a picture of the first form, which is a dialog."""
    await page.set_viewport_size({"width": 640, "height": 1000})
    await page.goto(f"{instance.url}/config/integrations/dashboard/add?domain={DOMAIN}")
    await page.get_by_role("button", name="OK").click()
    for name, text in _EXAMPLE.items():
        await page.locator(f"ha-form [name={name}] input").first.fill(text)
    await page.wait_for_timeout(500)  # no event announces that the dialog has its final size
    dialog = await page.locator("dialog:visible").last.bounding_box()
    await _save(page, path, clip=dialog)
    await page.keyboard.press("Escape")


async def _devices(page: Page, instance: Instance, cloud: Cloud, paths: Mapping[str, Path]) -> None:
    """Take the pictures of the system's device page and of its largest inverter's."""
    entries = await instance.client.entries(DOMAIN)
    devices = {
        device["identifiers"][0][1]: device["id"] for device in await instance.client.devices(entries[0]["entry_id"])
    }
    inverter = max(uid for uid in devices if uid.isdecimal())
    for uid, name in ((cloud.sid, "system"), (inverter, "inverter")):
        if name in paths:
            await page.goto(f"{instance.url}/config/devices/device/{devices[uid]}")
            await page.get_by_text("Sensors", exact=True).wait_for()
            await _picture(page, paths[name], bottom=await _end_of_cards(page))


async def _energy(page: Page, instance: Instance, period: str, path: Path) -> None:
    """Take a picture of the Energy dashboard. The period that it shows first is in the browser's storage."""
    await page.goto(instance.url)
    for key in ("_energy", "_energy_dashboard", "_energy_energy"):
        await page.evaluate(f"localStorage.setItem('energy-default-period-{key}', '{period}')")
    await page.goto("about:blank")
    await page.goto(f"{instance.url}/energy/electricity")
    await page.get_by_text("Solar production", exact=True).first.wait_for()
    await page.wait_for_timeout(1500)  # no event announces that the charts are drawn
    await _picture(page, path, bottom=await _end_of_cards(page) + _DATE_BAR)


async def _end_of_cards(page: Page) -> float:
    """Return the lowest edge of the page's cards, in pixels, without what sticks to the lower edge of the window."""
    await page.set_viewport_size({"width": _WIDTH, "height": _HIGHEST})
    await page.wait_for_load_state("networkidle")
    boxes = [await card.bounding_box() for card in await page.locator("ha-card").all()]
    edges = [float(box["y"] + box["height"]) for box in boxes if box]
    return max(edge for edge in edges if edge < _HIGHEST - _DATE_BAR)


async def _telemetry(client: Client) -> bool:
    powers = [e for e in await client.entities(DOMAIN) if e.unique_id.endswith("_power")]
    return bool(powers) and all(power.number is not None for power in powers)


async def _picture(page: Page, path: Path, *, bottom: float) -> None:
    """Take a picture of a page down to an edge."""
    await page.set_viewport_size({"width": _WIDTH, "height": round(bottom) + _MARGIN})
    await page.wait_for_load_state("networkidle")
    await page.wait_for_timeout(500)  # no event announces that the charts have their new size
    await _save(page, path)


async def _save(page: Page, path: Path, **part: Any) -> None:  # noqa: ANN401 -- Playwright's own type is not installed
    picture = await page.screenshot(path=path, animations="disabled", **part)
    print(path, f"{len(picture) // 1024} kB", flush=True)
