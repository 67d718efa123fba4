"""Roofs with panels: the DC power of every panel in slots of five minutes, healthy or with defects.

It stands alone: a `House` gives the day curves of its panels fast enough to simulate hundreds of panel-years. A day
depends on the seed and its date only, so that the order of days does not matter.

What happens to healthy panels, because whoever judges panels must not be misled by it: planes of different tilt and
azimuth, panels of slightly different yield and mounting, noise, chimneys and neighbouring houses whose shade moves with
the season, passing clouds that reach panels at different seconds, snow that slides off one panel after the other,
outages of the grid, the ECU or one inverter's radio, curtailment, inverters that clip, and inputs without a panel.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from math import asin, atan2, cos, degrees, exp, radians, sin
from random import Random
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from astral.sun import eq_of_time, jday_to_jcentury, julianday, sun_declination

from .weather import chance

SLOTS: Final = 288
"""Slots of a day by the clock: slot n starts 5 n minutes after midnight, also on days on which the clock changes."""

SUNNY_SHARE: Final = 0.6  # of a clear day's energy
SUNNY_HEIGHT_DEG: Final = 15.0  # of the sun, for at least
SUNNY_SLOTS: Final = 36

_PANEL_W = 410.0
_VARIANTS = 3  # of each plane: panels are never mounted exactly alike, and are read at different seconds
_SNOW_DAYS = 8
_GAP_DAYS = 3
_DIODE = 0.67
_SOILING_A_DAY = 0.01 / 7

type PanelId = tuple[str, int]
"""Inverter (`uid`) and channel."""

type DayCurve = list[int | None]
"""DC power in W of each slot; None where nothing was received."""


class DefectKind(StrEnum):
    """What can be wrong with a panel or an inverter."""

    DEAD = "dead panel"
    DIODE = "bypass diode"
    SOILING = "soiling"
    INTERMITTENT = "intermittent"
    INVERTER = "dead inverter"


@dataclass(frozen=True, kw_only=True)
class Defect:
    """A defect of a panel, or of a whole inverter (`DefectKind.INVERTER`, which then sends nothing)."""

    kind: DefectKind
    panel: PanelId
    """For a dead inverter any of its panels."""
    start: date
    end: date | None = None
    """Day of the repair; None: not repaired."""

    def is_active(self, day: date) -> bool:
        """Whether the defect is there on a day."""
        return self.start <= day and (self.end is None or day < self.end)


@dataclass(frozen=True)
class Plane:
    """A part of a roof."""

    tilt_deg: float
    azimuth_deg: float
    """Direction it faces, clockwise from north."""


@dataclass(frozen=True)
class Shade:
    """An obstacle as one panel sees it."""

    azimuth_deg: float
    half_width_deg: float
    height_deg: float
    passes: float
    """Share of the direct irradiance that still has an effect in its shade."""


@dataclass(frozen=True, kw_only=True)
class RoofPanel:
    """An input of an inverter with its panel."""

    uid: str
    channel: int
    plane: int
    """Index of the plane it lies on."""
    variant: int
    """Which of the slightly different mountings it has."""
    factor: float
    """Yield against the rating."""
    shades: tuple[Shade, ...] = ()
    is_used: bool = True
    """False: an input without a panel."""


@dataclass(frozen=True, kw_only=True)
class Climate:
    """Place and weather of a house."""

    latitude: float
    longitude: float
    timezone: str
    clear: float
    """Share of clear days."""
    mixed: float
    """Share of days with passing clouds; the rest is overcast."""

    @property
    def zone(self) -> ZoneInfo:
        """Zone of the site's days."""
        return ZoneInfo(self.timezone)


