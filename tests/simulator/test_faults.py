"""Faults to order."""
# ruff: noqa: D103 -- names of tests say what they are; JSON is of any type

import asyncio

import aiohttp
import pytest

from simulator import Fault, FaultKind, Kind, Level, parse_fault
from tests.simulator.setup import DS3, EID, METER, QT2, SID, TODAY, Setups, house_plant


@pytest.mark.parametrize(
    "code",
    [1000, 1001, *range(2000, 2006), *range(3000, 3005), 4000, 4001, 5000, 6000, *range(7000, 7004)],
)
async def test_every_code_can_be_ordered(setup: Setups, code: int) -> None:
    here = await setup()
    here.cloud.order(Fault(kind=FaultKind.CODE, code=code, times=2))
    replies = [await here.get(f"summary/{SID}") for _ in range(3)]
    assert [(reply.status, reply.code) for reply in replies] == [(200, code), (200, code), (200, 0)]
    assert here.cloud.spent() == 3


@pytest.mark.parametrize("status", [404, 429, 500, 502, 503])
async def test_http_errors_are_pages(setup: Setups, status: int) -> None:
    here = await setup()
    here.cloud.order(Fault(kind=FaultKind.STATUS, status=status))
    reply = await here.get(f"summary/{SID}")
    assert (reply.status, reply.content_type) == (status, "text/html")
    assert reply.text.startswith("<html>")
    here.cloud.clear_faults()
    assert (await here.get(f"summary/{SID}")).code == 0


async def test_a_fault_hits_only_the_calls_it_is_for(setup: Setups) -> None:
    here = await setup()
    here.cloud.order(
        Fault(kind=FaultKind.CODE, code=5000, on=Kind.ENERGY, level=Level.HOURLY),
        Fault(kind=FaultKind.CODE, code=7002, on=Kind.INVERTER_SUMMARY, target=DS3),
    )
    assert (await here.get(f"summary/{SID}")).code == 0
    assert (await here.get(f"energy/{SID}", "daily", "2026-06")).code == 0
    assert (await here.get(f"energy/{SID}", "hourly", TODAY)).code == 5000
    assert (await here.get(f"{SID}/devices/inverter/summary/{QT2}")).code == 0
    assert (await here.get(f"{SID}/devices/inverter/summary/{DS3}")).code == 7002


async def test_a_call_without_an_answer_ends_when_the_client_or_the_cloud_ends(setup: Setups) -> None:
    here = await setup()
    here.cloud.order(Fault(kind=FaultKind.TIMEOUT))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await here.get(f"summary/{SID}")
    assert (here.cloud.calls[-1].status, here.cloud.calls[-1].fault) == (None, FaultKind.TIMEOUT)
    waiting = asyncio.create_task(here.get(f"summary/{SID}"))
    while len(here.cloud.calls) < 2:  # noqa: ASYNC110 -- the other side runs in this loop
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await here.cloud.stop()
        with pytest.raises(aiohttp.ClientError):
            await waiting


async def test_a_slow_answer_is_the_right_one(setup: Setups) -> None:
    here = await setup()
    here.cloud.order(Fault(kind=FaultKind.SLOW, delay_s=0.02, times=1), Fault(kind=FaultKind.SLOW, delay_s=60))
    assert (await here.get(f"summary/{SID}")).code == 0
    waiting = asyncio.create_task(here.get(f"summary/{SID}"))
    while len(here.cloud.calls) < 2:  # noqa: ASYNC110 -- the other side runs in this loop
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await here.cloud.stop()
        assert (await waiting).code == 0


@pytest.mark.parametrize("kind", [FaultKind.HALF_BODY, FaultKind.RESET])
async def test_broken_connections(setup: Setups, kind: FaultKind) -> None:
    here = await setup()
    here.cloud.order(Fault(kind=kind))
    with pytest.raises(aiohttp.ClientError):
        await here.get(f"summary/{SID}")
    # aiohttp sends a GET once more when the connection ends without an answer, and both count.
    assert here.cloud.spent() == len(here.cloud.calls) == (2 if kind is FaultKind.RESET else 1)
    here.cloud.clear_faults()
    assert (await here.get(f"summary/{SID}")).code == 0


async def test_a_redirect_leads_to_another_host(setup: Setups) -> None:
    here = await setup()
    here.cloud.order(Fault(kind=FaultKind.REDIRECT))
    async with here.client.session.get(
        f"{here.client.url}/user/api/v2/systems/summary/{SID}", allow_redirects=False
    ) as response:
        assert (response.status, response.headers["Location"]) == (302, "http://elsewhere.invalid/")


async def test_bodies_that_are_not_json_or_too_long(setup: Setups) -> None:
    here = await setup()
    here.cloud.order(
        Fault(kind=FaultKind.NOT_JSON, times=1),
        Fault(kind=FaultKind.BODY, body="[1, 2", times=1),
        Fault(kind=FaultKind.BODY, times=1),
        Fault(kind=FaultKind.HUGE, times=1),
    )
    texts = [await here.get(f"summary/{SID}") for _ in range(4)]
    assert [reply.status for reply in texts] == [200] * 4
    assert texts[0].text.startswith("<html>")
    assert (texts[1].text, texts[2].text) == ("[1, 2", "")
    assert len(texts[3].text) > 2_000_000
    assert len(texts[3].data) > 100_000


