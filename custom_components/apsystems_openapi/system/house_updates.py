"""What answers about meters, batteries and the totals of inverters do to the state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Final

from ..cloud.exceptions import (
    OpenApiAnswerError,
    OpenApiError,
    OpenApiNotFoundError,
    OpenApiPermissionError,
    OpenApiRequestError,
)
from ..cloud.models import FlowDay, Flows, FlowTotals, Series, StorageState, Summary
from ..schedule.calls import Kind, Purpose, Slot
from .backlog import SOURCE_KINDS, Backlog, Source, SourceKind, about
from .energy import Reading, with_today
from .hours import by_hours
from .house import (
    house_reading,
    is_balanced,
    known_flows,
    with_house_day,
    with_storage_state,
    with_totals,
)
from .panel_totals import with_inverter_summary
from .state import SystemState
from .unwritten import FetchedDay

# By how much a meter and a battery may differ that measure at two places, before and after losses.
_DEVICES_DIFFER_W: Final = 200.0
_DEVICES_DIFFER: Final = 0.2

NOT_ALLOWED: Final = (OpenApiPermissionError, OpenApiNotFoundError)  # as both mean of an optional call
REFUSED: Final = (*NOT_ALLOWED, OpenApiRequestError)


def with_flow_totals(state: SystemState, slot: Slot, totals: FlowTotals, reading: Reading) -> SystemState:
    """Take the summary of a meter or a battery."""
    house = with_totals(state.house(about(slot.call)), totals, house_reading(reading), sees_all=_sees_all(state, slot))
    return state.with_house(about(slot.call), house)


def is_right(state: SystemState, slot: Slot, data: FlowDay) -> bool:
    """Return whether a day that has ended is complete and contradicts nothing: as much came as went.

    A meter does not see what the battery takes and gives; where that is not known, there is nothing to compare.
    """
    if not _is_over(state, slot) or is_balanced(data.today):
        return True
    if _sees_all(state, slot):
        return False
    stored = stored_on(state, slot.day)
    return stored is None or is_balanced(replace(data.today, charge=stored.charge, discharge=stored.discharge))


def stored_on(state: SystemState, day: date) -> Flows | None:
    """Return what all batteries took and gave on a day that has ended; None where that is not known."""
    closed = [battery.closed for eid, battery in state.batteries.items() if eid in state.battery_ids]
    known = [of_day.today for of_day in closed if of_day is not None and of_day.day == day]
    if not known or len(known) < len(state.battery_ids):
        return None
    return _sum_of(known)


def with_flow_day(state: SystemState, slot: Slot, data: FlowDay, reading: Reading) -> SystemState:
    """Take a day of a meter or a battery, and have its hours written.

    Where the meter agrees with the ECUs, its production of today counts as the system's.
    """
    if slot.day == reading.day and _contradicts_batteries(state, slot, data):
        return state
    known = state.house(about(slot.call))
    house = with_house_day(known, slot.day, data, house_reading(reading), sees_all=_sees_all(state, slot))
    if house is None:
        return without_flow_day(state, slot, reading)
    state = state.with_house(about(slot.call), replace(house, backlog=_with_hours(house.backlog, slot, data, reading)))
    produced = house.produced() if slot.day == reading.day and slot.call.kind is Kind.METER_DAY else None
    if produced is None:
        return state
    return replace(state, energy=with_today(state.known_energy(reading), slot.day, produced, reading))


def without_flow_day(state: SystemState, slot: Slot, reading: Reading) -> SystemState:
    """Take that the cloud has nothing of a day: for the history it is done."""
    if slot.purpose is not Purpose.HISTORY:
        return state
    house = state.house(about(slot.call))
    return state.with_house(about(slot.call), replace(house, backlog=house.backlog.with_day(_nothing(slot, reading))))


def with_postponed_flow_day(state: SystemState, slot: Slot, failure: OpenApiError) -> SystemState:
    """Put a day of the history off; one that does not balance may be among many, as one without energy is."""
    if slot.purpose is not Purpose.HISTORY or isinstance(failure, REFUSED):
        return state
    is_wrong = isinstance(failure, OpenApiAnswerError)
    house = state.house(about(slot.call))
    backlog = house.backlog.with_postponed(slot.day, is_wrong=is_wrong)
    return state.with_house(about(slot.call), replace(house, backlog=backlog))


def with_flow_month(state: SystemState, slot: Slot, totals: Mapping[str, Series]) -> SystemState:
    """Take the totals of a month's days; as far as one device sees all, those that do not balance are not known yet."""
    house, totals = state.house(about(slot.call)), _balanced(totals) if _sees_all(state, slot) else totals
    return state.with_house(about(slot.call), replace(house, backlog=house.backlog.with_month(slot.day, totals)))


