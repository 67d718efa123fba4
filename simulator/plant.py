"""What stands on the roof: a plant, its ECUs, inverters, and how the cloud describes them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, override
from zoneinfo import ZoneInfo


class Absent(StrEnum):
    """How the cloud writes a list that has nothing in it; which one it is varies and is not documented."""

    EMPTY = "empty"
    NULL = "null"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class Inverter:
    """A micro-inverter; it produces from `since` (None: always) until `until` (None: still)."""

    uid: str
    type: str = "DS3"
    channels: int = 2
    phases: int = 1
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Ecu:
    """An ECU: type 0 plain, 1 with meter, 2 with storage.

    `shared_prefix`: an ECU of a shared sub-user, written "prefix-eid" in details and inverter list.
    `retired`: inverters that are no longer listed, whose past production stays in the totals.
    """

    eid: str
    inverters: tuple[Inverter, ...] = ()
    type: int = 0
    shared_prefix: str | None = None
    without_inverters: Absent = Absent.EMPTY
    retired: tuple[Inverter, ...] = ()

    @property
    def fleet(self) -> tuple[Inverter, ...]:
        """The inverters that produce or have produced, each once, though a list may name one twice."""
        return tuple(dict.fromkeys((*self.inverters, *self.retired)))

    @property
    def written(self) -> str:
        """The ECU as the details and the inverter list write it."""
        return self.eid if self.shared_prefix is None else f"{self.shared_prefix}-{self.eid}"


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A system of the cloud.

    ECUs upload every `upload_minutes`, counted from the epoch plus `upload_offset_minutes`.
    `panel_w`: rating of one panel (one channel), W. `capacity`: "auto" is the sum of the panels; the cloud
    also knows "" and None. `reported_timezone`: the name in the answers when it is not that of the site.
    `fine_days`: hourly, five-minute and batch series reach back this many days (None: to the beginning).
    `lifetime_offset_kwh`: a lasting correction of the lifetime. `owner`: the App ID it belongs to (None: the
    cloud's first). `ac_p_without_number`: AC power under the manual's `ac_p`, not `ac_p1` (one phase only).
    """

    sid: str
    latitude: float
    longitude: float
    timezone: str
    create_date: date
    ecus: tuple[Ecu, ...]
    meters: tuple[str, ...] = ()
    seed: int = 0
    upload_minutes: int = 15
    upload_offset_minutes: int = 0
    light: int = 1
    panel_w: int = 410
    capacity: str | None = "auto"
    reported_timezone: str | None = None
    authorization_code: str | None = "0f0e0d0c0b0a09080706050403020100"
    owner: str | None = None
    without_meters: Absent = Absent.MISSING
    battery_kwh: float = 10.0
    fine_days: int | None = None
    lifetime_offset_kwh: float = 0.0
    ac_p_without_number: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which the plant really stands."""
        return ZoneInfo(self.timezone)

    @property
    def written_timezone(self) -> str:
        """The zone's name as the cloud writes it."""
        return self.timezone if self.reported_timezone is None else self.reported_timezone

    @property
    def inverters(self) -> tuple[Inverter, ...]:
        """The inverters that the cloud lists, over all ECUs."""
        return tuple(inverter for ecu in self.ecus for inverter in ecu.inverters)

    @property
    def has_storage(self) -> bool:
        """Whether an ECU of this plant has a battery."""
        return any(ecu.type == 2 for ecu in self.ecus)

    def ecu(self, eid: str) -> Ecu | None:
        """Return the ECU of that id."""
        return next((ecu for ecu in self.ecus if ecu.eid == eid), None)

    def inverter(self, uid: str) -> Inverter | None:
        """Return the listed inverter of that id."""
        return next((inverter for inverter in self.inverters if inverter.uid == uid), None)

    def following(self, previous: Plant, moment: datetime) -> Plant:
        """Return the plant as the successor of `previous`: what is gone keeps its past, what is new has none.

        Without this, an inverter that is taken away would take its years out of the system's lifetime.
        """
        known = {inverter.uid for inverter in previous.inverters}
        listed = {inverter.uid for inverter in self.inverters}
        gone: dict[str, tuple[Inverter, ...]] = {}
        for ecu in previous.ecus:
            left = tuple(replace(inv, until=moment) for inv in ecu.inverters if inv.uid not in listed)
            heir = ecu.eid if self.ecu(ecu.eid) or not self.ecus else self.ecus[0].eid
            gone[heir] = (*gone.get(heir, ()), *ecu.retired, *left)
        return replace(
            self,
            ecus=tuple(
                replace(
                    ecu,
                    inverters=tuple(
                        inv if inv.uid in known or inv.since else replace(inv, since=moment) for inv in ecu.inverters
                    ),
                    retired=tuple(dict.fromkeys((*ecu.retired, *gone.get(ecu.eid, ())))),
                )
                for ecu in self.ecus
            ),
        )


def sample_plant(**changes: Any) -> Plant:  # noqa: ANN401
    """Return 2 x DS3 and 1 x QT2 on one ECU in Paris."""
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
    """Return `inverters` x DS3 dealt out over `ecus` ECUs in Paris."""
    dealt = tuple(
        Ecu(
            eid=f"2162001{number:05d}",
            inverters=tuple(Inverter(uid=f"7030001{index:05d}") for index in range(number, inverters, ecus)),
        )
        for number in range(ecus)
    )
    return sample_plant(**{"sid": "BC23456D7E8F", "ecus": dealt} | changes)


class Plants(dict[str, Plant]):
    """Plants by sid. A plant that takes the place of another keeps the past of what was taken away."""

    def __init__(self, plants: Iterable[Plant], now: Callable[[], datetime]) -> None:
        super().__init__((plant.sid, plant) for plant in plants)
        self._now = now

    @override
    def __setitem__(self, sid: str, plant: Plant) -> None:
        previous = self.get(sid)
        super().__setitem__(sid, plant if previous is None else plant.following(previous, self._now()))
