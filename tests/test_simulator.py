"""The stand-in for the cloud, over real HTTP: what it answers is what api.md says."""
# ruff: noqa: ANN401, D101, D102, D103 -- names of tests say what they are; JSON is of any type

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
import hashlib
import hmac
import json
import sys
from typing import Any
import uuid
from zoneinfo import ZoneInfo

import aiohttp
from hypothesis import given, settings, strategies as st
import pytest

from simulator import (
    DEFAULT_APP_ID,
    DEFAULT_APP_SECRET,
    Absent,
    Cloud,
    Ecu,
    Fault,
    FaultKind,
    Inverter,
    Kind,
    Level,
    Plant,
    big_plant,
    parse_fault,
    sample_plant,
)
from simulator.__main__ import main, parser, plant_of, serve
from simulator.places import PLACES, where_it_is
from simulator.view import View

pytestmark = pytest.mark.usefixtures("socket_enabled")

SID, EID, DS3, QT2 = "AB12345C6D7E", "216200012345", "703000000011", "902000000021"
METER = "216300054321"
PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 6, 15, 13, 20, tzinfo=PARIS)
NIGHT = datetime(2026, 6, 15, 3, 0, tzinfo=PARIS)
TODAY = "2026-06-15"


def young_plant(**changes: Any) -> Plant:
    """Return a plant of a few weeks, so that its past is soon worked out."""
    return sample_plant(**{"create_date": date(2026, 5, 20)} | changes)


def house_plant(**changes: Any) -> Plant:
    """Return a plant with a meter and a battery."""
    ecu = replace(sample_plant().ecus[0], type=2)
    return young_plant(**{"ecus": (ecu,), "meters": (METER,)} | changes)


@dataclass
class Clock:
    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment


@dataclass(frozen=True)
class Reply:
    status: int
    content_type: str
    text: str

    @property
    def code(self) -> int:
        code: int = json.loads(self.text)["code"]
        return code

    @property
    def data(self) -> Any:
        assert self.code == 0, self.text
        return json.loads(self.text)["data"]


def sign(secret: str, *parts: str, digest: Callable[..., Any] = hashlib.sha256) -> str:
    return base64.b64encode(hmac.new(secret.encode(), "/".join(parts).encode(), digest).digest()).decode()


@dataclass
class Caller:
    """A client that does no more than sign."""

    url: str
    session: aiohttp.ClientSession
    app_id: str = DEFAULT_APP_ID
    secret: str = DEFAULT_APP_SECRET
    changed: dict[str, str] = field(default_factory=dict)

    def headers(self, target: str) -> dict[str, str]:
        stamp = str(int(NOON.timestamp() * 1000))
        nonce = uuid.uuid4().hex
        signed = sign(self.secret, stamp, nonce, self.app_id, target, "GET", "HmacSHA256")
        return {
            "X-CA-AppId": self.app_id,
            "X-CA-Timestamp": stamp,
            "X-CA-Nonce": nonce,
            "X-CA-Signature-Method": "HmacSHA256",
            "X-CA-Signature": signed,
        } | self.changed

    async def get(self, path: str, level: str = "", date_range: str = "", *, prefix: str = "user") -> Reply:
        query = {"energy_level": level, "date_range": date_range}
        async with self.session.get(
            f"{self.url}/{prefix}/api/v2/systems/{path}",
            params={key: value for key, value in query.items() if value},
            headers=self.headers(path.rpartition("/")[2]),
            allow_redirects=False,
        ) as response:
            return Reply(response.status, response.content_type, await response.text())


class Stand:
    """A cloud that serves, a clock and a caller."""

    def __init__(self, cloud: Cloud, clock: Clock, caller: Caller) -> None:
        self.cloud, self.clock, self.caller = cloud, clock, caller
        self.get = caller.get

    async def data(self, path: str, level: str = "", date_range: str = "") -> Any:
        return (await self.get(path, level, date_range)).data


class Stands:
    """Opens clouds and closes them."""

    def __init__(self) -> None:
        self._open: list[tuple[Cloud, aiohttp.ClientSession]] = []

    async def __call__(self, *plants: Plant, at: datetime = NOON, **options: Any) -> Stand:
        clock = Clock(at)
        cloud = Cloud(*(plants or (young_plant(),)), now=clock, **options)
        session = aiohttp.ClientSession()
        self._open.append((cloud, session))
        return Stand(cloud, clock, Caller(await cloud.start(), session))

    async def close(self) -> None:
        for cloud, session in self._open:
            await session.close()
            await cloud.stop()


@pytest.fixture
async def stand() -> AsyncIterator[Stands]:
    """Clouds of a test."""
    stands = Stands()
    yield stands
    await stands.close()


def numbers(texts: list[str]) -> list[float]:
    return [float(text) for text in texts]


def shape(value: Any) -> Any:
    """Keys and types of a value; a list is the shape of its entries, which must be alike."""
    match value:
        case dict():
            return {key: shape(item) for key, item in value.items()}
        case list():
            shapes = [shape(item) for item in value]
            assert all(item == shapes[0] for item in shapes)
            return shapes[:1]
        case None:
            return None
        case _:
            return type(value)


# Signature, rights, quota.


@pytest.mark.parametrize(
    ("target", "sha256", "sha1"),
    [
        ("AZ12649A3DFF", "TR4H5iTsS5F/vUYrVxXcn/UO3XiJCli/CpgsPpfsi/U=", "4hZblP71fsf79pDEFMCmpXjo/L8="),
        ("203000001234", "7f6GAo2Ug/TI34qHu6neBBY5v34DeeMpUxSWlQl4H7U=", "v8oBZgK7H7bkSToF/cYaHb3KodY="),
        ("703000012345", "4TdI5o11lNqxltMqvwTS4EHp+g0POIMWt6G/T1tVh2I=", "OpnWmRPiXsmwCRdKnrWsAeLIf6o="),
    ],
)
async def test_the_vectors_of_the_contract_are_accepted(stand: Stands, target: str, sha256: str, sha1: str) -> None:
    here = await stand(young_plant(sid="AZ12649A3DFF"))
    here.caller.changed = {
        "X-CA-Timestamp": "1751284800000",
        "X-CA-Nonce": "5e36eab8295911ee90751eff13c2920b",
    }
    device = "ecu" if target.startswith("2") else "inverter"
    path = f"details/{target}" if target == "AZ12649A3DFF" else f"AZ12649A3DFF/devices/{device}/summary/{target}"
    here.caller.changed |= {"X-CA-Signature": sha256}
    assert (await here.get(path)).code in (0, 4001)
    again = await stand(young_plant(sid="AZ12649A3DFF"))
    again.caller.changed = here.caller.changed | {
        "X-CA-Signature": sha1,
        "X-CA-Signature-Method": "HmacSHA1",
    }
    assert (await again.get(path)).code in (0, 4001)


@pytest.mark.parametrize(
    "changed",
    [
        {"X-CA-Signature": "AAAA"},
        {"X-CA-AppId": "f" * 32},
        {"X-CA-Timestamp": "1751284800"},
        {"X-CA-Nonce": str(uuid.UUID(int=7))},
        {"X-CA-Signature-Method": "HmacMD5"},
    ],
)
async def test_anything_wrong_with_the_signature_is_4000(stand: Stands, changed: dict[str, str]) -> None:
    here = await stand()
    here.caller.changed = changed
    reply = await here.get(f"details/{SID}")
    assert (reply.status, reply.code, "data" in reply.text) == (200, 4000, False)


