"""Which call when: pure arithmetic over the sun, the plant and what is left of the month. No clock, no I/O.

Calls buy freshness, never data: a day's series can be read later (`api.md` §5). So the whole quota is spent, on the
right calls, at the right moments, and never exceeded:

* A plan is made for a whole day, from what was left of the month at the day's first midnight. Whatever happens during
  the day, the plan stays the same: a restart repeats nothing, and a call that nobody planned, such as a button's, is
  paid for by the days after. What nobody can plan for is caught by a last look into the book before each call.
* The vendor's month may begin in another zone than ours, so the plan must fit into each of three months at once: the
  tightest counts.
* First come the duties, sized by the steady rate, so that they are the same every day: the summary at the end of the
  solar hours, which settles the total; the panels' power of the day, for each ECU, after the last light; the closing
  hourly series and the panels' energies, which take turns when calls are few; telemetry of the inverters at 12:30, for
  a sixth of what then remains: what is more takes turns over the days. Few calls leave the later duties out.
* All that remains are reads of today's energy and the current power, over the light that is left of the month. Sun
  above 5° weighs full, low sun little, darkness nothing; today gets its part of that weight, and the reads divide it
  evenly. So a June day has more reads than a December day has, but December's are closer together.
* One ECU's day tells everything in one call. With several ECUs the summary tells today's energy in one call, and every
  three hours a round of all ECUs is read instead, for the current power; where calls allow, every read is a round.
* A read just after a full five minutes finds a sample that has just been made; one just before finds an old one.
* While days of the past are missing, one read in twelve goes to them, and all that close reads can spare; then
  to the power of every panel during the day.
* Never more than twice the steady rate: what was saved, by an outage or a late start, is spent slowly.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate, pairwise
from math import ceil, floor
from typing import Final

from .calls import LONGEST_INTERVAL, Call, Kind, Options, Plant, Slot
from .fixed import NOON, fixed_plan, noon_summary, telemetry, thinned
from .quota import Account
from .sun import Site, Span, daylight, solar_hours, sun_elevation

FULL_SUN: Final = 5.0  # degrees
LOW_SUN_WEIGHTS: Final = (0.15, 0.5, 1.0)
AFTER_SAMPLE: Final = timedelta(seconds=30)
FIRST_READ: Final = 0.15  # of a spacing: at sunrise what is shown is oldest, and the end of the day has its summary
ENOUGH: Final = 0.75  # of the steady rate
CLOSE_READS: Final = timedelta(minutes=18)
PANEL_ROUNDS: Final = 3
MOST_FOR_THE_PAST: Final = 100
PART_OF_THE_PAST: Final = 12
HOURS_BETWEEN_ROUNDS: Final = 2.95
FIRST_ROUND: Final = 0.2  # of the time between two, so that the morning's power is known soon
LAST_CLOSING: Final = time(23, 40)
LATE: Final = timedelta(hours=2)
_STEP: Final = timedelta(minutes=5)
_HOUR: Final = timedelta(hours=1)
_UPLOADED: Final = timedelta(minutes=15)

type Curve = tuple[tuple[datetime, float], ...]


def plan(day: date, site: Site, plant: Plant, accounts: Sequence[Account], options: Options) -> tuple[Slot, ...]:
    """Return the calls of a site day in the order in which they fall due.

    `accounts` are as they stood at the day's first midnight; `options.interval` is the one to keep where polls are
    evenly spaced.
    """
    tomorrow = site.midnight(day + timedelta(days=1))
    accounts = [account for account in accounts if account.end >= tomorrow]
    if not accounts or min(account.left for account in accounts) < 1:
        return ()
    steady = min(account.size for account in accounts) / 31
    pace = min(account.left / len(days_left(day, site, account)) for account in accounts)
    curve = _curve(site, day, options.sunrise_offset, options.sunset_offset)
    if not (options.automatic and options.live_power):
        polls = thinned(fixed_plan(day, site, plant, options), pace, accounts)
        spare = max(0, min(MOST_FOR_THE_PAST, floor(min(pace, steady)) - len(polls)))
        past = _past_slots(day, curve, spare if options.automatic and plant.behind else 0)
        return tuple(sorted([*polls, *past]))
    hours = solar_hours(site, day, options.sunrise_offset, options.sunset_offset)
    light = daylight(site, day)
    if hours is None or light is None:
        return (noon_summary(day, site),)
    rounds = _rounds(curve, plant)
    # Only a month that runs short has fewer duties.
    daily = steady if pace > ENOUGH * steady else pace
    duties, cost = _duties(day, site, plant, options, hours, light, daily - rounds * (len(plant.ecus) - 1))
    calls = _calls_for_reads(day, site, accounts, options, cost)
    return tuple(sorted([*duties, *_reads(day, plant, curve, hours, calls, rounds)]))


# Duties


def _duties(
    day: date, site: Site, plant: Plant, options: Options, hours: Span, light: Span, daily: float
) -> tuple[list[Slot], float]:
    """Return the day's duties, and what they cost on average; what a day cannot pay takes turns or is left out."""
    closing = min(hours.end, site.at(day, LAST_CLOSING)).astimezone(UTC)
    midnight = site.midnight(day + timedelta(days=1)).astimezone(UTC)
    until = min(closing + LATE, midnight)
    panels = [Call(kind=Kind.BATCH_POWER, target=eid) for eid in plant.ecus]
    energies = [Call(kind=Kind.BATCH_ENERGY, target=eid) for eid in plant.ecus]
    lesser = [Call(kind=Kind.HOURLY)]
    if options.panel_statistics:  # a day that is left out is missing for ever
        panels += energies
    else:
        lesser += energies

    spare = daily - 1
    first, first_cost = _turns(panels, floor(spare), day)
    spare -= first_cost
    second, second_cost = _turns(lesser, floor(max(min(spare, 1), spare / 12)), day)
    spare -= second_cost
    third, third_cost = _turns(plant.inverters, floor(spare / 6), day)

    calls = [Call(kind=Kind.SUMMARY), *first, *second]
    slots = [Slot(at=closing, until=until, call=c, day=day) for c in calls if c.kind is not Kind.HOURLY]
    if len(calls) != len(slots):
        slots += _closed_hours(day, site, midnight)
    slots += telemetry(day, site, light, tuple(third))
    return slots, 1 + first_cost + second_cost + third_cost


