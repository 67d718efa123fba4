"""All that is known of one system, as a value; how each answer changes it, and how it is kept on disk.

An answer only ever adds or replaces what it speaks of: a null, an empty list or no answer at all takes nothing away.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from ..cloud.models import (
    MAX_CHANNELS,
    BatchEnergy,
    BatchPower,
    Ecu,
    EcuDay,
    Inverter,
    InverterDay,
    Series,
    SystemDetails,
    with_batch,
)
from ..cloud.parsing import parse_number
from ..schedule.calls import Plant
from .backlog import Past
from .energy import Energy


@dataclass(frozen=True, kw_only=True)
class Hours:
    """The system's hourly energy (kWh) of a site day; `read_at` is None when it was made up of the ECUs' own series."""

    day: date
    kwh: Series
    read_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class EcuRead:
    """An ECU's newest series that had a sample, and the site day that it is of."""

    day: date
    data: EcuDay


@dataclass(frozen=True, kw_only=True)
class Panels:
    """The energy (kWh) of an inverter's channels on a site day."""

    day: date
    kwh: Series


@dataclass(frozen=True, kw_only=True)
class Spent:
    """How many calls of the month, in UTC, the ledger had in its book at a moment."""

    at: datetime
    calls: int


@dataclass(frozen=True, kw_only=True)
class Retry:
    """When an unfinished first read may be tried again, and the wait that led there, which doubles.

    `refused`: it waits for new credentials.
    """

    at: datetime
    wait_s: float
    refused: bool = False


@dataclass(frozen=True, kw_only=True)
class SystemState:
    """What the cloud has told so far.

    `listed` are the inverters of the newest listing, `inverters` those that have a device: a vanished one stays while
    its ECU's own list is missing or empty. `sought` are ids that a batch named and a listing was asked for.
    `idle_reads` counts the reads in a row that brought nothing newer; `answered` is when the cloud last answered a
    call; `spent` is for a ledger that gets lost.
    """

    details: SystemDetails | None = None
    energy: Energy | None = None
    hours: Hours | None = None
    ecus: tuple[Ecu, ...] | None = None
    inverters: tuple[Inverter, ...] = ()
    days: Mapping[str, InverterDay] = field(default_factory=dict)
    ecu_reads: Mapping[str, EcuRead] = field(default_factory=dict)
    panels: Mapping[str, Panels] = field(default_factory=dict)
    sought: tuple[str, ...] = ()
    idle_reads: int = 0
    ecu_days_refused: bool = False
    answered: datetime | None = None
    spent: Spent | None = None
    past: Past = field(default_factory=Past)
    retry: Retry | None = None

    @property
    def complete(self) -> bool:
        """Whether the first read has been answered, so that there is something to show."""
        return self.energy is not None and self.ecus is not None

    @property
    def listed(self) -> frozenset[str]:
        """Return the inverters that the newest listing names."""
        return frozenset(inverter.uid for ecu in self.ecus or () for inverter in ecu.inverters)

    @property
    def plant(self) -> Plant:
        """Return what there is to ask for."""
        return Plant(
            ecus=tuple(dict.fromkeys(inverter.eid for inverter in self.inverters)),
            inverters=tuple(inverter.uid for inverter in self.inverters),
            ecu_days=not self.ecu_days_refused,
        )

    def reads_of(self, day: date) -> tuple[EcuDay, ...] | None:
        """Return what every ECU last told of a day; None when one of them has told nothing of it."""
        reads = [self.ecu_reads.get(eid) for eid in self.plant.ecus]
        told = tuple(read.data for read in reads if read is not None and read.day == day)
        return told if told and len(told) == len(reads) else None

    @property
    def timezone(self) -> str | None:
        """Return the name of the site's zone, by the registration or else by the first ECU that has one."""
        return (self.details and self.details.timezone) or _zone_of(self.ecus or ())

    @property
    def strangers(self) -> frozenset[str]:
        """Return the ids that a batch named and no listing was asked for yet."""
        return frozenset(self.days) - {i.uid for i in self.inverters} - frozenset(self.sought)


def merged(held: SystemDetails | None, details: SystemDetails) -> SystemDetails:
    """Return the details with what only former ones have told."""
    if held is None:
        return details
    return replace(
        details,
        created=details.created or held.created,
        capacity_kw=details.capacity_kw or held.capacity_kw,
        timezone=details.timezone or held.timezone,
        ecus=details.ecus or held.ecus,
        light=details.light or held.light,
    )