async def test_unsigned_and_unknown_requests(stand: Stands) -> None:
    here = await stand()
    async with here.caller.session.get(f"{here.caller.url}/user/api/v2/systems/details/{SID}") as response:
        assert (await response.json(content_type=None))["code"] == 4000
    async with here.caller.session.post(f"{here.caller.url}/user/api/v2/systems/details/{SID}") as response:
        assert response.status == 405
    assert (await here.get("details/ZZ99999Z9Z9Z")).code == 4000
    assert (await here.get(f"nothing/{SID}")).status == 404
    assert (await here.get(f"{SID}/devices/ecu/nothing/{EID}")).status == 404
    assert (await here.get(f"details/{SID}", prefix="other")).status == 404
    assert here.cloud.calls[-1].kind is None


async def test_the_path_is_signed_by_its_last_segment_only(stand: Stands) -> None:
    here = await stand()
    here.caller.changed = {"X-CA-Signature": here.caller.headers("summary")["X-CA-Signature"]}
    assert (await here.get(f"summary/{SID}")).code == 4000


async def test_a_nonce_is_good_for_one_request(stand: Stands) -> None:
    here = await stand()
    here.caller.changed = here.caller.headers(SID)
    assert [(await here.get(f"details/{SID}")).code for _ in range(2)] == [0, 4000]


async def test_a_clock_that_is_off_is_refused_when_clocks_are_looked_at(stand: Stands) -> None:
    assert (await (await stand(at=NOON + timedelta(hours=1))).get(f"details/{SID}")).code == 0
    strict = await stand(at=NOON + timedelta(hours=1), max_clock_skew_s=600)
    assert (await strict.get(f"details/{SID}")).code == 4000
    strict.clock.moment = NOON
    assert (await strict.get(f"details/{SID}")).code == 0


async def test_another_account_has_no_right_to_the_system(stand: Stands) -> None:
    other, secret = "e" * 32, "another secret"
    theirs = young_plant(sid="CD34567E8F9A", owner=other)
    here = await stand(young_plant(), theirs, other_accounts={other: secret})
    assert (await here.get("details/CD34567E8F9A")).code == 2004
    there = Caller(here.caller.url, here.caller.session, other, secret)
    assert (await there.get("details/CD34567E8F9A")).code == 0
    assert (await there.get(f"details/{SID}")).code == 2004
    assert (here.cloud.spent(), here.cloud.spent(other)) == (1, 2)


async def test_the_quota_counts_by_app_id_and_month_of_the_vendors_zone(stand: Stands) -> None:
    here = await stand(quota=3, at=datetime(2026, 6, 30, 15, 59, tzinfo=UTC))
    here.cloud.order(Fault(kind=FaultKind.CODE, code=5000, times=1))
    codes = [(await here.get(f"details/{SID}")).code for _ in range(5)]
    assert codes == [5000, 0, 0, 2005, 2005]
    here.clock.moment += timedelta(minutes=1)
    assert (await here.get(f"details/{SID}")).code == 0
    assert here.cloud.spent() == 1
    here.cloud.spend(2)
    assert (await here.get(f"details/{SID}")).code == 2005


async def test_every_call_is_written_down(stand: Stands) -> None:
    here = await stand()
    await here.get(f"energy/{SID}", "hourly", TODAY)
    here.cloud.order(parse_fault("inverter_energy:http503"))
    await here.get(f"{SID}/devices/inverter/energy/{DS3}", "minutely", TODAY)
    first, second = here.cloud.calls
    assert (first.kind, first.sid, first.target, first.level, first.date_range) == (
        Kind.ENERGY,
        SID,
        SID,
        "hourly",
        TODAY,
    )
    assert (first.code, first.status, first.fault, first.app_id) == (0, 200, None, DEFAULT_APP_ID)
    assert (first.moment, second.moment) == (NOON, NOON)
    assert (second.kind, second.target, second.code) == (Kind.INVERTER_ENERGY, DS3, None)
    assert (second.status, second.fault) == (503, FaultKind.STATUS)


async def test_content_types_take_turns(stand: Stands) -> None:
    here = await stand()
    types = [(await here.get(f"details/{SID}")).content_type for _ in range(4)]
    assert sorted(types[:2]) == ["application/json", "application/octet-stream"]
    assert types[:2] == types[2:]
    plain = await stand(content_types=("application/json",))
    assert {(await plain.get(f"details/{SID}")).content_type for _ in range(3)} == {"application/json"}


# Shapes.

FOUR = dict.fromkeys(("consumed", "exported", "imported", "produced"), str)
SIX = dict.fromkeys(("discharge", "charge", "produced", "consumed", "exported", "imported"), str)
TOTALS = {"today": str, "month": str, "year": str, "lifetime": str}


def listed(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: [item] for key, item in entry.items()}


SHAPES: list[tuple[str, str, str, Any]] = [
    (
        f"details/{SID}",
        "",
        "",
        {
            "sid": str,
            "create_date": str,
            "capacity": str,
            "type": int,
            "timezone": str,
            "ecu": [str],
            "light": int,
            "authorization_code": str,
        },
    ),
    (
        f"inverters/{SID}",
        "",
        "",
        [
            {
                "eid": str,
                "type": int,
                "timezone": str,
                "model": None,
                "capacity": None,
                "inverter": [{"uid": str, "type": str}],
            }
        ],
    ),
    (f"meters/{SID}", "", "", [str]),
    (f"summary/{SID}", "", "", TOTALS),
    (f"{SID}/devices/ecu/summary/{EID}", "", "", TOTALS),
    (f"energy/{SID}", "hourly", TODAY, [str]),
    (f"energy/{SID}", "daily", "2026-06", [str]),
    (f"energy/{SID}", "monthly", "2026", [str]),
    (f"energy/{SID}", "yearly", "", [str]),
    (
        f"{SID}/devices/ecu/energy/{EID}",
        "minutely",
        TODAY,
        {"today": str, "time": [str], "power": [int], "energy": [str]},
    ),
    (f"{SID}/devices/ecu/energy/{EID}", "monthly", "2026", [str]),
    (f"{SID}/devices/inverter/batch/energy/{EID}", "energy", TODAY, {"energy": [str]}),
    (
        f"{SID}/devices/inverter/summary/{DS3}",
        "",
        "",
        {f"{letter}{channel}": str for channel in (1, 2) for letter in "dmyt"},
    ),
    (f"{SID}/devices/inverter/energy/{DS3}", "hourly", TODAY, {"e1": [str], "e2": [str]}),
    (f"{SID}/devices/inverter/energy/{QT2}", "daily", "2026-06", listed({f"e{n}": str for n in range(1, 5)})),
    (
        f"{SID}/devices/inverter/energy/{DS3}",
        "minutely",
        TODAY,
        listed(
            {"t": str}
            | {f"dc_{what}{channel}": str for channel in (1, 2) for what in "pvie"}
            | {"ac_p1": str, "ac_v1": str, "ac_f": str, "ac_t": str}
        ),
    ),
    (
        f"{SID}/devices/inverter/energy/{QT2}",
        "minutely",
        TODAY,
        listed(
            {"t": str}
            | {f"dc_{what}{channel}": str for channel in range(1, 5) for what in "pvie"}
            | {f"ac_{what}{phase}": str for phase in (1, 2, 3) for what in "pv"}
            | {"ac_f": str, "ac_t": str}
        ),
    ),
    (f"{SID}/devices/meter/summary/{METER}", "", "", dict.fromkeys(TOTALS, FOUR)),
    (f"{SID}/devices/meter/period/{METER}", "daily", "2026-06", listed({"time": str} | FOUR)),
    (
        f"{SID}/devices/meter/period/{METER}",
        "minutely",
        TODAY,
        {
            "today": FOUR,
            "time": [str],
            "power": listed({"consumed": str, "imported_exported": str, "produced": str}),
            "energy": listed(FOUR),
        },
    ),
    (f"{SID}/devices/storage/latest/{EID}", "", "", {"mode": str, "soc": str, "time": str} | SIX),
    (f"{SID}/devices/storage/summary/{EID}", "", "", dict.fromkeys(TOTALS, SIX)),
    (f"{SID}/devices/storage/period/{EID}", "hourly", TODAY, listed({"time": str} | SIX)),
    (
        f"{SID}/devices/storage/period/{EID}",
        "minutely",
        TODAY,
        {"today": SIX, "time": [str], "power": listed(SIX), "energy": listed(SIX)},
    ),
]