def _turns[T](items: Sequence[T], daily: int, day: date) -> tuple[list[T], float]:
    """Return those whose turn it is when a day has only so many, and how many that is on average."""
    if daily < 1 or not items:
        return [], 0.0
    cycle = ceil(len(items) / daily)
    turn = day.toordinal() % cycle
    return [item for n, item in enumerate(items) if n % cycle == turn], len(items) / cycle


def _closed_hours(day: date, site: Site, midnight: datetime) -> list[Slot]:
    """Return the call for the day's hours once the last with light has closed.

    In the far north that is after midnight, so that the call for the day before may be this day's.
    """
    slots = []
    for asked in (day - timedelta(days=1), day):
        if (light := daylight(site, asked)) is None:
            continue
        full = light.end.replace(minute=0, second=0, microsecond=0).astimezone(UTC) + _HOUR
        at = full + _UPLOADED
        if site.midnight(day).astimezone(UTC) <= at < midnight:
            slots.append(Slot(at=at, until=min(at + LATE, midnight), call=Call(kind=Kind.HOURLY), day=asked))
    return slots


# Reads


def _reads(day: date, plant: Plant, curve: Curve, hours: Span, calls: int, rounds: int) -> list[Slot]:
    """Return a day's reads for a number of calls; among them so many rounds of all ECUs, at most six in ten."""
    ecus = plant.ecus if plant.ecu_days else ()
    extra = len(ecus) - 1
    while rounds and (rounds * extra >= calls or rounds > 0.6 * (calls - rounds * extra)):
        rounds -= 1
    if extra > 0:
        rounds = max(rounds, min(len(curve), (calls - len(curve)) // extra))
    reads = calls - rounds * max(extra, 0)
    past = _past(curve, reads, day) if plant.behind else 0
    reads -= past
    panels = _panel_rounds(curve, reads, len(plant.ecus))
    number = min(reads - panels * len(plant.ecus), len(curve))
    of_all = [round(number * (n + FIRST_ROUND) / (rounds + FIRST_ROUND)) for n in range(rounds)]
    moments = _spread(curve, number, of_all)
    ends = [*moments[1:], *(max(hours.end.astimezone(UTC), last + _STEP) for last in moments[-1:])]
    slots = []
    for n, (at, until) in enumerate(zip(moments, ends, strict=True)):
        targets = ecus if len(ecus) == 1 or n in of_all else ()
        asked = [Call(kind=Kind.ECU_DAY, target=eid) for eid in targets] or [Call(kind=Kind.SUMMARY)]
        slots += [Slot(at=at, until=until, call=call, day=day, read=True) for call in asked]
    slots += _past_slots(day, curve, past)
    for at in _spread(curve, panels):
        slots += [
            Slot(at=at, until=at + CLOSE_READS, call=Call(kind=Kind.BATCH_POWER, target=eid), day=day, read=True)
            for eid in plant.ecus
        ]
    return slots


def _calls_for_reads(day: date, site: Site, accounts: Sequence[Account], options: Options, duties: float) -> int:
    """Return today's part, by the light, of what duties leave of the month; at most twice the steady rate."""

    def light_of(days: Sequence[date]) -> float:
        return sum(_light(site, d, options.sunrise_offset, options.sunset_offset) for d in days)

    today = light_of([day])
    if not today:
        return 0
    calls = []
    for account in accounts:
        days = days_left(day, site, account)
        calls.append((account.left - duties * len(days)) * today / light_of(days))
    month = [day.replace(day=1) + timedelta(days=n) for n in range(31)]
    month = [d for d in month if d.month == day.month]
    steady = (max(account.size for account in accounts) - duties * len(month)) * today / light_of(month)
    return max(0, floor(min(*calls, 2 * steady) + 1e-6))


def days_left(day: date, site: Site, account: Account) -> list[date]:
    """Return the site days, from this one on, that an account must last for; one that ends by noon is another's."""
    days = [day]
    while site.at(days[-1] + timedelta(days=1), NOON) < account.end:
        days.append(days[-1] + timedelta(days=1))
    return days


def _rounds(curve: Curve, plant: Plant) -> int:
    """Return how many rounds of all ECUs keep the current power younger than three hours."""
    if len(plant.ecus) < 2 or not plant.ecu_days:
        return 0
    hours = sum(elevation > FULL_SUN for _, elevation in curve) * (_STEP / _HOUR)
    return max(0, ceil(hours / HOURS_BETWEEN_ROUNDS - FIRST_ROUND))


def _past(curve: Curve, reads: int, day: date) -> int:
    """Return the day's calls for the past: those that reads which are close together can spare, or one in twelve.

    That is some fifty days of the past in a month, for reads that lie a minute or two farther apart meanwhile.
    """
    close = ceil(timedelta(hours=_weight(curve)) / CLOSE_READS)
    least = reads // PART_OF_THE_PAST or (day.toordinal() % 2 if reads > 1 else 0)
    return min(MOST_FOR_THE_PAST, max(reads - close, least))


def _past_slots(day: date, curve: Curve, number: int) -> list[Slot]:
    call = Call(kind=Kind.PAST)
    return [Slot(at=at, until=at + CLOSE_READS, call=call, day=day) for at in _spread(curve, number)]


def _panel_rounds(curve: Curve, reads: int, ecus: int) -> int:
    """Return how many readings of all panels the day can pay for with its reads still close together."""
    for rounds in range(PANEL_ROUNDS if ecus else 0, 0, -1):
        left = reads - rounds * ecus
        if left > 0 and timedelta(hours=_weight(curve)) / left <= CLOSE_READS:
            return rounds
    return 0


def _spread(curve: Curve, number: int, of_all: Sequence[int] = ()) -> list[datetime]:
    """Return so many moments, evenly spaced in the weight of the light, each just after a full five minutes.

    Those of rounds `of_all` ECUs are evenly spaced among themselves, and the others between them.

    Low sun weighs as little as leaves no gap of more than two hours; with plenty of calls there is one every five
    minutes of the solar hours.
    """
    if number < 1:
        return []
    if number >= len(curve):
        return [_after_sample(moment) for moment, _ in curve]
    first: list[datetime] = []
    for low in LOW_SUN_WEIGHTS:
        total = list(accumulate(_weight_of(elevation, low) for _, elevation in curve))
        steps = [bisect_left(total, part * total[-1]) for part in _parts(number, of_all)]
        moments = sorted({_after_sample(curve[step][0]) for step in steps})
        first = first or moments
        if all(after - before <= LONGEST_INTERVAL for before, after in pairwise(moments)):
            return moments
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


def _after_sample(moment: datetime) -> datetime:
    """Return the next moment just after a full five minutes, when an ECU has read its inverters (`api.md` §3)."""
    return moment + (-moment.timestamp() % _STEP.total_seconds()) * timedelta(seconds=1) + AFTER_SAMPLE


@lru_cache(maxsize=512)
def _curve(site: Site, day: date, sunrise_offset: timedelta, sunset_offset: timedelta) -> Curve:
    """Return the sun's elevation every five minutes of a day's solar hours; empty in polar night."""
    hours = solar_hours(site, day, sunrise_offset, sunset_offset)
    if hours is None:
        return ()
    start = hours.start.astimezone(UTC)
    moments = [start + n * _STEP for n in range(hours.length // _STEP)]
    return tuple((moment, sun_elevation(site, moment)) for moment in moments)


@lru_cache(maxsize=512)
def _light(site: Site, day: date, sunrise_offset: timedelta, sunset_offset: timedelta) -> float:
    return _weight(_curve(site, day, sunrise_offset, sunset_offset))


def _weight(curve: Curve) -> float:
    """Return the weight of a day's light, in hours of full sun."""
    return sum(_weight_of(elevation, LOW_SUN_WEIGHTS[0]) for _, elevation in curve) * (_STEP / _HOUR)


def _weight_of(elevation: float, low: float) -> float:
    return 1.0 if elevation > FULL_SUN else low if elevation > 0 else 0.0
