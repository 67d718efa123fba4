"""Diagnostics that may be shown to others: plan, ledger, answers and plant, each id replaced by a name for its kind.

Ids are replaced in the finished whole, in keys and values alike, so that none is overlooked.
"""

from collections.abc import Iterable, Mapping, Sequence, Set as AbstractSet
from dataclasses import asdict, fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
import re
from typing import Any, Final
from urllib.parse import urlsplit

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.loader import async_get_integration
from homeassistant.util import dt as dt_util

from .const import CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL, CONF_SID, DEFAULT_BASE_URL, DOMAIN
from .coordinator import ApsystemsConfigEntry, ApsystemsCoordinator
from .devices import house_name
from .ledger import async_get_ledger
from .schedule.calls import Call, Kind, Slot
from .schedule.options import DEFAULT_QUOTA
from .schedule.quota import CHINA
from .settings import options_of
from .system.backlog import SOURCE_KINDS, SourceKind
from .system.state import SystemState

REDACTED: Final = "**REDACTED**"
_LABEL: Final = re.compile(r"\d\d:\d\d")
_OF_ECUS: Final = (Kind.ECU_DAY, Kind.BATCH_POWER, Kind.BATCH_ENERGY)
_OF_INVERTERS: Final = (Kind.TELEMETRY, Kind.INVERTER_SUMMARY)
_OF_METERS: Final = tuple(kind for kind, of in SOURCE_KINDS.items() if of is SourceKind.METER)
_OF_BATTERIES: Final = tuple(kind for kind, of in SOURCE_KINDS.items() if of is SourceKind.BATTERY)
# Shorter ones are replaced only where they stand alone: it may be part of a time or of a word.
_UNMISTAKABLE: Final = 6


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: ApsystemsConfigEntry) -> dict[str, Any]:
    """Return diagnostics of a system."""
    integration = await async_get_integration(hass, DOMAIN)
    whole: dict[str, Any] = {
        "versions": {
            "home_assistant": __version__,
            "integration": str(integration.version),
            "entry": f"{entry.version}.{entry.minor_version}",
        },
        "setup": {"state": entry.state.value, "reason": entry.reason},
        "connection": _connection(entry),
        "options": asdict(options_of(entry.options, await _async_quota(hass, entry))),
    }
    if entry.state is not ConfigEntryState.LOADED:
        return _replaced(_plain(whole), _secrets(entry))
    coordinator = entry.runtime_data
    data = coordinator.data
    whole |= {
        "clock": {"now": dt_util.utcnow(), "site_day": data.day, "site_zone": str(coordinator.context.ledger.zone)},
        "plant": _plant(data.state),
        "plan": _plan(coordinator),
        "ledger": _ledger(coordinator),
        "failing": coordinator.failures.failing,
        "waits": coordinator.context.situation.waits.by_scope,
        "state": data.state,
        "history": data.history,
        "meters": data.meters,
        "batteries": data.batteries,
    }
    return _replaced(_plain(whole), _names(entry))


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: ApsystemsConfigEntry, device: dr.DeviceEntry
) -> dict[str, Any]:
    """Return diagnostics of an inverter, a meter or a battery; of the system's device, those of the system."""
    coordinator = entry.runtime_data
    data, state = coordinator.data, coordinator.data.state
    ids = {name for domain, name in device.identifiers if domain == DOMAIN}
    if coordinator.context.sid in ids:
        return await async_get_config_entry_diagnostics(hass, entry)
    ecus = {inverter.eid for inverter in state.inverters if inverter.uid in ids}
    meters, batteries = _houses(coordinator, SourceKind.METER, ids), _houses(coordinator, SourceKind.BATTERY, ids)
    whole = {
        "inverters": [inverter for inverter in state.inverters if inverter.uid in ids],
        "listed": bool(ids & state.listed),
        "telemetry": {uid: day for uid, day in state.telemetry.items() if uid in ids},
        "panel_energy": {uid: panels for uid, panels in state.panel_energy.items() if uid in ids},
        "ecu_days": {eid: report for eid, report in state.ecu_days.items() if eid in ecus},
        "meters": {eid: {"state": state.meters.get(eid), "shown": data.meters[eid]} for eid in meters},
        "batteries": {eid: {"state": state.batteries.get(eid), "shown": data.batteries[eid]} for eid in batteries},
        "asked": _asked(coordinator, _calls_about(ecus, ids, meters, batteries)),
        "plan": [_slot(slot) for slot in _slots(coordinator) if slot.call.target in ecus | ids | meters | batteries],
    }
    return _replaced(_plain(whole), _names(entry))


