"""Panels of simulated roofs under the eyes of the integration: what it finds, how soon, and what it reports wrongly.

The modules to measure come as an argument, as `scripts/panels.py` imports them without Home Assistant.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any, Final, NamedTuple, Protocol

from simulator.roofs import CLIMATES, Climate, Defect, DefectKind, House, PanelId, RoofDay, random_house

FIRST_DAY: Final = date(2024, 3, 1)
DAY: Final = timedelta(days=1)
SEEDS: Final = 10_000  # houses of one seed of a measurement
WARM_UP: Final = 75  # days before a defect at least: 14 of them have to be sunny
LONGEST: Final = 420  # days with a defect at most
REPAIR: Final = timedelta(days=10)  # after the alarm


class Judge(NamedTuple):
    """The functions that are measured."""

    memory: Any
    """The memory before the first day."""
    follow: Callable[..., Any]
    report: Callable[..., Any]
    site: Callable[..., Any]


class Alarms(Protocol):
    """What a day's report says."""

    panels: Mapping[PanelId, Any]
    silent: Mapping[str, Any]


@dataclass
class Watch:
    """A house, followed day after day."""

    judge: Judge
    house: House
    day: date

    def __post_init__(self) -> None:
        climate = self.house.climate
        self._site = self.judge.site(latitude=climate.latitude, longitude=climate.longitude, zone=climate.zone)
        self._ecus = dict.fromkeys(self.house.uids, "ECU")
        self._memory = self.judge.memory

    def next_day(self) -> tuple[RoofDay, Alarms]:
        """Follow one more day; return it and the report of its evening."""
        made = self.house.day(self.day)
        self._memory = self.judge.follow(self._memory, self._site, self.day, made.curves, self._ecus)
        self.day += DAY
        return made, self.judge.report(self._memory)


def alarms_of(report: Alarms) -> set[PanelId | str]:
    """Return panels with an alarm and inverters that are silent."""
    return {panel for panel, shown in report.panels.items() if shown.problem} | set(report.silent)


def panel_years(house: House, days: int) -> float:
    """Return for how many years panels were watched, unused inputs left out."""
    return sum(panel.is_used for panel in house.panels) * days / 365


def false_alarms(judge: Judge, house: House, days: int) -> list[tuple[PanelId | str, date]]:
    """Watch a house; return each alarm that begins, with its day."""
    watch = Watch(judge, house, FIRST_DAY)
    found = []
    before: set[PanelId | str] = set()
    for _ in range(days):
        day = watch.day
        _, report = watch.next_day()
        alarms = alarms_of(report)
        found += [(alarm, day) for alarm in alarms - before]
        before = alarms
    return found


@dataclass(frozen=True)
class Outcome:
    """What became of a defect. Days are sunny ones, the first one with the defect counts."""

    siblings: int
    """Panels that the defect panel was compared with."""
    found: int | None
    lost: float
    """Share of the panel's power that soiling took by then."""
    cleared: int | None
    """Days from the repair to the end of the alarm."""
    others: int
    """Other panels and inverters with an alarm while the defect was there."""


def defect_of(kind: DefectKind, seed: int) -> tuple[House, date]:
    """Return a house with a defect, and the first day on which it is watched."""
    random = Random(seed)
    house = random_house(seed, CLIMATES[seed % len(CLIMATES)], (5, 14))
    panel = random.choice([panel for panel in house.panels if panel.is_used])
    first = FIRST_DAY + random.randrange(365) * DAY
    defect = Defect(kind=kind, panel=(panel.uid, panel.channel), start=first + WARM_UP * DAY)
    return replace(house, defects=(defect,)), first


def outcome(judge: Judge, house: House, first: date) -> Outcome | None:
    """Watch a house until its defect is found, repaired and cleared; None when too little was known at its start."""
    (defect,) = house.defects
    watch = Watch(judge, house, first)
    others: set[PanelId | str] = set()
    healthy: set[PanelId | str] = set()
    target = defect.panel[0] if defect.kind is DefectKind.INVERTER else defect.panel
    sunny, siblings, repaired, found, lost = 0, 0, date.max, None, 0.0
    while watch.day < defect.start + LONGEST * DAY:
        day = watch.day
        made, report = watch.next_day()
        alarms = alarms_of(report)
        shown = report.panels.get(defect.panel)
        if day < defect.start:
            healthy = alarms
            siblings = len(shown.siblings) if shown else 0
            continue
        if day == defect.start and (shown is None or shown.reason == "learning" or target in healthy):
            return None
        others |= {alarm for alarm in alarms - healthy if _uid(alarm) != _uid(target)}
        if found is None or day >= repaired:
            sunny += made.is_sunny
        if found is None and target in alarms:
            found, lost, sunny = sunny, (day - defect.start).days / 700, 0
            repaired = day + REPAIR
            watch.house = replace(house, defects=(replace(defect, end=repaired),))
        elif found is not None and target not in alarms:
            return Outcome(siblings, found, lost, sunny, len(others))
    return Outcome(siblings, found, lost, None, len(others))


def large_house(panels: int, climate: Climate = CLIMATES[4]) -> House:
    """Return a house with exactly so many panels."""
    return random_house(7, climate, (panels, panels))


def _uid(alarm: PanelId | str) -> str:
    return alarm if isinstance(alarm, str) else alarm[0]
