"""Simulated days with random events. `scripts/soak` runs many of them.

Faults, delays, offline ECUs, buttons, reloads, clock jumps, other programs on the same App ID, and plants that change:
drawn from a seed, one after another and at the same time. The rules of `invariants.py` are checked after every step.
"""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
import os
import random

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from simulator import (
    Absent,
    AddEcu,
    AddInverter,
    Change,
    Ecu,
    Inverter,
    Kind,
    ListInverters,
    MoveInverter,
    Plant,
    RemoveEcu,
    RemoveInverter,
    ReplaceEcu,
    ReplaceInverter,
    parse_fault,
    sample_plant,
)
from tests.faults import FAULTS, SPIKE
from tests.harness import AUTOMATIC, Disk, House, RightClock
from tests.invariants import Rules

DAYS = int(os.environ.get("SOAK_DAYS", "3"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
KINDS = (None, None, Kind.ECU_ENERGY, Kind.INVERTER_ENERGY, Kind.SUMMARY, Kind.ENERGY, Kind.BATCH, Kind.INVERTERS)
EVENTS = {"nothing": 60, "fault": 8, "reload": 2, "button": 2, "clock": 1, "offline": 1, "others": 1, "plant": 1}
MOST_ECUS, MOST_INVERTERS = 3, 7
HOUR = timedelta(hours=1)


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some days, which the simulator adds up quickly."""
    return sample_plant(create_date=date(2026, 6, 10))


class Events:
    """Random events, by a seed."""

    def __init__(self, house: House, rules: Rules, seed: int) -> None:
        self.counts = Counter[str]()
        self._house = house
        self._rules = rules
        self._entry = house.hass.config_entries.async_entries("apsystems_openapi")[0]
        self._dice = random.Random(seed)
        self._faults_end = house.now
        self._jumped_at = house.now

    async def step(self) -> None:
        """Let some minutes pass, then draw an event."""
        house, dice = self._house, self._dice
        minutes = timedelta(minutes=dice.choice((5, 10, 20, 30, 30, 60)))
        await house.pass_time(minutes, minutes)
        if house.cloud.faults and house.now >= self._faults_end:
            self.end_faults()
        if self._ahead and abs(house.now - self._jumped_at) > 8 * HOUR:
            await self.correct_clock()
        (event,) = dice.choices(tuple(EVENTS), tuple(EVENTS.values()))
        await getattr(self, event)()

    async def nothing(self) -> None:
        """Change nothing."""

    async def fault(self) -> None:
        """Order a fault, of one call or of all, for a while or a number of times."""
        fault, kind = self._dice.choice([fault for fault in FAULTS if fault != SPIKE]), self._dice.choice(KINDS)
        times = self._dice.choice((1, 2, 5, None))
        self._house.cloud.order(replace(parse_fault(fault), on=kind, times=times))
        self._faults_end = self._house.now + HOUR * self._dice.choice((1, 3, 9))
        self._rules.cleared()
        self.counts["fault"] += 1

    def end_faults(self) -> None:
        """End all faults."""
        self._house.cloud.clear_faults()
        self._rules.cleared()

    async def reload(self) -> None:
        """Unload and set up again."""
        self._rules.restarted()
        await self._house.reload(self._entry)
        assert self._entry.state is ConfigEntryState.LOADED
        self.counts["reload"] += 1

    async def button(self) -> None:
        """Press a button; it may raise a translated error."""
        key = self._dice.choice(("scan_inverters", "refresh_inverter_energy"))
        try:
            await self._house.press(key)
        except HomeAssistantError as error:
            assert error.translation_key, error  # noqa: PT017
            self.counts["button that failed"] += 1
        self.counts["button"] += 1

    @property
    def _clock(self) -> RightClock:
        assert isinstance(self._house.cloud.now, RightClock)
        return self._house.cloud.now

    @property
    def _ahead(self) -> timedelta:
        return self._clock.home_is_ahead

    async def _jump(self, by: timedelta) -> None:
        self._rules.clock_jumps()
        self._house.move_to(self._house.now + by)
        self._clock.home_is_ahead += by
        async_fire_time_changed(self._house.hass, self._house.now)
        await self._house.settle()

    async def clock(self) -> None:
        """Set Home Assistant's clock wrong by minutes to hours; the cloud's stays right."""
        if not self._ahead:
            self._jumped_at = self._house.now
            await self._jump(timedelta(minutes=self._dice.choice((-400, -120, -30, -3, 3, 30, 120, 400))))
            self.counts["clock"] += 1

    async def correct_clock(self) -> None:
        """Correct the clock."""
        await self._jump(-self._ahead)
        self._jumped_at = self._house.now

    async def offline(self) -> None:
        """Take the ECU offline for some hours."""
        start = self._house.cloud.now() + timedelta(minutes=1)
        eid = self._dice.choice(self._house.plant.ecus).eid
        self._house.cloud.offline(eid, start, start + HOUR * self._dice.choice((1, 4, 12)))
        self.counts["offline"] += 1

    async def plant(self) -> None:
        """Add, replace, move or remove a device, or let the inverter list name the inverters of an ECU no more."""
        change = self._dice.choice(self._changes())
        self._house.cloud.change(self._house.sid, change)
        self.counts[type(change).__name__] += 1

    def _changes(self) -> list[Change]:
        """Return the changes that the plant allows; it keeps an ECU, and each ECU an inverter."""
        at, plant, dice = self._house.cloud.now() + timedelta(minutes=1), self._house.plant, self._dice
        ecu, number = dice.choice(plant.ecus), sum(self.counts.values())
        inverter, code = dice.choice(ecu.inverters), dice.choice((1001, 4001))
        eid, uid = f"2162990{number:05d}", f"7039900{number:05d}"
        changes: list[Change] = [
            ReplaceEcu(at=at, eid=ecu.eid, new_eid=eid, code=code),
            ReplaceInverter(at=at, uid=inverter.uid, new_uid=uid),
            ListInverters(at=at, eid=ecu.eid, absent=dice.choice((None, *Absent))),
        ]
        if len(plant.inverters) < MOST_INVERTERS:
            changes.append(AddInverter(at=at, eid=ecu.eid, inverter=Inverter(uid=uid)))
            if len(plant.ecus) < MOST_ECUS:
                changes.append(AddEcu(at=at, ecu=Ecu(eid=eid, inverters=(Inverter(uid=uid),))))
        if len(plant.ecus) > 1:
            changes.append(RemoveEcu(at=at, eid=ecu.eid, code=code))
        if len(ecu.inverters) > 1:
            changes.append(RemoveInverter(at=at, uid=inverter.uid))
            others = [other.eid for other in plant.ecus if other is not ecu]
            changes += [MoveInverter(at=at, uid=inverter.uid, eid=other) for other in others]
        return changes

    async def others(self) -> None:
        """Have another program spend some calls of the same App ID."""
        self._house.cloud.spend(5)
        self.counts["other program"] += 1

    @property
    def excused(self) -> set[str]:
        """Kinds of calls that may still fail: those refused for a while, or about devices that are gone."""
        state, plant = self._entry.runtime_data.state, self._house.plant
        waits = {scope for scope, wait in state.waits.by_scope.items() if wait.is_in_force(self._house.now)}
        present = {*(ecu.eid for ecu in plant.ecus), *(inverter.uid for inverter in plant.inverters)}
        known = {*state.ecu_ids, *(inverter.uid for inverter in state.inverters)}
        about_devices = {"ecu_day", "telemetry", "batch_power", "batch_energy"}
        return about_devices & waits if known <= present else about_devices

    async def end(self) -> None:
        """End all faults, let all inverters be listed, correct the clock and renew the credentials."""
        self.end_faults()
        house = self._house
        listed = [ListInverters(at=house.cloud.now(), eid=ecu.eid) for ecu in house.plant.ecus]
        house.cloud.change(house.sid, *listed)
        await self.correct_clock()
        if any(self._entry.async_get_active_flows(house.hass, {SOURCE_REAUTH})):
            self._rules.restarted()  # new credentials reload the entry
        await self._house.renew_credentials(self._entry)


async def test_no_event_breaks_a_rule(house: House, hass_storage: Disk) -> None:
    """And in the end, without faults, every figure is true again."""
    entry = await house.set_up(**AUTOMATIC)
    rules = Rules(house, hass_storage)
    events = Events(house, rules, SEED)
    end = house.now + timedelta(days=DAYS)
    while house.now < end:
        await events.step()
        rules.check()
    await events.end()
    for _ in range(24 * 4):
        await house.pass_time(HOUR, HOUR)
        rules.check()
        if house.is_true() and rules.failing <= events.excused:
            break
    assert house.is_true()
    assert rules.failing <= events.excused
    assert entry.state is ConfigEntryState.LOADED
    months = Counter(f"{call.time:%Y-%m}" for call in house.cloud.calls)
    hit = Counter(str(call.fault) for call in house.cloud.calls if call.fault)
    assert max(months.values()) <= house.cloud.quota
    print(f"\nseed {SEED}, {DAYS} days: {dict(events.counts)}")  # noqa: T201
    print(f"calls: {dict(months)}; hit: {hit.total()} {dict(hit)}; logged: {dict(rules.logged)}")  # noqa: T201