def _houses(coordinator: ApsystemsCoordinator, kind: SourceKind, ids: AbstractSet[str]) -> set[str]:
    """Return the meters or batteries that have one of some identifiers."""
    context, state = coordinator.context, coordinator.data.state
    sources = (source for source in state.shown_sources(context.options) if source.kind is kind)
    return {source.eid for source in sources if house_name(context.sid, source, state) in ids}


async def _async_quota(hass: HomeAssistant, entry: ApsystemsConfigEntry) -> int:
    """Return the monthly quota of the App ID; the default for an entry of another integration, which has none."""
    app_id = entry.data.get(CONF_APP_ID)
    return (await async_get_ledger(hass, app_id)).quota if app_id else DEFAULT_QUOTA


def _connection(entry: ApsystemsConfigEntry) -> dict[str, Any]:
    """Return facts about the address, but not the address."""
    url = entry.data.get(CONF_BASE_URL) or DEFAULT_BASE_URL
    parts = urlsplit(url)
    return {
        "vendors_server": url.rstrip("/") == DEFAULT_BASE_URL,
        "scheme": parts.scheme,
        "port": parts.netloc.rpartition(":")[2] if ":" in parts.netloc else None,
        "has_path": bool(parts.path.strip("/")),
    }


def _plant(state: SystemState) -> dict[str, Any]:
    """Return the inverters of each ECU, and the shape of their data."""
    plant: dict[str, Any] = {eid: {} for eid in state.ecu_ids}
    for inverter in state.inverters:
        day = state.telemetry.get(inverter.uid)
        plant[inverter.eid][inverter.uid] = {
            "model": inverter.model,
            "listed": inverter.uid in state.listed,
            "channels": day and len(day.channels),
            "phases": day and len(day.ac_voltages_v),
        }
    return plant


def _slots(coordinator: ApsystemsCoordinator) -> tuple[Slot, ...]:
    plan = coordinator.context.planning.plan
    return plan.slots if plan else ()


def _slot(slot: Slot) -> dict[str, Any]:
    return {"at": slot.at, "until": slot.until, "call": str(slot.call), "day": slot.day, "purpose": slot.purpose}


def _plan(coordinator: ApsystemsCoordinator) -> dict[str, Any]:
    plan, data = coordinator.context.planning.plan, coordinator.data
    return {
        "day": plan and plan.day,
        "slots": [_slot(slot) for slot in _slots(coordinator)],
        "next_read": data.next_read,
        "first_of_tomorrow": plan and plan.first_of_tomorrow,
        "estimate_of_the_month": data.calls.estimate,
        "is_stretched": plan and plan.is_stretched,
        "rhythms": coordinator.context.planning.rhythms,
    }


def _ledger(coordinator: ApsystemsCoordinator) -> dict[str, Any]:
    """Return the ledger of calls; of other systems on the same App ID, only what they leave to this one."""
    state, ledger = coordinator.data.state, coordinator.context.ledger
    now, counts = dt_util.utcnow(), ledger.ledger.counts
    zones = {"utc": UTC, "china": CHINA, "site": ledger.zone}
    calls = [Call(kind=kind) for kind in Kind]
    ecus, inverters = {*state.ecu_ids, *state.ecu_days}, [inverter.uid for inverter in state.inverters]
    return {
        "opened": counts.opened,
        "carried": counts.carried,
        "quota": ledger.quota,
        "used": {name: ledger.used(now, zone) for name, zone in zones.items()},
        "left": ledger.room(now),
        "share": round(ledger.share, 3),
        "asked": _asked(coordinator, [*calls, *_calls_about(ecus, inverters, state.meters, state.batteries)]),
    }


