"""Sources of the Energy dashboard as values: those of a system that can be shown, and those that count twice."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, cast

from homeassistant.components.energy.data import ENERGY_SOURCE_SCHEMA
import voluptuous as vol

from .history.recorder import Statistic
from .schedule.options import Options
from .system.backlog import Source, SourceKind
from .system.state import SystemState
from .system.unwritten import PRODUCTION

_ADOPTED: Final = ("stat_rate", "config_entry_solar_forecast")

type EnergySource = Mapping[str, Any]
"""A source of the Energy dashboard, as Home Assistant stores it."""


class Part(StrEnum):
    """What a system adds to the Energy dashboard; named after the type of its sources, but for `EXPORT`."""

    SOLAR = "solar"
    GRID = "grid"
    BATTERY = "battery"
    EXPORT = "export"
    """What goes to the grid, where nothing had gone there before the grid was added."""


ALL: Final = (Part.SOLAR, Part.GRID, Part.BATTERY)


class SourcesError(Exception):
    """The sources of the Energy dashboard could not be changed."""


def is_part(source: EnergySource, part: Part) -> bool:
    """Return whether a source shows a part of the home."""
    return source.get("type") == part


def shown_sources(state: SystemState, options: Options, sid: str) -> dict[Part, list[EnergySource]]:
    """Return the sources of each part that a system can show: their statistics have rows.

    Several batteries count together. The grid is what one meter measures or, without a meter, one battery: of several
    nobody knows which of them is at the connection of the house. A house may never export.
    """
    sources = state.sources(options)
    batteries = [source for source in sources if source.kind is SourceKind.BATTERY]
    at_the_grid = [source for source in sources if source.kind is SourceKind.METER] or batteries
    found: dict[Part, list[EnergySource]] = {}
    if PRODUCTION in state.backlog.extents:
        solar = {"type": Part.SOLAR, "stat_energy_from": Statistic(sid=sid).id, "config_entry_solar_forecast": None}
        found[Part.SOLAR] = [solar]
    if len(at_the_grid) == 1 and (grid := _figures(state, sid, at_the_grid[0], "imported", "exported")):
        found[Part.GRID] = [{"type": Part.GRID, **grid, "cost_adjustment_day": 0.0}]
        if "stat_energy_to" in grid:
            found[Part.EXPORT] = found[Part.GRID]
    figures = [_figures(state, sid, battery, "discharge", "charge") for battery in batteries]
    if batteries and all("stat_energy_to" in of_battery for of_battery in figures):
        found[Part.BATTERY] = [{"type": Part.BATTERY, **of_battery} for of_battery in figures]
    return found


def _figures(state: SystemState, sid: str, source: Source, comes: str, goes: str) -> EnergySource:
    """Return the statistics of what comes into the house and of what goes out of it, as far as they have rows.

    Nothing when nothing has come yet.
    """
    fields = {"stat_energy_from": comes, "stat_energy_to": goes}
    extents = state.house(source).backlog.extents
    if comes not in extents:
        return {}
    return {field: Statistic(sid=sid, source=source, flow=flow).id for field, flow in fields.items() if flow in extents}


def named(sources: Iterable[EnergySource], name: str | None) -> list[EnergySource]:
    """Return sources with a name, numbered where there are several; charts would cut the long names of statistics."""
    sources = list(sources)
    if name is None:
        return sources
    names = [name] if len(sources) == 1 else [f"{name} {number}" for number in range(1, len(sources) + 1)]
    return [{**source, "name": text} for source, text in zip(sources, names, strict=True)]


def with_parts(
    present: Iterable[EnergySource], found: Mapping[Part, list[EnergySource]], names: Mapping[str, str]
) -> list[EnergySource]:
    """Return the sources of a dashboard with those of a system that were found, as far as they are not there yet.

    A home may have several roofs, so that only our own production counts as being there; a grid or a battery of others
    stays alone. `names`: see `counted`. Raises SourcesError.
    """
    present = list(present)
    taken = {part for part in ALL if any(source.get("type") == part for source in present)} - {Part.SOLAR}
    if counted(present, names):
        taken.add(Part.SOLAR)
    added = [validated(source) for part in ALL if part not in taken for source in found.get(part, [])]
    return [*(_with_export(source, found.get(Part.EXPORT, [])) for source in present), *added]


def _with_export(source: EnergySource, grids: Iterable[EnergySource]) -> EnergySource:
    for grid in grids:
        if source.get("stat_energy_from") == grid["stat_energy_from"] and not source.get("stat_energy_to"):
            return validated({**source, "stat_energy_to": grid["stat_energy_to"]})
    return source


def still_pending(pending: Iterable[Part], found: Mapping[Part, list[EnergySource]]) -> set[Part]:
    """Return the parts that are still to be added after those that were found."""
    lacks_export = Part.GRID in found and not any("stat_energy_to" in grid for grid in found[Part.GRID])
    return {part for part in pending if part not in found} | ({Part.EXPORT} if lacks_export else set())


def counted(sources: Iterable[EnergySource], names: Mapping[str, str]) -> list[str]:
    """Return the solar sources of a system by name, in the order of `names`, each as often as it is there."""
    found = [names[source["stat_energy_from"]] for source in sources if _is_of(source, names)]
    return sorted(found, key=list(names.values()).index)


def without_others(sources: Iterable[EnergySource], names: Mapping[str, str], name: str) -> list[EnergySource]:
    """Return the sources with only one of a system's, in its place.

    It takes over the power and the expected production of those that are removed, where it has none.
    """
    own, kept = [source for source in sources if _is_of(source, names)], list[EnergySource]()
    stays = next(source for source in own if names[source["stat_energy_from"]] == name)
    given = {key: other[key] for other in own for key in _ADOPTED if other.get(key) and not stays.get(key)}
    for source in sources:
        if source is stays:
            kept.append(validated({**stays, **given}))
        elif not _is_of(source, names):
            kept.append(source)
    return kept


def _is_of(source: EnergySource, names: Mapping[str, str]) -> bool:
    return is_part(source, Part.SOLAR) and source.get("stat_energy_from") in names


def validated(source: EnergySource) -> EnergySource:
    """Return a source as Home Assistant accepts it; its manager takes anything. Raises SourcesError."""
    try:
        return cast(list[EnergySource], ENERGY_SOURCE_SCHEMA([dict(source)]))[0]
    except vol.Invalid as error:
        raise SourcesError(f"Home Assistant refuses the source of the type {source.get('type')}") from error
