"""Buttons that make calls at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import ApsystemsConfigEntry
from .entity import ApsystemsEntity
from .schedule.calls import Call, Kind
from .system.due import Situation

PARALLEL_UPDATES = 0  # a second press of a button joins the first


@dataclass(frozen=True, kw_only=True)
class ApsystemsButtonDescription(ButtonEntityDescription):
    """A button, and the calls that it makes."""

    calls_fn: Callable[[Situation], Sequence[Call]]


BUTTONS = (
    ApsystemsButtonDescription(
        key="scan_inverters",
        translation_key="scan_inverters",
        calls_fn=lambda _: [Call(kind=Kind.INVERTERS)],
    ),
    ApsystemsButtonDescription(
        key="refresh_inverter_energy",
        translation_key="refresh_inverter_energy",
        calls_fn=lambda situation: [Call(kind=Kind.TELEMETRY, target=i.uid) for i in situation.state.inverters],
    ),
    ApsystemsButtonDescription(
        key="read_now",
        translation_key="read_now",
        calls_fn=lambda situation: situation.read_calls(),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ApsystemsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the system's buttons."""
    async_add_entities(ApsystemsButton(entry.runtime_data, description) for description in BUTTONS)


class ApsystemsButton(ApsystemsEntity, ButtonEntity):
    """A button of the system. It can be pressed at any time."""

    _platform = Platform.BUTTON
    _is_local = True
    _unrecorded_attributes = frozenset({"calls"})
    entity_description: ApsystemsButtonDescription

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return how many calls a press makes."""
        return {"calls": len(self._calls)}

    @property
    def _calls(self) -> Sequence[Call]:
        return self.entity_description.calls_fn(self.coordinator.context.situation)

    @override
    async def async_press(self) -> None:
        """Make the calls; raises with the reason when one is not made or fails."""
        await self.coordinator.async_press(*self._calls)
