"""What happens to people in a real Home Assistant, beyond `scripts/demo --check`: to err, to change, to leave."""
# ruff: noqa: D103 -- names of tests say what they are

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.client import Client
from demo.cloud import Cloud, by_kind, open_cloud
from demo.connection import RequestRefusedError
from demo.house import House, open_house
from demo.log import DOMAIN
from demo.polling import until
from demo.stage import add_system, filled, total_energy

pytestmark = [pytest.mark.end_to_end, pytest.mark.usefixtures("socket_enabled")]


@dataclass(frozen=True)
class Stage:
    """A cloud, and a Home Assistant that knows nothing of it yet."""

    cloud: Cloud
    house: House

    @property
    def client(self) -> Client:
        """The owner of the house."""
        return self.house.client


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        cloud = await stack.enter_async_context(open_cloud(tmp_path, ["--site-where-it-is=13"]))
        house = await stack.enter_async_context(open_house(tmp_path, quiet=True))
        await house.move_in(cloud.home)
        yield Stage(cloud, house)


async def test_a_mistake_in_the_config_flow_is_named_and_costs_no_typing(stage: Stage) -> None:
    client, cloud = stage.client, stage.cloud
    form = await client.start_flow(DOMAIN)
    assert filled(form)["scan_interval"] == 1800
    flow_id = form["flow_id"]

    wrong = filled(form, **cloud.credentials) | {"app_secret": "not the secret", "scan_interval": 2400}
    form = await client.submit_flow(flow_id, wrong)
    assert (form["type"], form["errors"]) == ("form", {"base": "invalid_auth"})
    assert filled(form) == wrong

    right = wrong | {"app_secret": cloud.app_secret}
    nobody = right | {"base_url": "http://127.0.0.1:9"}
    form = await client.submit_flow(flow_id, nobody)
    assert (form["type"], form["errors"]) == ("form", {"base": "cannot_connect"})
    assert filled(form) == nobody

    entry = await client.submit_flow(flow_id, right)
    assert entry["type"] == "create_entry"
    assert (await total_energy(client, cloud.sid)).number
    again = await client.run_flow(DOMAIN, right)
    assert (again["type"], again["reason"]) == ("abort", "already_configured")
    assert stage.house.complaints() == []


async def test_options_take_effect_by_a_reload_and_removal_leaves_nothing(stage: Stage) -> None:
    client, cloud = stage.client, stage.cloud
    furniture = await client.states()
    entry_id = await add_system(client, cloud)
    total = await total_energy(client, cloud.sid)

    form = await client.start_options(entry_id)
    wanted = filled(form, auto_scan_interval=False, scan_interval=3600, sunset_offset=0)
    outlook = await client.submit_options(form["flow_id"], wanted)
    assert outlook["description_placeholders"]["quota"] == "1000"
    answer = await client.submit_options(form["flow_id"], {})
    assert answer["type"] == "create_entry"
    await until(lambda: logged(stage, "Fixed scan-interval: 3600s"), "the reload", timeout_s=20)
    assert (await total_energy(client, cloud.sid)).number == total.number
    assert filled(await client.start_options(entry_id)) == wanted
    assert [entry["state"] for entry in await client.entries(DOMAIN)] == ["loaded"]
    assert by_kind(await cloud.calls())["summary"] == 1

    await client.remove_entry(entry_id)
    assert await client.entities(DOMAIN) == []
    assert await client.devices(entry_id) == []
    assert (await client.states()).keys() == furniture.keys()
    assert stage.house.complaints() == []


async def test_what_is_known_outlives_the_cloud_and_a_restart(stage: Stage, tmp_path: Path) -> None:
    client, cloud = stage.client, stage.cloud
    await add_system(client, cloud)
    known = await until(lambda: powers(stage), "the telemetry", timeout_s=30)
    buttons = [e for e in await client.entities(DOMAIN) if e.unique_id == f"{cloud.sid}_refresh_inverter_energy"]

    await cloud.stop()
    for _ in range(2):
        with pytest.raises(RequestRefusedError, match="The cloud gave no answer"):
            await client.call_service("button", "press", buttons[0].entity_id)
    assert await powers(stage) == known
    await stage.house.restart()
    assert await until(lambda: powers(stage), "the values to be back", timeout_s=30) == known

    port = cloud.url.rpartition(":")[2]
    async with open_cloud(tmp_path, ["--site-where-it-is=13", f"--port={port}"]):
        await client.call_service("button", "press", buttons[0].entity_id)
    assert await powers(stage)
    told = [complaint.text.rpartition("] ")[2] for complaint in stage.house.complaints()]
    assert "Reading telemetry failed, what is known stays: No answer: ClientConnectorError" in told
    assert len(set(told)) == len(told)


async def logged(stage: Stage, text: str) -> bool:
    """Look for a line with that text in the log."""
    return any(text in line for line in stage.house.log_lines)


async def powers(stage: Stage) -> dict[str, float] | None:
    """Read the power of every inverter, once all have one."""
    entities = [e for e in await stage.client.entities(DOMAIN) if e.unique_id.endswith("_power")]
    known = {entity.unique_id: entity.number for entity in entities if entity.number is not None}
    return known if known and len(known) == len(entities) else None
