"""The state of a system as JSON can hold it. No Home Assistant; both ways take long and belong into a thread.

A field that cannot be read is dropped alone, so that one bad value costs no other.
"""

# ruff: noqa: ANN401 -- JSON has values of any type

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, Field, asdict, fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
import logging
from types import NoneType, UnionType
from typing import Any, Final, Union, cast, get_args, get_origin, get_type_hints

from ..cloud.models import Ecu, SystemDetails
from ..cloud.parsing import parse_number
from .state import SystemState
from .unwritten import PRODUCTION
from .waits import ENTRY, Reason, Waits

MINOR_VERSION = 3
_LOGGER: Final = logging.getLogger(__name__)

_RENAMED = {  # as 1.0 called them
    "days": "telemetry",
    "ecu_reads": "ecu_days",
    "panels": "panel_energy",
    "past": "backlog",
}
_RENAMED_IN_ENERGY = {"told": "summary_today"}
_RENAMED_IN_BACKLOG = {
    "month": "month_cursor",
    "day": "day_cursor",
    "empty": "empty_days",
}


def dump(state: SystemState) -> dict[str, Any]:
    """Return the state as what JSON can hold; dates and times are left to Home Assistant's encoder."""
    data = asdict(state)
    data["waits"] = dump_waits(state.waits.by_scope)
    data["observations"] = {eid: [[*known] for known in observed] for eid, observed in state.observations.items()}
    return data


def dump_waits(waits: Mapping[str, Any]) -> dict[str, Any]:
    """Return waits by scope as what JSON can hold; lengths are seconds."""
    return {
        scope: {"until": wait.until, "reason": str(wait.reason), "length": wait.length.total_seconds()}
        for scope, wait in waits.items()
    }


