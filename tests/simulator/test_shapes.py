"""Keys and types of every answer, details and lists (api.md §3)."""
# ruff: noqa: ANN401, D103 -- names of tests say what they are; JSON is of any type

from dataclasses import replace
import json
from typing import Any

import pytest

from simulator import Absent, Ecu
from tests.simulator.setup import DS3, EID, METER, NIGHT, QT2, SID, TODAY, Setups, house_plant, shape, young_plant

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
    setup: Setups, path: str, level: str, date_range: str, expected: Any
) -> None:
    here = await setup(house_plant())
    reply = await here.get(path, level, date_range)
    assert reply.status == 200
    assert shape(reply.data) == expected


async def test_batch_power_is_parallel_to_its_times(setup: Setups) -> None:
    here = await setup()
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


async def test_details_describe_the_plant(setup: Setups) -> None:
    here = await setup()
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
        status_light=2,
    )
    details = await here.data(f"details/{SID}")
    assert (details["capacity"], details["timezone"], details["light"]) == (None, "Mars/Olympus", 2)
    assert "authorization_code" not in details
    assert (await here.data(f"inverters/{SID}"))[0]["timezone"] == "Mars/Olympus"


async def test_the_status_light_shows_lost_networks_and_the_first_day(setup: Setups) -> None:
    here = await setup()
    here.cloud.offline(EID)
    assert (await here.data(f"details/{SID}"))["light"] == 3
    fresh = await setup(young_plant(create_date=NIGHT.date()), at=NIGHT)
    assert (await fresh.data(f"details/{SID}"))["light"] == 4


async def test_a_shared_sub_user_is_written_with_a_prefix_and_asked_without(setup: Setups) -> None:
    ecu = replace(young_plant().ecus[0], shared_prefix="2030000001236")
    here = await setup(young_plant(ecus=(ecu,)))
    assert (await here.data(f"details/{SID}"))["ecu"] == [f"2030000001236-{EID}"]
    assert (await here.data(f"inverters/{SID}"))[0]["eid"] == f"2030000001236-{EID}"
    assert (await here.data(f"{SID}/devices/ecu/summary/{EID}"))["today"]
    assert (await here.get(f"{SID}/devices/ecu/summary/2030000001236-{EID}")).code == 4001


async def test_an_ecu_without_inverters_is_listed_in_three_ways(setup: Setups) -> None:
    ecus = tuple(Ecu(eid=f"21620000000{n}", without_inverters=way) for n, way in enumerate(Absent))
    here = await setup(young_plant(ecus=(*young_plant().ecus, *ecus)))
    _, empty, null, missing = await here.data(f"inverters/{SID}")
    assert (empty["inverter"], null["inverter"], "inverter" in missing) == ([], None, False)
    for call in ("ecu", "inverter/batch"):
        level = "minutely" if call == "ecu" else "power"
        assert (await here.get(f"{SID}/devices/{call}/energy/{empty['eid']}", level, TODAY)).code == 1001


async def test_an_inverter_that_is_listed_twice_produces_once(setup: Setups) -> None:
    here = await setup()
    before = await here.data(f"summary/{SID}")
    ecu = here.cloud.plants[SID].ecus[0]
    twice = replace(ecu, inverters=(*ecu.inverters, ecu.inverters[0]))
    here.cloud.plants[SID] = replace(here.cloud.plants[SID], ecus=(twice,))
    uids = [entry["uid"] for entry in (await here.data(f"inverters/{SID}"))[0]["inverter"]]
    assert uids.count(DS3) == 2
    assert await here.data(f"summary/{SID}") == before
    assert here.cloud.today_kwh(SID) == pytest.approx(float(before["today"]), abs=1e-6)


async def test_a_system_without_a_meter_says_so_in_three_ways(setup: Setups) -> None:
    codes = {}
    for way in Absent:
        here = await setup(young_plant(without_meters=way))
        reply = await here.get(f"meters/{SID}")
        codes[way] = json.loads(reply.text)
    assert codes == {
        Absent.EMPTY: {"data": [], "code": 0},
        Absent.NULL: {"data": None, "code": 0},
        Absent.MISSING: {"code": 1001},
    }


# Periods.
