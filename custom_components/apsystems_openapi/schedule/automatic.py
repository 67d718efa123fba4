"""The automatic schedule: a day's calls from the sun, the plant and the budget. No clock, no I/O.

A call does not buy data, which the cloud keeps: it buys freshness (`api.md` §5). So the planner spends the whole quota,
on the calls that make the figures fresh when it matters, and never more than the quota:

* A plan covers one local day. It depends only on what was known at that day's midnight, so that a restart makes the
  same plan again and repeats no call. Calls that nobody planned, such as a button's, are paid for by the days after;
  the ledger's check before each call keeps the quota in any case.
* The vendor's month may begin in another zone than the site's, so that the plan has to fit into three months at once.
  The tightest one decides.
* Duties come first, in this order: the summary at the end of the solar hours, which settles the day's total; each ECU's
  panel power after the last daylight; the closing hourly series and the panels' energies; meters and batteries
  (`house.py`), for at most a third of what then remains; totals of inverters; the telemetry of inverters at 12:30, for
  at most a sixth of the rest. They are sized by the steady rate, a month's calls divided by its
  days, so that they are the same every day. What a day cannot pay for is made in rotation over several days, or left
  out, the last first.
* All other calls are reads of today's energy and of the current power. The month's calls are divided over its daylight:
  sun above 5° counts in full, low sun little, darkness nothing. So a June day has more reads than a December day,
  although those of December are closer together. Within the day reads are evenly spaced by the same weight.
* One ECU's series holds energy and power in one call. With several ECUs, a summary reads the energy in one call, and
  about every three hours a round of all ECUs replaces it, for the power. Where calls suffice, every read is a round.
* ECUs sample their inverters every five minutes, so that a read is made just after a full five minutes. Where the
  rhythm of their uploads has been learned, each read is moved to just after an upload (`following.py`).
* While the history has a backlog, one read in twelve is given to it, and all reads that are closer together than
  needed. With no backlog these go to the power of every panel during the day.
* A day never has more than twice the reads of the steady rate: calls that an outage saved are spent slowly.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise
from math import ceil, floor
from typing import Final

from .calls import Call, Kind, Plant, Purpose, Slot
from .fixed import fixed_plan, noon_summary, telemetry, thinned
from .following import Read, followed
from .house import READ_AT, house_calls, house_slots, totals_slots
from .options import LONGEST_INTERVAL, Options
from .quota import Budget
from .sun import (
    CURVE_STEP,
    FULL_SUN,
    LAST_CLOSING,
    LOW_SUN_WEIGHT,
    Curve,
    Site,
    SolarDay,
    Span,
    daylight,
    solar_day,
    sun_weight,
)

LOW_SUN_WEIGHTS: Final = (LOW_SUN_WEIGHT, 0.5, 1.0)  # tried in this order
AFTER_SAMPLE: Final = timedelta(seconds=30)
FIRST_READ: Final = 0.15  # of a spacing: at sunrise the figures are oldest, and the end of the day has its summary
ENOUGH: Final = 0.75  # of the steady rate
CLOSE_READS: Final = timedelta(minutes=18)
TELEMETRY_SPACING: Final = timedelta(minutes=75)  # a sample is shown for twice as long, and 2.5 hours at most
PANEL_ROUNDS: Final = 3
MOST_HISTORY: Final = 100  # calls a day
HISTORY_PART: Final = 12  # one read in so many
MOST_ROUNDS: Final = 0.6  # of a day's reads
HOUSE_PART: Final = 3  # one in so many of the calls that the more needed duties leave, for meters and batteries
LEAST_HOUSE: Final = 1 / 16  # of a day's calls, however many other duties there are
HOURS_BETWEEN_ROUNDS: Final = 2.95
FIRST_ROUND: Final = 0.2  # of the time between two, so that the morning's power is known soon
CLOSING_WINDOW: Final = timedelta(hours=2)
_STEP: Final = timedelta(minutes=5)
_HOUR: Final = timedelta(hours=1)
_UPLOADED: Final = timedelta(minutes=15)


def plan(day: date, site: Site, plant: Plant, budget: Budget, options: Options) -> tuple[Slot, ...]:
    """Return the calls of a site day in the order in which they fall due.

    `budget` is as of the day's midnight; `options.interval` applies where polls are evenly spaced.
    """
    budget = budget.lasting_until(site.midnight(day + timedelta(days=1)))
    if budget.left < 1:
        return ()
    sun = solar_day(site, day, options)
    if not options.production:
        return _house_only(sun, plant, budget, options)
    if not (options.automatic and options.live_power):
        return _polls(sun, plant, budget, options)
    if sun.hours is None or sun.daylight is None:
        return tuple(sorted([noon_summary(day, site), *_house_only(sun, plant, budget, options)]))
    rounds = _rounds(sun.curve, plant)
    pace = budget.pace(day, site)
    # Only a month that runs short has fewer duties.
    daily = budget.steady_rate if pace > ENOUGH * budget.steady_rate else pace
    duties, cost = _duties(sun, sun.hours, sun.daylight, plant, budget, options, daily - rounds * (len(plant.ecus) - 1))
    calls = _calls_for_reads(sun, budget, options, cost)
    return tuple(sorted([*duties, *_reads(sun, sun.hours, plant, calls, rounds)]))


def _polls(sun: SolarDay, plant: Plant, budget: Budget, options: Options) -> tuple[Slot, ...]:
    """Return the calls of a day whose polls are evenly spaced; automatic ones leave calls for the history."""
    pace = budget.pace(sun.day, sun.site)
    polls = thinned(fixed_plan(sun.day, sun.site, plant, options), pace, budget)
    if not (options.automatic and plant.backlog):
        return polls
    spare = floor(min(pace, budget.steady_rate)) - len(polls)
    return tuple(sorted([*polls, *_history_slots(sun, max(0, min(MOST_HISTORY, spare)))]))


def _house_only(sun: SolarDay, plant: Plant, budget: Budget, options: Options) -> tuple[Slot, ...]:
    """Return the calls of a day on which no production is read; automatic ones leave the rest for the history."""
    daily = floor(min(budget.pace(sun.day, sun.site), budget.steady_rate))
    calls, _ = _rotated(house_calls(plant), daily, sun.day)
    history = min(MOST_HISTORY, daily - len(calls)) if options.automatic and plant.backlog else 0
    return tuple(sorted([*house_slots(calls, sun), *_history_slots(sun, history)]))


# Duties


def _duties(
    sun: SolarDay, hours: Span, sun_up: Span, plant: Plant, budget: Budget, options: Options, daily: float
) -> tuple[list[Slot], float]:
    """Return the day's duties and their mean cost; what a day cannot pay for is made in rotation, or left out."""
    day, site = sun.day, sun.site
    closing = min(hours.end, site.at(day, LAST_CLOSING)).astimezone(UTC)
    midnight = site.midnight(day + timedelta(days=1)).astimezone(UTC)
    until = min(closing + CLOSING_WINDOW, midnight)
    panels = [Call(kind=Kind.BATCH_POWER, target=eid) for eid in plant.ecus]
    energies = [Call(kind=Kind.BATCH_ENERGY, target=eid) for eid in plant.ecus]
    lesser = [Call(kind=Kind.HOURLY)]
    if options.panel_statistics:  # a day that is left out is missing for ever
        panels += energies
    else:
        lesser += energies

    spare = daily - 1
    first, first_cost = _rotated(panels, floor(spare), day)
    spare -= first_cost
    second, second_cost = _rotated(lesser, floor(max(min(spare, 1), spare / 12)), day)
    spare -= second_cost
    most = max(spare / HOUSE_PART, LEAST_HOUSE * budget.steady_rate)
    house, house_cost = _rotated(house_calls(plant, is_live=True), most, day)
    spare -= house_cost
    totals = totals_slots(sun, plant, budget) if spare > 1 else []
    third, third_cost = _rotated(plant.inverters, floor(spare / 6), day)

    calls = [Call(kind=Kind.SUMMARY), *first, *second]
    slots = [Slot(at=closing, until=until, call=c, day=day) for c in calls if c.kind is not Kind.HOURLY]
    if len(calls) != len(slots):
        slots += _closed_hours(day, site, midnight)
    slots += telemetry(day, site, sun_up, tuple(third))
    slots += [*house_slots(house, sun), *totals]
    return slots, 1 + first_cost + second_cost + house_cost + len(totals) + third_cost


