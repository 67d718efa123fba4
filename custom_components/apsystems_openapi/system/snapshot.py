"""Everything entities show at one time: the stored state plus values derived from the current time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from ..schedule.calls import Kind, Purpose
from ..schedule.day_plan import DayPlan
from ..schedule.rhythm import Rhythm
from .ages import (
    AVAILABLE_FOR,
    AVAILABLE_SOLAR_HOURS,
    is_day_unknown,
    is_fresh,
    is_power_fresh,
    lifetime,
    shown_power,
)
from .backlog import SourceKind
from .clock import DAY, Clock
from .energy import Energy
from .house_status import HouseStatus, house_status, sampled_at
from .progress import HistoryProgress, progress_of
from .state import PanelEnergy, SystemState
from .topology import is_connected
from .waits import APP_ID, ENTRY, READS, Reason, Waits

NORMAL, OFFLINE = 1, 3  # status lights (`api.md` §3, details)


@dataclass(frozen=True, kw_only=True)
class EcuStatus:
    """An ECU."""

    is_connected: bool | None
    """Whether its samples arrive by day; None when it is not read."""
    newest_sample: datetime | None
    """None when its series has never had one."""


@dataclass(frozen=True, kw_only=True)
class InverterStatus:
    """Which of an inverter's measurements are young enough to be shown; at night only powers can be."""

    is_fresh: bool
    """Voltages, frequency and temperature."""
    power_is_fresh: bool
    """AC power."""
    dc_is_fresh: bool
    """Voltages and currents of the panels."""
    dc_power_is_fresh: bool
    """Power of the panels, which batches bring as well."""
    panels: PanelEnergy | None
    """Today's energy of the panels; None while only another day's is known."""
    totals: tuple[float | None, ...]
    """Lifetime energy (kWh) of the panels; empty before it was first read, unknown where production is not read."""


@dataclass(frozen=True, kw_only=True)
class Calls:
    """The calls of the month."""

    quota: int
    used: int
    assumed: int
    """Those of the used ones that are taken to have been made before this home began to count."""
    left: int
    planned_today: int
    estimate: int
    """Of the whole month, if every day goes on like this one."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What entities show. `day` is the site's."""

    state: SystemState
    ecus: Mapping[str, EcuStatus]
    """By ECU; one that has no inverters is not read."""
    inverters: Mapping[str, InverterStatus]
    """By inverter."""
    meters: Mapping[str, HouseStatus]
    """By the id of the meter; one that is no longer listed stays."""
    batteries: Mapping[str, HouseStatus]
    """By ECU; one that is no longer listed stays."""
    is_available: bool
    """Whether the cloud has answered within two days that had some sun."""
    details_at: datetime | None
    """When the registration was fetched; None before."""
    status_light: int | None
    """The cloud's, corrected by the ECUs' connectivity."""
    energy: Energy
    day: date
    midnight: datetime
    """When today's energy was 0; unlike `day` it does not go back when a clock is set back."""
    month_start: datetime
    """The midnight with which the month of the shown energy began."""
    year_start: datetime
    """Likewise of the year."""
    is_daylight: bool
    is_solar_hours: bool
    """Whether calls are made for freshness."""
    power_w: float | None
    """None by day without a sample that is young enough; 0 at night."""
    missing_ecus: tuple[str, ...]
    """ECUs that have sent no sample today."""
    newest_sample: datetime | None
    """Of any device and any day; None before the first."""
    upload_every: timedelta | None
    """The time between uploads; known for a plant with one ECU, once it has been learned."""
    next_upload: datetime | None
    """When the next one is expected; None at night, and where `upload_every` is."""
    next_read: datetime | None
    """When the next planned call is made; None when none is."""
    wait_reason: Reason | None
    """Why nothing is asked before `next_read`; None when only the plan says so."""
    calls: Calls
    history: HistoryProgress


def snapshot(
    state: SystemState,
    waits: Waits,
    clock: Clock,
    plan: DayPlan,
    calls: Calls,
    rhythms: Mapping[str, Rhythm | None],
) -> Snapshot:
    """Return everything that entities show at a time."""
    energy, site = _shown_energy(state, clock, plan), clock.site
    backlog = state.backlog if clock.options.import_history else replace(state.backlog, first=None)
    planned = plan.next_after(clock.now)
    wait = waits.longest([APP_ID, ENTRY, READS], clock.now)
    rhythm = next(iter(rhythms.values()), None) if len(rhythms) == 1 else None
    return Snapshot(
        state=state,
        ecus={eid: _ecu_status(state, eid, clock) for eid in state.known_ecus},
        inverters={i.uid: _inverter_status(state, i.uid, clock, plan) for i in state.inverters},
        meters=_houses(state, SourceKind.METER, clock, plan),
        batteries=_houses(state, SourceKind.BATTERY, clock, plan),
        is_available=_is_available(state, clock),
        details_at=state.details_at,
        status_light=_status_light(state, clock),
        energy=energy,
        day=clock.day,
        midnight=site.midnight(energy.day),
        month_start=site.midnight(energy.day.replace(day=1)),
        year_start=site.midnight(energy.day.replace(month=1, day=1)),
        is_daylight=clock.is_daylight,
        is_solar_hours=clock.is_solar_hours,
        power_w=_power(state, clock, plan),
        missing_ecus=state.missing_ecus(clock.day) if state.reports(clock.day) else (),
        newest_sample=_newest_sample(state, clock),
        next_read=max(planned, wait.until) if planned and wait and wait.reason is not Reason.NOTHING_NEW else planned,
        wait_reason=wait.reason if wait else None,
        calls=calls,
        upload_every=rhythm.period if rhythm else None,
        next_upload=rhythm.next_after(clock.now).replace(microsecond=0) if rhythm and clock.is_daylight else None,
        history=progress_of(backlog, clock, plan),
    )


