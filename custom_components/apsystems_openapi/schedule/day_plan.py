"""A site day's plan together with the figures that are shown about it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from .automatic import plan
from .calls import Kind, Plant, Purpose, Slot
from .fixed import fixed_plan, sized
from .options import LONGEST_INTERVAL, Options
from .quota import Budget, limit
from .sun import Site


@dataclass(frozen=True, kw_only=True)
class DayPlan:
    """The calls of a site day."""

    day: date
    slots: tuple[Slot, ...]
    """In the order in which they fall due."""
    first_of_tomorrow: datetime | None
    """When the first call for a figure of the next day falls due by present knowledge; None when it has none."""
    estimate: int
    """Calls that all systems of the App ID make in the month if it goes on like this day."""
    summary: str
    """The plan in one line for the log."""
    is_stretched: bool
    """Whether the month is so nearly spent that calls of the fixed table are left out."""

    def next_after(self, now: datetime) -> datetime | None:
        """Return when the next planned call for a figure falls due; None when there is none."""
        return next((slot.at for slot in _for_figures(self.slots) if slot.at > now), self.first_of_tomorrow)

    @property
    def duties(self) -> int:
        """How many calls each day must make: of evenly spaced polls of the hours only the last one.

        Totals of inverters are not of each day.
        """
        duties = [slot.call.kind for slot in self.slots if slot.purpose is Purpose.DUTY]
        duties = [kind for kind in duties if kind is not Kind.INVERTER_SUMMARY]
        polls = duties.count(Kind.HOURLY)
        return len(duties) - polls + min(polls, 1)


def make_day_plan(day: date, site: Site, plant: Plant, budget: Budget, options: Options) -> DayPlan:
    """Plan a day. Looks at the sun of a month, and for evenly spaced polls of a year: takes up to a second."""
    is_live = options.automatic and options.live_power
    most = limit(options.monthly_quota)
    busiest = 0
    if not is_live:
        own = replace(options, monthly_quota=round(options.monthly_quota * budget.size / max(most, 1)))
        own, busiest = sized(day.year, site, plant, own)
        options = replace(options, interval=own.interval)
    slots = plan(day, site, plant, budget, options)
    tomorrow = _for_figures(plan(day + timedelta(days=1), site, plant, budget, options))
    estimate = min(most, round(budget.used(most) + budget.projected(day, site, len(slots), most)))
    interval = _mean_spacing(slots) if is_live else options.interval
    return DayPlan(
        day=day,
        slots=slots,
        first_of_tomorrow=tomorrow[0].at if tomorrow else None,
        estimate=estimate,
        summary=(
            f"{'Auto' if options.automatic else 'Fixed'} scan-interval: {interval.seconds}s "
            f"({interval.seconds // 60} min) for {len(plant.inverters)} inverter(s)/{len(plant.ecus)} ECU(s) "
            f"at lat {site.latitude:.2f} — est. {estimate if is_live else busiest} calls/month "
            f"(quota {options.monthly_quota}){_rotation(slots, plant)}"
        ),
        is_stretched=not is_live and len(slots) < len(fixed_plan(day, site, plant, options)),
    )


def _for_figures(slots: Sequence[Slot]) -> list[Slot]:
    """Return the calls that bring figures of the day, and none of its history."""
    return [slot for slot in slots if slot.purpose is not Purpose.HISTORY]


def _rotation(slots: Sequence[Slot], plant: Plant) -> str:
    """Return a note where the telemetry of some inverters is left to other days."""
    asked = sum(slot.call.kind is Kind.TELEMETRY for slot in slots)
    return "" if asked == len(plant.inverters) else "; telemetry of inverters in rotation over the days"


def _mean_spacing(slots: Sequence[Slot]) -> timedelta:
    """Return the mean time between a day's reads, to the minute."""
    times = sorted({slot.at for slot in slots if slot.purpose is Purpose.READ})
    if len(times) < 2:
        return LONGEST_INTERVAL
    return timedelta(minutes=round((times[-1] - times[0]) / (len(times) - 1) / timedelta(minutes=1)))
