"""Signatures, rights and quota over HTTP (api.md §2, §5)."""
# ruff: noqa: D103 -- names of tests say what they are; JSON is of any type

from datetime import UTC, datetime, timedelta
import uuid

import pytest

from simulator import DEFAULT_APP_ID, Fault, FaultKind, Kind, parse_fault
from tests.simulator.setup import DS3, EID, NOON, SID, TODAY, Client, Setups, young_plant


@pytest.mark.parametrize(
    ("target", "sha256", "sha1"),
    [
        ("AZ12649A3DFF", "TR4H5iTsS5F/vUYrVxXcn/UO3XiJCli/CpgsPpfsi/U=", "4hZblP71fsf79pDEFMCmpXjo/L8="),
        ("203000001234", "7f6GAo2Ug/TI34qHu6neBBY5v34DeeMpUxSWlQl4H7U=", "v8oBZgK7H7bkSToF/cYaHb3KodY="),
        ("703000012345", "4TdI5o11lNqxltMqvwTS4EHp+g0POIMWt6G/T1tVh2I=", "OpnWmRPiXsmwCRdKnrWsAeLIf6o="),
    ],
)
async def test_the_vectors_of_the_contract_are_accepted(setup: Setups, target: str, sha256: str, sha1: str) -> None:
    here = await setup(young_plant(sid="AZ12649A3DFF"))
    here.client.changed = {
        "X-CA-Timestamp": "1751284800000",
        "X-CA-Nonce": "5e36eab8295911ee90751eff13c2920b",
    }
    device = "ecu" if target.startswith("2") else "inverter"
    path = f"details/{target}" if target == "AZ12649A3DFF" else f"AZ12649A3DFF/devices/{device}/summary/{target}"
    here.client.changed |= {"X-CA-Signature": sha256}
    assert (await here.get(path)).code in (0, 4001)
    again = await setup(young_plant(sid="AZ12649A3DFF"))
    again.client.changed = here.client.changed | {
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
async def test_anything_wrong_with_the_signature_is_4000(setup: Setups, changed: dict[str, str]) -> None:
    here = await setup()
    here.client.changed = changed
    reply = await here.get(f"details/{SID}")
    assert (reply.status, reply.code, "data" in reply.text) == (200, 4000, False)


async def test_unsigned_and_unknown_requests(setup: Setups) -> None:
    here = await setup()
    async with here.client.session.get(f"{here.client.url}/user/api/v2/systems/details/{SID}") as response:
        assert (await response.json(content_type=None))["code"] == 4000
    async with here.client.session.post(f"{here.client.url}/user/api/v2/systems/details/{SID}") as response:
        assert response.status == 405
    assert (await here.get("details/ZZ99999Z9Z9Z")).code == 4000
    assert (await here.get(f"nothing/{SID}")).status == 404
    assert (await here.get(f"{SID}/devices/ecu/nothing/{EID}")).status == 404
    assert (await here.get(f"details/{SID}", prefix="other")).status == 404
    assert here.cloud.calls[-1].kind is None


async def test_the_path_is_signed_by_its_last_segment_only(setup: Setups) -> None:
    here = await setup()
    here.client.changed = {"X-CA-Signature": here.client.headers("summary")["X-CA-Signature"]}
    assert (await here.get(f"summary/{SID}")).code == 4000


async def test_a_nonce_is_good_for_one_request(setup: Setups) -> None:
    here = await setup()
    here.client.changed = here.client.headers(SID)
    assert [(await here.get(f"details/{SID}")).code for _ in range(2)] == [0, 4000]


async def test_a_wrong_clock_is_refused_when_clocks_are_checked(setup: Setups) -> None:
    assert (await (await setup(at=NOON + timedelta(hours=1))).get(f"details/{SID}")).code == 0
    strict = await setup(at=NOON + timedelta(hours=1), max_clock_skew_s=600)
    assert (await strict.get(f"details/{SID}")).code == 4000
    strict.clock.time = NOON
    assert (await strict.get(f"details/{SID}")).code == 0


async def test_another_account_has_no_right_to_the_system(setup: Setups) -> None:
    other, secret = "e" * 32, "another secret"
    theirs = young_plant(sid="CD34567E8F9A", owner=other)
    here = await setup(young_plant(), theirs, other_accounts={other: secret})
    assert (await here.get("details/CD34567E8F9A")).code == 2004
    there = Client(here.client.url, here.client.session, other, secret)
    assert (await there.get("details/CD34567E8F9A")).code == 0
    assert (await there.get(f"details/{SID}")).code == 2004
    assert (here.cloud.spent(), here.cloud.spent(other)) == (1, 2)


async def test_the_quota_counts_by_app_id_and_month_of_the_vendors_zone(setup: Setups) -> None:
    here = await setup(quota=3, at=datetime(2026, 6, 30, 15, 59, tzinfo=UTC))
    here.cloud.order(Fault(kind=FaultKind.CODE, code=5000, times=1))
    codes = [(await here.get(f"details/{SID}")).code for _ in range(5)]
    assert codes == [5000, 0, 0, 2005, 2005]
    here.clock.time += timedelta(minutes=1)
    assert (await here.get(f"details/{SID}")).code == 0
    assert here.cloud.spent() == 1
    here.cloud.spend(2)
    assert (await here.get(f"details/{SID}")).code == 2005


async def test_every_call_is_recorded(setup: Setups) -> None:
    here = await setup()
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
    assert first.time == NOON
    assert (second.kind, second.target, second.code) == (Kind.INVERTER_ENERGY, DS3, None)
    assert (second.status, second.fault) == (503, FaultKind.STATUS)


async def test_content_types_alternate(setup: Setups) -> None:
    here = await setup()
    types = [(await here.get(f"details/{SID}")).content_type for _ in range(4)]
    assert sorted(types[:2]) == ["application/json", "application/octet-stream"]
    assert types[:2] == types[2:]
    plain = await setup(content_types=("application/json",))
    assert {(await plain.get(f"details/{SID}")).content_type for _ in range(3)} == {"application/json"}