CLIMATES: Final = (
    Climate(latitude=-33.9, longitude=18.4, timezone="Africa/Johannesburg", clear=0.5, mixed=0.35),
    Climate(latitude=-23.5, longitude=-46.6, timezone="America/Sao_Paulo", clear=0.3, mixed=0.45),
    Climate(latitude=-1.3, longitude=36.8, timezone="Africa/Nairobi", clear=0.3, mixed=0.5),
    Climate(latitude=19.4, longitude=-99.1, timezone="America/Mexico_City", clear=0.4, mixed=0.4),
    Climate(latitude=33.4, longitude=-112.1, timezone="America/Phoenix", clear=0.7, mixed=0.2),
    Climate(latitude=40.4, longitude=-3.7, timezone="Europe/Madrid", clear=0.5, mixed=0.3),
    Climate(latitude=47.4, longitude=8.5, timezone="Europe/Zurich", clear=0.3, mixed=0.35),
    Climate(latitude=51.5, longitude=-0.1, timezone="Europe/London", clear=0.2, mixed=0.45),
    Climate(latitude=52.5, longitude=13.4, timezone="Europe/Berlin", clear=0.27, mixed=0.38),
    Climate(latitude=59.3, longitude=18.1, timezone="Europe/Stockholm", clear=0.3, mixed=0.35),
)


@dataclass(frozen=True, kw_only=True)
class RoofDay:
    """A day of a house."""

    curves: Mapping[PanelId, DayCurve]
    is_sunny: bool
    """High sun, most of a clear day's energy, and nothing else that keeps all panels from producing."""


@dataclass(frozen=True)
class _Sky:
    """The sun and the clouds over the slots of a day with the sun up."""

    slots: range
    elevation: tuple[float, ...]
    azimuth: tuple[float, ...]
    passes: tuple[float, ...]
    """Share of the direct irradiance that clouds let through."""
    clouds: float
    """Diffuse irradiance below clouds, against that of a clear day."""


class _Irradiance(NamedTuple):
    """Irradiance on a plane in each slot, as a share of full sun."""

    direct: list[float]
    diffuse: list[float]


