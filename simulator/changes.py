"""Changes of a plant's devices. The energy of what was removed stays in the system's totals."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, override

from .plant import Absent, Change, Ecu, Inverter, Plant

__all__ = [
    "AddEcu",
    "AddInverter",
    "ListInverters",
    "MoveInverter",
    "RemoveEcu",
    "RemoveInverter",
    "ReplaceEcu",
    "ReplaceInverter",
    "parse_change",
]


@dataclass(frozen=True, kw_only=True)
class AddEcu(Change):
    """An ECU is added, with its inverters; both bring no past."""

    ecu: Ecu

    @override
    def apply(self, plant: Plant) -> Plant:
        return replace(plant, ecus=(*plant.ecus, _new(self.ecu, self.at)))


@dataclass(frozen=True, kw_only=True)
class RemoveEcu(Change):
    """An ECU and its inverters are removed, and not listed any more."""

    eid: str
    code: Literal[1001, 4001] = 4001
    """Answer to calls for the ECU from then on."""

    @override
    def apply(self, plant: Plant) -> Plant:
        ecu = _ecu(plant, self.eid)
        return replace(
            plant,
            ecus=tuple(other for other in plant.ecus if other is not ecu),
            removed=(*plant.removed, _removed(ecu, self.at, self.code)),
        )


@dataclass(frozen=True, kw_only=True)
class ReplaceEcu(Change):
    """An ECU is replaced by one with another id, which has the same inverters and uploads from then on."""

    eid: str
    new_eid: str
    code: Literal[1001, 4001] = 4001
    """Answer to calls for the old id from then on."""

    @override
    def apply(self, plant: Plant) -> Plant:
        old = _ecu(plant, self.eid)
        new = _new(replace(old, eid=self.new_eid, retired=()), self.at)
        return replace(
            plant,
            ecus=tuple(new if ecu is old else ecu for ecu in plant.ecus),
            removed=(*plant.removed, _removed(old, self.at, self.code)),
        )


@dataclass(frozen=True, kw_only=True)
class AddInverter(Change):
    """An inverter is added to an ECU."""

    eid: str
    inverter: Inverter

    @override
    def apply(self, plant: Plant) -> Plant:
        ecu = _ecu(plant, self.eid)
        inverters = (*ecu.inverters, replace(self.inverter, since=self.at, until=None))
        return _with(plant, replace(ecu, inverters=inverters))


@dataclass(frozen=True, kw_only=True)
class RemoveInverter(Change):
    """An inverter is removed."""

    uid: str

    @override
    def apply(self, plant: Plant) -> Plant:
        ecu, inverter = _inverter(plant, self.uid)
        return _with(plant, _without(ecu, inverter, self.at))


@dataclass(frozen=True, kw_only=True)
class ReplaceInverter(Change):
    """An inverter is replaced by one of the same type with another id, in the same place of the list."""

    uid: str
    new_uid: str

    @override
    def apply(self, plant: Plant) -> Plant:
        ecu, old = _inverter(plant, self.uid)
        new = replace(old, uid=self.new_uid, since=self.at)
        inverters = tuple(new if inverter == old else inverter for inverter in ecu.inverters)
        return _with(plant, replace(_without(ecu, old, self.at), inverters=inverters))


@dataclass(frozen=True, kw_only=True)
class MoveInverter(Change):
    """An inverter is moved to another ECU; the energy it produced stays with the first."""

    uid: str
    eid: str
    """The ECU it is moved to."""

    @override
    def apply(self, plant: Plant) -> Plant:
        ecu, inverter = _inverter(plant, self.uid)
        plant = _with(plant, _without(ecu, inverter, self.at))
        return AddInverter(at=self.at, eid=self.eid, inverter=inverter).apply(plant)


@dataclass(frozen=True, kw_only=True)
class ListInverters(Change):
    """The inverter list stops naming the inverters of an ECU, which go on producing, or names them again."""

    eid: str
    absent: Absent | None = None
    """How the list writes that there are none; None: it names them."""

    @override
    def apply(self, plant: Plant) -> Plant:
        ecu = replace(_ecu(plant, self.eid), lists_inverters=self.absent is None)
        return _with(plant, ecu if self.absent is None else replace(ecu, without_inverters=self.absent))


def parse_change(spec: str, start: datetime) -> Change:
    """Read a change from "TIME,WHAT,ID[,...]"; TIME is ISO with an offset, or +MINUTES after `start`.

    WHAT and what follows: add-ecu,EID[,UID...] (DS3); remove-ecu,EID[,CODE]; replace-ecu,EID,NEW[,CODE];
    add-inverter,EID,UID (DS3); remove-inverter,UID; replace-inverter,UID,NEW; move-inverter,UID,EID;
    list-inverters,EID[,empty|null|missing]. Raises ValueError.
    """
    time, *words = spec.split(",")
    at = parse_time(time, start)
    change: Change
    match words:
        case ["add-ecu", eid, *uids]:
            change = AddEcu(at=at, ecu=_ecu_with(eid, uids))
        case ["remove-ecu", eid, *code]:
            change = RemoveEcu(at=at, eid=eid, code=_code(code))
        case ["replace-ecu", eid, new_eid, *code]:
            change = ReplaceEcu(at=at, eid=eid, new_eid=new_eid, code=_code(code))
        case ["add-inverter", eid, uid]:
            change = AddInverter(at=at, eid=eid, inverter=Inverter(uid=uid))
        case ["remove-inverter", uid]:
            change = RemoveInverter(at=at, uid=uid)
        case ["replace-inverter", uid, new_uid]:
            change = ReplaceInverter(at=at, uid=uid, new_uid=new_uid)
        case ["move-inverter", uid, eid]:
            change = MoveInverter(at=at, uid=uid, eid=eid)
        case ["list-inverters", eid, *absent]:
            change = ListInverters(at=at, eid=eid, absent=Absent(",".join(absent)) if absent else None)
        case _:
            raise ValueError(f"not a change: {spec}")
    return change


def parse_time(text: str, start: datetime) -> datetime:
    """Read a time: ISO with an offset, or +MINUTES after `start`. Raises ValueError."""
    if text.startswith("+"):
        return start + timedelta(minutes=float(text))
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"no offset: {text}")
    return time


def _ecu_with(eid: str, uids: list[str]) -> Ecu:
    return Ecu(eid=eid, inverters=tuple(Inverter(uid=uid) for uid in uids))


def _code(words: list[str]) -> Literal[1001, 4001]:
    match words:
        case [] | ["4001"]:
            return 4001
        case ["1001"]:
            return 1001
    raise ValueError(f"not 1001 or 4001: {','.join(words)}")


def _new(ecu: Ecu, time: datetime) -> Ecu:
    inverters = tuple(replace(inverter, since=time, until=None) for inverter in ecu.inverters)
    return replace(ecu, inverters=inverters, added_at=time)


def _removed(ecu: Ecu, time: datetime, code: Literal[1001, 4001]) -> Ecu:
    for inverter in ecu.inverters:
        ecu = _without(ecu, inverter, time)
    return replace(ecu, removed_at=time, removed_code=code)


def _without(ecu: Ecu, inverter: Inverter, time: datetime) -> Ecu:
    return replace(
        ecu,
        inverters=tuple(other for other in ecu.inverters if other != inverter),
        retired=(*ecu.retired, replace(inverter, until=time)),
    )


def _with(plant: Plant, ecu: Ecu) -> Plant:
    return replace(plant, ecus=tuple(ecu if other.eid == ecu.eid else other for other in plant.ecus))


def _ecu(plant: Plant, eid: str) -> Ecu:
    if (ecu := plant.ecu(eid)) is None:
        raise ValueError(f"no ECU {eid}")
    return ecu


def _inverter(plant: Plant, uid: str) -> tuple[Ecu, Inverter]:
    for ecu in plant.ecus:
        for inverter in ecu.inverters:
            if inverter.uid == uid:
                return ecu, inverter
    raise ValueError(f"no inverter {uid}")
