"""Cloud and house together, with the integration set up as its owner would."""

from datetime import UTC, datetime, timedelta
from typing import Any

from .client import Client, Entity
from .cloud import Cloud
from .log import DOMAIN
from .polling import DemoError, until


def filled(form: dict[str, Any], **given: object) -> dict[str, object]:
    """Fill in a form as a browser does: what is given, and the defaults and suggestions for the rest."""
    fields: dict[str, object] = {}
    for field in form["data_schema"]:
        name = field["name"]
        suggestion = (field.get("description") or {}).get("suggested_value", field.get("default"))
        if name in given:
            fields[name] = given[name]
        elif suggestion is not None:
            fields[name] = suggestion
    if unknown := given.keys() - fields.keys():
        raise DemoError(f"The form has no field {', '.join(sorted(unknown))}")
    return fields


async def add_system(client: Client, cloud: Cloud) -> str:
    """Go through the config flow unless an earlier run has; return the id of the entry."""
    for entry in await client.entries(DOMAIN):
        return str(entry["entry_id"])
    form = await client.start_flow(DOMAIN)
    answer = await client.submit_flow(form["flow_id"], filled(form, **cloud.credentials))
    if answer["type"] != "create_entry":
        raise DemoError(f"The config flow made no entry: {answer.get('errors') or answer}")
    return str(answer["result"]["entry_id"])


async def history(client: Client, cloud: Cloud) -> str:
    """Wait until the production's statistic reaches back to the first month of the plant; return its id."""
    statistic_id = f"{DOMAIN}:{cloud.sid.lower()}_production"
    begun = datetime.now(UTC) - timedelta(days=3650)

    async def complete() -> bool:
        rows = (await client.statistics([statistic_id], begun, "month")).get(statistic_id, [])
        truth = await cloud.truth()
        return bool(rows) and rows[-1]["sum"] > 0.99 * (truth["lifetime_kwh"] - truth["today_kwh"])

    await until(complete, "the history", timeout_s=600, interval_s=2)
    return statistic_id


async def total_energy(client: Client, sid: str) -> Entity:
    """Wait until the system's lifetime energy has a value."""

    async def found() -> Entity | None:
        entities = {entity.unique_id: entity for entity in await client.entities(DOMAIN)}
        entity = entities.get(f"{sid}_total_energy")
        return entity if entity is not None and entity.number is not None else None

    return await until(found, "the total energy to have a value", timeout_s=120)