@pytest.mark.parametrize(("path", "level", "date_range", "expected"), SHAPES)
async def test_keys_and_types_are_those_of_the_contract(
    stand: Stands, path: str, level: str, date_range: str, expected: Any
) -> None:
    here = await stand(house_plant())
    reply = await here.get(path, level, date_range)
    assert reply.status == 200
    assert shape(reply.data) == expected


async def test_batch_power_is_parallel_to_its_times(stand: Stands) -> None:
    here = await stand()
    data = await here.data(f"{SID}/devices/inverter/batch/energy/{EID}", "power", TODAY)
    assert set(data) == {"time", "power"}
    assert set(data["power"]) == {
        *(f"7030000000{number}-{channel}" for number in (11, 12) for channel in (1, 2)),
        *(f"{QT2}-{channel}" for channel in range(1, 5)),
    }
    assert {len(series) for series in data["power"].values()} == {len(data["time"])}
    inverter = await here.data(f"{SID}/devices/inverter/energy/{DS3}", "minutely", TODAY)
    assert data["power"][f"{DS3}-2"] == inverter["dc_p2"]
    assert data["time"] == inverter["t"]


async def test_details_say_what_the_plant_is(stand: Stands) -> None:
    here = await stand()
    details = await here.data(f"details/{SID}")
    assert details == {
        "sid": SID,
        "create_date": "2026-05-20",
        "capacity": "3.28",
        "type": 1,
        "timezone": "Europe/Paris",
        "ecu": [EID],
        "light": 1,
        "authorization_code": "0f0e0d0c0b0a09080706050403020100",
    }
    here.cloud.plants[SID] = replace(
        here.cloud.plants[SID],
        capacity=None,
        authorization_code=None,
        reported_timezone="Mars/Olympus",
        light=2,
    )
    details = await here.data(f"details/{SID}")
    assert (details["capacity"], details["timezone"], details["light"]) == (None, "Mars/Olympus", 2)
    assert "authorization_code" not in details
    assert (await here.data(f"inverters/{SID}"))[0]["timezone"] == "Mars/Olympus"


async def test_lights_tell_of_lost_networks_and_of_the_first_day(stand: Stands) -> None:
    here = await stand()
    here.cloud.offline(EID)
    assert (await here.data(f"details/{SID}"))["light"] == 3
    fresh = await stand(young_plant(create_date=NIGHT.date()), at=NIGHT)
    assert (await fresh.data(f"details/{SID}"))["light"] == 4


async def test_a_shared_sub_user_is_written_with_a_prefix_and_asked_without(stand: Stands) -> None:
    ecu = replace(young_plant().ecus[0], shared_prefix="2030000001236")
    here = await stand(young_plant(ecus=(ecu,)))
    assert (await here.data(f"details/{SID}"))["ecu"] == [f"2030000001236-{EID}"]
    assert (await here.data(f"inverters/{SID}"))[0]["eid"] == f"2030000001236-{EID}"
    assert (await here.data(f"{SID}/devices/ecu/summary/{EID}"))["today"]
    assert (await here.get(f"{SID}/devices/ecu/summary/2030000001236-{EID}")).code == 4001


async def test_an_ecu_without_inverters_is_listed_in_three_ways(stand: Stands) -> None:
    ecus = tuple(Ecu(eid=f"21620000000{n}", without_inverters=way) for n, way in enumerate(Absent))
    here = await stand(young_plant(ecus=(*young_plant().ecus, *ecus)))
    _, empty, null, missing = await here.data(f"inverters/{SID}")
    assert (empty["inverter"], null["inverter"], "inverter" in missing) == ([], None, False)
    for call in ("ecu", "inverter/batch"):
        level = "minutely" if call == "ecu" else "power"
        assert (await here.get(f"{SID}/devices/{call}/energy/{empty['eid']}", level, TODAY)).code == 1001


async def test_an_inverter_that_is_listed_twice_produces_once(stand: Stands) -> None:
    here = await stand()
    before = await here.data(f"summary/{SID}")
    ecu = here.cloud.plants[SID].ecus[0]
    twice = replace(ecu, inverters=(*ecu.inverters, ecu.inverters[0]))
    here.cloud.plants[SID] = replace(here.cloud.plants[SID], ecus=(twice,))
    uids = [entry["uid"] for entry in (await here.data(f"inverters/{SID}"))[0]["inverter"]]
    assert uids.count(DS3) == 2
    assert await here.data(f"summary/{SID}") == before
    assert here.cloud.today_kwh(SID) == pytest.approx(float(before["today"]), abs=1e-6)


async def test_a_system_without_a_meter_says_so_in_three_ways(stand: Stands) -> None:
    codes = {}
    for way in Absent:
        here = await stand(young_plant(without_meters=way))
        reply = await here.get(f"meters/{SID}")
        codes[way] = json.loads(reply.text)
    assert codes == {
        Absent.EMPTY: {"data": [], "code": 0},
        Absent.NULL: {"data": None, "code": 0},
        Absent.MISSING: {"code": 1001},
    }


# Periods.


@pytest.mark.parametrize(
    ("path", "level", "date_range", "code"),
    [
        (f"energy/{SID}", "minutely", TODAY, 4001),
        (f"energy/{SID}", "", TODAY, 4001),
        (f"energy/{SID}", "hourly", "", 4001),
        (f"energy/{SID}", "hourly", "2026-6-15", 4001),
        (f"energy/{SID}", "hourly", "2026-02-30", 4001),
        (f"energy/{SID}", "daily", TODAY, 4001),
        (f"energy/{SID}", "daily", "9999-12", 4001),
        (f"energy/{SID}", "monthly", "2026-06", 4001),
        (f"{SID}/devices/inverter/batch/energy/{EID}", "hourly", TODAY, 4001),
        (f"{SID}/devices/inverter/batch/energy/{EID}", "power", "", 4001),
        (f"{SID}/devices/ecu/summary/999", "", "", 4001),
        (f"{SID}/devices/inverter/summary/999", "", "", 4001),
        (f"{SID}/devices/meter/summary/999", "", "", 4001),
        (f"{SID}/devices/storage/summary/{EID}", "", "", 1001),
        (f"energy/{SID}", "hourly", "2026-06-16", 1001),
        (f"energy/{SID}", "daily", "2026-07", 1001),
        (f"energy/{SID}", "monthly", "2027", 1001),
        (f"energy/{SID}", "hourly", "2026-05-19", 1001),
        (f"energy/{SID}", "daily", "2026-04", 1001),
        (f"energy/{SID}", "monthly", "2025", 1001),
    ],
)
async def test_wrong_future_and_forgotten_periods(
    stand: Stands, path: str, level: str, date_range: str, code: int
) -> None:
    assert (await (await stand()).get(path, level, date_range)).code == code


