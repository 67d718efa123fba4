"""A plant: site, ECUs, inverters, and how the cloud describes them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, override
from zoneinfo import ZoneInfo

from .uploads import Uploads


class Absent(StrEnum):
    """How the cloud writes a list without entries; which one it uses is not documented."""

    EMPTY = "empty"
    NULL = "null"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class Inverter:
    """A micro-inverter at one ECU."""

    uid: str
    type: str = "DS3"
    """Model, free text in the inverter list."""
    channels: int = 2
    """Panels connected, 1 to 4."""
    phases: int = 1
    """AC phases, 1 or 3."""
    since: datetime | None = None
    """Start of its production at this ECU; None: always."""
    until: datetime | None = None
    """End of its production at this ECU; None: still producing."""


@dataclass(frozen=True, kw_only=True)
class Ecu:
    """An ECU with its inverters."""

    eid: str
    inverters: tuple[Inverter, ...] = ()
    """Installed inverters."""
    type: int = 0
    """0 plain, 1 with meter, 2 with storage."""
    shared_prefix: str | None = None
    """ECU of a shared sub-user, written "prefix-eid" in details and inverter list; None: of the owner."""
    without_inverters: Absent = Absent.EMPTY
    """How the inverter list writes that there are none."""
    lists_inverters: bool = True
    """False: the inverter list names none of the inverters, although they produce."""
    retired: tuple[Inverter, ...] = ()
    """Inverters that are not listed any more; their energy stays in the totals."""
    uploads: Uploads | None = None
    """None: continuous readings, uploaded as the plant's `upload_minutes` say."""
    added_at: datetime | None = None
    """None: from the beginning."""
    removed_at: datetime | None = None
    """None: still there. Readings that were not uploaded by then are lost."""
    removed_code: Literal[1001, 4001] = 4001
    """Answer to calls for this ECU after its removal."""

    @property
    def all_inverters(self) -> tuple[Inverter, ...]:
        """Installed and retired inverters, each once, although a list may name one twice."""
        return tuple(dict.fromkeys((*self.inverters, *self.retired)))

    @property
    def listed_inverters(self) -> tuple[Inverter, ...]:
        """Inverters that the inverter list names."""
        return self.inverters if self.lists_inverters else ()

    @property
    def written(self) -> str:
        """The ECU as the details and the inverter list write it."""
        return self.eid if self.shared_prefix is None else f"{self.shared_prefix}-{self.eid}"


@dataclass(frozen=True, kw_only=True)
class Change(ABC):
    """A change of a plant's devices."""

    at: datetime
    """Time from which it holds."""

    @abstractmethod
    def apply(self, plant: Plant) -> Plant:
        """Return the plant after the change.

        Raises ValueError for a device that the plant does not have.
        """


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A system of the cloud."""

    sid: str
    latitude: float
    longitude: float
    timezone: str
    """IANA name of the site's zone."""
    create_date: date
    """First day with production."""
    ecus: tuple[Ecu, ...]
    """ECUs that the cloud lists."""
    changes: tuple[Change, ...] = ()
    """Changes of the devices that are still to come; `at` applies them."""
    removed: tuple[Ecu, ...] = ()
    """ECUs that are not listed any more; their energy stays in the totals."""
    meters: tuple[str, ...] = ()
    """Ids in the meter list."""
    seed: int = 0
    """Of the clouds, the panels' differences and the jitter of uploads."""
    upload_minutes: int = 15
    """ECUs without `uploads` of their own, and meters, upload this often."""
    upload_offset_minutes: int = 0
    """Phase of those uploads, counted from the epoch."""
    status_light: int = 1
    """`light` in details, 1 to 4; 1 becomes 3 or 4 while an ECU is off line or nothing is uploaded."""
    panel_w: int = 410
    """Rating of one panel (one channel), W."""
    capacity: str | None = "auto"
    """`capacity` in details, kW; "auto": sum of the panels. The cloud also knows "" and None."""
    reported_timezone: str | None = None
    """Name of the zone in answers; None: that of the site."""
    authorization_code: str | None = "0f0e0d0c0b0a09080706050403020100"
    """None: missing in details."""
    owner: str | None = None
    """App ID that may read it; None: the first of the cloud."""
    without_meters: Absent = Absent.MISSING
    """How the meter list writes that there are none; `MISSING` is code 1001."""
    battery_kwh: float = 10.0
    """Capacity of the battery of a plant with storage."""
    battery_charge_w: int = 2500
    """The power that goes into the battery at most, W."""
    battery_discharge_w: int = 3000
    """The power that comes out of the battery at most, W."""
    battery_loss: float = 0.05
    """The part of the energy that is lost on its way into the battery, and again on its way out."""
    battery_mode: int = 4
    """`mode` of the battery: 1 self-consumption, 3 time-based; the meaning of other numbers is not documented."""
    fine_days: int | None = None
    """Hourly, five-minute and batch series reach back so many days; None: to the first day."""
    no_record_from: date | None = None
    """From this day on daily series say "0" (no record), although energy was produced; None: never."""
    lifetime_offset_kwh: float = 0.0
    """A lasting correction of the lifetime energy."""
    ac_p_without_number: bool = False
    """AC power of one-phase inverters under the manual's `ac_p` instead of `ac_p1`."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the site."""
        return ZoneInfo(self.timezone)

    @property
    def written_timezone(self) -> str:
        """The zone's name as the cloud writes it."""
        return self.timezone if self.reported_timezone is None else self.reported_timezone

    @property
    def inverters(self) -> tuple[Inverter, ...]:
        """Installed inverters of all listed ECUs."""
        return tuple(inverter for ecu in self.ecus for inverter in ecu.inverters)

    @property
    def all_ecus(self) -> tuple[Ecu, ...]:
        """Listed and removed ECUs."""
        return (*self.ecus, *self.removed)

    @property
    def has_storage(self) -> bool:
        """Whether an ECU of this plant has a battery."""
        return any(ecu.type == 2 for ecu in self.ecus)

    def ecu(self, eid: str) -> Ecu | None:
        """Return the listed ECU with that id."""
        return next((ecu for ecu in self.ecus if ecu.eid == eid), None)

    def removed_ecu(self, eid: str) -> Ecu | None:
        """Return the ECU with that id which was removed last."""
        return next((ecu for ecu in reversed(self.removed) if ecu.eid == eid), None)

    def inverter(self, uid: str) -> Inverter | None:
        """Return the installed inverter with that id."""
        return next((inverter for inverter in self.inverters if inverter.uid == uid), None)

    def uploads_of(self, device: str) -> Uploads:
        """Return how the readings of an ECU or a meter reach the cloud."""
        ecu = self.ecu(device) or self.removed_ecu(device)
        if ecu is not None and ecu.uploads is not None:
            return ecu.uploads
        return Uploads(every_minutes=self.upload_minutes, phase_minutes=self.upload_offset_minutes)

    def at(self, time: datetime) -> Plant:
        """Return the plant with the changes until a time applied; the others stay in `changes`.

        Raises ValueError for a change of a device that the plant does not have.
        """
        due = sorted((change for change in self.changes if change.at <= time), key=lambda change: change.at)
        plant = replace(self, changes=tuple(change for change in self.changes if change.at > time)) if due else self
        for change in due:
            plant = change.apply(plant)
        return plant

    def following(self, previous: Plant, time: datetime) -> Plant:
        """Return the plant as the successor of `previous`: the energy of retired inverters stays in the totals.

        Inverters that are not in `previous` produce from `time` on. Inverters that are in no ECU any more are
        retired; with those of an ECU that is gone, their energy moves to the first ECU.
        """
        known = {inverter.uid for inverter in previous.inverters}
        installed = {inverter.uid for inverter in self.inverters}
        retired: dict[str, tuple[Inverter, ...]] = {}
        for ecu in previous.ecus:
            lost = tuple(replace(inv, until=time) for inv in ecu.inverters if inv.uid not in installed)
            eid = ecu.eid if self.ecu(ecu.eid) or not self.ecus else self.ecus[0].eid
            retired[eid] = (*retired.get(eid, ()), *ecu.retired, *lost)
        return replace(
            self,
            removed=tuple(dict.fromkeys((*self.removed, *previous.removed))),
            ecus=tuple(
                replace(
                    ecu,
                    inverters=tuple(
                        inv if inv.uid in known or inv.since else replace(inv, since=time) for inv in ecu.inverters
                    ),
                    retired=tuple(dict.fromkeys((*ecu.retired, *retired.get(ecu.eid, ())))),
                )
                for ecu in self.ecus
            ),
        )


