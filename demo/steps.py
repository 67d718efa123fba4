"""The steps by which an owner sets up the integration, and waits for its figures."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from .client import Client, Entity
from .cloud import Cloud
from .log import DOMAIN
from .polling import DemoError, until


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
        answer = await client.submit_flow(form["flow_id"], {})
    if answer["type"] != "create_entry":
        raise DemoError(f"The config flow has not created an entry: {answer.get('errors') or answer}")
    return str(answer["result"]["entry_id"])


async def imported_history(client: Client, cloud: Cloud) -> str:
    """Wait until the statistic of the production goes back to the plant's first month; return its id."""
    statistic_id = f"{DOMAIN}:{cloud.sid.lower()}_production"
    start = datetime.now(UTC) - timedelta(days=3650)

    async def complete() -> bool:
        rows = (await client.statistics([statistic_id], start, "month")).get(statistic_id, [])
        truth = await cloud.truth()
        return bool(rows) and rows[-1]["sum"] > 0.99 * (truth["lifetime_kwh"] - truth["today_kwh"])

    await until(complete, "the import of the history", timeout_s=600, interval_s=2)
    return statistic_id


async def total_energy(client: Client, sid: str) -> Entity:
    """Wait until the system's lifetime energy has a value."""

    async def found() -> Entity | None:
        entities = {entity.unique_id: entity for entity in await client.entities(DOMAIN)}
        entity = entities.get(f"{sid}_total_energy")
        return entity if entity is not None and entity.number is not None else None

    return await until(found, "the total energy to have a value", timeout_s=120)
