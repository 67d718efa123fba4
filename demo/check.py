"""Checks the whole: entities, figures, restart, Energy dashboard, history, log."""

from collections.abc import Iterable
import contextlib
from datetime import UTC, datetime, timedelta
import re
import time
from typing import Any

from .client import Entity
from .cloud import Cloud, by_kind
from .expected import differences, figures, uids
from .instance import Instance
from .log import DOMAIN
from .polling import DemoError, until
from .steps import add_system, imported_history

# The recorder writes a sensor's first statistics at the next multiple of five minutes.
_STATISTICS_S = 390
# Calls of one round are two seconds apart, so that a round has ended after this time without a call.
_QUIET_S = 5
_WRITING_S = 60
_ROUND_S = 300
# The calls that one planned read may make, those for the history included.
_PLANNED = {"ecu_energy minutely", "energy hourly", "energy daily", "batch power"}
# The cloud rounds each day's total to two decimals.
_ROUNDING_KWH = 0.005
# Between two looks at the true figures, which change with every upload: each quarter of an hour.
_TRUTH_S = 10


class Check:
    """One run of all checks, on a Home Assistant that has no integration yet."""

    def __init__(self, instance: Instance, cloud: Cloud) -> None:
        self._instance = instance
        self._client = instance.client
        self._cloud = cloud
        self._started = time.monotonic()
        self._truths: list[dict[str, Any]] = []
        self._truth_read_at = 0.0
        self._number_of_calls = 0
        self._quiet_since = time.monotonic()
        self._findings: list[str] = []
        self._differences: list[str] = []

    async def run(self) -> list[str]:
        """Run all checks, print each result, and return the problems found."""
        await self._read_truth()
        entry_id = await add_system(self._client, self._cloud)
        self._say("the config flow has created an entry")
        await self._check_figures()
        print(table((await self._entities()).values()))
        await self._check_devices(entry_id)
        total = (await self._entities())[f"{self._cloud.sid}_total_energy"]
        await self._client.save_solar_source(total.entity_id)
        await self._check_restart()
        await self._check_energy_dashboard()
        await self._check_history()
        self._find("The log: ", (record.text for record in self._instance.problems()))
        self._say("calls made: " + ", ".join(f"{n} {kind}" for kind, n in by_kind(await self._calls()).items()))
        return self._findings

    async def _check_figures(self) -> None:
        """Wait until every sensor shows the true figure; press the buttons if the plan alone does not lead there."""
        if not await self._are_figures_true():
            for button in ("scan_inverters", "refresh_inverter_energy"):
                entity = (await self._entities()).get(f"{self._cloud.sid}_{button}")
                if entity is None:
                    raise DemoError(f"There is no button {button}, and these differ: {'; '.join(self._differences)}")
                await self._client.call_service("button", "press", entity.entity_id)
            self._say("the buttons have been pressed, to fetch telemetry")
            await self._are_figures_true()
        self._find("", self._differences)
        count = len(figures(self._truths[-1], self._cloud.sid))
        self._say(f"{count - len(self._differences)} of {count} figures are those of the cloud")

    async def _are_figures_true(self) -> bool:
        """Wait until every figure is right, or no more calls are made; return whether all are right."""

        async def settled() -> bool:
            quiet = await self._is_quiet()
            if quiet or time.monotonic() - self._truth_read_at > _TRUTH_S:
                await self._read_truth()
            self._differences = differences(await self._entities(), self._truths, self._cloud.sid)
            return quiet or not self._differences

        self._quiet_since = time.monotonic()
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

    async def _check_restart(self) -> None:
        """Check that a restart costs no call and changes no state.

        A planned read may have fallen due meanwhile, which is no consequence of the restart: then restart once more.
        """
        changes, calls = await self._restart()
        if calls.keys() <= _PLANNED and calls:
            self._say("a planned read fell due during the restart, restarting once more")
            changes, calls = await self._restart()
        self._find("After the restart ", changes)
        self._find("The restart called ", (f"{kind} ({count})" for kind, count in calls.items()))
        if not changes and not calls:
            self._say("after a restart every entity has the same state, and no call was made")

    async def _restart(self) -> tuple[list[str], dict[str, int]]:
        """Restart; return the changed states, and the number of calls by kind."""
        await until(self._is_quiet, "the end of the calls", timeout_s=_ROUND_S, interval_s=1)
        calls, before = await self._calls(), await self._entities()
        await self._instance.restart()

        async def restored() -> bool:
            return not _changes(before, await self._entities())

        with contextlib.suppress(DemoError):
            await until(restored, "the states after the restart", timeout_s=30)
        await until(self._is_quiet, "the end of the calls", timeout_s=_ROUND_S, interval_s=1)
        more = (await self._calls())[len(calls) :]
        return _changes(before, await self._entities()), by_kind(more)

    async def _is_quiet(self) -> bool:
        """Return whether no call has been made for some seconds."""
        if (number := len(await self._calls())) != self._number_of_calls:
            self._number_of_calls, self._quiet_since = number, time.monotonic()
        return time.monotonic() - self._quiet_since > _QUIET_S

    async def _check_energy_dashboard(self) -> None:
        """Wait until the Energy dashboard accepts its solar source."""
        issues: list[dict[str, Any]] = []

        async def valid() -> bool:
            nonlocal issues
            issues = await self._client.validate_energy()
            return not issues

        self._say("waiting for the first statistics, up to six minutes")
        try:
            await until(valid, "a valid solar source", timeout_s=_STATISTICS_S, interval_s=2)
            self._say("the Energy dashboard accepts its solar source")
        except DemoError:
            self._find("The Energy dashboard: ", (str(issue) for issue in issues))

    async def _check_history(self) -> None:
        """Make the statistic the solar source, and compare its energy before today with the truth."""
        statistic_id = await imported_history(self._client, self._cloud)
        await self._client.save_solar_source(statistic_id)
        self._find("The Energy dashboard: ", map(str, await self._client.validate_energy()))
        truth, start = await self._cloud.truth(), datetime.now(UTC) - timedelta(days=3650)
        true, said = truth["lifetime_kwh"] - truth["today_kwh"], ""

        async def is_written() -> bool:
            nonlocal said
            days = (await self._client.statistics([statistic_id], start, "day"))[statistic_id]
            written = sum(day["change"] for day in days[:-1])
            said = f"the statistic has {len(days)} days, {written:.2f} kWh before today; the plant produced {true:.2f}"
            return bool(abs(written - true) <= _ROUNDING_KWH * len(days))

        try:  # the recorder may still be writing the last months
            await until(is_written, "the last rows of the statistic", timeout_s=_WRITING_S, interval_s=1)
        except DemoError:
            self._findings.append(said)
        self._say(said)

    async def _read_truth(self) -> None:
        """Read the true figures, and keep them when they differ from the last ones."""
        self._truth_read_at = time.monotonic()
        truth = await self._cloud.truth()
        if not self._truths or truth["newest_sample"] != self._truths[-1]["newest_sample"]:
            self._truths.append(truth)

    async def _calls(self) -> list[dict[str, Any]]:
        return await self._cloud.calls()

    async def _entities(self) -> dict[str, Entity]:
        return {entity.unique_id: entity for entity in await self._client.entities(DOMAIN)}

    def _find(self, prefix: str, texts: Iterable[str]) -> None:
        self._findings.extend(prefix + text for text in texts)

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self._started:6.1f} s  {text}", flush=True)


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
