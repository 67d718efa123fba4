"""One table: kind of call -> how it is asked, and what its answer does to the state. No Home Assistant."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ..cloud.client import EnergyLevel, OpenApiClient
from ..cloud.exceptions import OpenApiAnswerError, OpenApiError, OpenApiRequestError
from ..cloud.models import BatchEnergy, EcuDay, FlowDay, Series
from ..schedule.calls import Kind, Purpose, Slot
from .energy import Reading
from .house_updates import (
    is_right,
    with_battery,
    with_flow_day,
    with_flow_month,
    with_flow_totals,
    with_other_prefix,
    with_panel_totals,
    with_postponed_flow_day,
    without_flow_day,
)
from .panel_totals import with_panels_today
from .state import SystemState
from .unwritten import PRODUCTION, FetchedDay


@dataclass(frozen=True, kw_only=True)
class Update:
    """One kind of call."""

    ask: Callable[[OpenApiClient, Slot, SystemState], Awaitable[Any]]
    """Make the call about the slot's day; raises the client's errors."""
    apply: Callable[[SystemState, Slot, Any, Reading], SystemState]
    """Take the answer."""
    on_no_data: Callable[[SystemState, Slot, Reading], SystemState] = lambda state, _slot, _reading: state
    """Take 1001: the call was made, and there is nothing (yet)."""
    on_failure: Callable[[SystemState, Slot, OpenApiError, Reading], SystemState] = (
        lambda state, _slot, _failure, _reading: state
    )
    """Take any other failure."""
    is_for_everybody: bool = False
    """Whether whoever may read a system may ask this; everything else may be refused to an account or for a device."""
    is_optional: bool = False
    """Whether the account may have no right to this at all, or the plant no such device: then it is seldom asked."""


def _with_hours(state: SystemState, slot: Slot, hours: Series, reading: Reading) -> SystemState:
    """Take hours: of the history for the backlog, otherwise of the site day."""
    if slot.purpose is not Purpose.HISTORY:
        return state.with_hours(slot.day, hours, reading)
    fetched = FetchedDay(day=slot.day, hours=hours, closed=reading.at, is_fetched_again=True)
    return replace(state, backlog=state.backlog.with_day(fetched))


def _without_hours(state: SystemState, slot: Slot, reading: Reading) -> SystemState:
    return _with_hours(state, slot, (), reading) if slot.purpose is Purpose.HISTORY else state


def _with_ecu_day(state: SystemState, slot: Slot, data: EcuDay, reading: Reading) -> SystemState:
    state = state.with_ecu_day(slot.call.target, slot.day, data, reading)
    return state.with_contact(slot.call.target, slot.day, data.newest, reading)


def _without_ecu_day(state: SystemState, slot: Slot, reading: Reading) -> SystemState:
    return state.with_contact(slot.call.target, slot.day, None, reading)


def _with_refused_ecu_day(state: SystemState, slot: Slot, failure: OpenApiError, reading: Reading) -> SystemState:
    """Take a refusal: the id of an ECU that was replaced may answer so (`api.md` §4)."""
    return _without_ecu_day(state, slot, reading) if isinstance(failure, OpenApiRequestError) else state


def _with_postponed_day(state: SystemState, slot: Slot, _failure: OpenApiError, _reading: Reading) -> SystemState:
    if slot.purpose is not Purpose.HISTORY:
        return state
    return replace(state, backlog=state.backlog.with_postponed(slot.day))


def _with_batch_energy(state: SystemState, slot: Slot, batch: BatchEnergy, reading: Reading) -> SystemState:
    state = _without_panel_gap(state.with_batch_energy(slot.day, batch), slot)
    if slot.day != reading.day:
        return state
    return replace(state, panel_totals=with_panels_today(state.panel_totals, batch, reading))


def _without_panel_gap(state: SystemState, slot: Slot) -> SystemState:
    if slot.purpose is not Purpose.HISTORY:
        return state
    return replace(state, backlog=state.backlog.without_panel_gap(slot.day, slot.call.target))


def _with_month(state: SystemState, slot: Slot, totals: Series, _: Reading) -> SystemState:
    return replace(state, backlog=state.backlog.with_month(slot.day, {PRODUCTION: totals}))


async def _flow_day(fetched: Awaitable[FlowDay], slot: Slot, state: SystemState) -> FlowDay:
    """Return a day of a meter or a battery. Raises OpenApiAnswerError when it has ended and does not balance."""
    data = await fetched
    if not is_right(state, slot, data):
        raise OpenApiAnswerError("what came and what went that day are not the same")
    return data


UPDATES: Final[Mapping[Kind, Update]] = {
    Kind.DETAILS: Update(
        ask=lambda client, _slot, _state: client.details(),
        apply=lambda state, _, details, reading: state.with_details(details, reading.at),
        is_for_everybody=True,
    ),
    Kind.INVERTERS: Update(
        ask=lambda client, _slot, _state: client.inverters(),
        apply=lambda state, _, ecus, reading: state.with_listing(ecus, reading.at),
        on_no_data=lambda state, _slot, _reading: replace(state, ecus=() if state.ecus is None else state.ecus),
        is_for_everybody=True,
    ),
    Kind.SUMMARY: Update(
        ask=lambda client, _slot, _state: client.summary(),
        apply=lambda state, _, summary, reading: state.with_energy_summary(summary, reading),
        on_no_data=lambda state, _, reading: replace(state, energy=state.known_energy(reading)),
        is_for_everybody=True,
    ),
    Kind.HOURLY: Update(
        ask=lambda client, slot, _: client.energy(EnergyLevel.HOURLY, slot.day),
        apply=_with_hours,
        on_no_data=_without_hours,
        on_failure=_with_postponed_day,
        is_for_everybody=True,
    ),
    Kind.DAILY: Update(
        ask=lambda client, slot, _: client.energy(EnergyLevel.DAILY, slot.day),
        apply=_with_month,
        on_no_data=lambda state, slot, reading: _with_month(state, slot, (), reading),
        is_for_everybody=True,
    ),
    Kind.ECU_DAY: Update(
        ask=lambda client, slot, _: client.ecu_day(slot.call.target, slot.day),
        apply=_with_ecu_day,
        on_no_data=_without_ecu_day,
        on_failure=_with_refused_ecu_day,
    ),
    Kind.TELEMETRY: Update(
        ask=lambda client, slot, _: client.inverter_day(slot.call.target, slot.day),
        apply=lambda state, slot, day, _: state.with_inverter_day(slot.call.target, day),
    ),
    Kind.BATCH_POWER: Update(
        ask=lambda client, slot, _: client.batch_power(slot.call.target, slot.day),
        apply=lambda state, slot, batch, _: state.with_batch_power(slot.day, batch),
    ),
    Kind.BATCH_ENERGY: Update(
        ask=lambda client, slot, _: client.batch_energy(slot.call.target, slot.day),
        apply=_with_batch_energy,
        on_no_data=lambda state, slot, _: _without_panel_gap(state, slot),
    ),
    Kind.INVERTER_SUMMARY: Update(
        ask=lambda client, slot, _: client.inverter_summary(slot.call.target),
        apply=lambda state, slot, summary, reading: with_panel_totals(state, slot.call.target, summary, reading),
        on_no_data=lambda state, slot, reading: with_panel_totals(state, slot.call.target, (), reading),
        is_optional=True,
    ),
    Kind.METERS: Update(
        ask=lambda client, _slot, _state: client.meters(),
        apply=lambda state, _slot, meters, reading: state.with_meter_list(meters, reading.at),
        on_no_data=lambda state, _slot, reading: state.with_meter_list((), reading.at),
        is_optional=True,
    ),
    Kind.METER_SUMMARY: Update(
        ask=lambda client, slot, _: client.meter_summary(slot.call.target),
        apply=with_flow_totals,
        is_optional=True,
    ),
    Kind.METER_DAY: Update(
        ask=lambda client, slot, state: _flow_day(client.meter_day(slot.call.target, slot.day), slot, state),
        apply=with_flow_day,
        on_no_data=without_flow_day,
        on_failure=lambda state, slot, failure, _reading: with_postponed_flow_day(state, slot, failure),
        is_optional=True,
    ),
    Kind.METER_MONTH: Update(
        ask=lambda client, slot, _: client.meter_month(slot.call.target, slot.day),
        apply=lambda state, slot, totals, _: with_flow_month(state, slot, totals),
        on_no_data=lambda state, slot, _: with_flow_month(state, slot, {}),
        is_optional=True,
    ),
    Kind.STORAGE_STATE: Update(
        ask=lambda client, slot, state: client.storage_state(slot.call.target, as_installer=state.storage_as_installer),
        apply=with_battery,
        on_failure=with_other_prefix,
        is_optional=True,
    ),
    Kind.STORAGE_SUMMARY: Update(
        ask=lambda client, slot, state: client.storage_summary(
            slot.call.target, as_installer=state.storage_as_installer
        ),
        apply=with_flow_totals,
        on_failure=with_other_prefix,
        is_optional=True,
    ),
    Kind.STORAGE_DAY: Update(
        ask=lambda client, slot, state: _flow_day(
            client.storage_day(slot.call.target, slot.day, as_installer=state.storage_as_installer), slot, state
        ),
        apply=with_flow_day,
        on_no_data=without_flow_day,
        on_failure=with_other_prefix,
        is_optional=True,
    ),
    Kind.STORAGE_MONTH: Update(
        ask=lambda client, slot, state: client.storage_month(
            slot.call.target, slot.day, as_installer=state.storage_as_installer
        ),
        apply=lambda state, slot, totals, _: with_flow_month(state, slot, totals),
        on_no_data=lambda state, slot, _: with_flow_month(state, slot, {}),
        on_failure=with_other_prefix,
        is_optional=True,
    ),
}
