"""The plan of the day, kept until something that it depends on changes."""

from dataclasses import replace
from datetime import date, datetime

from homeassistant.core import HomeAssistant

from .const import LOGGER
from .entry_ledger import EntryLedger
from .schedule.calls import Plant
from .schedule.day_plan import DayPlan, make_day_plan
from .schedule.options import Options
from .schedule.quota import Budget
from .schedule.rhythm import Rhythm, rhythm_of
from .schedule.sun import Site
from .system.clock import Clock
from .system.state import SystemState


class Planning:
    """Makes the plan of a day, and logs each that differs."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.plan: DayPlan | None = None
        self.rhythms: dict[str, Rhythm | None] = {}
        """When each ECU uploads, as known at the day's first midnight."""
        self._hass = hass
        self._key: object = None
        self._rhythms_on: date | None = None

    async def async_plan(self, state: SystemState, clock: Clock, ledger: EntryLedger, *, has_recorder: bool) -> DayPlan:
        """Return the day's plan; made anew when the day, the place, the plant, options or share of calls change."""
        plant = state.plant(clock, has_recorder=has_recorder)
        key = (clock.day, clock.site, clock.options, plant, ledger.quota, ledger.share)
        if self.plan is None or self._key != key:
            plan, rhythms = await self._hass.async_add_executor_job(
                _make, state, plant, clock.day, clock.site, ledger.budget(clock.midnight), clock.options
            )
            self._log(plan)
            self._key, self.plan, self.rhythms = key, plan, rhythms
            return plan
        return self.plan

    def _log(self, plan: DayPlan) -> None:
        if plan.is_stretched and not (self.plan and self.plan.is_stretched):
            LOGGER.warning("The calls of this month are nearly spent, polling less often until its end")
        if self.plan is None or plan.summary != self.plan.summary:
            LOGGER.info(plan.summary)


def _make(
    state: SystemState, plant: Plant, day: date, site: Site, budget: Budget, options: Options
) -> tuple[DayPlan, dict[str, Rhythm | None]]:
    rhythms = _rhythms(state, plant, site.midnight(day)) if options.automatic and options.live_power else {}
    plan = make_day_plan(day, site, replace(plant, rhythms=tuple(rhythms.values())), budget, options)
    return plan, rhythms


def _rhythms(state: SystemState, plant: Plant, midnight: datetime) -> dict[str, Rhythm | None]:
    return {eid: rhythm_of(state.observations.get(eid, ()), midnight) for eid in plant.ecus}