async def test_before_the_first_report_of_the_day(stand: Stands) -> None:
    here = await stand(at=NIGHT)
    summary = await here.data(f"summary/{SID}")
    assert summary["today"] is None
    assert float(summary["lifetime"]) > float(summary["month"]) > 0
    assert sorted(await here.data(f"{SID}/devices/inverter/summary/{DS3}")) == [
        "m1", "m2", "t1", "t2", "y1", "y2"
    ]  # fmt: skip
    for path, level in (
        (f"energy/{SID}", "hourly"),
        (f"{SID}/devices/ecu/energy/{EID}", "minutely"),
        (f"{SID}/devices/inverter/energy/{DS3}", "minutely"),
        (f"{SID}/devices/inverter/batch/energy/{EID}", "power"),
        (f"{SID}/devices/inverter/batch/energy/{EID}", "energy"),
    ):
        assert (await here.get(path, level, TODAY)).code == 1001
    daily = await here.data(f"energy/{SID}", "daily", "2026-06")
    assert (len(daily), daily[-1]) == (15, "0")
    assert here.cloud.power_w(SID) == 0
    newest = here.cloud.newest_sample(SID)
    assert newest
    assert newest.date() == date(2026, 6, 14)


async def test_the_running_hour_is_zero_until_it_has_closed(stand: Stands) -> None:
    here = await stand(at=NOON)
    hours = await here.data(f"energy/{SID}", "hourly", TODAY)
    assert len(hours) == 24
    assert hours[:5] == ["0"] * 5
    assert (hours[13], hours[14:]) == ("0.00", ["0"] * 10)
    assert min(numbers(hours[7:13])) > 0
    here.clock.moment = NOON.replace(hour=14, minute=0)
    assert float((await here.data(f"energy/{SID}", "hourly", TODAY))[13]) > 0


async def test_running_periods_stop_at_today(stand: Stands) -> None:
    here = await stand(sample_plant(create_date=date(2024, 11, 5)))
    assert len(await here.data(f"energy/{SID}", "daily", "2026-06")) == 15
    assert len(await here.data(f"energy/{SID}", "daily", "2026-05")) == 31
    assert len(await here.data(f"energy/{SID}", "monthly", "2026")) == 6
    first_year = await here.data(f"energy/{SID}", "monthly", "2024")
    assert first_year[:10] == ["0"] * 10
    assert min(numbers(first_year[10:])) > 0
    assert len(await here.data(f"energy/{SID}", "yearly")) == 3


async def test_only_what_has_been_uploaded_is_known(stand: Stands) -> None:
    here = await stand(at=NOON.replace(minute=14, second=59))
    minutely = f"{SID}/devices/ecu/energy/{EID}"
    assert (await here.data(minutely, "minutely", TODAY))["time"][-1] == "13:00"
    before = await here.data(f"summary/{SID}")
    here.clock.moment = NOON.replace(minute=15)
    assert (await here.data(minutely, "minutely", TODAY))["time"][-3:] == ["13:05", "13:10", "13:15"]
    assert float((await here.data(f"summary/{SID}"))["today"]) > float(before["today"])
    assert here.cloud.newest_sample(SID) == NOON.replace(minute=15)
    hourly = await stand(young_plant(upload_minutes=60))
    assert hourly.cloud.newest_sample(SID) == NOON.replace(minute=0)


async def test_an_hour_that_has_just_closed_grows_with_the_next_upload(stand: Stands) -> None:
    here = await stand(young_plant(upload_offset_minutes=7), at=NOON.replace(hour=14, minute=3))
    assert here.cloud.newest_sample(SID) == NOON.replace(minute=50)
    early = float((await here.data(f"energy/{SID}", "hourly", TODAY))[13])
    here.clock.moment += timedelta(minutes=5)
    assert float((await here.data(f"energy/{SID}", "hourly", TODAY))[13]) > early > 0


async def test_fine_series_reach_back_as_far_as_the_account_allows(stand: Stands) -> None:
    here = await stand(young_plant(fine_days=7))
    assert (await here.get(f"energy/{SID}", "hourly", "2026-06-08")).code == 0
    assert (await here.get(f"energy/{SID}", "hourly", "2026-06-07")).code == 1001
    assert (await here.get(f"energy/{SID}", "daily", "2026-05")).code == 0


# Consistency.


async def test_all_figures_of_a_system_agree(stand: Stands) -> None:
    here = await stand(sample_plant(create_date=date(2025, 11, 5)), at=NOON.replace(hour=23))
    summary = {key: float(text) for key, text in (await here.data(f"summary/{SID}")).items()}
    ecu = await here.data(f"{SID}/devices/ecu/energy/{EID}", "minutely", TODAY)
    hours = numbers(await here.data(f"energy/{SID}", "hourly", TODAY))
    days = numbers(await here.data(f"energy/{SID}", "daily", "2026-06"))
    months = numbers(await here.data(f"energy/{SID}", "monthly", "2026"))
    years = numbers(await here.data(f"energy/{SID}", "yearly"))
    batch = (await here.data(f"{SID}/devices/inverter/batch/energy/{EID}", "energy", TODAY))["energy"]
    assert sum(numbers(ecu["energy"])) == pytest.approx(float(ecu["today"]), abs=1e-9)
    assert float(ecu["today"]) == pytest.approx(summary["today"], abs=0.005)
    assert sum(hours) == pytest.approx(summary["today"], abs=0.12)
    assert days[-1] == pytest.approx(summary["today"], abs=0.006)
    assert sum(days) == pytest.approx(summary["month"], abs=0.1)
    assert months[-1] == pytest.approx(summary["month"], abs=0.011)
    assert sum(months) == pytest.approx(summary["year"], abs=0.1)
    assert sum(years) == pytest.approx(summary["lifetime"], abs=0.02)
    assert sum(float(text.rpartition("-")[2]) for text in batch) == pytest.approx(summary["today"], abs=1e-5)
    channels = 0.0
    for uid in (DS3, "703000000012", QT2):
        totals = await here.data(f"{SID}/devices/inverter/summary/{uid}")
        channels += sum(float(text) for key, text in totals.items() if key.startswith("t"))
    assert channels == pytest.approx(summary["lifetime"], abs=0.05)
    integrated = sum(ecu["power"]) / 12000
    assert 1.035 < integrated / summary["today"] < 1.05


async def test_ecus_add_up_to_the_system(stand: Stands) -> None:
    plant = big_plant(7, 3, create_date=date(2026, 6, 1))
    here = await stand(plant)
    parts = [await here.data(f"{plant.sid}/devices/ecu/summary/{ecu.eid}") for ecu in plant.ecus]
    whole = await here.data(f"summary/{plant.sid}")
    assert len({inverter.uid for inverter in plant.inverters}) == 7
    assert sum(float(part["today"]) for part in parts) == pytest.approx(float(whole["today"]), abs=1e-5)
    assert sum(float(part["lifetime"]) for part in parts) == pytest.approx(float(whole["lifetime"]), abs=0.03)
    hours = [await here.data(f"{plant.sid}/devices/ecu/energy/{e.eid}", "hourly", TODAY) for e in plant.ecus]
    system = numbers(await here.data(f"energy/{plant.sid}", "hourly", TODAY))
    assert sum(float(ecu[12]) for ecu in hours) == pytest.approx(system[12], abs=0.03)


