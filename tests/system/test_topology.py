"""Whether the plant is still what the listing says."""
# ruff: noqa: D103 -- test names say what they check

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.apsystems_openapi.cloud.models import Ecu, Inverter
from custom_components.apsystems_openapi.schedule.options import Options
from custom_components.apsystems_openapi.schedule.sun import Site
from custom_components.apsystems_openapi.system.clock import Clock
from custom_components.apsystems_openapi.system.energy import Reading
from custom_components.apsystems_openapi.system.topology import (
    EcuContact,
    after_read,
    is_connected,
    is_short,
    listing_causes,
)

SITE = Site(latitude=48.85, longitude=2.35, zone=UTC)
FULL = Ecu(eid="E1", timezone=None, inverters=(Inverter(uid="a", model=None, eid="E1"),))
EMPTY = replace(FULL, eid="E2", inverters=())


def at(hour: float, day: int = 15) -> datetime:
    return datetime(2026, 6, day, tzinfo=UTC) + timedelta(hours=hour)


def reading(hour: float) -> Reading:
    return Reading(at=at(hour), midnight=at(0), sunrise=at(4), sunset=at(20), last=at(23.75))


@pytest.mark.parametrize(
    ("contact", "now", "expected"),
    [
        (None, at(12), None),
        (EcuContact(at=at(12), sampled=at(11.75)), at(12.1), True),
        (EcuContact(at=at(12), sampled=at(10.5)), at(12.1), False),
        (EcuContact(at=at(12), sampled=None), at(12.1), False),
        (EcuContact(at=at(12), sampled=at(19, 14)), at(12.1), False),
        (EcuContact(at=at(4.5), sampled=None), at(4.6), None),  # just after sunrise
        (EcuContact(at=at(21), sampled=at(19.5)), at(23), True),  # none is expected after sunset
        (EcuContact(at=at(12, 13), sampled=at(12, 13)), at(15), None),
    ],
)
def test_an_ecu_is_connected_while_samples_arrive_by_day(
    contact: EcuContact | None, now: datetime, expected: bool | None
) -> None:
    assert is_connected(contact, Clock(now=now, site=SITE, options=Options())) is expected


def test_an_ecu_is_neither_connected_nor_not_in_polar_night() -> None:
    svalbard = Site(latitude=78.2, longitude=15.6, zone=UTC)
    noon = datetime(2026, 12, 21, 12, tzinfo=UTC)
    contact = EcuContact(at=noon, sampled=None)
    assert is_connected(contact, Clock(now=noon, site=svalbard, options=Options())) is None


def test_reads_by_day_without_a_sample_are_counted_until_one_comes() -> None:
    contact = after_read(None, None, reading(3))
    assert contact.empty_reads == 0
    for count in (1, 2, 3):
        contact = after_read(contact, None, reading(10))
        assert contact.empty_reads == count
    assert after_read(contact, "10:30", reading(11)) == EcuContact(at=at(11), sampled=at(10.5))


@pytest.mark.parametrize(
    ("ecus", "named", "unknown", "contacts", "evenings", "expected"),
    [
        ([FULL], ["E1"], [], {}, 0, set()),
        ([FULL], ["E1", "E9"], [], {}, 0, {"ecu E9"}),
        ([FULL, EMPTY], [], [], {}, 0, {"no inverters E2"}),
        ([FULL], [], ["b"], {}, 0, {"inverter b"}),
        ([FULL], [], [], {"E1": EcuContact(at=at(12), empty_reads=2)}, 0, set()),
        ([FULL], [], [], {"E1": EcuContact(at=at(12), empty_reads=3)}, 0, {"silent E1"}),
        ([FULL], [], [], {}, 1, set()),
        ([FULL], [], [], {}, 2, {"sum"}),
    ],
)
def test_a_new_listing_has_a_cause(
    ecus: list[Ecu],
    named: list[str],
    unknown: list[str],
    contacts: dict[str, EcuContact],
    evenings: int,
    expected: set[str],
) -> None:
    assert listing_causes(ecus, named, unknown, contacts, evenings) == expected


@pytest.mark.parametrize(
    ("summary", "reported", "expected"),
    [(None, None, False), (0.0, None, False), (10.0, 9.6, False), (10.0, 9.4, True), (10.0, None, True)],
)
def test_the_summary_is_compared_with_the_ecus(summary: float | None, reported: float | None, expected: bool) -> None:
    assert is_short(summary, reported) is expected
