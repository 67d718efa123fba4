"""What entities show: the state of a system as of a moment. No Home Assistant."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from math import ceil

from ..schedule.calls import Kind, Options
from ..schedule.day_plan import Agenda
from ..schedule.quota import Book
from ..schedule.sun import LAST_MINUTE, Site, daylight, solar_hours
from .energy import Energy, Reading, power_limit_kw
from .state import SystemState
from .updates import energy_of


@dataclass(frozen=True, kw_only=True)
class PastProgress:
    """How far the past has been fetched; `daily` are the calls that a day has for it, `expected_end` by their pace."""

    days_done: int
    days_to_go: int
    calls_to_go: int
    daily: float
    expected_end: date | None

    @property
    def percent(self) -> float:
        """Return the part that is done."""
        days = self.days_done + self.days_to_go
        return round(100 * self.days_done / days, 1) if days else 100.0

    def end_of(self, days: int, today: date) -> date:
        """Return by when so many days are fetched that wait; what does not wait is, by tomorrow."""
        return today + timedelta(days=max(1, ceil(days / self.daily)))


@dataclass(frozen=True, kw_only=True)
class PlantData:
    """The state, and what the clock makes of it. `day` is the site's.

    `midnight` is when today's energy was 0; unlike `day` it does not go back when a clock is set back.
    """

    state: SystemState
    energy: Energy
    day: date
    midnight: datetime
    month_start: datetime
    year_start: datetime
    sun_up: bool
    solar_hours: bool
    power_w: float | None
    newest_sample: datetime | None
    next_read: datetime | None
    quota: int
    calls: int
    calls_left: int
    calls_today: int
    calls_estimate: int
    past: PastProgress


def view(
    state: SystemState, site: Site, options: Options, book: Book, room: int, agenda: Agenda, now: datetime
) -> PlantData:
    """Return what is shown at a moment."""
    reading = reading_of(state, site, now)
    day, light = reading.day, daylight(site, reading.day)
    hours = solar_hours(site, day, options.sunrise_offset, options.sunset_offset)
    sun_up = light is not None and now in light
    energy = energy_of(state, reading)
    return PlantData(
        state=state,
        energy=energy,
        day=day,
        midnight=site.midnight(energy.day),
        month_start=site.midnight(energy.day.replace(day=1)),
        year_start=site.midnight(energy.day.replace(month=1, day=1)),
        sun_up=sun_up,
        solar_hours=hours is not None and now in hours,
        power_w=_power(state, site, agenda, now) if sun_up else 0.0,
        newest_sample=_newest_sample(state, site),
        next_read=agenda.next_after(now),
        quota=options.monthly_quota,
        calls=book.used(now, site.zone, options.monthly_quota),
        calls_left=room,
        calls_today=len(agenda.slots),
        calls_estimate=agenda.estimate,
        past=_progress(state, options, agenda, day),
    )


def reading_of(state: SystemState, site: Site, now: datetime) -> Reading:
    """Return between which bounds an answer of this moment must lie."""
    day = site.day(now)
    details, light = state.details, daylight(site, day)
    return Reading(
        at=now,
        midnight=site.midnight(day),
        sunrise=light.start if light else None,
        last=site.at(day, LAST_MINUTE),
        built=site.midnight(details.created) if details and details.created else None,
        power_limit_kw=power_limit_kw(details.capacity_kw if details else None, len(state.inverters)),
    )


def _power(state: SystemState, site: Site, agenda: Agenda, now: datetime) -> float | None:
    """Return the power of all ECUs; None when one of them has no sample of today that is young enough."""
    total = 0.0
    for read in state.reads_of(site.day(now)) or ():
        if read.newest is None or read.power_w is None:
            return None
        sampled = site.at(site.day(now), time.fromisoformat(read.newest))
        if now - sampled > agenda.power_lasts:
            return None
        total += read.power_w
    return total if state.reads_of(site.day(now)) else None


def _newest_sample(state: SystemState, site: Site) -> datetime | None:
    """Return the moment of the newest sample that an ECU or an inverter has told of."""
    labels = [(read.day, read.data.newest) for read in state.ecu_reads.values()]
    labels += [(day.day, day.times[-1] if day.times else None) for day in state.days.values()]
    return max((site.at(day, time.fromisoformat(label)) for day, label in labels if label), default=None)


def _progress(state: SystemState, options: Options, agenda: Agenda, today: date) -> PastProgress:
    """Return how far the past is fetched, and until when the rest takes at the pace of today's plan."""
    past = state.past if options.import_history else replace(state.past, first=None)
    calls, waiting = past.calls_to_go, past.days_in_wait(today)
    daily = sum(slot.call.kind is Kind.PAST for slot in agenda.slots) or 0.5
    progress = PastProgress(
        days_done=past.days_done(today),
        days_to_go=past.days_to_go,
        calls_to_go=calls,
        daily=daily,
        expected_end=None,
    )
    return replace(progress, expected_end=progress.end_of(waiting, today)) if calls else progress