async def test_answers_agree_with_the_truth(stand: Stands) -> None:
    here = await stand()
    summary = await here.data(f"summary/{SID}")
    hours = numbers(await here.data(f"energy/{SID}", "hourly", TODAY))
    truth = here.cloud.hourly_kwh(SID, NOON.date())
    assert float(summary["today"]) == pytest.approx(here.cloud.today_kwh(SID), abs=1e-6)
    assert float(summary["lifetime"]) == pytest.approx(here.cloud.lifetime_kwh(SID), abs=0.005)
    assert hours[:13] == pytest.approx(truth[:13], abs=0.005)
    assert truth[13] > 0
    assert sum(truth) == pytest.approx(here.cloud.today_kwh(SID))
    ecu = await here.data(f"{SID}/devices/ecu/energy/{EID}", "minutely", TODAY)
    assert ecu["power"][-1] == here.cloud.power_w(SID)
    batch = (await here.data(f"{SID}/devices/inverter/batch/energy/{EID}", "energy", TODAY))["energy"]
    midnight = NOON.replace(hour=0, minute=0)
    third = here.cloud.energy_kwh(SID, midnight, NOON, uid=QT2, channel=3)
    assert f"{QT2}-3-{third:.6f}" in batch
    assert here.cloud.energy_kwh(SID, midnight, NOON, eid=EID) == here.cloud.today_kwh(SID)
    assert here.cloud.energy_kwh(SID, midnight, NOON, eid="elsewhere") == 0
    made = here.cloud.energy_kwh(SID, midnight, NOON + timedelta(hours=1), uploaded=False)
    assert made > here.cloud.today_kwh(SID) + 0.5


async def test_electrical_values_fit_together(stand: Stands) -> None:
    data = await (await stand()).data(f"{SID}/devices/inverter/energy/{QT2}", "minutely", TODAY)
    watts, volts, amperes = (numbers(data[f"dc_{what}3"]) for what in "pvi")
    for watt, volt, ampere in zip(watts, volts, amperes, strict=True):
        assert volt * ampere == pytest.approx(watt, abs=0.3 + watt * 0.005)
    direct = sum(float(data[f"dc_p{channel}"][-1]) for channel in range(1, 5))
    alternating = sum(float(data[f"ac_p{phase}"][-1]) for phase in (1, 2, 3))
    assert alternating == pytest.approx(0.96 * direct, rel=0.01)
    assert {float(text) for text in data["ac_f"]} == {50.0}
    assert 220 < min(numbers(data["ac_v1"])) <= max(numbers(data["ac_v3"])) < 240
    assert {len(series) for series in data.values()} == {len(data["t"])}


async def test_ac_power_may_have_the_manuals_name(stand: Stands) -> None:
    here = await stand(young_plant(ac_p_without_number=True))
    one = await here.data(f"{SID}/devices/inverter/energy/{DS3}", "minutely", TODAY)
    three = await here.data(f"{SID}/devices/inverter/energy/{QT2}", "minutely", TODAY)
    assert ("ac_p" in one, "ac_p1" in one, "ac_p" in three, "ac_p3" in three) == (True, False, False, True)


async def test_what_comes_in_goes_out_at_meter_and_battery(stand: Stands) -> None:
    here = await stand(house_plant(), at=NOON.replace(hour=23))
    system = await here.data(f"summary/{SID}")
    meter = await here.data(f"{SID}/devices/meter/summary/{METER}")
    storage = await here.data(f"{SID}/devices/storage/summary/{EID}")
    for name in ("today", "month", "year", "lifetime"):
        flow = {key: float(text) for key, text in storage[name].items()}
        assert {key: float(text) for key, text in meter[name].items()}.items() <= flow.items()
        came = flow["produced"] + flow["imported"] + flow["discharge"]
        assert came == pytest.approx(flow["consumed"] + flow["exported"] + flow["charge"], abs=1e-5)
        assert flow["produced"] == pytest.approx(float(system[name]), abs=0.006)
        assert min(flow.values()) >= 0
    days = await here.data(f"{SID}/devices/meter/period/{METER}", "daily", "2026-06")
    assert sum(numbers(days["consumed"])) == pytest.approx(float(meter["month"]["consumed"]), abs=0.1)
    assert days["time"] == [f"{day:02}" for day in range(1, 16)]
    minutely = await here.data(f"{SID}/devices/storage/period/{EID}", "minutely", TODAY)
    assert sum(numbers(minutely["energy"]["charge"])) == pytest.approx(float(minutely["today"]["charge"]), abs=0.001)
    latest = await here.data(f"{SID}/devices/storage/latest/{EID}")
    assert latest["time"] == minutely["time"][-1] == "23:15"
    consumed_w = float(minutely["power"]["consumed"][-1])
    assert float(latest["consumed"]) == pytest.approx(consumed_w, abs=0.006)
    assert 0 <= int(latest["soc"]) <= 100


async def test_series_of_a_meter_have_the_same_zeros(stand: Stands) -> None:
    here = await stand(house_plant())
    path = f"{SID}/devices/meter/period/{METER}"
    hours = await here.data(path, "hourly", TODAY)
    assert hours["time"] == [f"{hour:02}" for hour in range(24)]
    assert (float(hours["consumed"][3]) > 0, hours["consumed"][13:15]) == (True, ["0.00", "0"])
    assert (await here.data(path, "yearly"))["time"] == ["2026"]
    assert (await here.data(path, "monthly", "2026"))["time"] == [f"{month:02}" for month in range(1, 7)]
    here.clock.moment = datetime(2026, 6, 16, 0, 5, tzinfo=PARIS)
    assert (await here.data(f"{SID}/devices/meter/summary/{METER}"))["today"] is None
    for level in ("hourly", "minutely"):
        assert (await here.get(path, level, "2026-06-16")).code == 1001
    unborn = await stand(house_plant(create_date=date(2026, 6, 16)))
    assert (await unborn.get(f"{SID}/devices/storage/latest/{EID}")).code == 1001


@pytest.mark.parametrize("refusal", [2004, 404])
async def test_storage_may_live_behind_the_installers_door(stand: Stands, refusal: int) -> None:
    here = await stand(house_plant(), storage_prefix="installer", storage_refusal=refusal)
    reply = await here.get(f"{SID}/devices/storage/latest/{EID}")
    assert (reply.status if refusal == 404 else reply.code) == refusal
    assert (await here.get(f"{SID}/devices/storage/latest/{EID}", prefix="installer")).code == 0
    assert (await here.get(f"details/{SID}", prefix="user")).code == 0


# Change.


async def test_a_day_goes_forward_only(stand: Stands) -> None:
    here = await stand(at=NOON.replace(hour=4))
    last = -1.0
    for _ in range(22):
        here.clock.moment += timedelta(minutes=55)
        if here.clock.moment.date() != NOON.date():
            break
        today = float((await here.data(f"summary/{SID}"))["today"] or 0)
        assert today >= last
        last = today
    assert last > 1


async def test_offline_samples_come_late_or_never(stand: Stands) -> None:
    start, end = NOON.replace(hour=10, minute=7), NOON.replace(hour=11, minute=2)
    path = f"{SID}/devices/ecu/energy/{EID}"
    late, lost = await stand(), await stand()
    for here, is_late in ((late, True), (lost, False)):
        here.cloud.offline(EID, start, end, late=is_late)
        here.clock.moment = NOON.replace(hour=11, minute=1)
        times = (await here.data(path, "minutely", TODAY))["time"]
        assert times[-1] == "10:00"
        assert (await here.data(f"details/{SID}"))["light"] == 3
        here.clock.moment = NOON.replace(hour=11, minute=16)
        assert (await here.data(f"details/{SID}"))["light"] == 1
    whole, torn = [(await here.data(path, "minutely", TODAY))["time"] for here in (late, lost)]
    assert {"10:10", "10:55", "11:05"} <= set(whole) - set(torn)
    assert {"10:05", "11:10", "11:15"} <= set(torn)
    assert late.cloud.today_kwh(SID) > lost.cloud.today_kwh(SID)
    assert lost.cloud.today_kwh(SID) == pytest.approx(float((await lost.data(f"summary/{SID}"))["today"]), abs=1e-6)