def _rotated[T](items: Sequence[T], daily: float, day: date) -> tuple[list[T], float]:
    """Return the items of a day that has room for so many, in rotation over the days, and their mean number."""
    if daily <= 0 or not items:
        return [], 0.0
    cycle = ceil(len(items) / daily)
    phase = day.toordinal() % cycle
    return [item for n, item in enumerate(items) if n % cycle == phase], len(items) / cycle


def _closed_hours(day: date, site: Site, midnight: datetime) -> list[Slot]:
    """Return the call for the day's hours once the last one with daylight has closed.

    In the far north that is after midnight, so that the call for the day before may be this day's.
    """
    slots = []
    for asked in (day - timedelta(days=1), day):
        if (sun_up := daylight(site, asked)) is None:
            continue
        full = sun_up.end.replace(minute=0, second=0, microsecond=0).astimezone(UTC) + _HOUR
        at = full + _UPLOADED
        if site.midnight(day).astimezone(UTC) <= at < midnight:
            slots.append(Slot(at=at, until=min(at + CLOSING_WINDOW, midnight), call=Call(kind=Kind.HOURLY), day=asked))
    return slots


# Reads


def _reads(sun: SolarDay, hours: Span, plant: Plant, calls: int, rounds: int) -> list[Slot]:
    """Return a day's reads for a number of calls; among them so many rounds of all ECUs, at most six in ten."""
    ecus = plant.ecus if plant.ecu_days else ()
    extra = max(len(ecus) - 1, 0)
    rounds = _affordable_rounds(rounds, extra, calls, len(sun.curve))
    reads = calls - rounds * extra
    history = _history(sun, reads) if plant.backlog else 0
    reads -= history
    panels = _panel_rounds(sun, reads, len(plant.ecus))
    number = min(reads - panels * len(plant.ecus), len(sun.curve))
    of_all = [round(number * (n + FIRST_ROUND) / (rounds + FIRST_ROUND)) for n in range(rounds)]
    of_ecus = range(number) if len(ecus) == 1 else frozenset(of_all)
    spread = [Read(at=at, of_ecus=n in of_ecus) for n, at in enumerate(_spread(sun.curve, number, of_all))]
    moved = followed(spread, hours, sun.day, plant.rhythms)
    ends = [*(read.at for read in moved[1:]), *(max(hours.end.astimezone(UTC), last.at + _STEP) for last in moved[-1:])]
    summary, round_of_ecus = [Call(kind=Kind.SUMMARY)], [Call(kind=Kind.ECU_DAY, target=eid) for eid in ecus]
    meters = [Call(kind=Kind.METER_DAY, target=eid) for eid in plant.meters if plant.meters_read_production]
    of_meters = _reads_of_meters(moved, len(ecus)) if meters else frozenset()
    slots = []
    for n, (read, until) in enumerate(zip(moved, ends, strict=True)):
        asked = meters if n in of_meters else (read.of_ecus and round_of_ecus) or summary
        slots += [Slot(at=read.at, until=until, call=call, day=sun.day, purpose=Purpose.READ) for call in asked]
    spare = reads - panels * len(plant.ecus) - number
    return [
        *slots,
        *_history_slots(sun, history),
        *_panel_slots(sun, plant, panels),
        *_telemetry_slots(sun, plant, spare),
    ]


