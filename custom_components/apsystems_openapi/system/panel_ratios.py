"""The weather of a group of panels on one day, and the ratio of a panel to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, median
from typing import Final

from .panel_groups import upper_median
from .panel_memory import PanelMemory, Profile
from .panel_readings import MIN_QUARTERS, HighSun, Panel, Reading

OFF: Final = 0.05  # ratio below which a panel is off: any shade leaves it more
_ENOUGH: Final = 0.25  # of the peak
_CLIPS: Final = 0.97  # of the peak
_SHADED: Final = 0.5  # of the panel's typical usual ratio
_MUCH_SHADE: Final = 0.25  # of the quarter hours
_AGREE: Final = 0.4  # share of the quarter hours that show a panel's level
_STEADY: Final = 1.1  # quotient of ratios that are the same but for noise
_SAME: Final = 0.25  # deviation from it
_AGREE_UNDER_CLOUDS: Final = 0.07  # typical deviation of panels from their usual ratio
_NEARLY_ALL: Final = 0.85
_EVEN: Final = 1.15  # quotient of the quartiles of a panel's ratios under clouds
_LEAST_USUAL: Final = 0.05  # of the typical one
_MOST_RATIO: Final = 3.0  # that is learned from

type Weather = Sequence[float]
"""For each of the quarter hours with a high sun: by what a panel's usual ratio is multiplied to expect its power in W.

