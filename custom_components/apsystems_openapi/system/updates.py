"""One call, and what its answer does to the state. No Home Assistant."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from ..cloud.client import EnergyLevel, OpenApiClient
from ..schedule.calls import Call, Kind
from . import state as states
from .energy import Energy, Reading, read_hours, read_summary, read_today
from .state import Hours, SystemState, merged

type Answer = Callable[[SystemState], SystemState]


async def ask(client: OpenApiClient, call: Call, day: date, reading: Reading) -> Answer:  # noqa: PLR0911
    """Make a call about a site day; return its answer, as what it does to a state. Raises the client's errors."""
    match call.kind:
        case Kind.DETAILS:
            details = await client.details()
            return lambda state: replace(state, details=merged(state.details, details))
        case Kind.INVERTERS:
            ecus = await client.inverters()
            return lambda state: states.with_listing(state, ecus)
        case Kind.SUMMARY:
            summary = await client.summary()
            return lambda state: replace(state, energy=read_summary(energy_of(state, reading), summary, reading))
        case Kind.HOURLY:
            hours = await client.energy(EnergyLevel.HOURLY, day)
            return lambda state: replace(
                state,
                energy=read_hours(energy_of(state, reading), day, hours, reading),
                hours=Hours(day=day, kwh=hours, read_at=reading.at),
            )
        case Kind.ECU_DAY:
            ecu_day = await client.ecu_day(call.target, day)
            return lambda state: _of_all_ecus(states.with_ecu_day(state, call.target, day, ecu_day), day, reading)
        case Kind.TELEMETRY:
            telemetry = await client.inverter_day(call.target, day)
            return lambda state: states.with_day(state, call.target, telemetry)
        case Kind.BATCH_POWER:
            powers = await client.batch_power(call.target, day)
            return lambda state: states.with_batch_power(state, day, powers)
        case Kind.BATCH_ENERGY:
            energies = await client.batch_energy(call.target, day)
            return lambda state: states.with_batch_energy(state, day, energies)
        case Kind.PAST:
            raise ValueError("What is next of the past is the historian's to know")


def nothing(call: Call, reading: Reading) -> Answer:
    """Return what 1001 does to a state: it was asked, and there is nothing (yet)."""
    match call.kind:
        case Kind.INVERTERS:
            return lambda state: replace(state, ecus=() if state.ecus is None else state.ecus)
        case Kind.SUMMARY:
            return lambda state: replace(state, energy=energy_of(state, reading))
    return lambda state: state


def energy_of(state: SystemState, reading: Reading) -> Energy:
    """Return what is known of the energy; before anything is, today's is 0 until the sun rises."""
    return state.energy or Energy(day=reading.day, today=0.0 if reading.before_sunrise else None)


def _of_all_ecus(state: SystemState, day: date, reading: Reading) -> SystemState:
    """Take today's energy, once every ECU has told of the day."""
    told = state.reads_of(day)
    if told is None:
        return state
    parts = [read.today for read in told]
    today = sum(part for part in parts if part is not None) if None not in parts else None
    return replace(state, energy=read_today(energy_of(state, reading), day, today, reading))