async def test_an_ecu_stays_off_line_until_it_is_brought_back(stand: Stands) -> None:
    plant = big_plant(4, 2, create_date=date(2026, 6, 1))
    one, other = (ecu.eid for ecu in plant.ecus)
    here = await stand(plant)
    before = here.cloud.today_kwh(plant.sid)
    here.cloud.offline(one)
    here.clock.moment += timedelta(hours=2)
    assert here.cloud.newest_sample(plant.sid) == here.clock.moment.replace(minute=15)
    grown = float((await here.data(f"{plant.sid}/devices/ecu/summary/{other}"))["today"])
    stuck = float((await here.data(f"{plant.sid}/devices/ecu/summary/{one}"))["today"])
    assert stuck < grown
    here.cloud.online(one)
    here.clock.moment += timedelta(minutes=15)
    assert float((await here.data(f"{plant.sid}/devices/ecu/summary/{one}"))["today"]) > stuck
    assert here.cloud.today_kwh(plant.sid) > before


async def test_an_inverter_that_goes_leaves_its_past_and_a_new_one_brings_none(stand: Stands) -> None:
    here = await stand()
    before = here.cloud.lifetime_kwh(SID)
    plant = here.cloud.plants[SID]
    kept = tuple(inverter for inverter in plant.inverters if inverter.uid != QT2)
    new = Inverter(uid="703000000099")
    here.cloud.plants[SID] = replace(plant, ecus=(replace(plant.ecus[0], inverters=(*kept, new)),))
    assert here.cloud.lifetime_kwh(SID) == pytest.approx(before)
    assert float((await here.data(f"summary/{SID}"))["lifetime"]) == pytest.approx(before, abs=0.006)
    uids = [entry["uid"] for entry in (await here.data(f"inverters/{SID}"))[0]["inverter"]]
    assert uids == [DS3, "703000000012", "703000000099"]
    assert (await here.get(f"{SID}/devices/inverter/summary/{QT2}")).code == 4001
    assert (await here.get(f"{SID}/devices/inverter/energy/703000000099", "minutely", TODAY)).code == 1001
    here.clock.moment += timedelta(hours=1)
    minutely = await here.data(f"{SID}/devices/inverter/energy/703000000099", "minutely", TODAY)
    assert minutely["t"][0] == "13:30"
    batch = await here.data(f"{SID}/devices/inverter/batch/energy/{EID}", "power", TODAY)
    assert batch["power"]["703000000099-1"][0] == "0.0"
    assert float(batch["power"]["703000000099-1"][-1]) > 1
    assert float((await here.data(f"summary/{SID}"))["today"]) == pytest.approx(here.cloud.today_kwh(SID), abs=1e-6)
    energy = here.cloud.energy_kwh(SID, NOON.replace(hour=0), here.clock.moment, uid="703000000099")
    assert 0 < energy < 1


async def test_inverters_of_an_ecu_that_was_replaced_keep_their_past(stand: Stands) -> None:
    here = await stand()
    before = here.cloud.lifetime_kwh(SID)
    plant = here.cloud.plants[SID]
    fresh = Ecu(eid="216200099999", inverters=plant.inverters[:2])
    here.cloud.plants[SID] = replace(plant, ecus=(fresh,))
    assert here.cloud.lifetime_kwh(SID) == pytest.approx(before)
    assert here.cloud.plants[SID].ecus[0].retired[0].uid == QT2


async def test_a_lasting_correction_is_part_of_the_truth(stand: Stands) -> None:
    here = await stand()
    before = here.cloud.lifetime_kwh(SID)
    here.cloud.plants[SID] = replace(here.cloud.plants[SID], lifetime_offset_kwh=-12.5)
    assert here.cloud.lifetime_kwh(SID) == pytest.approx(before - 12.5)
    assert float((await here.data(f"summary/{SID}"))["lifetime"]) == pytest.approx(before - 12.5, abs=0.006)


async def test_the_same_arguments_give_the_same_plant_in_any_order(stand: Stands) -> None:
    paths = [
        (f"energy/{SID}", "daily", "2026-05"),
        (f"energy/{SID}", "hourly", "2026-06-10"),
        (f"summary/{SID}", "", ""),
    ]
    one, two, other = await stand(), await stand(), await stand(young_plant(seed=5))
    first = [(await one.get(*path)).text for path in paths]
    second = [(await two.get(*path)).text for path in reversed(paths)]
    assert first == second[::-1]
    assert (await other.get(*paths[0])).text != first[0]


# Places.


def day_of(plant: Plant, day: date) -> View:
    end = datetime(day.year, day.month, day.day, tzinfo=plant.zone) + timedelta(days=1)
    return View(plant=plant, now=end)


@pytest.mark.parametrize(
    ("timezone", "day", "slots", "hours"),
    [
        ("Europe/Paris", date(2026, 3, 29), 276, {2: 0}),
        ("Europe/Paris", date(2025, 10, 26), 300, {2: 24}),
        ("Australia/Lord_Howe", date(2026, 4, 5), 294, {1: 18}),
        ("America/Santiago", date(2025, 9, 7), 276, {0: 0}),
        ("Asia/Kathmandu", date(2026, 3, 29), 288, {}),
    ],
)
def test_days_with_a_change_of_the_clock(timezone: str, day: date, slots: int, hours: dict[int, int]) -> None:
    plant = young_plant(timezone=timezone, create_date=day - timedelta(days=1))
    made = day_of(plant, day).curve.day(day)
    assert len(made.span) == slots
    for hour, spans in enumerate(made.hours):
        assert sum(map(len, spans)) == hours.get(hour, 12)
    assert made.labels[made.span[-1]] == "00:00"


async def test_a_long_day_under_the_midnight_sun_counts_its_hours_once(stand: Stands) -> None:
    zone = ZoneInfo("Africa/Cairo")  # leaves summer time at midnight
    plant = young_plant(latitude=-70.0, longitude=31.2, timezone="Africa/Cairo", create_date=date(2025, 10, 25))
    here = await stand(plant, at=datetime(2025, 11, 2, 12, tzinfo=zone))
    day = date(2025, 10, 30)
    hours = numbers(await here.data(f"energy/{SID}", "hourly", day.isoformat()))
    assert len(hours) == 24
    assert hours == pytest.approx(here.cloud.hourly_kwh(SID, day), abs=0.006)
    minutely = await here.data(f"{SID}/devices/ecu/energy/{EID}", "minutely", day.isoformat())
    assert sum(hours) == pytest.approx(float(minutely["today"]), abs=0.1)