def _calls_about(
    ecus: Iterable[str], inverters: Iterable[str], meters: Iterable[str], batteries: Iterable[str]
) -> list[Call]:
    about = {_OF_ECUS: ecus, _OF_INVERTERS: inverters, _OF_METERS: meters, _OF_BATTERIES: batteries}
    return [Call(kind=kind, target=name) for kinds, names in about.items() for kind in kinds for name in sorted(names)]


def _asked(coordinator: ApsystemsCoordinator, calls: Iterable[Call]) -> dict[str, datetime]:
    """Return when each call was last sent."""
    asked = {str(call): coordinator.context.ledger.asked(str(call)) for call in calls}
    return {call: at for call, at in asked.items() if at is not None}


def _plain(value: Any) -> Any:  # noqa: ANN401 -- of any type
    """Return what JSON can hold; of series, labels and lists of days only the shape."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return _shape(value) or [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return value


def _shape(values: Sequence[object]) -> str | None:
    """Return the shape of a series, or of labels or days in a row; None for any other list."""
    if not values or isinstance(values, list):
        return None
    if all(value is None or isinstance(value, (float, int)) for value in values):
        return f"{len(values)} values, {sum(value is not None for value in values)} known"
    if all(_is_time_label(value) for value in values):
        return f"{len(values)} from {values[0]} to {values[-1]}"
    return None


def _is_time_label(item: object) -> bool:
    return isinstance(item, date) or (isinstance(item, str) and _LABEL.fullmatch(item) is not None)


def _names(entry: ApsystemsConfigEntry) -> dict[str, str]:
    """Return the replacement of each id and each secret; `ecu_1` is the first that the listing names."""
    state = entry.runtime_data.data.state
    ecus = dict.fromkeys(
        [
            *(ecu.eid for ecu in state.ecus or ()),
            *(inverter.eid for inverter in state.inverters),
            *(state.details.ecus if state.details else ()),
            *state.ecu_days,
            *state.unlisted,
            *state.batteries,
        ]
    )
    inverters = dict.fromkeys(
        [
            *(inverter.uid for inverter in state.inverters),
            *sorted(state.listed),
            *(uid for known in (state.telemetry, state.panel_energy) for uid in known),
        ]
    )
    meters = dict.fromkeys([*state.listed_meters, *state.meters])
    return {
        **{eid: f"meter_{number}" for number, eid in enumerate(meters, start=1)},
        **{uid: f"inverter_{number}" for number, uid in enumerate(inverters, start=1)},
        **{eid: f"ecu_{number}" for number, eid in enumerate(ecus, start=1)},
        **_secrets(entry),
    }


def _secrets(entry: ApsystemsConfigEntry) -> dict[str, str]:
    host = urlsplit(entry.data.get(CONF_BASE_URL) or DEFAULT_BASE_URL).hostname
    secrets = (entry.data.get(CONF_APP_ID), entry.data.get(CONF_APP_SECRET), host)
    system = {sid: "system"} if (sid := entry.data.get(CONF_SID)) else {}
    return {**system, **dict.fromkeys(filter(None, secrets), REDACTED)}


def _replaced(whole: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Put names in place of ids wherever they stand; of two that overlap the longer counts."""
    forms = [
        re.escape(name) if len(name) >= _UNMISTAKABLE else rf"(?<!\w){re.escape(name)}(?!\w)"
        for name in sorted(names, key=len, reverse=True)
    ]
    pattern = re.compile("|".join(forms))

    def replaced(value: Any) -> Any:  # noqa: ANN401 -- of any type
        match value:
            case str():
                return pattern.sub(lambda found: names[found[0]], value)
            case dict():
                return {replaced(key): replaced(item) for key, item in value.items()}
            case list():
                return [replaced(item) for item in value]
        return value

    return {key: replaced(value) for key, value in whole.items()}
