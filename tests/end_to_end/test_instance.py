"""The integration in a real Home Assistant, beyond `scripts/demo --check`: mistakes, options, removal, an outage."""
# ruff: noqa: D103 -- names of tests say what they are

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.client import Client, Entity
from demo.cloud import Cloud, by_kind, open_cloud
from demo.connection import RequestRefusedError
from demo.instance import Instance, open_instance
from demo.log import DOMAIN
from demo.polling import until
from demo.steps import add_system, filled, total_energy

pytestmark = [pytest.mark.end_to_end, pytest.mark.usefixtures("socket_enabled")]

NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A simulated cloud, and a Home Assistant without the integration."""

    cloud: Cloud
    instance: Instance

    @property
    def client(self) -> Client:
        """The owner's requests to Home Assistant."""
        return self.instance.client


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncIterator[Setting]:
    async with AsyncExitStack() as stack:
        cloud = await stack.enter_async_context(open_cloud(tmp_path, ["--site-where-it-is=13"]))
        instance = await stack.enter_async_context(open_instance(tmp_path))
        await instance.sign_in(cloud.home)
        yield Setting(cloud=cloud, instance=instance)


async def test_a_mistake_in_the_config_flow_is_named_and_loses_no_input(setting: Setting) -> None:
    client, cloud = setting.client, setting.cloud
    form = await client.start_flow(DOMAIN)
    assert filled(form)["advanced"]["scan_interval"] == 1800
    flow_id = form["flow_id"]

    wrong = filled(form, **(cloud.credentials | {"app_secret": "not the secret", "scan_interval": 2400}))
    form = await client.submit_flow(flow_id, wrong)
    assert (form["type"], form["errors"]) == ("form", {"base": "invalid_auth"})
    assert filled(form) == wrong

    right = wrong | {"app_secret": cloud.app_secret}
    unreachable = right | {"advanced": right["advanced"] | {"base_url": NOWHERE}}
    form = await client.submit_flow(flow_id, unreachable)
    assert (form["type"], form["errors"]) == ("form", {"base": "cannot_connect"})
    assert filled(form) == unreachable

    found = await client.submit_flow(flow_id, right)
    assert (found["type"], found["step_id"]) == ("form", "found")
    assert found["description_placeholders"]["sid"] == cloud.sid
    entry = await client.submit_flow(flow_id, {})
    assert entry["type"] == "create_entry"
    assert (await total_energy(client, cloud.sid)).number
    again = await client.run_flow(DOMAIN, right)
    assert (again["type"], again["errors"]) == ("form", {"sid": "already_configured"})
    assert filled(again) == right
    assert setting.instance.problems() == []


async def test_options_take_effect_by_a_reload_and_removal_leaves_nothing(setting: Setting) -> None:
    client, cloud = setting.client, setting.cloud
    before = await client.states()
    entry_id = (await add_system(client, cloud)).entry_id
    total = await total_energy(client, cloud.sid)

    form = await client.start_options(entry_id)
    wanted = filled(form, auto_scan_interval=False, scan_interval=3600, sunset_offset=0)
    preview = await client.submit_options(form["flow_id"], wanted)
    assert (preview["type"], preview["menu_options"]) == ("menu", ["save", "init"])
    assert "of 1000 calls" in preview["description_placeholders"]["outlook"]
    answer = await client.submit_options(form["flow_id"], {"next_step_id": "save"})
    assert answer["type"] == "create_entry"

    await until(lambda: has_logged(setting, "Fixed scan-interval: 3600s"), "the reload", timeout_s=20)
    assert (await total_energy(client, cloud.sid)).number == total.number
    assert filled(await client.start_options(entry_id)) == wanted
    assert [entry["state"] for entry in await client.entries(DOMAIN)] == ["loaded"]
    assert by_kind(await cloud.calls())["summary"] == 1

    await client.remove_entry(entry_id)
    assert await client.entities(DOMAIN) == []
    assert await client.devices(entry_id) == []
    assert (await client.states()).keys() == before.keys()
    assert setting.instance.problems() == []


async def test_values_survive_an_outage_of_the_cloud_and_a_restart(setting: Setting, tmp_path: Path) -> None:
    client, cloud = setting.client, setting.cloud
    await add_system(client, cloud)
    known = await until(lambda: powers(setting), "the telemetry", timeout_s=30)
    scan = await entity(setting, "scan_inverters")

    await cloud.stop()
    for _ in range(2):
        with pytest.raises(RequestRefusedError, match="Failed to connect to APsystems"):
            await client.call_service("button", "press", scan.entity_id)
    assert await powers(setting) == known
    await setting.instance.restart()
    assert await until(lambda: powers(setting), "the values after the restart", timeout_s=30) == known

    port = cloud.url.rpartition(":")[2]
    async with open_cloud(tmp_path, ["--site-where-it-is=13", f"--port={port}"]):
        await client.call_service("button", "press", scan.entity_id)
    assert await powers(setting)
    lines = [problem.text.rpartition("] ")[2] for problem in setting.instance.problems()]
    assert any(line.startswith("Failed to fetch inverters, keeping the last values: ") for line in lines), lines
    assert len(set(lines)) == len(lines), "each problem is logged once"


async def has_logged(setting: Setting, text: str) -> bool:
    """Return whether a line of the log has that text."""
    return any(text in line for line in setting.instance.log_lines)


async def entity(setting: Setting, key: str) -> Entity:
    """Return an entity of the system."""
    entities = {entity.unique_id: entity for entity in await setting.client.entities(DOMAIN)}
    return entities[f"{setting.cloud.sid}_{key}"]


async def powers(setting: Setting) -> dict[str, float] | None:
    """Return the power of every inverter; None until all have one."""
    entities = [e for e in await setting.client.entities(DOMAIN) if e.unique_id.endswith("_power")]
    known = {entity.unique_id: entity.number for entity in entities if entity.number is not None}
    return known if known and len(known) == len(entities) else None
