"""`python -m demo.screenshots`: takes the README's pictures from a real run. Needs Chromium."""

import argparse
import asyncio
from pathlib import Path
import tempfile
from typing import TYPE_CHECKING

from .browser import open_page
from .client import Client
from .cloud import Cloud, open_cloud
from .instance import CHECKOUT, Instance, open_instance
from .log import DOMAIN
from .polling import until
from .steps import add_system, imported_history

if TYPE_CHECKING:
    from playwright.async_api import Page  # type: ignore[import-not-found]

_IMAGES = CHECKOUT / "docs" / "images"
# For the picture of the config flow: invented, like every id of the simulator.
_EXAMPLE = {
    "app_id": "0123456789abcdef0123456789abcdef",
    "app_secret": "s3cr3tS3cr3t",
    "sid": "AB12345C6D7E",
}


async def take(folder: Path) -> None:
    """Start the cloud and Home Assistant in `folder`, and take all pictures."""
    async with open_cloud(folder, ["--site-where-it-is=13"]) as cloud, open_instance(folder, quiet=True) as instance:
        await instance.sign_in(cloud.home)
        async with open_page(instance) as page:
            await _config_flow(page, instance)
            await add_system(instance.client, cloud)
            await instance.client.save_solar_source(await imported_history(instance.client, cloud))
            await until(lambda: _telemetry(instance.client), "the telemetry", timeout_s=120)
            await _devices(page, instance, cloud)
            await _energy(page, instance)


async def _config_flow(page: Page, instance: Instance) -> None:
    await page.goto(f"{instance.url}/config/integrations/dashboard/add?domain={DOMAIN}")
    await page.get_by_role("button", name="OK").click()
    for name, text in _EXAMPLE.items():
        await page.locator(f"ha-form [name={name}] input").first.fill(text)
    await _picture(page, "config-flow", width=760, height=1240)
    await page.keyboard.press("Escape")


async def _devices(page: Page, instance: Instance, cloud: Cloud) -> None:
    """Take the pictures of the system's device page and of its largest inverter's."""
    entries = await instance.client.entries(DOMAIN)
    devices = {
        device["identifiers"][0][1]: device["id"] for device in await instance.client.devices(entries[0]["entry_id"])
    }
    inverter = max(uid for uid in devices if uid != cloud.sid)
    for uid, name, height in ((cloud.sid, "system", 920), (inverter, "inverter", 1170)):
        await page.goto(f"{instance.url}/config/devices/device/{devices[uid]}")
        await page.get_by_text("Sensors", exact=True).wait_for()
        await _picture(page, name, height=height)


async def _energy(page: Page, instance: Instance) -> None:
    """Take the pictures of the Energy dashboard. The period that it shows first is in the browser's storage."""
    for period, name in (("today", "energy-day"), ("this_month", "energy-month"), ("this_year", "energy-year")):
        for key in ("_energy", "_energy_dashboard", "_energy_energy"):
            await page.evaluate(f"localStorage.setItem('energy-default-period-{key}', '{period}')")
        await page.goto("about:blank")
        await page.goto(f"{instance.url}/energy/electricity")
        await page.get_by_text("Solar production").first.wait_for()
        await page.wait_for_timeout(1500)  # no event announces that the charts are drawn
        await _picture(page, name, height=760)


async def _telemetry(client: Client) -> bool:
    powers = [e for e in await client.entities(DOMAIN) if e.unique_id.endswith("_power")]
    return bool(powers) and all(power.number is not None for power in powers)


async def _picture(page: Page, name: str, *, width: int = 1280, height: int) -> None:
    await page.set_viewport_size({"width": width, "height": height})
    await page.wait_for_load_state("networkidle")
    path = _IMAGES / f"{name}.png"
    await page.screenshot(path=path, animations="disabled")
    print(path.relative_to(CHECKOUT), f"{path.stat().st_size // 1024} kB", flush=True)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(prog="python -m demo.screenshots", description=__doc__)
    parser.parse_args()
    _IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(take(Path(folder)))


if __name__ == "__main__":
    main()