def with_listing(state: SystemState, ecus: tuple[Ecu, ...]) -> SystemState:
    """Take an inverter list. Gone is only what its own ECU, with a list that is not empty, does not name.

    Details are asked for once; where a listing names another zone, the owner has changed it since.
    """
    zone = _zone_of(ecus)
    if state.details is not None and zone is not None:
        state = replace(state, details=replace(state.details, timezone=zone))
    listed = {inverter.uid: inverter for ecu in ecus for inverter in ecu.inverters}
    speaking = {ecu.eid for ecu in ecus if ecu.inverters}
    kept = [i for i in state.inverters if i.uid not in listed and i.eid not in speaking]
    inverters = (*listed.values(), *kept)
    known = {inverter.uid for inverter in inverters}
    return replace(
        state,
        ecus=ecus,
        inverters=inverters,
        days={uid: day for uid, day in state.days.items() if uid in known},
        sought=tuple(sorted({*state.sought, *state.strangers})),
    )


def _zone_of(ecus: tuple[Ecu, ...]) -> str | None:
    return next((ecu.timezone for ecu in ecus if ecu.timezone), None)


def with_day(state: SystemState, uid: str, day: InverterDay) -> SystemState:
    """Take an inverter's telemetry; a day older than the one held, or one without a sample, changes nothing."""
    held = state.days.get(uid)
    if day.measured_at is None or (held is not None and held.day > day.day):
        return state
    return replace(state, days={**state.days, uid: day})


def with_batch_power(state: SystemState, day: date, batch: BatchPower) -> SystemState:
    """Lay an ECU's DC power over the days of its inverters."""
    days = dict(state.days)
    for uid in {uid for uid, _ in batch.power_w}:
        held = state.days.get(uid)
        if held is not None and held.day > day:
            continue
        if (merged := with_batch(held, uid, day, batch)) is not None:
            days[uid] = merged
    return replace(state, days=days)


def with_ecu_day(state: SystemState, eid: str, day: date, data: EcuDay) -> SystemState:
    """Take an ECU's day; the hours follow once every ECU has told of it."""
    held = state.ecu_reads.get(eid)
    if data.newest is None or (held is not None and held.day > day):
        return state
    state = replace(state, ecu_reads={**state.ecu_reads, eid: EcuRead(day=day, data=data)})
    if (told := state.reads_of(day)) is None:
        return state
    hours = tuple(
        round(sum(known), 3) if (known := [kwh for kwh in hour if kwh is not None]) else None
        for hour in zip(*(read.hours for read in told), strict=True)
    )
    return replace(state, hours=Hours(day=day, kwh=hours))


def with_batch_energy(state: SystemState, day: date, batch: BatchEnergy) -> SystemState:
    """Take the energies of an ECU's panels."""
    panels = dict(state.panels)
    for uid in {uid for uid, _ in batch}:
        kwh = [batch.get((uid, channel)) for channel in range(1, MAX_CHANNELS + 1)]
        while kwh[-1] is None:
            kwh.pop()
        panels[uid] = Panels(day=day, kwh=tuple(kwh))
    return replace(state, panels=panels)


def without(state: SystemState, uid: str) -> SystemState:
    """Forget an inverter."""
    return replace(
        state,
        inverters=tuple(inverter for inverter in state.inverters if inverter.uid != uid),
        days={owner: day for owner, day in state.days.items() if owner != uid},
        panels={owner: panels for owner, panels in state.panels.items() if owner != uid},
    )


def dump(state: SystemState) -> dict[str, Any]:
    """Return the state as what JSON can hold; dates and moments are left to Home Assistant's encoder."""
    return asdict(state)


def load(data: object) -> SystemState:
    """Return the state that was dumped. Raises ValueError or TypeError when it makes no sense."""
    state = _load(SystemState, data)
    if not isinstance(state, SystemState):
        raise TypeError("not a state")
    return state


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _load(kind: Any, data: Any) -> object:  # noqa: ANN401, PLR0911
    """Build a value of a type out of JSON: dataclasses, tuples and mappings of them, dates and plain values."""
    if hasattr(kind, "__value__"):
        kind = kind.__value__
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {UnionType, Union}:
        inner = [argument for argument in arguments if argument is not NoneType]
        return None if data is None else _load(inner[0], data)
    if origin is tuple:
        return tuple(_load(arguments[0], item) for item in _checked(list, data))
    if origin is Mapping:
        return {key: _load(arguments[1], value) for key, value in _checked(dict, data).items()}
    if isinstance(kind, type) and is_dataclass(kind):
        known, hints = _checked(dict, data), _hints(kind)
        return kind(**{f.name: _load(hints[f.name], known[f.name]) for f in fields(kind) if f.name in known})
    if kind is date:
        return date.fromisoformat(data)
    if kind is datetime:
        return _aware(datetime.fromisoformat(data))
    if kind is float:
        return _figure(_checked((float, int), data))
    return _checked(kind, data)


def _checked(kind: type | tuple[type, ...], data: Any) -> Any:  # noqa: ANN401
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        raise TypeError(f"{type(data).__name__} is no {kind}")
    return data


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment


def _figure(data: float) -> float:
    if (number := parse_number(data)) is None:
        raise ValueError("not a figure")
    return number
