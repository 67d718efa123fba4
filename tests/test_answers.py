"""What an answer, or the lack of one, does to what is known."""

from datetime import UTC, date, datetime

import aiohttp
import pytest

from custom_components.apsystems_openapi.cloud.client import OpenApiClient
from custom_components.apsystems_openapi.cloud.models import Ecu
from custom_components.apsystems_openapi.schedule.calls import Call, Kind
from custom_components.apsystems_openapi.system.energy import Energy, Reading
from custom_components.apsystems_openapi.system.state import SystemState
from custom_components.apsystems_openapi.system.updates import ask, nothing

DAY = date(2026, 6, 15)
READING = Reading(
    at=datetime(2026, 6, 15, 3, tzinfo=UTC),
    midnight=datetime(2026, 6, 15, tzinfo=UTC),
    sunrise=datetime(2026, 6, 15, 4, tzinfo=UTC),
    last=datetime(2026, 6, 15, 23, 45, tzinfo=UTC),
)
KNOWN = SystemState(
    energy=Energy(day=DAY, today=3.0, total=700.0), ecus=(Ecu(eid="216200012345", timezone=None, inverters=()),)
)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.PAST])
def test_no_data_takes_nothing_away(kind: Kind) -> None:
    """Not of anything that can be asked."""
    assert nothing(Call(kind=kind, target="216200012345"), READING)(KNOWN) == KNOWN


def test_no_data_is_an_answer_to_a_first_read() -> None:
    """Before sunrise today's energy is known to be 0; of the total nothing is."""
    first = nothing(Call(kind=Kind.INVERTERS), READING)(SystemState())
    first = nothing(Call(kind=Kind.SUMMARY), READING)(first)
    assert first.complete
    assert first.energy == Energy(day=DAY, today=0.0)


async def test_what_is_next_of_the_past_is_not_asked_here() -> None:
    """It depends on what is written, which is the historian's to know."""
    async with aiohttp.ClientSession() as session:
        client = OpenApiClient(session, "http://127.0.0.1:9", "app", "secret", "AB12345C6D7E")
        with pytest.raises(ValueError, match="the past"):
            await ask(client, Call(kind=Kind.PAST), DAY, READING)
