"""Buttons that ask the cloud at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import ApsystemsConfigEntry
from .entity import ApsystemsEntity
from .schedule.calls import Call, Kind
from .system.state import SystemState

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class ApsystemsButtonDescription(ButtonEntityDescription):
    """A button, and the calls that it makes."""

    calls_fn: Callable[[SystemState], Iterable[Call]]


BUTTONS = (
    ApsystemsButtonDescription(
        key="scan_inverters",
        translation_key="scan_inverters",
        entity_category=EntityCategory.CONFIG,
        calls_fn=lambda _: [Call(kind=Kind.INVERTERS)],
    ),
    ApsystemsButtonDescription(
        key="refresh_inverter_energy",
        translation_key="refresh_inverter_energy",
        entity_category=EntityCategory.CONFIG,
        calls_fn=lambda state: [Call(kind=Kind.TELEMETRY, target=i.uid) for i in state.inverters],
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
    """A button of the system."""

    entity_description: ApsystemsButtonDescription

    @override
    async def async_press(self) -> None:
        """Make the calls; says why when that fails."""
        await self.coordinator.async_press(*self.entity_description.calls_fn(self.coordinator.data.state))