def migrate(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an older version has stored under the names of today. Takes no longer for many inverters."""
    new = {_RENAMED.get(key, key): value for key, value in data.items()}
    if isinstance(backlog := new.get("backlog"), dict):
        new["backlog"] = _migrated_backlog(backlog)
    if isinstance(energy := new.get("energy"), dict):
        new["energy"] = {_RENAMED_IN_ENERGY.get(key, key): value for key, value in energy.items()}
    if isinstance(sought := new.pop("sought", None), list):
        new["answered_causes"] = [f"inverter {uid}" for uid in sought]
    new.setdefault("listed_at", new.get("answered"))  # so that an upgrade costs no call
    retry = new.pop("retry", None)
    if isinstance(retry, dict) and {"at", "wait_s"} <= retry.keys():
        reason = Reason.CREDENTIALS if retry.get("refused") else Reason.FIRST_READ
        wait = {"until": retry["at"], "reason": reason, "length": retry["wait_s"]}
        new["waits"] = {ENTRY: wait}
    return new


def _migrated_backlog(backlog: Mapping[str, Any]) -> dict[str, Any]:
    """Return a backlog under the names of today; before there were flows, it had the rows of the production alone."""
    new = {_RENAMED_IN_BACKLOG.get(key, key): value for key, value in backlog.items()}
    oldest, newest = (new.pop(f"{end}_row", new.pop(end, None)) for end in ("oldest", "newest"))
    if oldest is not None and newest is not None:
        new["extents"] = {PRODUCTION: {"oldest": oldest, "newest": newest}}
    return new


def load(data: object) -> tuple[SystemState, tuple[str, ...]]:
    """Return the state that was dumped, and the names of the fields that could not be read.

    Raises TypeError when it is no object at all.
    """
    if isinstance(data, dict) and isinstance(waits := data.get("waits"), dict):
        data = {**data, "waits": {"by_scope": waits}}
    return load_as(SystemState, data)


def load_as[T](kind: type[T], data: object) -> tuple[T, tuple[str, ...]]:
    """Return the dataclass that was dumped, and the names of the fields that could not be read.

    The keys of mappings stay text. Raises TypeError when it is no object at all.
    """
    unreadable: list[str] = []
    return cast("T", _load(kind, data, "", unreadable)), tuple(unreadable)


def first_answers(details: SystemDetails, ecus: Iterable[Ecu], fetched: datetime) -> dict[str, Any]:
    """Return the answers that a config flow has fetched in a form that an entry can hold; no ECU: no listing."""
    created = details.created and details.created.isoformat()
    plain = {**asdict(details), "created": created, "ecus": list(details.ecus)}
    listing = [{**asdict(ecu), "inverters": [asdict(inverter) for inverter in ecu.inverters]} for ecu in ecus]
    return {"details": plain, "ecus": listing or None, "answered": fetched.isoformat()}


def with_first_answers(state: SystemState, answers: object) -> SystemState:
    """Return the state with what a config flow has fetched; what was put off or refused may be asked again."""
    fetched, unreadable = load(answers) if isinstance(answers, dict) else (SystemState(), ("everything",))
    log_unreadable("the answers to the config flow", unreadable)
    at = fetched.answered
    known = state if fetched.details is None or at is None else state.with_details(fetched.details, at)
    known = known if fetched.ecus is None or at is None else known.with_listing(fetched.ecus, at)
    return replace(known, answered=fetched.answered or known.answered, refusals=0, waits=Waits())


def log_unreadable(source: str, names: Sequence[str]) -> None:
    """Log in one line what could not be read."""
    if names:
        _LOGGER.warning("Failed to read parts of %s, dropping them: %s", source, ", ".join(names))


def load_waits(data: object) -> Mapping[str, Any]:
    """Return waits by scope; those that cannot be read are dropped."""
    state, _ = load({"waits": data})
    return state.waits.by_scope


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _load(kind: Any, data: Any, path: str, unreadable: list[str]) -> object:
    """Build a value of a type out of JSON: dataclasses, tuples and mappings of them, dates and plain values."""
    kind = getattr(kind, "__value__", kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {UnionType, Union}:
        inner = next(argument for argument in arguments if argument is not NoneType)
        return None if data is None else _load(inner, data, path, unreadable)
    if origin is tuple:
        return tuple(_load(arguments[0], item, path, unreadable) for item in _checked(list, data))
    if origin is Mapping:
        return _load_mapping(arguments[1], _checked(dict, data), path, unreadable)
    if hasattr(kind, "_fields"):  # a named tuple
        hints = _hints(kind).values()
        items = zip(hints, _checked(list, data), strict=True)
        return kind(*(_load(hint, item, path, unreadable) for hint, item in items))
    if is_dataclass(kind):
        return _load_dataclass(kind, _checked(dict, data), path, unreadable)
    return _PLAIN.get(kind, _as_is(kind))(data)


def _load_mapping(kind: Any, data: dict[str, Any], path: str, unreadable: list[str]) -> dict[str, Any]:
    known = {}
    for number, (key, value) in enumerate(data.items(), start=1):
        with _dropping(f"{path}[{number}]", unreadable):
            known[key] = _load(kind, value, f"{path}[{number}]", unreadable)
    return known


def _load_dataclass(kind: Any, data: dict[str, Any], path: str, unreadable: list[str]) -> object:
    hints, known = _hints(kind), {}
    for field in fields(kind):
        name = f"{path}.{field.name}" if path else field.name
        if field.name not in data:
            continue
        if not _has_default(field):
            known[field.name] = _load(hints[field.name], data[field.name], name, unreadable)
            continue
        with _dropping(name, unreadable):
            known[field.name] = _load(hints[field.name], data[field.name], name, unreadable)
    return kind(**known)


@contextmanager
def _dropping(name: str, unreadable: list[str]) -> Iterator[None]:
    """Drop what cannot be read, and note its name."""
    try:
        yield
    except ArithmeticError, AttributeError, TypeError, ValueError:
        unreadable.append(name)


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _checked(kind: type | tuple[type, ...], data: Any) -> Any:
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        raise TypeError(f"{type(data).__name__} is no {kind}")
    return data


def _as_is(kind: type) -> Callable[[Any], Any]:
    if issubclass(kind, StrEnum):
        return kind
    return lambda data: _checked(kind, data)


def load_time(data: Any) -> datetime:
    """Return a time with a zone. Raises TypeError or ValueError for anything else."""
    if (time := datetime.fromisoformat(data)).tzinfo is None:
        raise ValueError("a time without a zone")
    return time


def _figure(data: Any) -> float:
    if (number := parse_number(_checked((float, int), data))) is None:
        raise ValueError("not a figure")
    return number


_PLAIN: dict[type, Callable[[Any], Any]] = {
    date: date.fromisoformat,
    datetime: load_time,
    timedelta: lambda data: timedelta(seconds=_figure(data)),
    float: _figure,
}
