"""Whether the plant is still what the newest listing says: contact with each ECU, and why a new listing is wanted.

A listing takes away the inverters that their own ECU does not name, and an ECU, with inverters or without, that two
listings which are not empty, at least 20 hours apart, do not name.

A listing is asked for when details or a batch name an unknown id, when an ECU of the listing has no inverters, when an
ECU is silent by day, when the summary has more than the ECUs together, and once a week. Each cause asks once until a
listing has changed something, and there is at most one listing a day.
"""

from collections.abc import Iterable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from ..cloud.models import Ecu, Inverter
from .clock import Clock
from .energy import Reading

SILENT_READS: Final = 3  # reads by day in a row without a sample
SHORT_EVENINGS: Final = 2
MISSING_SHARE: Final = 0.05  # of the summary, by which it may exceed the sum over the ECUs
LISTING_LASTS: Final = timedelta(days=7)
UNLISTED_FOR: Final = timedelta(hours=20)
CONTACT_LASTS: Final = timedelta(hours=26)
_INVERTER: Final = "inverter"
LATE_SAMPLE: Final = timedelta(minutes=60)  # an ECU uploads every 15 minutes (`api.md` §3)


@dataclass(frozen=True, kw_only=True)
class EcuContact:
    """What reads of an ECU's own series have shown."""

    at: datetime
    """When the cloud last answered such a read, with samples or without."""
    sampled: datetime | None = None
    """The newest sample that it then had."""
    empty_reads: int = 0
    """How many such reads by day, in a row, had no sample of the day."""


def after_read(known: EcuContact | None, newest: str | None, reading: Reading) -> EcuContact:
    """Return the contact after a read of the site day; `newest` is the label of its newest sample."""
    if newest is not None:
        sampled = datetime.combine(reading.day, time.fromisoformat(newest), reading.midnight.tzinfo)
        return EcuContact(at=reading.at, sampled=sampled)
    empty = known.empty_reads if known else 0
    sampled_before = known.sampled if known else None
    return EcuContact(at=reading.at, sampled=sampled_before, empty_reads=empty + int(reading.is_daylight))


def is_connected(contact: EcuContact | None, clock: Clock) -> bool | None:
    """Return whether samples of an ECU arrive by day; None when its series was not read of late, or just after sunrise.

    After sunset it is what the last read by day has shown.
    """
    if contact is None or clock.now - contact.at > CONTACT_LASTS:
        return None
    daylight = clock.solar_day(clock.site.day(contact.at)).daylight
    if daylight is None:
        return None
    until = min(contact.at, daylight.end)
    since = max(contact.sampled or daylight.start, daylight.start)
    if until - since > LATE_SAMPLE:
        return False
    return True if contact.sampled is not None and contact.sampled >= daylight.start else None


def unlisted_since(
    known_ecus: Iterable[str], unlisted: Mapping[str, datetime], ecus: Iterable[Ecu], now: datetime
) -> dict[str, datetime]:
    """Return the known ECUs that a listing does not name, and since when; one that is empty changes nothing."""
    named = {ecu.eid for ecu in ecus}
    if not named:
        return dict(unlisted)
    return {eid: unlisted.get(eid, now) for eid in known_ecus if eid not in named}


def taken_down(unlisted: Mapping[str, datetime], ecus: Sequence[Ecu], now: datetime) -> frozenset[str]:
    """Return the ECUs that are gone by a listing, as they have not been named for long enough."""
    return frozenset(eid for eid, since in unlisted.items() if ecus and now - since >= UNLISTED_FOR)


def listed_inverters(known: Iterable[Inverter], ecus: Iterable[Ecu], gone: AbstractSet[str]) -> tuple[Inverter, ...]:
    """Return the inverters after a listing. A known one stays where its own ECU says nothing and is not gone."""
    listed = {inverter.uid: inverter for ecu in ecus for inverter in ecu.inverters}
    speaking = {ecu.eid for ecu in ecus if ecu.inverters}
    kept = [inverter for inverter in known if inverter.uid not in listed and inverter.eid not in speaking | gone]
    return (*listed.values(), *kept)


def listing_causes(
    ecus: Iterable[Ecu],
    named_ecus: Iterable[str],
    unknown_inverters: Iterable[str],
    contacts: Mapping[str, EcuContact],
    short_evenings: int,
) -> frozenset[str]:
    """Return why a new listing is wanted, one word for each cause."""
    listed = {ecu.eid for ecu in ecus}
    return frozenset(
        [
            *(f"ecu {eid}" for eid in named_ecus if eid not in listed),
            *(f"no inverters {ecu.eid}" for ecu in ecus if not ecu.inverters),
            *(f"{_INVERTER} {uid}" for uid in unknown_inverters),
            *(f"silent {eid}" for eid, contact in contacts.items() if contact.empty_reads >= SILENT_READS),
            *(["sum"] if short_evenings >= SHORT_EVENINGS else []),
        ]
    )


def is_short(summary_today: float | None, reported: float | None) -> bool:
    """Return whether the summary has clearly more energy of the day (kWh) than the ECUs together have reported."""
    return summary_today is not None and summary_today * (1 - MISSING_SHARE) > (reported or 0.0)


def is_about_inverter(cause: str) -> bool:
    """Return whether a cause is an inverter that no listing names."""
    return cause.startswith(f"{_INVERTER} ")
