"""Places where the sun is high at some hour of the day all the year round."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Place:
    """A site; `timezone` is an IANA name."""

    latitude: float
    longitude: float
    timezone: str


PLACES = (
    Place(21.31, -157.86, "Pacific/Honolulu"),
    Place(-23.13, -134.97, "Pacific/Gambier"),
    Place(32.72, -117.16, "America/Los_Angeles"),
    Place(33.45, -112.07, "America/Phoenix"),
    Place(19.43, -99.13, "America/Mexico_City"),
    Place(25.76, -80.19, "America/New_York"),
    Place(-12.05, -77.04, "America/Lima"),
    Place(18.47, -66.11, "America/Puerto_Rico"),
    Place(-23.55, -46.63, "America/Sao_Paulo"),
    Place(-20.51, -29.31, "America/Noronha"),
    Place(14.93, -23.51, "Atlantic/Cape_Verde"),
    Place(28.12, -15.43, "Atlantic/Canary"),
    Place(36.72, -4.42, "Europe/Madrid"),
    Place(30.04, 31.24, "Africa/Cairo"),
    Place(-1.29, 36.82, "Africa/Nairobi"),
    Place(25.2, 55.27, "Asia/Dubai"),
    Place(24.86, 67.0, "Asia/Karachi"),
    Place(28.61, 77.21, "Asia/Kolkata"),
    Place(23.81, 90.41, "Asia/Dhaka"),
    Place(13.76, 100.5, "Asia/Bangkok"),
    Place(22.32, 114.17, "Asia/Hong_Kong"),
    Place(26.21, 127.68, "Asia/Tokyo"),
    Place(-27.47, 153.03, "Australia/Brisbane"),
    Place(-22.27, 166.46, "Pacific/Noumea"),
    Place(-18.14, 178.44, "Pacific/Fiji"),
    Place(-21.14, -175.2, "Pacific/Tongatapu"),
    Place(1.87, -157.43, "Pacific/Kiritimati"),
)


def where_it_is(hour: int, now: datetime) -> Place:
    """Return the place whose clock is nearest to the middle of that hour now."""

    def minutes_off(place: Place) -> int:
        local = now.astimezone(ZoneInfo(place.timezone))
        off = abs(local.hour * 60 + local.minute - hour * 60 - 30)
        return min(off, 1440 - off)

    return min(PLACES, key=minutes_off)