def _shown_energy(state: SystemState, clock: Clock, plan: DayPlan) -> Energy:
    """Return the energy; today's is unknown and not 0 when reads, made or not, have brought no sample of the day.

    Without reads of the production nothing is known of it.
    """
    energy = state.known_energy(state.reading(clock))
    if not clock.options.production:
        return Energy(day=energy.day)
    if state.has_sample(energy.day) or not is_day_unknown(plan.slots, clock):
        return energy
    return replace(energy, today=None)


def _houses(state: SystemState, kind: SourceKind, clock: Clock, plan: DayPlan) -> dict[str, HouseStatus]:
    """Return all meters, or all batteries, as they are shown."""
    return {
        source.eid: house_status(state.house(source), source, clock, plan.slots, has_battery=state.has_battery)
        for source in state.shown_sources(clock.options)
        if source.kind is kind
    }


def _power(state: SystemState, clock: Clock, plan: DayPlan) -> float | None:
    """Return the power of the ECUs that have a sample which is young enough, or of a meter that has a newer one."""
    reads = [slot for slot in plan.slots if slot.call.kind is not Kind.METER_DAY or slot.purpose is Purpose.READ]
    lasts = lifetime(reads, [Kind.ECU_DAY, Kind.METER_DAY])
    reports = [report for report in state.reports(clock.day).values() if report.power_w is not None]
    samples = [(_sampled(clock, clock.day, report.newest), report.power_w or 0.0) for report in reports]
    fresh = [(at, power) for at, power in samples if at is not None and is_power_fresh(at, clock, lasts)]
    newest, power = max((at for at, _ in fresh), default=None), sum(power for _, power in fresh)
    for meter in state.meters.values():
        at = sampled_at(meter, clock) if meter.reads_production and meter.power.produced is not None else None
        if at is not None and is_power_fresh(at, clock, lasts) and (newest is None or at > newest):
            newest, power = at, meter.power.produced or 0.0
    return shown_power(power, is_fresh=newest is not None, is_daylight=clock.is_daylight)


def _ecu_status(state: SystemState, eid: str, clock: Clock) -> EcuStatus:
    contact, report = state.contacts.get(eid), state.ecu_days.get(eid)
    return EcuStatus(
        is_connected=is_connected(contact, clock),
        newest_sample=_sampled(clock, report.day, report.data.newest) if report else None,
    )


def _inverter_status(state: SystemState, uid: str, clock: Clock, plan: DayPlan) -> InverterStatus:
    day, panels = state.telemetry.get(uid), state.panel_energy.get(uid)
    eid = next((inverter.eid for inverter in state.inverters if inverter.uid == uid), "")
    today = day if day is not None and day.day == clock.day else None
    measured = _sampled(clock, clock.day, today.measured_at) if today else None
    powered = _sampled(clock, clock.day, today.times[-1]) if today and today.times else None
    own = lifetime(plan.slots, [Kind.TELEMETRY], uid)
    dc = max(
        lifetime(plan.slots, [Kind.TELEMETRY], uid, is_dc=True),
        lifetime(plan.slots, [Kind.BATCH_POWER], eid, is_dc=True),
    )
    return InverterStatus(
        is_fresh=clock.is_daylight and is_fresh(measured, clock.now, own),
        power_is_fresh=is_power_fresh(measured, clock, own),
        dc_is_fresh=clock.is_daylight and is_fresh(measured, clock.now, dc),
        dc_power_is_fresh=is_power_fresh(powered, clock, dc),
        panels=panels if panels is not None and panels.day == clock.day else None,
        totals=tuple(e.total if clock.options.production else None for e in state.panel_totals.get(uid, ())),
    )


def _status_light(state: SystemState, clock: Clock) -> int | None:
    """Return the cloud's status light; what the ECUs have shown since counts more than its word on their network."""
    light = state.details.light if state.details else None
    connected = {is_connected(state.contacts.get(eid), clock) for eid in state.ecu_ids}
    if False in connected:
        return OFFLINE
    return NORMAL if light == OFFLINE and connected == {True} else light


def _is_available(state: SystemState, clock: Clock) -> bool:
    """Return False after two days, with some hours of sun, in which the cloud has answered nothing."""
    since = state.answered
    if since is None or clock.now - since < AVAILABLE_FOR:
        return True
    sun, day = timedelta(), clock.site.day(since)
    while day <= clock.day and sun < AVAILABLE_SOLAR_HOURS:
        hours = clock.solar_day(day).hours
        if hours is not None:
            sun += max(timedelta(), min(hours.end, clock.now) - max(hours.start, since))
        day += DAY
    return sun < AVAILABLE_SOLAR_HOURS


def _sampled(clock: Clock, day: date, label: str | None) -> datetime | None:
    return clock.site.at(day, time.fromisoformat(label)) if label else None


def _newest_sample(state: SystemState, clock: Clock) -> datetime | None:
    """Return the time of the newest sample of any device."""
    labels = [(report.day, report.data.newest) for report in state.ecu_days.values()]
    labels += [(day.day, day.times[-1] if day.times else None) for day in state.telemetry.values()]
    labels += [(house.day, house.newest) for house in (*state.meters.values(), *state.batteries.values()) if house.day]
    return max((time for day, label in labels if (time := _sampled(clock, day, label))), default=None)
