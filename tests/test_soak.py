"""Days on end in which anything may happen at any time. The long run is `scripts/soak`.

Faults, clouds that hang, ECUs off line, buttons, reloads, clocks that jump, other programs on the same App ID: drawn
from a seed, one after another and on top of each other, and the rules of `rules.py` after every step.
"""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
import os
import random

from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from simulator import Kind, Plant, parse_fault, sample_plant
from tests.conftest import Disk
from tests.house import House, RightClock
from tests.rules import Rules
from tests.test_fault_matrix import AUTOMATIC, FAULTS, SPIKE, is_true, renew_credentials

DAYS = int(os.environ.get("SOAK_DAYS", "3"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
KINDS = (None, None, Kind.ECU_ENERGY, Kind.INVERTER_ENERGY, Kind.SUMMARY, Kind.ENERGY, Kind.BATCH, Kind.INVERTERS)
EVENTS = {"nothing": 60, "fault": 8, "reload": 2, "button": 2, "clock": 1, "offline": 1, "others": 1}
HOUR = timedelta(hours=1)


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some days, whose past is soon added up."""
    return sample_plant(create_date=date(2026, 6, 10))


class Fate:
    """What happens to a house, by a seed."""

    def __init__(self, house: House, rules: Rules, seed: int) -> None:
        self.happened = Counter[str]()
        self._house = house
        self._rules = rules
        self._entry = house.hass.config_entries.async_entries("apsystems_openapi")[0]
        self._dice = random.Random(seed)
        self._well_at = house.now
        self._right_at = house.now

    async def step(self) -> None:
        """Let some minutes pass, and perhaps something happen."""
        house, dice = self._house, self._dice
        minutes = timedelta(minutes=dice.choice((5, 10, 20, 30, 30, 60)))
        await house.pass_time(minutes, minutes)
        if house.cloud.faults and house.now >= self._well_at:
            self.all_well()
        if self._ahead and abs(house.now - self._right_at) > 8 * HOUR:
            await self.set_right()
        (event,) = dice.choices(tuple(EVENTS), tuple(EVENTS.values()))
        await getattr(self, event)()

    async def nothing(self) -> None:
        """Let it be."""

    async def fault(self) -> None:
        """Order a fault, of one call or of all, for a while or a number of times."""
        fault, kind = self._dice.choice([fault for fault in FAULTS if fault != SPIKE]), self._dice.choice(KINDS)
        times = self._dice.choice((1, 2, 5, None))
        self._house.cloud.order(replace(parse_fault(fault), on=kind, times=times))
        self._well_at = self._house.now + HOUR * self._dice.choice((1, 3, 9))
        self._rules.cleared()
        self.happened["fault"] += 1

    def all_well(self) -> None:
        """End all faults."""
        self._house.cloud.clear_faults()
        self._rules.cleared()

    async def reload(self) -> None:
        """Unload and set up again."""
        self._rules.restarted()
        await self._house.reload(self._entry)
        assert self._entry.state is ConfigEntryState.LOADED
        self.happened["reload"] += 1

    async def button(self) -> None:
        """Press a button; it may fail, with a word."""
        key = self._dice.choice(("scan_inverters", "refresh_inverter_energy"))
        try:
            await self._house.press(key)
        except HomeAssistantError as error:
            assert error.translation_key  # noqa: PT017
            self.happened["button that failed"] += 1
        self.happened["button"] += 1

    @property
    def _clock(self) -> RightClock:
        assert isinstance(self._house.cloud.now, RightClock)
        return self._house.cloud.now

    @property
    def _ahead(self) -> timedelta:
        return self._clock.home_is_ahead

    async def _jump(self, by: timedelta) -> None:
        self._rules.sleep()
        self._house.move_to(self._house.now + by)
        self._clock.home_is_ahead += by
        async_fire_time_changed(self._house.hass, self._house.now)
        await self._house.settle()

    async def clock(self) -> None:
        """Set the home's clock wrong by minutes to hours; the cloud's goes on."""
        if not self._ahead:
            self._right_at = self._house.now
            await self._jump(timedelta(minutes=self._dice.choice((-400, -120, -30, -3, 3, 30, 120, 400))))
            self.happened["clock"] += 1

    async def set_right(self) -> None:
        """Set the clock right."""
        await self._jump(-self._ahead)
        self._right_at = self._house.now

    async def offline(self) -> None:
        """Take the ECU off line for some hours."""
        start = self._house.cloud.now() + timedelta(minutes=1)
        eid = self._house.plant.ecus[0].eid
        self._house.cloud.offline(eid, start, start + HOUR * self._dice.choice((1, 4, 12)))
        self.happened["off line"] += 1

    async def others(self) -> None:
        """Have another program spend some calls of the same App ID."""
        self._house.cloud.spend(5)
        self.happened["other program"] += 1

    async def end(self) -> None:
        """Let all be well, and the owner do what he is asked for."""
        self.all_well()
        await self.set_right()
        await renew_credentials(self._house, self._entry)


async def test_whatever_happens_every_rule_holds(house: House, hass_storage: Disk) -> None:
    """And in the end, when all is well, every figure is true again."""
    entry = await house.set_up(**AUTOMATIC)
    rules = Rules(house, hass_storage)
    fate = Fate(house, rules, SEED)
    end = house.now + timedelta(days=DAYS)
    while house.now < end:
        await fate.step()
        rules.check()
    await fate.end()
    for _ in range(24 * 4):
        await house.pass_time(HOUR, HOUR)
        rules.check()
        if is_true(house) and not rules.failing:
            break
    assert is_true(house)
    assert not rules.failing
    assert entry.state is ConfigEntryState.LOADED
    months = Counter(f"{call.moment:%Y-%m}" for call in house.cloud.calls)
    struck = Counter(str(call.fault) for call in house.cloud.calls if call.fault)
    assert max(months.values()) <= house.cloud.quota
    print(f"\nseed {SEED}, {DAYS} days: {dict(fate.happened)}")  # noqa: T201
    print(f"calls: {dict(months)}; struck: {struck.total()} {dict(struck)}; told: {dict(rules.told)}")  # noqa: T201
