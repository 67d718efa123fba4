"""The end of a site day: which of its hours are complete, and which are to be written or fetched again. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from typing import Final

from .clock import Clock
from .energy import Energy, at_day
from .house import CLOSED_AFTER, House, house_at_day, with_agreement
from .panel_totals import panels_at_day
from .state import Hours, SystemState
from .unwritten import FetchedDay

# A day's total differs from its hours by what the cloud rounds; by more, hours came late and are fetched again.
ROUNDING_KWH: Final = 0.1


def advanced(state: SystemState, clock: Clock, *, has_recorder: bool) -> SystemState:
    """Return the state at a time: at the site's midnight a day ends, and the backlog of the history goes on."""
    energy = state.energy
    if energy is None:
        return state
    if energy.day < clock.day:
        state = _with_agreements(state, energy)
        state = _with_ended_day(state, energy, clock) if has_recorder else state
    reading = state.reading(clock)
    state = replace(
        state,
        panel_totals=panels_at_day(state.panel_totals, reading),
        meters=_at_time(state.meters, state.meter_ids, state, clock, has_recorder=has_recorder),
        batteries=_at_time(state.batteries, state.battery_ids, state, clock, has_recorder=has_recorder),
    )
    energy = at_day(energy, reading.day, before_sunrise=reading.before_sunrise)
    state = _begun(state, clock.day) if has_recorder else state
    return replace(state, energy=energy)


def closed_hours(state: SystemState, clock: Clock) -> FetchedDay | None:
    """Return the newest hours as far as they have closed; after the last daylight with the day's total."""
    hours = state.hours
    if hours is None:
        return None
    total = _summary_total(state) if _is_closed(state, hours, clock) else None
    return FetchedDay(
        day=hours.day,
        hours=hours.kwh,
        closed=_known_until(state, hours, clock) if hours.day == clock.day else clock.now,
        total=total if _makes_up(hours, total) else None,
    )


def with_closed_day(state: SystemState, before: SystemState, clock: Clock) -> SystemState:
    """Return the state in which a day whose hours have just become complete, or better, is to be written."""
    hours, closed = state.hours, closed_hours(state, clock)
    is_old = (hours, _summary_total(state)) == (before.hours, _summary_total(before))
    if hours is None or closed is None or is_old or not _is_closed(state, hours, clock):
        return state
    return replace(state, backlog=state.backlog.with_closed_day(closed))


def _with_ended_day(state: SystemState, energy: Energy, clock: Clock) -> SystemState:
    """End a day: its hours are to be written, and fetched again where they do not make up its energy."""
    state = _begun(state, energy.day)
    hours, last = state.hours, closed_hours(state, clock)
    if hours is None or last is None or hours.day != energy.day:
        return state
    is_closed, backlog = _is_closed(state, hours, clock), state.backlog
    backlog = backlog.with_closed_day(last) if is_closed else backlog.with_unwritten_day(last)
    if not _makes_up(hours, energy.today or 0.0):
        backlog = backlog.with_wanted([hours.day])
    return replace(state, backlog=backlog)


def _with_agreements(state: SystemState, energy: Energy) -> SystemState:
    """Compare what each meter says of a day that ends with the energy of the ECUs' summary."""
    made = energy.summary_today
    return replace(state, meters={eid: with_agreement(meter, energy.day, made) for eid, meter in state.meters.items()})


def _at_time(
    known: Mapping[str, House], eids: Iterable[str], state: SystemState, clock: Clock, *, has_recorder: bool
) -> Mapping[str, House]:
    """Return meters or batteries as of now; yesterday only counts as missed once it was to be fetched."""
    first = state.details.created if state.details else None
    closed = clock.site.day(clock.now - CLOSED_AFTER)
    houses = {}
    for eid in dict.fromkeys([*known, *eids]):
        house = house_at_day(known.get(eid) or House(), clock.day)
        begun = clock.day if house.backlog.since in {None, clock.day} else closed  # nothing is missed before the first
        houses[eid] = replace(house, backlog=house.backlog.begun(begun, first)) if has_recorder else house
    return houses


def _begun(state: SystemState, day: date) -> SystemState:
    """Return the state whose backlog has come to a day."""
    first = state.details.created if state.details else None
    return replace(state, backlog=state.backlog.begun(day, first))


def _is_closed(state: SystemState, hours: Hours, clock: Clock) -> bool:
    """Return whether hours are complete: all ECUs have reported, or the summary confirms the sum."""
    is_of_ecus = hours.read_at is None
    if is_of_ecus and state.missing_ecus(hours.day) and not _makes_up(hours, _summary_total(state)):
        return False
    daylight = clock.solar_day(hours.day).daylight
    return daylight is None or _known_until(state, hours, clock) >= daylight.end


def _known_until(state: SystemState, hours: Hours, clock: Clock) -> datetime:
    """Return up to when hours are complete: those of the ECUs' own series until their newest samples."""
    if hours.read_at is not None:
        return min(clock.now, hours.read_at)
    newest = [report.newest for report in state.reports(hours.day).values() if report.newest]
    return min([clock.now, *(clock.site.at(hours.day, time.fromisoformat(label)) for label in newest)])


def _makes_up(hours: Hours, total: float | None) -> bool:
    """Return whether hours make up a day's total."""
    return total is not None and abs(hours.total - total) <= ROUNDING_KWH


def _summary_total(state: SystemState) -> float | None:
    """Return the total of the hours' day by the newest summary."""
    energy, hours = state.energy, state.hours
    return energy.summary_today if energy and hours and energy.day == hours.day else None
