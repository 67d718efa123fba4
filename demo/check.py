"""Whether the whole works: entities, figures, Energy dashboard, restart, log."""

from collections.abc import Iterable
import contextlib
from datetime import UTC, datetime, timedelta
import re
import time
from typing import Any

from .client import Entity
from .cloud import Cloud, by_kind
from .expected import differences, figures, uids
from .house import House
from .log import DOMAIN
from .polling import DemoError, until
from .stage import add_system, history

# A sensor's first statistics come with the clock's next multiple of five minutes.
_STATISTICS_S = 390
# Calls of one round are two seconds apart, so after this long a round is over.
_QUIET_S = 5
_ROUND_S = 300
# What a single poll of the plan is, and what it may bring along of the past.
_A_POLL = {"ecu_energy minutely", "energy hourly", "energy daily", "batch power"}
# The cloud rounds each day's total to two decimals.
_ROUNDING_KWH = 0.005
# How often the truth is looked at: it changes with every upload, each quarter of an hour.
_TRUTH_S = 10


class Check:
    """One run of all checks on a house that nothing was set up in yet."""

    def __init__(self, house: House, cloud: Cloud) -> None:
        self._house = house
        self._client = house.client
        self._cloud = cloud
        self._begun = time.monotonic()
        self._truths: list[dict[str, Any]] = []
        self._witnessed = 0.0
        self._made = 0
        self._silent_since = time.monotonic()
        self._findings: list[str] = []
        self._late: list[str] = []

    async def run(self) -> list[str]:
        """Check everything, printing what is seen, and return what is wrong."""
        await self._witness()
        entry_id = await add_system(self._client, self._cloud)
        self._say("the config flow has made an entry")
        await self._figures()
        print(table((await self._entities()).values()))
        await self._structure(entry_id)
        total = (await self._entities())[f"{self._cloud.sid}_total_energy"]
        await self._client.save_solar_source(total.entity_id)
        await self._check_restart()
        await self._energy()
        await self._history()
        self._find("The log: ", (record.text for record in self._house.complaints()))
        self._say("calls made: " + ", ".join(f"{n} {kind}" for kind, n in by_kind(await self._calls()).items()))
        return self._findings

    async def _figures(self) -> None:
        """Wait until every sensor shows what is true; press the buttons for those that are late."""
        if not await self._become_true():
            for button in ("scan_inverters", "refresh_inverter_energy"):
                entity = (await self._entities()).get(f"{self._cloud.sid}_{button}")
                if entity is None:
                    raise DemoError(f"There is no button {button}, and still wrong: {'; '.join(self._late)}")
                await self._client.call_service("button", "press", entity.entity_id)
            self._say("the buttons were pressed for telemetry")
            await self._become_true()
        self._find("", self._late)
        count = len(figures(self._truths[-1], self._cloud.sid))
        self._say(f"{count - len(self._late)} of {count} figures equal what the cloud serves")

    async def _become_true(self) -> bool:
        """Wait until every sensor is right or no call is made any more; tell whether all are."""

        async def settled() -> bool:
            quiet = await self._is_quiet()
            if quiet or time.monotonic() - self._witnessed > _TRUTH_S:
                await self._witness()
            self._late = differences(await self._entities(), self._truths, self._cloud.sid)
            return quiet or not self._late

        self._silent_since = time.monotonic()
        await until(settled, "the calls to cease", timeout_s=_ROUND_S, interval_s=1)
        return not self._late

    async def _structure(self, entry_id: str) -> None:
        """Look at the devices, and at what the Energy dashboard asks of a sensor."""
        devices = {
            identifier[1]: device
            for device in await self._client.devices(entry_id)
            for identifier in device["identifiers"]
        }
        system = devices.get(self._cloud.sid, {})
        for uid in uids(self._truths[-1]):
            if devices.get(uid, {}).get("via_device_id") != system.get("id") or not system:
                self._findings.append(f"Inverter {uid} is no device connected through the system's")
        total = (await self._entities())[f"{self._cloud.sid}_total_energy"].attributes
        if (total.get("device_class"), total.get("state_class")) != ("energy", "total_increasing"):
            self._findings.append("Total energy is not of class energy, total_increasing")

    async def _check_restart(self) -> None:
        """Start Home Assistant again: that costs no call and changes no state.

        A single poll may have fallen due meanwhile, by the plan and not by the restart: then another restart tells.
        """
        changes, calls = await self._restart()
        if calls.keys() <= _A_POLL and calls:
            self._say("a poll fell due during the restart; once more")
            changes, calls = await self._restart()
        self._find("After the restart ", changes)
        self._find("The restart called ", (f"{kind} ({count})" for kind, count in calls.items()))
        if not changes and not calls:
            self._say("restarted: every entity as before, no call")

    async def _restart(self) -> tuple[list[str], dict[str, int]]:
        """Restart; return which states changed, and the calls that were made, by kind."""
        await until(self._is_quiet, "the calls to cease", timeout_s=_ROUND_S, interval_s=1)
        calls, before = await self._calls(), await self._entities()
        await self._house.restart()

        async def back() -> bool:
            return not _changes(before, await self._entities())

        with contextlib.suppress(DemoError):
            await until(back, "the states after the restart", timeout_s=30)
        await until(self._is_quiet, "the calls to cease", timeout_s=_ROUND_S, interval_s=1)
        more = (await self._calls())[len(calls) :]
        return _changes(before, await self._entities()), by_kind(more)

    async def _is_quiet(self) -> bool:
        """Tell whether no call has been made for some seconds."""
        if (made := len(await self._calls())) != self._made:
            self._made, self._silent_since = made, time.monotonic()
        return time.monotonic() - self._silent_since > _QUIET_S

    async def _energy(self) -> None:
        """Wait until the Energy dashboard finds nothing wrong with its solar source."""
        issues: list[dict[str, Any]] = []

        async def valid() -> bool:
            nonlocal issues
            issues = await self._client.validate_energy()
            return not issues

        self._say("waiting for the first statistics, up to six minutes")
        try:
            await until(valid, "a valid solar source", timeout_s=_STATISTICS_S, interval_s=2)
            self._say("the Energy dashboard is content with its solar source")
        except DemoError:
            self._find("The Energy dashboard: ", (str(issue) for issue in issues))

    async def _history(self) -> None:
        """Let the statistic be the solar source, and hold what it says of the past against the truth."""
        statistic_id = await history(self._client, self._cloud)
        await self._client.save_solar_source(statistic_id)
        self._find("The Energy dashboard: ", map(str, await self._client.validate_energy()))
        truth, begun = await self._cloud.truth(), datetime.now(UTC) - timedelta(days=3650)
        days = (await self._client.statistics([statistic_id], begun, "day"))[statistic_id]
        past = truth["lifetime_kwh"] - truth["today_kwh"]
        written = sum(day["change"] for day in days[:-1])
        if abs(written - past) > _ROUNDING_KWH * len(days):
            self._findings.append(f"The statistic has {written:.2f} kWh before today, the plant made {past:.2f}")
        self._say(f"the statistic has {len(days)} days, {written:.2f} kWh before today; the plant made {past:.2f}")

    async def _witness(self) -> None:
        """Look at the truth, and remember it when it is another than before."""
        self._witnessed = time.monotonic()
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
        print(f"{time.monotonic() - self._begun:6.1f} s  {text}", flush=True)


def _changes(before: dict[str, Entity], after: dict[str, Entity]) -> list[str]:
    """Tell what is another after a restart than before."""
    return [
        f"{old.entity_id} shows {new.state if new else None}, before {old.state}"
        for unique_id, old in before.items()
        if (new := after.get(unique_id)) is None or new.state != old.state
    ]


def table(entities: Iterable[Entity]) -> str:
    """Write entities as an aligned table, the system's before the inverters'."""
    rows = [("ENTITY", "NAME", "STATE", "UNIT")]
    rows += [
        (entity.entity_id, entity.name, "disabled" if entity.disabled else str(entity.state), entity.unit)
        for entity in sorted(entities, key=lambda entity: bool(re.search(r"_inverter_\d", entity.unique_id)))
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