def sample_plant(**changes: Any) -> Plant:  # noqa: ANN401
    """Return 2 x DS3 and 1 x QT2 on one ECU in Paris, with other values for some fields."""
    ecu = Ecu(
        eid="216200012345",
        inverters=(
            Inverter(uid="703000000011"),
            Inverter(uid="703000000012"),
            Inverter(uid="902000000021", type="QT2", channels=4, phases=3),
        ),
    )
    plant = Plant(
        sid="AB12345C6D7E",
        latitude=48.8566,
        longitude=2.3522,
        timezone="Europe/Paris",
        create_date=date(2024, 4, 20),
        ecus=(ecu,),
    )
    return replace(plant, **changes)


def big_plant(inverters: int, ecus: int, **changes: Any) -> Plant:  # noqa: ANN401
    """Return `inverters` x DS3, spread over `ecus` ECUs in Paris, with other values for some fields."""
    spread = tuple(
        Ecu(
            eid=f"2162001{number:05d}",
            inverters=tuple(Inverter(uid=f"7030001{index:05d}") for index in range(number, inverters, ecus)),
        )
        for number in range(ecus)
    )
    return sample_plant(**{"sid": "BC23456D7E8F", "ecus": spread} | changes)


class Plants(dict[str, Plant]):
    """Plants by sid. `plants[sid]` is the plant as its changes leave it now.

    A plant assigned to the sid of another is its successor (`Plant.following`).
    """

    def __init__(self, plants: Iterable[Plant], now: Callable[[], datetime]) -> None:
        super().__init__((plant.sid, plant) for plant in plants)
        self._now = now

    def at(self, sid: str, time: datetime) -> Plant:
        """Return a plant as its changes leave it at a time; KeyError for an unknown sid.

        A plant that was assigned counts from the beginning: its time is not known here.
        """
        return super().__getitem__(sid).at(time)

    def change(self, sid: str, *changes: Change) -> None:
        """Add changes, past ones too.

        Raises ValueError for a change of a device that the plant does not have by then.
        """
        plant = super().__getitem__(sid)
        changed = replace(plant, changes=(*plant.changes, *changes))
        changed.at(max(change.at for change in changed.changes))
        super().__setitem__(sid, changed)

    @override
    def __getitem__(self, sid: str) -> Plant:
        return self.at(sid, self._now())

    @override
    def __setitem__(self, sid: str, plant: Plant) -> None:
        super().__setitem__(sid, plant.following(self[sid], self._now()) if sid in self else plant)