def with_battery(state: SystemState, slot: Slot, answer: StorageState, reading: Reading) -> SystemState:
    """Take a battery's charge, mode and powers."""
    source = about(slot.call)
    house = with_storage_state(state.house(source), answer, reading, sees_all=_sees_all(state, slot))
    return state.with_house(source, house)


def with_other_prefix(state: SystemState, slot: Slot, failure: OpenApiError, reading: Reading) -> SystemState:
    """Take that batteries are refused under one prefix: until one has answered, the next call tries the other."""
    state = with_postponed_flow_day(state, slot, failure)
    if state.is_prefix_known or not isinstance(failure, NOT_ALLOWED) or slot.purpose is Purpose.HISTORY:
        return state
    return replace(state, storage_as_installer=not state.storage_as_installer)


def with_panel_totals(state: SystemState, uid: str, summary: Sequence[Summary], reading: Reading) -> SystemState:
    """Take the totals of an inverter, be they none."""
    return replace(
        state,
        panel_totals=with_inverter_summary(state.panel_totals, uid, summary, reading),
        totals_read={**state.totals_read, uid: reading.at},
    )


def _balanced(totals: Mapping[str, Series]) -> dict[str, Series]:
    """Return the totals without the days on which not as much came as went; there a flow without record is 0."""
    days = [
        Flows(**{name: kwh or 0.0 for name, kwh in zip(totals, day, strict=True)})
        for day in zip(*totals.values(), strict=True)
    ]
    are_right = [is_balanced(day) for day in days]
    return {
        name: tuple(kwh if is_right else None for kwh, is_right in zip(series, are_right, strict=False))
        for name, series in totals.items()
    }


def _with_hours(backlog: Backlog, slot: Slot, data: FlowDay, reading: Reading) -> Backlog:
    """Have the hours of a day written: of the running one those up to its newest sample, of another one all."""
    is_running, today, zone = slot.day == reading.day, known_flows(data.today), reading.midnight.tzinfo or UTC
    newest = time.fromisoformat(data.newest or "00:00")
    sampled = datetime.combine(slot.day, newest, zone)
    days = [
        FetchedDay(
            day=slot.day,
            hours=by_hours(slot.day, zone, data.labels, energy),
            closed=min(sampled, reading.at) if is_running else reading.at,
            flow=name,
            total=None if is_running else today.get(name),
        )
        for name, energy in data.energy.items()
    ]
    if slot.purpose is Purpose.HISTORY:
        return backlog.with_day(*(days or [_nothing(slot, reading)]))
    is_before = backlog.since is not None and slot.day < backlog.since
    if not days or is_before:  # what was before an installation comes with its history, where that is wanted
        return backlog
    return backlog.with_unwritten_day(*days) if is_running else backlog.with_closed_day(*days)


def _nothing(slot: Slot, reading: Reading) -> FetchedDay:
    """Return a day of which the cloud has no hours."""
    return FetchedDay(day=slot.day, hours=(), closed=reading.at, flow="imported")


def _sees_all(state: SystemState, slot: Slot) -> bool:
    """Return whether all that comes and goes in the house passes a device: the only battery, or a meter without one."""
    return len(state.battery_ids) < 2 if SOURCE_KINDS[slot.call.kind] is SourceKind.BATTERY else not state.has_battery


def _contradicts_batteries(state: SystemState, slot: Slot, data: FlowDay) -> bool:
    """Return whether the newest sample of a meter, and what all batteries took and gave at its time, do not balance.

    So import and export that are swapped show up in a house with a battery, too.
    """
    batteries = [state.house(Source(kind=SourceKind.BATTERY, eid=eid)) for eid in state.battery_ids]
    if _sees_all(state, slot) or any((b.day, b.newest) != (slot.day, data.newest) for b in batteries):
        return False
    powers, meter = [battery.power for battery in batteries], data.power
    known = [flow for p in powers for flow in (p.charge, p.discharge)]
    known += [meter.produced, meter.consumed, meter.imported, meter.exported]
    stored = _sum_of(powers)
    power = replace(meter, charge=stored.charge, discharge=stored.discharge)
    return None not in known and not is_balanced(power, _DEVICES_DIFFER_W, _DEVICES_DIFFER)


def _sum_of(batteries: Iterable[Flows]) -> Flows:
    """Return what batteries took and gave together; a flow that is not known counts as 0."""
    known = tuple(batteries)
    return Flows(
        charge=sum(flows.charge or 0.0 for flows in known), discharge=sum(flows.discharge or 0.0 for flows in known)
    )


def _is_over(state: SystemState, slot: Slot) -> bool:
    return state.energy is not None and slot.day < state.energy.day
