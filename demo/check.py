"""Checks the whole: entities, figures, restart, Energy dashboard, history, log; for a house, its grid and battery."""

from collections.abc import Iterable
import contextlib
from datetime import date, datetime
import re
import time
from typing import Any
from zoneinfo import ZoneInfo

from .client import Entity
from .cloud import Cloud, Silence, by_kind
from .connection import RequestRefusedError
from .expected import differences, figures, uids
from .instance import Instance
from .log import DOMAIN
from .polling import DemoError, until
from .progress import Progress, Step
from .steps import EVER, add_system, entity, fill_energy_dashboard, import_history, sources_of_house

# The recorder writes a sensor's first statistics at the next multiple of five minutes.
_STATISTICS_S = 390
_ROUND_S = 300
# The calls that one planned read may make, those for the history included.
_PLANNED = {
    "ecu_energy minutely",
    "energy hourly",
    "energy daily",
    "batch power",
    "meter_energy minutely",
    "meter_energy daily",
    "storage_latest",
    "storage_period minutely",
    "storage_period daily",
}
# The cloud rounds each day's total to two decimals.
_ROUNDING_KWH = 0.005
# Between two looks at the true figures, which change with every upload: each quarter of an hour.
_TRUTH_S = 10


class Check:
    """One run of all checks, on a Home Assistant that has no integration yet. The plant is `days` days old."""

    def __init__(self, instance: Instance, cloud: Cloud, progress: Progress, days: int) -> None:
        self._instance = instance
        self._client = instance.client
        self._cloud = cloud
        self._progress = progress
        self._days = days
        self._truths: list[dict[str, Any]] = []
        self._truth_read_at = 0.0
        self._silence = Silence(cloud)
        self._findings: list[str] = []
        self._differences: list[str] = []

    async def run(self) -> list[str]:
        """Run all checks, print each result, and return the problems found."""
        await self._read_truth()
        async with self._progress.step("Setting up the integration") as step:
            added = await add_system(self._client, self._cloud)
            step.status = "the config flow has created an entry"
        await self._check_figures()
        print(table((await self._entities()).values()))
        await self._check_devices(added.entry_id)
        statistic_id = await self._check_history()
        await self._check_restart()
        await self._check_energy_dashboard(statistic_id, by_integration=added.fills_energy_dashboard)
        await self._check_house_history()
        self._find("The log: ", (record.text for record in self._instance.problems()))
        calls = by_kind(await self._cloud.calls())
        self._progress.say("Calls made: " + ", ".join(f"{count} {kind}" for kind, count in calls.items()))
        return self._findings

    async def _check_figures(self) -> None:
        """Wait until every sensor shows the true figure; press the buttons if the plan alone does not lead there."""
        async with self._progress.step("Comparing the figures") as step:
            if not await self._are_figures_true(step):
                for button in ("scan_inverters", "refresh_inverter_energy"):
                    pressed = await entity(self._client, f"{self._cloud.sid}_{button}")
                    with contextlib.suppress(RequestRefusedError):  # the cloud has nothing newer
                        await self._client.call_service("button", "press", pressed.entity_id)
                await self._are_figures_true(step)
            count = len(figures(self._truths[-1], self._cloud.sid))
            step.status = f"{len(self._differences) or 'none'} of {count} differs from the cloud's"
        self._find("", self._differences)

    async def _are_figures_true(self, step: Step) -> bool:
        """Wait until every figure is right, or no more calls are made; return whether all are right."""

        async def settled() -> bool:
            is_silent = await self._silence.is_long_enough()
            if is_silent or time.monotonic() - self._truth_read_at > _TRUTH_S:
                await self._read_truth()
            self._differences = differences(await self._entities(), self._truths, self._cloud.sid)
            step.status = f"{len(self._differences)} differ"
            return is_silent or not self._differences

        self._silence.begin()
        await until(settled, "the end of the calls", timeout_s=_ROUND_S, interval_s=1)
        return not self._differences

    async def _check_devices(self, entry_id: str) -> None:
        """Check the devices, and the classes that the Energy dashboard requires of a sensor."""
        devices = {
            identifier[1]: device
            for device in await self._client.devices(entry_id)
            for identifier in device["identifiers"]
        }
        by_id = {device["id"]: device for device in devices.values()}
        system = devices.get(self._cloud.sid, {})
        for uid in uids(self._truths[-1]):
            ecu = by_id.get(devices.get(uid, {}).get("via_device_id"), {})
            if not system or ecu.get("via_device_id") != system["id"]:
                self._findings.append(f"Inverter {uid} is not a device below an ECU of the system")
        total = (await self._entities())[f"{self._cloud.sid}_total_energy"].attributes
        if (total.get("device_class"), total.get("state_class")) != ("energy", "total_increasing"):
            self._findings.append("Total energy has not the classes energy and total_increasing")

    async def _check_history(self) -> str | None:
        """Compare the energy that the statistic has of the days before today with the truth; return its id."""
        async with self._progress.step("Importing the history") as step:
            statistic_id = await import_history(self._client, self._cloud, self._days, step)
            if statistic_id is None:
                self._findings.append("The history: nothing of the past is written")
                return None
            truth = await self._cloud.truth()
            zone, today = ZoneInfo(truth["timezone"]), date.fromisoformat(truth["date"])
            past = await self._past(statistic_id, zone, today)
            written, true = sum(past.values()), (await self._cloud.truth(since=min(past)))["past_kwh"]
            step.status = f"{len(past)} days with {written:.2f} kWh; the plant produced {true:.2f} kWh since the first"
            if abs(written - true) > _ROUNDING_KWH * len(past):
                self._findings.append(f"The history: {step.status}")
        return statistic_id

    async def _past(self, statistic_id: str, zone: ZoneInfo, today: date) -> dict[date, float]:
        """Return the energy of each day before today by a statistic."""
        days = (await self._client.statistics([statistic_id], EVER, "day")).get(statistic_id, [])
        dated = {datetime.fromtimestamp(day["start"] / 1000, zone).date(): day["change"] for day in days}
        return {day: kwh for day, kwh in dated.items() if day < today}

    async def _check_house_history(self) -> None:
        """Compare the energy that the statistics of the house have of the days before today with the truth."""
        truth = await self._cloud.truth()
        if not (sources := sources_of_house(self._cloud.sid, truth)):
            return
        zone, today = ZoneInfo(truth["timezone"]), date.fromisoformat(truth["date"])
        async with self._progress.step("Comparing the history of the house") as step:
            texts = []
            for kind, flows in (("grid", ("imported", "exported")), ("battery", ("discharge", "charge"))):
                for flow, statistic_id in zip(flows, sources.get(kind, ()), strict=False):
                    past = await self._past(statistic_id, zone, today)
                    devices = (await self._cloud.truth(since=min(past, default=today)))[
                        "meters" if kind == "grid" else "batteries"
                    ]
                    written, true = sum(past.values()), devices[0]["past_kwh"][flow]
                    texts.append(f"{flow} {written:.2f} of {true:.2f} kWh in {len(past)} days")
                    if not past or abs(written - true) > _ROUNDING_KWH * (len(past) + 1):
                        self._findings.append(f"The history of the house: {texts[-1]}")
            step.status = "; ".join(texts)

    async def _check_restart(self) -> None:
        """Check that a restart costs no call and changes no state.

        A planned read may have fallen due meanwhile, which is no consequence of the restart: then restart once more.
        """
        async with self._progress.step("Restarting Home Assistant") as step:
            changes, calls = await self._restart()
            if calls.keys() <= _PLANNED and calls:
                step.status = "once more, as a planned read fell due"
                changes, calls = await self._restart()
            step.status = f"{len(changes)} states have changed, {sum(calls.values())} calls were made"
        self._find("After the restart ", changes)
        self._find("The restart called ", (f"{kind} ({count})" for kind, count in calls.items()))

    async def _restart(self) -> tuple[list[str], dict[str, int]]:
        """Restart; return the changed states, and the number of calls by kind."""
        await self._until_silent()
        calls, before = await self._cloud.calls(), await self._entities()
        await self._instance.restart()

        async def restored() -> bool:
            return not _changes(before, await self._entities())

        with contextlib.suppress(DemoError):
            await until(restored, "the states after the restart", timeout_s=30)
        await self._until_silent()
        more = (await self._cloud.calls())[len(calls) :]
        return _changes(before, await self._entities()), by_kind(more)

    async def _until_silent(self) -> None:
        self._silence.begin()
        await until(self._silence.is_long_enough, "the end of the calls", timeout_s=_ROUND_S, interval_s=1)

    async def _check_energy_dashboard(self, statistic_id: str | None, *, by_integration: bool) -> None:
        """Wait until the Energy dashboard accepts either source of the production, with our power as its rate."""
        sid = self._cloud.sid
        total, power = [await entity(self._client, f"{sid}_{key}") for key in ("total_energy", "power")]
        async with self._progress.step("Waiting for the first statistics of sensors, up to six minutes") as step:
            await fill_energy_dashboard(self._client, self._cloud, statistic_id, by_integration=by_integration)
            await self._check_source()
            await self._client.save_solar_source(total.entity_id, power=power.entity_id)
            await self._check_source()
            step.status = "the Energy dashboard accepts the statistic, the total energy and the power"

    async def _check_source(self) -> None:
        """Wait until the Energy dashboard finds no mistake in its source."""
        issues: list[dict[str, Any]] = []

        async def is_valid() -> bool:
            nonlocal issues
            issues = await self._client.validate_energy()
            return not issues

        with contextlib.suppress(DemoError):
            await until(is_valid, "a valid solar source", timeout_s=_STATISTICS_S, interval_s=2)
        self._find("The Energy dashboard: ", (str(issue) for issue in issues))

    async def _read_truth(self) -> None:
        """Read the true figures, and keep them when they differ from the last ones."""
        self._truth_read_at = time.monotonic()
        truth = await self._cloud.truth()
        if not self._truths or truth["newest_sample"] != self._truths[-1]["newest_sample"]:
            self._truths.append(truth)

    async def _entities(self) -> dict[str, Entity]:
        return {entity.unique_id: entity for entity in await self._client.entities(DOMAIN)}

    def _find(self, prefix: str, texts: Iterable[str]) -> None:
        self._findings.extend(prefix + text for text in texts)


def _changes(before: dict[str, Entity], after: dict[str, Entity]) -> list[str]:
    """List the states that differ after a restart."""
    return [
        f"{old.entity_id} shows {new.state if new else None}, before: {old.state}"
        for unique_id, old in before.items()
        if (new := after.get(unique_id)) is None or new.state != old.state
    ]


def table(entities: Iterable[Entity]) -> str:
    """Return entities as an aligned table, those of the system first."""
    rows = [("ENTITY", "NAME", "STATE", "UNIT")]
    rows += [
        (entity.entity_id, entity.name, "disabled" if entity.disabled else str(entity.state), entity.unit)
        for entity in sorted(entities, key=lambda entity: bool(re.search(r"_inverter_\d", entity.unique_id)))
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