@pytest.mark.parametrize(
    ("kind", "of_summary", "of_energy"),
    [
        (FaultKind.SWAPPED, list, dict),
        (FaultKind.NULL_DATA, type(None), type(None)),
        (FaultKind.STRING_DATA, str, str),
        (FaultKind.NUMBER_DATA, int, int),
        (FaultKind.EMPTY_DATA, dict, list),
    ],
)
async def test_data_of_the_wrong_shape(setup: Setups, kind: FaultKind, of_summary: type, of_energy: type) -> None:
    here = await setup()
    here.cloud.order(Fault(kind=kind))
    assert type(await here.data(f"summary/{SID}")) is of_summary
    assert type(await here.data(f"energy/{SID}", "daily", "2026-06")) is of_energy
    assert type(await here.data(f"{SID}/devices/ecu/energy/{EID}", "daily", "2026-06")) is of_energy
    assert type(await here.data(f"{SID}/devices/ecu/energy/{EID}", "minutely", TODAY)) is of_summary


@pytest.mark.parametrize("value", ["NaN", "-5", "1e999", "abc", ""])
async def test_numbers_can_be_nonsense(setup: Setups, value: str) -> None:
    here = await setup(house_plant())
    here.cloud.order(Fault(kind=FaultKind.NONSENSE, value=value))
    assert set((await here.data(f"summary/{SID}")).values()) == {value}
    assert set(await here.data(f"energy/{SID}", "daily", "2026-06")) == {value}
    minutely = await here.data(f"{SID}/devices/inverter/energy/{DS3}", "minutely", TODAY)
    assert ":" in minutely.pop("t")[0]
    assert {text for series in minutely.values() for text in series} == {value}
    batch = await here.data(f"{SID}/devices/inverter/batch/energy/{EID}", "energy", TODAY)
    assert batch["energy"][0] == f"{DS3}-1-{value}"
    listing = await here.data(f"inverters/{SID}")
    assert listing[0]["inverter"][0] == {"uid": DS3, "type": "DS3"}
    days = await here.data(f"{SID}/devices/meter/period/{METER}", "daily", "2026-06")
    assert (days["time"][0], set(days["produced"])) == ("01", {value})


async def test_numbers_can_be_null_and_lists_ragged(setup: Setups) -> None:
    here = await setup()
    here.cloud.order(Fault(kind=FaultKind.NULLS))
    assert set((await here.data(f"summary/{SID}")).values()) == {None}
    batch = await here.data(f"{SID}/devices/inverter/batch/energy/{EID}", "energy", TODAY)
    assert batch["energy"][0] == f"{DS3}-1-"
    here.cloud.clear_faults()
    here.cloud.order(Fault(kind=FaultKind.RAGGED))
    minutely = await here.data(f"{SID}/devices/inverter/energy/{DS3}", "minutely", TODAY)
    assert len(minutely["dc_p1"]) == len(minutely["t"]) - 1
    assert minutely["dc_p1"][:2] == [None, ""]


async def test_a_lifetime_can_be_lower(setup: Setups) -> None:
    here = await setup(house_plant())
    before = await here.data(f"summary/{SID}")
    here.cloud.order(Fault(kind=FaultKind.LIFETIME_BACK, kwh=10))
    after = await here.data(f"summary/{SID}")
    assert float(after["lifetime"]) == pytest.approx(float(before["lifetime"]) - 10)
    assert after | {"lifetime": 0} == before | {"lifetime": 0}
    meter = await here.data(f"{SID}/devices/meter/summary/{METER}")
    assert float(meter["lifetime"]["produced"]) == pytest.approx(float(after["lifetime"]), abs=0.006)
    assert await here.data(f"energy/{SID}", "yearly")
    assert "lifetime" not in await here.data(f"details/{SID}")
    here.cloud.clear_faults()
    assert await here.data(f"summary/{SID}") == before


@pytest.mark.parametrize("count", [1, 2, 5])
async def test_a_lifetime_can_be_too_high_for_some_answers_in_a_row(setup: Setups, count: int) -> None:
    """Other calls in between do not count."""
    here = await setup(house_plant())
    right = float((await here.data(f"summary/{SID}"))["lifetime"])
    here.cloud.order(parse_fault(f"lifetimeahead=500x{count}"))
    seen = []
    for _ in range(count + 2):
        assert (await here.get(f"energy/{SID}", "hourly", TODAY)).code == 0
        seen.append(float((await here.data(f"summary/{SID}"))["lifetime"]) - right)
    assert seen == pytest.approx([500] * count + [0, 0])


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("2005", Fault(kind=FaultKind.CODE, code=2005)),
        ("energy:5000x3", Fault(kind=FaultKind.CODE, code=5000, on=Kind.ENERGY, times=3)),
        ("energy/hourly:timeout", Fault(kind=FaultKind.TIMEOUT, on=Kind.ENERGY, level=Level.HOURLY)),
        ("http502x2", Fault(kind=FaultKind.STATUS, status=502, times=2)),
        ("batch:slow=2.5", Fault(kind=FaultKind.SLOW, on=Kind.BATCH, delay_s=2.5)),
        ("lifetimeback=12.5x1", Fault(kind=FaultKind.LIFETIME_BACK, kwh=12.5, times=1)),
        ("lifetimeahead=500x3", Fault(kind=FaultKind.LIFETIME_BACK, kwh=-500, times=3)),
        ("nonsense=-5", Fault(kind=FaultKind.NONSENSE, value="-5")),
        ('body={"code": 0}', Fault(kind=FaultKind.BODY, body='{"code": 0}')),
        (
            "redirect=http://example.invalid/",
            Fault(kind=FaultKind.REDIRECT, location="http://example.invalid/"),
        ),
    ],
)
def test_faults_can_be_written_as_words(spec: str, fault: Fault) -> None:
    assert parse_fault(spec) == fault


@pytest.mark.parametrize("spec", ["", "nothing", "nowhere:2005", "energy/never:2005", "reset=5"])
def test_words_that_are_no_faults(spec: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_fault(spec)


# The process.