@pytest.mark.parametrize(
    ("timezone", "latitude", "longitude"),
    [
        ("Pacific/Apia", -13.8, -171.8),
        ("Pacific/Kiritimati", 1.9, -157.4),
        ("Asia/Kathmandu", 27.7, 85.3),
        ("America/St_Johns", 47.6, -52.7),
        ("Africa/Johannesburg", -34.0, 18.4),
    ],
)
def test_the_sun_is_high_at_noon_in_any_zone(timezone: str, latitude: float, longitude: float) -> None:
    plant = young_plant(latitude=latitude, longitude=longitude, timezone=timezone)
    day = date(2026, 6, 10)
    view = day_of(plant, day)
    by_hour = [view.source().units(*hour) for hour in view.curve.day(day).hours]
    assert max(by_hour) in by_hour[9:16]
    assert (sum(by_hour[:5]), sum(by_hour[21:])) == (0, 0)
    reports = view.source().reports(view.span(day, day))
    assert {slot in view.curve.day(day).labels for slot in reports} == {True}


def test_far_north_there_is_a_night_of_weeks_and_a_day_of_weeks() -> None:
    plant = young_plant(latitude=70.0, longitude=23.3, timezone="Europe/Oslo", create_date=date(2025, 12, 1))
    dark, light = date(2025, 12, 21), date(2026, 6, 21)
    assert not day_of(plant, dark).source().recorded(day_of(plant, dark).span(dark, dark))
    view = day_of(plant, light)
    assert len(view.source().reports(view.span(light, light))) == 288


async def test_in_the_polar_night_there_is_nothing_new(stand: Stands) -> None:
    plant = young_plant(latitude=70.0, longitude=23.3, timezone="Europe/Oslo", create_date=date(2025, 11, 10))
    here = await stand(plant, at=datetime(2025, 12, 21, 12, tzinfo=ZoneInfo("Europe/Oslo")))
    assert (await here.data(f"summary/{SID}"))["today"] is None
    newest = here.cloud.newest_sample(SID)
    assert newest
    assert newest.month == 11
    unlit = await stand(replace(plant, create_date=date(2025, 12, 20)), at=here.clock.moment)
    assert unlit.cloud.newest_sample(SID) is None


@settings(max_examples=20, deadline=None)
@given(
    latitude=st.floats(-34, 70),
    longitude=st.floats(-180, 180),
    seed=st.integers(0, 2**40),
    day=st.dates(date(2025, 1, 1), date(2026, 12, 31)),
)
def test_a_day_is_within_what_panels_can_do(latitude: float, longitude: float, seed: int, day: date) -> None:
    plant = young_plant(latitude=latitude, longitude=longitude, seed=seed, create_date=day)
    made = day_of(plant, day).curve.day(day)
    assert all(0 <= reading <= 10 * plant.panel_w for reading in made.readings)
    assert sum(made.readings) == made.sums[-1]
    assert all(slot in made.span for slot in made.slots)


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("month", [1, 6, 12])
def test_there_is_a_place_for_every_hour(hour: int, month: int) -> None:
    now = datetime(2026, month, 21, hour, 5, tzinfo=UTC)
    place = where_it_is(13, now)
    assert place in PLACES
    local = now.astimezone(ZoneInfo(place.timezone))
    assert 12 <= local.hour <= 14
    plant = young_plant(
        latitude=place.latitude, longitude=place.longitude, timezone=place.timezone, create_date=local.date()
    )
    noon = View(plant=plant, now=now)
    assert noon.source().units(noon.whole) > 0


# Faults.


@pytest.mark.parametrize(
    "code",
    [1000, 1001, *range(2000, 2006), *range(3000, 3005), 4000, 4001, 5000, 6000, *range(7000, 7004)],
)
async def test_every_code_can_be_ordered(stand: Stands, code: int) -> None:
    here = await stand()
    here.cloud.order(Fault(kind=FaultKind.CODE, code=code, times=2))
    replies = [await here.get(f"summary/{SID}") for _ in range(3)]
    assert [(reply.status, reply.code) for reply in replies] == [(200, code), (200, code), (200, 0)]
    assert here.cloud.spent() == 3


@pytest.mark.parametrize("status", [404, 429, 500, 502, 503])
async def test_http_errors_are_pages(stand: Stands, status: int) -> None:
    here = await stand()
    here.cloud.order(Fault(kind=FaultKind.STATUS, status=status))
    reply = await here.get(f"summary/{SID}")
    assert (reply.status, reply.content_type) == (status, "text/html")
    assert reply.text.startswith("<html>")
    here.cloud.clear_faults()
    assert (await here.get(f"summary/{SID}")).code == 0


async def test_a_fault_strikes_only_the_calls_it_is_for(stand: Stands) -> None:
    here = await stand()
    here.cloud.order(
        Fault(kind=FaultKind.CODE, code=5000, on=Kind.ENERGY, level=Level.HOURLY),
        Fault(kind=FaultKind.CODE, code=7002, on=Kind.INVERTER_SUMMARY, target=DS3),
    )
    assert (await here.get(f"summary/{SID}")).code == 0
    assert (await here.get(f"energy/{SID}", "daily", "2026-06")).code == 0
    assert (await here.get(f"energy/{SID}", "hourly", TODAY)).code == 5000
    assert (await here.get(f"{SID}/devices/inverter/summary/{QT2}")).code == 0
    assert (await here.get(f"{SID}/devices/inverter/summary/{DS3}")).code == 7002


async def test_a_call_without_an_answer_ends_when_the_client_or_the_cloud_ends(stand: Stands) -> None:
    here = await stand()
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


async def test_a_slow_answer_is_the_right_one(stand: Stands) -> None:
    here = await stand()
    here.cloud.order(Fault(kind=FaultKind.SLOW, delay_s=0.02, times=1), Fault(kind=FaultKind.SLOW, delay_s=60))
    assert (await here.get(f"summary/{SID}")).code == 0
    waiting = asyncio.create_task(here.get(f"summary/{SID}"))
    while len(here.cloud.calls) < 2:  # noqa: ASYNC110 -- the other side runs in this loop
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await here.cloud.stop()
        assert (await waiting).code == 0


@pytest.mark.parametrize("kind", [FaultKind.HALF_BODY, FaultKind.RESET])
async def test_broken_connections(stand: Stands, kind: FaultKind) -> None:
    here = await stand()
    here.cloud.order(Fault(kind=kind))
    with pytest.raises(aiohttp.ClientError):
        await here.get(f"summary/{SID}")
    # aiohttp sends a GET once more when the connection ends without an answer, and both count.
    assert here.cloud.spent() == len(here.cloud.calls) == (2 if kind is FaultKind.RESET else 1)
    here.cloud.clear_faults()
    assert (await here.get(f"summary/{SID}")).code == 0


async def test_a_redirect_leads_to_another_host(stand: Stands) -> None:
    here = await stand()
    here.cloud.order(Fault(kind=FaultKind.REDIRECT))
    async with here.caller.session.get(
        f"{here.caller.url}/user/api/v2/systems/summary/{SID}", allow_redirects=False
    ) as response:
        assert (response.status, response.headers["Location"]) == (302, "http://elsewhere.invalid/")


async def test_bodies_that_are_not_json_or_too_long(stand: Stands) -> None:
    here = await stand()
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
async def test_data_of_the_wrong_shape(stand: Stands, kind: FaultKind, of_summary: type, of_energy: type) -> None:
    here = await stand()
    here.cloud.order(Fault(kind=kind))
    assert type(await here.data(f"summary/{SID}")) is of_summary
    assert type(await here.data(f"energy/{SID}", "daily", "2026-06")) is of_energy
    assert type(await here.data(f"{SID}/devices/ecu/energy/{EID}", "daily", "2026-06")) is of_energy
    assert type(await here.data(f"{SID}/devices/ecu/energy/{EID}", "minutely", TODAY)) is of_summary