@dataclass(frozen=True)
class House:
    """A plant on the roofs of a house."""

    seed: int
    climate: Climate
    planes: tuple[Plane, ...]
    panels: tuple[RoofPanel, ...]
    clip_w: int | None = None
    """Most that an input takes; None: more than a panel makes."""
    defects: tuple[Defect, ...] = ()

    @property
    def uids(self) -> tuple[str, ...]:
        """Inverters, each once."""
        return tuple(dict.fromkeys(panel.uid for panel in self.panels))

    def day(self, day: date) -> RoofDay:
        """Return the curves of a local day."""
        number = day.toordinal()
        sky = _sky(self.seed, self.climate, day)
        clear, irradiance = self._irradiance(sky)
        limits = self._limits(sky, number)
        curves = {}
        for panel in self.panels:
            random = _random(self.seed, number, int(panel.uid), panel.channel)
            power = self._power(panel, sky, irradiance, random) if panel.is_used else [0.0] * len(sky.slots)
            power = [value * share for value, share in zip(power, limits, strict=True)] if limits else power
            power = self._covered(panel, power, number)
            power = self._damaged(panel, power, day, random)
            curves[panel.uid, panel.channel] = self._received(panel, sky, power, day, random)
        arrived = sum(irradiance[0].direct) + sum(irradiance[0].diffuse)
        is_sunny = (
            arrived >= SUNNY_SHARE * clear
            and sum(height >= SUNNY_HEIGHT_DEG for height in sky.elevation) >= SUNNY_SLOTS
            and not limits
            and not self._is_offline(number)
            and not any(self._cover(panel, number) for panel in self.panels if panel.is_used)
        )
        return RoofDay(curves=curves, is_sunny=is_sunny)

    def _irradiance(self, sky: _Sky) -> tuple[float, list[_Irradiance]]:
        """Return the sum of a clear day on the first plane, and the irradiance of the day on every variant."""
        found = []
        clear = 0.0
        for number in range(len(self.planes) * _VARIANTS):
            direct, diffuse = _on_plane(self.seed, self.planes[number // _VARIANTS], number, sky)
            clear = clear or sum(direct) + sum(diffuse)
            late = number % _VARIANTS / _VARIANTS / 3  # part of a slot by which clouds come later
            passes = [now + (before - now) * late for before, now in pairwise((*sky.passes[:1], *sky.passes))]
            found.append(
                _Irradiance(
                    direct=[value * share for value, share in zip(direct, passes, strict=True)],
                    diffuse=[
                        value * (share + (1 - share) * sky.clouds) for value, share in zip(diffuse, passes, strict=True)
                    ],
                )
            )
        return clear, found

    def _power(self, panel: RoofPanel, sky: _Sky, irradiance: Sequence[_Irradiance], random: Random) -> list[float]:
        direct, diffuse = irradiance[panel.plane * _VARIANTS + panel.variant]
        if panel.shades:
            shadow = _shadow(panel.shades, sky)
            direct = [value * share for value, share in zip(direct, shadow, strict=True)]
            seen = 1 - 0.004 * sum(shade.half_width_deg for shade in panel.shades)  # of the sky
            diffuse = [value * seen for value in diffuse]
        first = random.randrange(len(_NOISE) - SLOTS)
        rating = _PANEL_W * panel.factor
        most = self.clip_w or _PANEL_W * 2
        return [
            min(most, rating * noise * (a + b))
            for a, b, noise in zip(direct, diffuse, _NOISE[first : first + len(direct)], strict=True)
        ]

    def _limits(self, sky: _Sky, number: int) -> list[float]:
        """Return the share that the grid takes in each slot; empty on a day without limits."""
        if chance(self.seed, 20, number) > 0.012 or not sky.slots:
            return []
        limit = 0.0 if chance(self.seed, 21, number) < 0.5 else 0.3
        first = int(chance(self.seed, 22, number) * len(sky.slots))
        length = 12 + int(chance(self.seed, 23, number) * 84)
        return [limit if first <= n < first + length else 1.0 for n in range(len(sky.slots))]

    def _covered(self, panel: RoofPanel, power: list[float], number: int) -> list[float]:
        """Return the power below snow, until it slides off."""
        until = self._cover(panel, number)
        end = int(until * len(power))
        return [value * 0.015 for value in power[:end]] + power[end:] if end else power

    def _cover(self, panel: RoofPanel, number: int) -> float:
        """Return the share of the day for which the panel is below snow."""
        longest = 0.0
        for ago in range(_SNOW_DAYS):
            if _snows(self.seed, self.climate, number - ago):
                common = 3 * chance(self.seed, 31, number - ago) ** 2
                own = 1.2 * chance(self.seed, 32, number - ago, int(panel.uid), panel.channel) ** 2
                longest = max(longest, 1 + common * (0.6 + own) - ago)
        return min(1.0, longest)

    def _damaged(self, panel: RoofPanel, power: list[float], day: date, random: Random) -> list[float]:
        for defect in self.defects:
            if not defect.is_active(day) or defect.panel != (panel.uid, panel.channel):
                continue
            match defect.kind:
                case DefectKind.DEAD:
                    power = [0.0] * len(power)
                case DefectKind.DIODE:
                    power = [value * _DIODE for value in power]
                case DefectKind.SOILING:
                    share = max(0.0, 1 - _SOILING_A_DAY * (day - defect.start).days)
                    power = [value * share for value in power]
                case DefectKind.INTERMITTENT:
                    power = _with_dropouts(power, random)
                case DefectKind.INVERTER:
                    pass  # `_received`: nothing is sent
        return power

    def _received(self, panel: RoofPanel, sky: _Sky, power: list[float], day: date, random: Random) -> DayCurve:
        curve: DayCurve = [None] * SLOTS
        number = day.toordinal()
        is_dead = any(
            defect.kind is DefectKind.INVERTER and defect.panel[0] == panel.uid and defect.is_active(day)
            for defect in self.defects
        )
        if is_dead or self._is_offline(number):
            return curve
        curve[sky.slots.start : sky.slots.stop] = [int(value) for value in power]
        for _ in range(2):
            curve[random.randrange(SLOTS)] = None
        radio = int(panel.uid)
        for ago in range(_GAP_DAYS):
            if chance(self.seed, 40, number - ago, radio) < 0.004:
                start = int(chance(self.seed, 41, number - ago, radio) * SLOTS) - ago * SLOTS
                end = start + int(chance(self.seed, 42, number - ago, radio) * 2 * SLOTS)
                gap = range(max(0, start), max(0, min(SLOTS, end)))
                curve[gap.start : gap.stop] = [None] * len(gap)
        return curve

    def _is_offline(self, number: int) -> bool:
        """Whether the ECU's readings of that day are lost."""
        return any(
            chance(self.seed, 50, number - ago) < 0.004 and ago < 1 + 4 * chance(self.seed, 51, number - ago)
            for ago in range(5)
        )


_NOISE: Final = tuple(Random(1).gauss(1, 0.012) for _ in range(1 << 14))  # of a reading, drawn once: it costs time


def _random(seed: int, *keys: int) -> Random:
    """Return a source of numbers that depends on the arguments only."""
    return Random(int(chance(seed, *keys) * (1 << 53)))


def _with_dropouts(power: list[float], random: Random) -> list[float]:
    """Return a day of a loose connection: on three days of four it fails for 30 to 100 % of the daylight."""
    if random.random() < 0.25:
        return power
    lost = random.uniform(0.3, 1.0)
    pieces = random.randint(1, 3)
    power = list(power)
    part = len(power) // pieces
    for piece in range(pieces):
        length = int(part * lost)
        start = piece * part + random.randint(0, part - length)
        power[start : start + length] = [0.0] * length
    return power


def _snows(seed: int, climate: Climate, number: int) -> bool:
    """Return whether snow covers all panels in the morning: on dull days of cold places, while the sun stays low."""
    if abs(climate.latitude) < 42 or chance(seed, 30, number) > 0.15:
        return False
    declination, _ = _place_of_sun(number)
    return 90 - abs(climate.latitude - declination) < 33 and _kind(seed, climate, number) == "overcast"


def _kind(seed: int, climate: Climate, number: int) -> str:
    """Return the kind of a day's weather; it often lasts for some days."""
    drawn = chance(seed, 10, number // 3) if chance(seed, 11, number) < 0.5 else chance(seed, 12, number)
    if drawn < climate.clear:
        return "clear"
    return "mixed" if drawn < climate.clear + climate.mixed else "overcast"


@lru_cache(maxsize=4096)
def _place_of_sun(number: int) -> tuple[float, float]:
    """Return declination in degrees and equation of time in minutes at noon UTC of a day."""
    century = jday_to_jcentury(julianday(date.fromordinal(number)) + 0.5)
    return sun_declination(century), eq_of_time(century)


@lru_cache(maxsize=1024)
def _sun(
    latitude: float, longitude: float, timezone: str, day: date
) -> tuple[range, tuple[float, ...], tuple[float, ...]]:
    """Return the slots with the sun up, its elevation and its azimuth in the middle of each, in degrees."""
    declination, minutes = _place_of_sun(day.toordinal())
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(timezone))
    ahead = (noon.utcoffset() or timedelta()) // timedelta(minutes=5)
    tilt, sun = radians(latitude), radians(declination)
    found: list[tuple[int, float, float]] = []
    for slot in range(SLOTS):
        hour = radians((slot - ahead + 0.5) * 1.25 + longitude + minutes / 4 - 180)
        east, north = -cos(sun) * sin(hour), cos(tilt) * sin(sun) - sin(tilt) * cos(sun) * cos(hour)
        height = sin(tilt) * sin(sun) + cos(tilt) * cos(sun) * cos(hour)
        if height > 0.01:
            found.append((slot, degrees(asin(min(1.0, height))), degrees(atan2(east, north)) % 360))
    if not found:
        return range(0), (), ()
    slots, elevation, azimuth = zip(*found, strict=True)
    return range(slots[0], slots[0] + len(slots)), elevation, azimuth


def _sky(seed: int, climate: Climate, day: date) -> _Sky:
    slots, elevation, azimuth = _sun(climate.latitude, climate.longitude, climate.timezone, day)
    number = day.toordinal()
    random = _random(seed, number)
    match _kind(seed, climate, number):
        case "clear":
            haze = random.uniform(0.93, 1.0)
            return _Sky(slots, elevation, azimuth, (haze,) * len(slots), 2.0)
        case "mixed":
            return _Sky(slots, elevation, azimuth, _clouds(random, len(slots)), random.uniform(1.5, 2.5))
    return _Sky(slots, elevation, azimuth, (0.0,) * len(slots), random.uniform(0.5, 2.0))


def _clouds(random: Random, slots: int) -> tuple[float, ...]:
    """Return which share of the direct irradiance passing clouds let through in each slot."""
    cover = random.uniform(0.1, 0.8)
    passes: list[float] = []
    while len(passes) < slots:
        length = 1 + int(random.expovariate(1 / 3))
        through = random.uniform(0.0, 0.5) if random.random() < cover else random.uniform(0.9, 1.0)
        edge = (through + passes[-1]) / 2 if passes else through
        passes += [edge] + [through] * length
    return tuple(passes[:slots])


def _on_plane(seed: int, plane: Plane, number: int, sky: _Sky) -> tuple[list[float], list[float]]:
    """Return direct and diffuse irradiance of a clear day on a plane, as a share of full sun."""
    tilt = radians(plane.tilt_deg + 2 * chance(seed, 60, number) - 1)
    faces = radians(plane.azimuth_deg + 3 * chance(seed, 61, number) - 1.5)
    view = (1 + cos(tilt)) / 2
    direct, diffuse = [], []
    for elevation, azimuth in zip(sky.elevation, sky.azimuth, strict=True):
        height = sin(radians(elevation))
        beam = 0.98 * exp(-0.11 / (height + 0.03))
        across = cos(radians(elevation)) * cos(radians(azimuth) - faces)
        direct.append(beam * max(0.0, height * cos(tilt) + across * sin(tilt)))
        diffuse.append(0.11 * height**0.6 * view)
    return direct, diffuse


def _shadow(shades: tuple[Shade, ...], sky: _Sky) -> list[float]:
    """Return the share of the direct irradiance that obstacles leave in each slot; the edge of a shade is soft."""
    left = [1.0] * len(sky.slots)
    for shade in shades:
        for n, (elevation, azimuth) in enumerate(zip(sky.elevation, sky.azimuth, strict=True)):
            beside = abs((azimuth - shade.azimuth_deg + 180) % 360 - 180) - shade.half_width_deg
            inside = min(1.0, max(0.0, min(-beside, shade.height_deg - elevation) / 2 + 0.5))
            if inside:
                left[n] *= 1 - inside * (1 - shade.passes)
    return left


def random_house(seed: int, climate: Climate, sizes: tuple[int, int] = (2, 18)) -> House:
    """Return a house of that seed: one to three planes, inverters with two or four inputs."""
    random = Random(seed)
    equator = 180.0 if climate.latitude >= 0 else 0.0
    planes = _planes(random, equator)
    count = random.randint(*sizes)
    channels = random.choice((2, 2, 4))
    cuts = sorted(random.randint(0, count) for _ in planes[1:])
    panels = []
    inputs = -(-count // channels) * channels
    for number in range(inputs):
        plane = sum(number >= cut for cut in cuts)
        panels.append(
            RoofPanel(
                uid=f"7{seed % 10_000_000:07}{number // channels:04}",
                channel=number % channels + 1,
                plane=plane,
                variant=random.randrange(_VARIANTS),
                factor=random.gauss(0.97, 0.02),
                shades=_shades(random, equator, abs(climate.latitude)),
                is_used=number < count,
            )
        )
    return House(
        seed=seed,
        climate=climate,
        planes=planes,
        panels=tuple(panels),
        clip_w=random.choice((None, None, None, 300, 330)),
    )


def _planes(random: Random, equator: float) -> tuple[Plane, ...]:
    tilt = random.uniform(15, 45)
    faces = equator + random.uniform(-40, 40)
    match random.randrange(5):
        case 0 | 1:
            return (Plane(tilt, faces),)
        case 2:
            return Plane(tilt, faces - 90), Plane(tilt, faces + 90)
        case 3:
            return Plane(tilt, faces), Plane(tilt - 15 if tilt > 25 else tilt + 15, faces)
    return Plane(tilt, faces - 90), Plane(tilt, faces), Plane(tilt, faces + 90)


def _shades(random: Random, equator: float, latitude: float) -> tuple[Shade, ...]:
    shades = []
    low = max(8.0, 90 - latitude - 23)  # the noon sun of the shortest day
    if random.random() < 0.2:
        shades.append(
            Shade(
                equator + random.uniform(-80, 80),
                random.uniform(3, 12),
                random.uniform(20, 60),
                random.uniform(0.15, 0.5),
            )
        )
    if random.random() < 0.08:
        height = low + random.uniform(-4, 6)
        shades.append(Shade(equator + random.uniform(-40, 40), 45, height, random.uniform(0.15, 0.4)))
    return tuple(shades)
