"""Which panels produce less than they should, judged by their curves of DC power of past days.

In plain words:

1. **Quarter hours with a high sun.** Three slots of five minutes are averaged, so that a cloud that reaches one panel
   some seconds after the other does not count. Only quarter hours with a high sun are looked at.
2. **Sunny days.** The power of each panel, divided by the height of the sun, is compared with its best of the last
   weeks. A day is sunny when the panel in the middle comes near its best. All other days (clouds, snow, an outage,
   curtailment) neither raise nor end an alarm. So a fall of more than half of all panels is never an alarm.
3. **Groups.** After 14 sunny days, panels whose curves have the same shape form a group: their quotient hardly changes
   over most of the day. That of an east and a west panel changes all day; the shade of a chimney changes it for an
   hour or two, which does not count; a weaker panel has another quotient, but the same one all day.
4. **Usual ratio.** For every quarter hour, each panel has its usual ratio to the weather of its group. It follows what
   changes in parts of the day (shade that moves with the season), but no fall of the whole day (a fault), and nothing
   while the panel does badly. Quarter hours in which it is usually in the shade are left out.
5. **Weather** of a group in a quarter hour: the upper median of the power of its panels, each divided by its usual
   ratio. Up to half of the panels may be faulty without a mark on the others.
6. **Performance** of a day: energy against weather times usual ratio, in quarter hours in which the group makes enough
   and does not clip. Where the panel does worse than in most of its day, but is not off, there is new shade: left out.
7. **Under clouds** light comes from the whole sky. On a dull day all panels of the plant keep their ratio to each other
   whatever their plane, their shade and the season. So each has a usual ratio under clouds, too, which hardly ever
   changes, and a fault costs the same share under clouds as in the sun. What the two shares differ by is no fault:
   where a dull day lies between two sunny ones on which the panel did the same, the usual ratio in the sun follows
   the difference, so that neither soiling becomes usual nor the season looks like a fault; and a panel that does badly
   in the sun and as ever under clouds has new shade, which becomes usual at once.
8. **Shade or fault,** when no dull day tells: new shade comes while the sun sinks from week to week, grows over days,
   from the hours of a low sun to noon, and leaves some light. So a panel that is off, that fell at once or all day long
   and stays there, or whose sun is higher than it was when the panel did well, has a fault. Otherwise the alarm waits
   for a dull day, or for the sun to rise.
9. **Alarm** (`panel_alarms`): below 60 % on 3 sunny days in a row, below 80 % on 7 of the last 14, or below 87 % on 14
   of the last 20 sunny days or on the last 5 dull ones, so that slow soiling is found in time. Below 80 % on 4 of the
   last 10 because it was off in parts of them: a loose connection. It waits longer when snow is likely: when panels of
   other inverters are low as well, or after a day on which the roof made nothing. It begins and ends on sunny days
   only: after 3 in a row above 90 %, or that are much better than those before, or when there is new shade only.

A panel without siblings is compared with its own past, with the other groups as its weather. It has an alarm when it is
off, or when dull days show a fault. In a group of two only dull days tell a fault above 60 %.

Anything doubtful is unknown: impossible values, curves of another length, days of which much is missing, and, on ten
sunny days in a row, a curve of another shape (the panel has moved to another roof), after which the panel starts anew.
An inverter that is not listed any more is forgotten.

**Use.** All of it is a fold over days: `follow` takes the memory and one day, `judge` several. Keep two things: the
curves of the last 30 days, and the memory as it was before the oldest of them (`panel_memory`; it is all that older
days leave). In the evening, `judge` goes over the stored days from that memory, in a thread; days that arrived late
are then in their place. A day that leaves the store is given to the stored memory with `follow`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import reduce
from statistics import median
from typing import Final

from ..schedule.sun import Site
from .panel_alarms import LOW, WELL, Circumstances, alarmed
from .panel_groups import grouped, upper_median
from .panel_judgement import PlantDay, judged
from .panel_memory import DullMark, Memory, PanelMemory, Problem, Reason, Silence
from .panel_ratios import PanelDay, Weather, group_weather, plant_weather, ratios_under_clouds
from .panel_readings import Curve, Panel, Reading, high_sun, mean, readings, sends

_UNUSED_DAYS: Final = 30
_SILENT_DAYS: Final = 3
_GAPS_LAST: Final = timedelta(days=2)  # of the radio
_SUNNY: Final = 0.58  # of the best days
_DARK: Final = 0.02
_DULL: Final = (0.04, 0.32)  # no direct sun
_SNOW_LASTS: Final = timedelta(days=7)
_BEST_FADES: Final = 0.993  # a day
_PEAK_FADES: Final = 0.997  # a sunny day
_NOTHING_W: Final = 1.0
_PROFILE_FOLLOWS: Final = 0.12
_PROFILE_WEATHER: Final = 0.15  # of the best; less tells no shape
_TYPICAL_DAY: Final = 0.5  # of what the others make; on a worse day a panel's shape is not learned
_PROVEN: Final = 3.0  # degrees by which the sun is higher than where shade was found or may be
_DULL_MARKS: Final = 5
_DULL_FOLLOWS: Final = 0.003  # share of a deviation that becomes usual, a dull day


@dataclass(frozen=True, kw_only=True)
class PanelReport:
    """The figures of a panel that are shown."""

    performance: float | None
    """Energy against the expected one on the newest sunny day, 1.0 for as usual."""
    day: date | None
    """That day."""
    reason: Reason | None
    """Why the performance is None."""
    usual: float | None
    """Its usual ratio to a typical panel of its group; None until the group is known, and for a panel alone."""
    siblings: tuple[Panel, ...]
    """The other panels of its group."""
    problem: Problem | None
    """The alarm."""

    @property
    def is_unused(self) -> bool:
        """Whether nothing seems to be connected to the input."""
        return self.reason is Reason.UNUSED


@dataclass(frozen=True, kw_only=True)
class Report:
    """The figures of a plant that are shown."""

    panels: Mapping[Panel, PanelReport]
    silent: Mapping[str, Silence]
    """Inverters (`uid`) that have sent nothing on at least three sunny days while their siblings sent."""


@dataclass(frozen=True)
class _Day(PlantDay):
    """A day of which something is known, sunny or not."""

    readings: Mapping[Panel, Reading]
    levels: Mapping[Panel, float]
    """Mean power in W, divided by the strength of the sun."""


def judge(
    memory: Memory,
    site: Site,
    days: Mapping[date, Mapping[Panel, Curve]],
    ecus: Mapping[str, str],
) -> Memory:
    """Return the memory after all of some days, in order of their dates; days until `memory.newest` are left out."""
    return reduce(lambda known, day: follow(known, site, day, days[day], ecus), sorted(days), memory)


def follow(memory: Memory, site: Site, day: date, curves: Mapping[Panel, Curve], ecus: Mapping[str, str]) -> Memory:
    """Return the memory after one more day.

    `ecus` maps each inverter that is listed now to its ECU. Others are forgotten. A day that is not newer than the
    newest one changes nothing.
    """
    if memory.newest is not None and day <= memory.newest:
        return memory
    sun = high_sun(site, day)
    curves = {panel: curve for panel, curve in curves.items() if panel[0] in ecus}
    known = {panel: panel_memory for panel, panel_memory in memory.panels.items() if panel[0] in ecus}
    panels = dict.fromkeys(curves, PanelMemory()) | known
    today = readings(curves, sun)
    levels = {panel: mean(reading) / sun.strength for panel, reading in today.items()}
    faded = _BEST_FADES ** ((day - memory.newest).days if memory.newest else 1)
    panels = {panel: _faded(panels[panel], levels.get(panel, 0.0), faded) for panel in panels}
    shares = [level / panels[panel].best for panel, level in levels.items() if panels[panel].best]
    after_dark = memory.dark is not None and day - memory.dark <= _SNOW_LASTS
    seen = _Day(day, sun, upper_median(shares) if shares else 0.0, after_dark, today, levels)
    senders = {uid for (uid, _), curve in curves.items() if uid in ecus and sends(curve, sun)}
    is_sunny = seen.clearness >= _SUNNY
    silences = _silences(memory.silences, senders, ecus, day if is_sunny else None)
    memory = replace(memory, newest=day, panels=panels, silences=silences)
    if is_sunny:
        return _after_sunny_day(memory, seen)
    if _DULL[0] <= seen.clearness <= _DULL[1] and not after_dark:
        return replace(memory, panels=_after_dull_day(panels, seen))
    return replace(memory, dark=day) if shares and seen.clearness < _DARK else memory


def report(memory: Memory) -> Report:
    """Return the figures that are shown."""
    groups = _groups(memory.panels)
    return Report(
        panels={panel: _reported(panel, memory, groups) for panel in memory.panels},
        silent={uid: silence for uid, silence in memory.silences.items() if _is_silent(silence, memory.newest)},
    )


def _is_silent(silence: Silence, newest: date | None) -> bool:
    return silence.days >= _SILENT_DAYS and newest is not None and newest - silence.since > _GAPS_LAST


def _reported(panel: Panel, memory: Memory, groups: Mapping[int, list[Panel]]) -> PanelReport:
    known = memory.panels[panel]
    siblings = () if known.group is None else tuple(other for other in groups[known.group] if other != panel)
    mark = known.marks[-1] if known.marks and known.reason is None else None
    usual = [ratio for ratio in known.usual if ratio]
    return PanelReport(
        performance=mark and mark.share,
        day=mark and mark.day,
        reason=known.reason if known.marks or known.reason else Reason.NO_DATA,
        usual=upper_median(usual) if usual and siblings else None,
        siblings=siblings,
        problem=known.problem,
    )


def _faded(panel: PanelMemory, level: float, faded: float) -> PanelMemory:
    """Return the panel with its best; one that never made anything has none."""
    if not panel.best and level < _NOTHING_W:
        return panel
    return replace(panel, best=max(level, panel.best * faded))


def _silences(
    known: Mapping[str, Silence], senders: set[str], ecus: Mapping[str, str], sunny: date | None
) -> dict[str, Silence]:
    """Return the silences after a day; on a day that is not sunny they can only end.

    An inverter is silent when at least half of the others at its ECU send.
    """
    result = {uid: silence for uid, silence in known.items() if uid in ecus and uid not in senders}
    if sunny is None:
        return result
    for uid in ecus.keys() - senders:
        siblings = [other for other, eid in ecus.items() if eid == ecus[uid] and other != uid]
        if siblings and 2 * len(senders.intersection(siblings)) >= len(siblings):
            silence = result.get(uid, Silence(since=sunny, days=0))
            result[uid] = replace(silence, days=silence.days + 1)
    return result


def _after_sunny_day(memory: Memory, seen: _Day) -> Memory:
    weather = plant_weather(memory.panels, seen.readings)
    panels = grouped({panel: _profiled(panel, known, seen, weather) for panel, known in memory.panels.items()})
    peaks = dict(memory.peaks)
    for group, members in _groups(panels).items():
        here = {panel: seen.readings[panel] for panel in members if panel in seen.readings}
        is_alone = len(members) == 1
        if is_alone:
            others = {panel: reading for panel, reading in seen.readings.items() if panel not in here}
            weather = plant_weather(panels, others)
        else:
            weather = group_weather(panels, here, seen.sun)
        peaks[group] = max((*weather, peaks.get(group, 0.0) * _PEAK_FADES))
        marked = {
            panel: judged(
                panels[panel],
                PanelDay(reading, panels[panel].usual, weather, seen.sun, peaks[group], is_alone),
                seen,
                seen.levels[panel],
            )
            if weather
            else replace(panels[panel], reason=Reason.NO_SIBLINGS)
            for panel, reading in here.items()
        }
        missing = {panel: replace(panels[panel], reason=Reason.NO_DATA) for panel in members if panel not in here}
        panels |= missing | _alarms(marked, seen, len(members) - 1)
    is_snowy = any(known.marks and known.marks[-1].level == 0 and known.problem is None for known in panels.values())
    return replace(memory, panels=panels, peaks=peaks, dark=memory.dark if is_snowy else None)


def _after_dull_day(panels: Mapping[Panel, PanelMemory], seen: _Day) -> Mapping[Panel, PanelMemory]:
    """Return the panels with their ratios under clouds."""
    result = dict(panels)
    making = {panel: reading for panel, reading in seen.readings.items() if panels[panel].best > 0}
    for panel, ratio in ratios_under_clouds(panels, making).items():
        known = panels[panel]
        marks = (*known.dull_marks, DullMark(seen.day, ratio))[-_DULL_MARKS:]
        usual = known.dull_usual
        is_well = known.problem is None and (not known.marks or known.marks[-1].share >= WELL)
        if is_well and 1 < len(marks) < _DULL_MARKS:
            usual = median(mark.ratio for mark in marks)
        elif is_well and usual:
            usual += _DULL_FOLLOWS * (ratio - usual)
        result[panel] = replace(known, dull_marks=marks, dull_usual=usual)
    return result


def _groups(panels: Mapping[Panel, PanelMemory]) -> dict[int, list[Panel]]:
    groups: dict[int, list[Panel]] = {}
    for panel, known in panels.items():
        if known.group is not None:
            groups.setdefault(known.group, []).append(panel)
    return groups


def _profiled(panel: Panel, known: PanelMemory, seen: _Day, weather: Weather) -> PanelMemory:
    """Return the panel with the shape of one more day, unless it did badly."""
    if panel not in seen.readings:
        return known
    if not known.best:
        idle = known.idle_days + 1
        return replace(known, idle_days=idle, reason=Reason.UNUSED if idle >= _UNUSED_DAYS else Reason.LEARNING)
    if seen.levels[panel] < _TYPICAL_DAY * seen.clearness * known.best:
        return known
    days = known.sunny_days + 1
    follows = max(1 / days, _PROFILE_FOLLOWS)
    profile = list(known.profile)
    for quarter, power, strength in zip(seen.sun.quarters, seen.readings[panel], weather, strict=True):
        if power is not None and strength > _PROFILE_WEATHER:
            before = profile[quarter] or power / strength
            profile[quarter] = before + follows * (power / strength - before)
    reason = Reason.LEARNING if known.group is None else known.reason
    return replace(known, sunny_days=days, profile=tuple(profile), reason=reason)


def _alarms(panels: Mapping[Panel, PanelMemory], seen: _Day, siblings: int) -> dict[Panel, PanelMemory]:
    """Return the panels of a group with their alarms after a sunny day."""
    marked = {panel for panel, known in panels.items() if known.marks and known.marks[-1].day == seen.day}
    low = {panel for panel in marked if panels[panel].marks[-1].share < LOW and panels[panel].problem is None}
    result = dict(panels)
    for panel in marked:
        known = panels[panel]
        fell = panel in low and (len(known.marks) < 2 or known.marks[-2].share >= LOW)
        known = replace(known, after_snow=seen.after_dark if fell else known.after_snow)
        others_low = any(other[0] != panel[0] for other in low)
        noon = seen.sun.noon - _PROVEN
        around = Circumstances(siblings, others_low, noon < known.well_noon, noon < known.shade_noon)
        result[panel] = alarmed(known, around)
    return result