@pytest.mark.parametrize("value", ["NaN", "-5", "1e999", "abc", ""])
async def test_numbers_can_be_nonsense(stand: Stands, value: str) -> None:
    here = await stand(house_plant())
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


async def test_numbers_can_be_null_and_lists_ragged(stand: Stands) -> None:
    here = await stand()
    here.cloud.order(Fault(kind=FaultKind.NULLS))
    assert set((await here.data(f"summary/{SID}")).values()) == {None}
    batch = await here.data(f"{SID}/devices/inverter/batch/energy/{EID}", "energy", TODAY)
    assert batch["energy"][0] == f"{DS3}-1-"
    here.cloud.clear_faults()
    here.cloud.order(Fault(kind=FaultKind.RAGGED))
    minutely = await here.data(f"{SID}/devices/inverter/energy/{DS3}", "minutely", TODAY)
    assert len(minutely["dc_p1"]) == len(minutely["t"]) - 1
    assert minutely["dc_p1"][:2] == [None, ""]


async def test_a_lifetime_can_go_back(stand: Stands) -> None:
    here = await stand(house_plant())
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


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("2005", Fault(kind=FaultKind.CODE, code=2005)),
        ("energy:5000x3", Fault(kind=FaultKind.CODE, code=5000, on=Kind.ENERGY, times=3)),
        ("energy/hourly:timeout", Fault(kind=FaultKind.TIMEOUT, on=Kind.ENERGY, level=Level.HOURLY)),
        ("http502x2", Fault(kind=FaultKind.STATUS, status=502, times=2)),
        ("batch:slow=2.5", Fault(kind=FaultKind.SLOW, on=Kind.BATCH, delay_s=2.5)),
        ("lifetimeback=12.5x1", Fault(kind=FaultKind.LIFETIME_BACK, kwh=12.5, times=1)),
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


async def test_the_truth_the_calls_and_the_faults_can_be_had_over_http(stand: Stands) -> None:
    here = await stand()
    url, session = here.caller.url, here.caller.session
    served = await here.data(f"{SID}/devices/inverter/energy/{QT2}", "minutely", TODAY)
    async with session.get(f"{url}/_simulator/truth") as response:
        truth = (await response.json())["systems"][SID]
    assert truth["today_kwh"] == pytest.approx(here.cloud.today_kwh(SID))
    assert truth["lifetime_kwh"] == pytest.approx(here.cloud.lifetime_kwh(SID))
    assert truth["hourly_kwh"] == pytest.approx(here.cloud.hourly_kwh(SID, NOON.date()))
    assert truth["power_w"] == here.cloud.power_w(SID)
    assert datetime.fromisoformat(truth["newest_sample"]) == here.cloud.newest_sample(SID)
    inverter = truth["ecus"][0]["inverters"][2]
    assert (inverter["uid"], inverter["channels"], inverter["phases"]) == (QT2, 4, 3)
    assert inverter["latest"]["t"] == "13:15"
    assert inverter["latest"]["dc_p4"] == float(served["dc_p4"][-1])
    assert inverter["ac_power_w"] == pytest.approx(sum(float(served[f"ac_p{n}"][-1]) for n in (1, 2, 3)))

    async with session.post(f"{url}/_simulator/faults", json={"order": ["summary:7002x1"]}) as response:
        assert len((await response.json())["faults"]) == 1
    assert [(await here.get(f"summary/{SID}")).code for _ in range(2)] == [7002, 0]
    async with session.post(f"{url}/_simulator/faults", json={"order": ["nothing"]}) as response:
        assert response.status == 400
    async with session.post(f"{url}/_simulator/faults", json={"clear": True}) as response:
        assert (await response.json())["faults"] == []
    async with session.get(f"{url}/_simulator/calls") as response:
        calls = await response.json()
    assert [call["kind"] for call in calls["calls"]] == ["inverter_energy", "summary", "summary"]
    assert (calls["spent"], calls["quota"], calls["calls"][1]["code"]) == (3, 1000, 7002)

    here.clock.moment = NIGHT
    async with session.get(f"{url}/_simulator/truth") as response:
        truth = (await response.json())["systems"][SID]
    assert truth["ecus"][0]["inverters"][0]["ac_power_w"] is None


async def test_the_context_manager_serves_as_long_as_it_lasts() -> None:
    cloud = Cloud(young_plant(), now=Clock())
    for _ in range(2):
        async with cloud.serve() as url, aiohttp.ClientSession() as session:
            assert (await Caller(url, session).get(f"details/{SID}")).code == 0
    await cloud.stop()


async def test_the_process_says_where_it_is_and_answers() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", "--age-days", "3", "--now", "2026-06-15T13:20:00+02:00",
        "--sid", "EF45678A9B0C", "--fault", "details:http502x1", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    try:
        ready = json.loads(await process.stdout.readline())
        assert (ready["sid"], ready["timezone"]) == ("EF45678A9B0C", "Europe/Paris")
        async with aiohttp.ClientSession() as session:
            caller = Caller(ready["url"], session, ready["app_id"], ready["app_secret"])
            assert (await caller.get(f"details/{ready['sid']}")).status == 502
            details = (await caller.get(f"details/{ready['sid']}")).data
            assert details["create_date"] == "2026-06-12"
    finally:
        process.terminate()
        await process.wait()


async def test_the_command_line_serves_what_it_describes(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: asyncio.Queue[str] = asyncio.Queue()
    monkeypatch.setattr("builtins.print", lambda line, **_: lines.put_nowait(line))
    options = parser().parse_args(
        [
            "--site-where-it-is",
            "13",
            "--age-days",
            "2",
            "--ecus",
            "2",
            "--inverters",
            "DS3,QS1,QT2",
            "--seed",
            "3",
        ]
    )
    task = asyncio.create_task(serve(options))
    ready = json.loads(await lines.get())
    async with aiohttp.ClientSession() as session:
        caller = Caller(ready["url"], session)
        listing = (await caller.get(f"inverters/{ready['sid']}")).data
    assert [[inverter["type"] for inverter in ecu["inverter"]] for ecu in listing] == [
        ["DS3", "QT2"],
        ["QS1"],
    ]
    local = datetime.fromisoformat(ready["now"])
    assert 12 <= local.hour <= 14
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_the_command_line_takes_a_site_and_a_clock() -> None:
    options = parser().parse_args(
        [
            "--site=-33.9,18.4",
            "--timezone",
            "Africa/Johannesburg",
            "--clock-shift",
            "-3600",
            "--inverters",
            "",
        ]
    )
    plant = plant_of(options, NOON)
    assert (plant.latitude, plant.longitude, plant.timezone) == (-33.9, 18.4, "Africa/Johannesburg")
    assert plant.inverters == ()
    assert plant.create_date == NOON.date() - timedelta(days=400)
    options = parser().parse_args(["--now", NOON.isoformat(), "--inverters", "QT2"])
    assert options.now == NOON
    assert [inverter.phases for inverter in plant_of(options, NOON).inverters] == [3]
    assert plant_of(options, NOON).timezone == "Europe/Paris"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--site", "1,2"],
        ["--timezone", "Asia/Tokyo"],
        ["--inverters", "X"],
        ["--now", "2026-06-15T12:00"],
        ["--fault", "no"],
        ["--site", "1"],
    ],
)
def test_a_command_line_that_makes_no_sense(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert "error" in capsys.readouterr().err


def test_the_command_line_runs_until_it_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(coroutine: Any) -> None:
        coroutine.close()
        raise KeyboardInterrupt

    monkeypatch.setattr("simulator.__main__.asyncio.run", interrupted)
    main(["--age-days", "1"])
