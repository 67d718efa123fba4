"""The steps by which an owner sets up the integration, and waits for its figures."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from .client import Client, Entity
from .cloud import Cloud, Silence
from .log import DOMAIN
from .polling import DemoError, until
from .progress import Step

# The Energy dashboard finds this with a sensor that is too new to have statistics.
WAITING = "statistics_not_defined"
EVER = datetime(2000, 1, 1, tzinfo=UTC)


def filled(form: dict[str, Any], **given: object) -> dict[str, Any]:
    """Return a form's values as a browser sends them: those given, and defaults and suggestions for the rest."""
    rest = dict(given)
    fields = _filled(form["data_schema"], rest)
    if rest:
        raise DemoError(f"The form has no field {', '.join(sorted(rest))}")
    return fields


def _filled(schema: Iterable[dict[str, Any]], given: dict[str, object]) -> dict[str, Any]:
    """Return values for fields and sections, and take those that were given out of `given`."""
    fields: dict[str, Any] = {}
    for field in schema:
        name = field["name"]
        suggestion = (field.get("description") or {}).get("suggested_value", field.get("default"))
        if field.get("type") == "expandable":
            fields[name] = _filled(field["schema"], given)
        elif name in given:
            fields[name] = given.pop(name)
        elif suggestion is not None:
            fields[name] = suggestion
    return fields


async def add_system(client: Client, cloud: Cloud) -> str:
    """Complete the config flow, unless an earlier run has done so; return the id of the entry."""
    for entry in await client.entries(DOMAIN):
        return str(entry["entry_id"])
    form = await client.start_flow(DOMAIN)
    answer = await client.submit_flow(form["flow_id"], filled(form, **cloud.credentials))
    if answer["type"] == "form" and not answer.get("errors"):  # the step that shows the system
        offered = {field["name"] for field in answer["data_schema"]}
        given = {"energy_dashboard": True} if "energy_dashboard" in offered else {}
        answer = await client.submit_flow(form["flow_id"], filled(answer, **given))
    if answer["type"] != "create_entry":
        raise DemoError(f"The config flow has not created an entry: {answer.get('errors') or answer}")
    return str(answer["result"]["entry_id"])


async def import_history(client: Client, cloud: Cloud, days: int, step: Step) -> str | None:
    """Wait until the first calls for the past have been made, and what they brought is written.

    How many there are depends on the calls that the month has left. Returns the id of the statistic of the production;
    None when there were none, so that nothing is known of the past.
    """
    statistic_id = f"{DOMAIN}:{cloud.sid.lower()}_production"
    silence, written = Silence(cloud), 0

    async def is_over() -> bool:
        nonlocal written
        rows = (await client.statistics([statistic_id], EVER, "day")).get(statistic_id, [])
        if len(rows) != written:
            silence.begin()
        written = len(rows)
        step.share, step.status = written / days, f"{min(written, days)} of {days} days"
        return await silence.is_long_enough()

    await until(is_over, "the import of the history", timeout_s=600, interval_s=0.5)
    return statistic_id if written else None


async def fill_energy_dashboard(client: Client, cloud: Cloud, statistic_id: str | None) -> dict[str, Any]:
    """Have the production as solar source with our power, by the integration or by hand; return the source.

    Without a statistic the source is the total energy. Raises DemoError when the Energy dashboard finds a mistake.
    """
    sources = await client.solar_sources()
    if not sources:
        total = await entity(client, f"{cloud.sid}_total_energy")
        power = await entity(client, f"{cloud.sid}_power")
        await client.save_solar_source(statistic_id or total.entity_id, power=power.entity_id)
        sources = await client.solar_sources()
    if len(sources) != 1:
        raise DemoError(f"The Energy dashboard has these solar sources: {sources}")
    if issues := [issue for issue in await client.validate_energy() if issue["type"] != WAITING]:
        raise DemoError(f"The Energy dashboard finds {issues}")
    return sources[0]


async def entity(client: Client, unique_id: str) -> Entity:
    """Return an entity once it has a state."""

    async def found() -> Entity | None:
        entities = {entity.unique_id: entity for entity in await client.entities(DOMAIN)}
        entity = entities.get(unique_id)
        return entity if entity is not None and entity.state is not None else None

    return await until(found, f"the entity {unique_id}", timeout_s=30)


async def total_energy(client: Client, sid: str) -> Entity:
    """Wait until the system's lifetime energy has a value."""

    async def known() -> Entity | None:
        total = await entity(client, f"{sid}_total_energy")
        return total if total.number is not None else None

    return await until(known, "the total energy to have a value", timeout_s=120)
