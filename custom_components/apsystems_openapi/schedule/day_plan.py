"""A site day's plan, with what is told about it: the plan itself is `planner`'s."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from .automatic import days_left, plan
from .calls import LONGEST_INTERVAL, Kind, Options, Plant, Slot
from .fixed import fixed_plan, sized
from .quota import Account, limit
from .sun import Site

NO_SOONER: timedelta = timedelta(minutes=90)


@dataclass(frozen=True, kw_only=True)
class Agenda:
    """The calls of a site day, the first of the day after as it looks now, and the month's calls if it goes on so."""

    day: date
    slots: tuple[Slot, ...]
    first_of_tomorrow: datetime | None
    estimate: int
    words: str
    stretched: bool

    def next_after(self, now: datetime) -> datetime | None:
        """Return the moment of the next planned call."""
        return next((slot.at for slot in self.slots if slot.at > now), self.first_of_tomorrow)

    @property
    def power_lasts(self) -> timedelta:
        """Return for how long a sample of the current power is worth showing: twice the spacing of its reads."""
        moments = sorted({slot.at for slot in self.slots if slot.call.kind is Kind.ECU_DAY})
        gaps = [after - before for before, after in pairwise(moments)]
        return max([NO_SOONER, *(2 * gap for gap in gaps)])


def agenda(day: date, site: Site, plant: Plant, accounts: Sequence[Account], options: Options) -> Agenda:
    """Make the plan of a day. Looks at the sun of a month, for evenly spaced polls at that of a year: takes a while."""
    live = options.automatic and options.live_power
    most = limit(options.monthly_quota)
    busiest = 0
    if not live:
        share = min((account.size for account in accounts), default=0.0) / max(most, 1)
        own = replace(options, monthly_quota=round(options.monthly_quota * share))
        own, busiest = sized(day.year, site, plant, own)
        options = replace(options, interval=own.interval)
    slots = plan(day, site, plant, accounts, options)
    tomorrow = plan(day + timedelta(days=1), site, plant, accounts, options)
    used = most - min((account.left * most / account.size for account in accounts if account.size), default=0)
    # Other systems of the App ID go on as this one does, by their part of what is left.
    goes_on = max(
        (len(days_left(day, site, account)) * len(slots) * most / account.size for account in accounts if account.size),
        default=0,
    )
    interval = _mean_spacing(slots) if live else options.interval
    estimate = min(most, round(used + goes_on))
    return Agenda(
        day=day,
        slots=slots,
        first_of_tomorrow=tomorrow[0].at if tomorrow else None,
        estimate=estimate,
        words=(
            f"{'Auto' if options.automatic else 'Fixed'} scan-interval: {interval.seconds}s "
            f"({interval.seconds // 60} min) for {len(plant.inverters)} inverter(s)/{len(plant.ecus)} ECU(s) "
            f"at lat {site.latitude:.2f} — est. {estimate if live else busiest} calls/month "
            f"(quota {options.monthly_quota}){_turns(slots, plant)}"
        ),
        stretched=not live and len(slots) < len(fixed_plan(day, site, plant, options)),
    )


def _turns(slots: Sequence[Slot], plant: Plant) -> str:
    """Say so where not every inverter's telemetry is read every day."""
    asked = sum(slot.call.kind is Kind.TELEMETRY for slot in slots)
    return "" if asked == len(plant.inverters) else "; telemetry of inverters takes turns over the days"


def _mean_spacing(slots: Sequence[Slot]) -> timedelta:
    """Return the mean time between a day's reads, to the minute."""
    moments = sorted({slot.at for slot in slots if slot.read})
    if len(moments) < 2:
        return LONGEST_INTERVAL
    return timedelta(minutes=round((moments[-1] - moments[0]) / (len(moments) - 1) / timedelta(minutes=1)))
