"""The steps by which an owner sets up the integration, and waits for its figures."""

from collections.abc import Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Added:
    """A system that was set up."""

    entry_id: str
    fills_energy_dashboard: bool
    """Whether the form offered to show the production in the Energy dashboard, and was taken at its word."""


async def add_system(client: Client, cloud: Cloud) -> Added:
    """Complete the config flow with all that it offers, unless an earlier run has done so."""
    for entry in await client.entries(DOMAIN):
        return Added(entry["entry_id"], fills_energy_dashboard=False)
    form = await client.start_flow(DOMAIN)
    answer = await client.submit_flow(form["flow_id"], filled(form, **cloud.credentials))
    offers: dict[str, object] = {}
    if answer["type"] == "form" and not answer.get("errors"):  # the step that shows the system
        offers = {field["name"]: True for field in answer["data_schema"] if field["name"] == "energy_dashboard"}
        answer = await client.submit_flow(form["flow_id"], filled(answer, **offers))
    if answer["type"] != "create_entry":
        raise DemoError(f"The config flow has not created an entry: {answer.get('errors') or answer}")
    return Added(answer["result"]["entry_id"], fills_energy_dashboard=bool(offers))


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


async def fill_energy_dashboard(
    client: Client, cloud: Cloud, statistic_id: str | None, *, by_integration: bool
) -> list[dict[str, Any]]:
    """Have the production as solar source with our power, by the integration or by hand; return all sources.

    The integration adds the grid and the battery as well. By hand, the source is the total energy when there is no
    statistic. Raises DemoError when the integration adds other sources or none, and when the Energy dashboard finds a
    mistake.
    """
    total, power = [await entity(client, f"{cloud.sid}_{key}") for key in ("total_energy", "power")]
    if by_integration and statistic_id:
        wanted = sources_of_house(cloud.sid, await cloud.truth())
        await until(lambda: _are_shown(client, wanted), "the integration to fill the Energy dashboard", timeout_s=900)
    elif not await client.energy_sources():
        await client.save_solar_source(statistic_id or total.entity_id, power=power.entity_id)
    sources = await client.energy_sources()
    solar = [(source["stat_energy_from"], source.get("stat_rate")) for source in sources if source["type"] == "solar"]
    if solar != [(statistic_id or total.entity_id, power.entity_id)]:
        raise DemoError(f"The Energy dashboard has these sources: {sources}")
    if issues := [issue for issue in await client.validate_energy() if issue["type"] != WAITING]:
        raise DemoError(f"The Energy dashboard finds {issues}")
    return sources


def sources_of_house(sid: str, truth: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the statistics of what comes into the house and what goes out of it, of its grid and its battery."""
    meters, batteries = ([device["eid"] for device in truth[kind]] for kind in ("meters", "batteries"))
    sources = {}
    if meters:
        start = f"{DOMAIN}:{sid.lower()}_meter_{meters[0]}"
        sources["grid"] = (f"{start}_imported", f"{start}_exported")
    if batteries:
        start = f"{DOMAIN}:storage_{batteries[0]}"
        sources["battery"] = (f"{start}_discharge", f"{start}_charge")
    return sources


async def _are_shown(client: Client, wanted: dict[str, tuple[str, str]]) -> bool:
    """Return whether the dashboard has a solar source, and those of a house."""
    sources = {source["type"]: source for source in await client.energy_sources()}
    return "solar" in sources and all(
        kind in sources and (sources[kind]["stat_energy_from"], sources[kind]["stat_energy_to"]) == figures
        for kind, figures in wanted.items()
    )


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