def _reads_of_meters(reads: Sequence[Read], ecus: int) -> frozenset[int]:
    """Return which of a day's reads the meters make: two, and none of all ECUs where there are several."""
    fit = [n for n, read in enumerate(reads) if ecus == 1 or not read.of_ecus]
    return frozenset(fit[round(part * (len(fit) - 1))] for part in READ_AT) if fit else frozenset()


def _affordable_rounds(rounds: int, extra: int, calls: int, most_reads: int) -> int:
    """Return how many reads are rounds of all ECUs, each of which costs so many calls more than a summary."""
    while rounds and (rounds * extra >= calls or rounds > MOST_ROUNDS * (calls - rounds * extra)):
        rounds -= 1
    if extra > 0:
        rounds = max(rounds, min(most_reads, (calls - most_reads) // extra))
    return rounds


def _panel_slots(sun: SolarDay, plant: Plant, rounds: int) -> list[Slot]:
    return [
        Slot(
            at=at,
            until=at + CLOSE_READS,
            call=Call(kind=Kind.BATCH_POWER, target=eid),
            day=sun.day,
            purpose=Purpose.READ,
        )
        for at in _spread(sun.curve, rounds)
        for eid in plant.ecus
    ]


def _telemetry_slots(sun: SolarDay, plant: Plant, calls: int) -> list[Slot]:
    """Return rounds of all inverters, as a paid quota allows: so often that no measurement expires by day."""
    if not plant.inverters:
        return []
    most = ceil(len(sun.curve) * _STEP / TELEMETRY_SPACING)
    times = _spread(sun.curve, min(most, calls // len(plant.inverters)))
    asked = [Call(kind=Kind.TELEMETRY, target=uid) for uid in plant.inverters]
    return [
        Slot(at=at, until=at + CLOSE_READS, call=call, day=sun.day, purpose=Purpose.READ)
        for at in times
        for call in asked
    ]


def _calls_for_reads(sun: SolarDay, budget: Budget, options: Options, duties: float) -> int:
    """Return today's part, by the sun, of the calls that duties leave; at most twice the steady rate."""

    def weight(day: date) -> float:
        return solar_day(sun.site, day, options).weight

    if not sun.weight:
        return 0
    part = budget.part(sun.day, sun.site, duties, weight)
    month = [sun.day.replace(day=1) + timedelta(days=n) for n in range(31)]
    month = [day for day in month if day.month == sun.day.month]
    size = max(month.size for month in budget.months)
    steady = (size - duties * len(month)) * sun.weight / sum(weight(day) for day in month)
    return max(0, floor(min(part, 2 * steady) + 1e-6))


def _rounds(curve: Curve, plant: Plant) -> int:
    """Return how many rounds of all ECUs keep the current power younger than three hours."""
    if len(plant.ecus) < 2 or not plant.ecu_days:
        return 0
    hours = sum(elevation > FULL_SUN for _, elevation in curve) * (CURVE_STEP / _HOUR)
    return max(0, ceil(hours / HOURS_BETWEEN_ROUNDS - FIRST_ROUND))


def _history(sun: SolarDay, reads: int) -> int:
    """Return the day's calls for history: those that reads which are close together can spare, or one in twelve.

    That is some fifty days of the past in a month, for reads that lie a minute or two farther apart meanwhile.
    """
    close = ceil(timedelta(hours=sun.weight) / CLOSE_READS)
    least = reads // HISTORY_PART or (sun.day.toordinal() % 2 if reads > 1 else 0)
    return min(MOST_HISTORY, max(reads - close, least))


def _history_slots(sun: SolarDay, number: int) -> list[Slot]:
    call = Call(kind=Kind.HOURLY)
    return [
        Slot(at=at, until=at + CLOSE_READS, call=call, day=sun.day, purpose=Purpose.HISTORY)
        for at in _spread(sun.curve, number)
    ]


def _panel_rounds(sun: SolarDay, reads: int, ecus: int) -> int:
    """Return how many readings of all panels the day can pay for with its reads still close together."""
    for rounds in range(PANEL_ROUNDS if ecus else 0, 0, -1):
        left = reads - rounds * ecus
        if left > 0 and timedelta(hours=sun.weight) / left <= CLOSE_READS:
            return rounds
    return 0


# Times


def _spread(curve: Curve, number: int, of_all: Sequence[int] = ()) -> list[datetime]:
    """Return so many times, evenly spaced by the weight of the sun, each just after a full five minutes.

    Rounds `of_all` ECUs are evenly spaced among themselves, and the other reads between them.

    Low sun weighs as little as leaves no gap of more than two hours. With plenty of calls there is a time every five
    minutes of the solar hours.
    """
    if number < 1:
        return []
    if number >= len(curve):
        return [_after_sample(time) for time, _ in curve]
    first: list[datetime] = []
    for low in LOW_SUN_WEIGHTS:
        total = list(accumulate(sun_weight(elevation, low) for _, elevation in curve))
        steps = [bisect_left(total, part * total[-1]) for part in _parts(number, of_all)]
        times = sorted({_after_sample(curve[step][0]) for step in steps})
        first = first or times
        if all(after - before <= LONGEST_INTERVAL for before, after in pairwise(times)):
            return times
    return first


def _parts(number: int, of_all: Sequence[int]) -> list[float]:
    """Return at which part of the day's weight each read is made."""
    even = [(n, (k + FIRST_ROUND) / (len(of_all) + FIRST_ROUND)) for k, n in enumerate(of_all)]
    marks = [(-FIRST_READ, 0.0), *even, (number - FIRST_READ, 1.0)]
    return [
        low + (n - start) / (end - start) * (high - low)
        for (start, low), (end, high) in pairwise(marks)
        for n in range(ceil(start), ceil(end))
    ]


def _after_sample(time: datetime) -> datetime:
    """Return the next time just after a full five minutes, when an ECU has sampled its inverters (`api.md` §3)."""
    return time + (-time.timestamp() % _STEP.total_seconds()) * timedelta(seconds=1) + AFTER_SAMPLE