0 where it is unknown.
"""


def plant_weather(panels: Mapping[Panel, PanelMemory], readings: Mapping[Panel, Reading]) -> Weather:
    """Return the weather by panels of any shape, each compared with its best."""
    shares = [
        [None if value is None else value / panels[panel].best for value in reading]
        for panel, reading in readings.items()
        if panels[panel].best > 0
    ]
    return _middle(shares, 1)


def group_weather(panels: Mapping[Panel, PanelMemory], readings: Mapping[Panel, Reading], sun: HighSun) -> Weather:
    """Return the weather by the panels of a group, those with an alarm left out where two others are there."""
    well = [panel for panel in readings if panels[panel].problem is None]
    shares = []
    for panel in well if len(well) >= 2 else readings:
        usual, typical = panels[panel].usual, typical_of(panels[panel].usual)
        shares.append(
            [
                None
                if value is None or not typical or 0 < usual[quarter] < _SHADED * typical
                else value / (usual[quarter] or typical)
                for quarter, value in zip(sun.quarters, readings[panel], strict=True)
            ]
        )
    return _middle(shares, len(shares) / 2)


def ratios_under_clouds(panels: Mapping[Panel, PanelMemory], readings: Mapping[Panel, Reading]) -> dict[Panel, float]:
    """Return the ratio of each panel to the weather of the plant on a day without direct sun.

    Light comes from the whole sky, so that panels of any plane and in any shade keep their ratio to each other. Those
    that were off, for snow or a loose connection, are left out, and those whose ratio changes; and all when the panels
    do not agree.
    """
    shares = [
        [None if value is None else value / (panels[panel].dull_usual or 1.0) for value in reading]
        for panel, reading in readings.items()
    ]
    weather = _middle(shares, len(shares) / 2)
    least = max(weather, default=0.0) * _ENOUGH
    found = {}
    for panel, reading in readings.items():
        ratios = sorted(
            value / strength
            for value, strength in zip(reading, weather, strict=True)
            if value is not None and strength > least
        )
        if len(ratios) < MIN_QUARTERS // 2 or ratios[0] <= OFF:
            continue
        quarter = len(ratios) // 4
        if ratios[-1 - quarter] < _EVEN * ratios[quarter]:
            found[panel] = median(ratios)
    deviations = [
        abs(ratio / panels[panel].dull_usual - 1) for panel, ratio in found.items() if panels[panel].dull_usual
    ]
    return {} if deviations and upper_median(deviations) > _AGREE_UNDER_CLOUDS else found


def typical_of(usual: Profile) -> float:
    """Return the median of the ratios that are known; 0 when there are none."""
    known = [value for value in usual if value]
    return upper_median(known) if known else 0.0


def level_of(ratios: Sequence[float]) -> float:
    """Return the ratio that a panel has in most of the day; 0 for a panel that was off most of the time.

    Where it has several for a good part of the day, as in new shade, it is the highest one that is not above the usual.
    """
    on = sorted(ratio for ratio in ratios if ratio > OFF)
    if len(on) < MIN_QUARTERS // 2:
        return 0.0
    count = max(MIN_QUARTERS // 2, int(_AGREE * len(on)))
    spreads = [last / first for first, last in zip(on, on[count - 1 :], strict=False)]
    steady = [n for n, spread in enumerate(spreads) if spread <= _STEADY and on[n] <= _STEADY]
    first = max(steady) if steady else spreads.index(min(spreads))
    closest = on[first : first + count]
    middle = fmean(closest)
    return fmean([ratio for ratio in on if middle / _STEADY <= ratio <= middle * _STEADY] or closest)


@dataclass(frozen=True)
class PanelDay:
    """A panel's day against the weather of its group."""

    reading: Reading
    usual: Profile
    weather: Weather
    sun: HighSun
    peak: float
    is_alone: bool = False
    """Whether the weather is that of other groups, so that its usual ratio may change all day."""

    @cached_property
    def typical(self) -> float:
        """The panel's typical usual ratio."""
        return typical_of(self.usual)

    @cached_property
    def used(self) -> list[int]:
        """Positions of the quarter hours in which the group makes enough and the panel's power is known."""
        return [
            n
            for n, (power, weather) in enumerate(zip(self.reading, self.weather, strict=True))
            if power is not None and weather > 0 and weather >= _ENOUGH * self.peak
        ]

    @cached_property
    def compared(self) -> list[tuple[float, float]]:
        """Ratio and expected power in quarter hours without clipping and without the panel's usual shade."""
        least = 0.0 if self.is_alone else _SHADED * self.typical
        return [
            (self._power(n) / expected, expected)
            for n in self.used
            if self._usual(n) > least and self.weather[n] <= _CLIPS * self.peak
            for expected in (self.weather[n] * self._usual(n),)
        ]

    @cached_property
    def level(self) -> float:
        """Ratio that the panel had in most of the day."""
        return level_of([ratio for ratio, _ in self.compared])

    @cached_property
    def was_off(self) -> bool:
        """Whether the panel was off in a part of the day."""
        return any(ratio <= OFF for ratio, _ in self.compared)

    @cached_property
    def is_shaded(self) -> bool:
        """Whether the panel is usually in the shade for a good part of the day."""
        return sum(self._usual(n) <= _SHADED * self.typical for n in self.used) > _MUCH_SHADE * len(self.used)

    @cached_property
    def is_even(self) -> bool:
        """Whether the panel had its level in nearly all of the day, and usually has no shade in a good part of it."""
        same = sum(1 / _STEADY < ratio / self.level < _STEADY for ratio, _ in self.compared) if self.level else 0
        return not self.is_shaded and same >= _NEARLY_ALL * len(self.compared)

    @cached_property
    def performance(self) -> float | None:
        """Energy against the expected one, where the panel is off or does as in most of the day.

        Elsewhere there is new shade. None when that is most of the day.
        """
        counted = [
            (ratio, expected)
            for ratio, expected in self.compared
            if ratio <= OFF or abs(ratio - self.level) < _SAME * self.level
        ]
        expected = sum(part for _, part in counted)
        if len(counted) < MIN_QUARTERS // 2 or expected < _AGREE * sum(part for _, part in self.compared):
            return None
        return sum(ratio * part for ratio, part in counted) / expected

    def learned(self, level: float, change: float, follows: float) -> Profile:
        """Return the usual ratio after the day.

        It follows deviations from `level` in parts of the day, and `change`, a factor, in all of it.
        """
        usual = list(self.usual)
        least = _LEAST_USUAL * self.typical
        for n in self.used:
            known, quarter = self._usual(n), self.sun.quarters[n]
            ratio = self._power(n) / (self.weather[n] * level)
            if known and ratio <= OFF * known:
                continue
            if known:
                ratio = known * (change + follows * (min(ratio / known, _MOST_RATIO) - 1))
            usual[quarter] = max(least, ratio)
        return tuple(usual)

    def _usual(self, position: int) -> float:
        return self.usual[self.sun.quarters[position]]

    def _power(self, position: int) -> float:
        return self.reading[position] or 0.0


def _middle(shares: Sequence[Sequence[float | None]], least: float) -> Weather:
    """Return the upper median in each quarter hour that at least so many panels know."""
    columns = [[value for value in column if value is not None] for column in zip(*shares, strict=True)]
    return [upper_median(known) if known and len(known) >= least else 0.0 for known in columns]
