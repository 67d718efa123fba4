"""Every entity has a name and an icon, and none is left over: by Home Assistant's registries.

An entity without a translation key is named after its device class.
"""

from collections import defaultdict

from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_get_translations
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import Plant
from tests.harness import House
from tests.house_plants import BOTH, METERED
from tests.paths import INTEGRATION
from tests.texts import below, english, load


@pytest.fixture
def plant() -> Plant:
    """Return a plant that has every kind of device but a battery: with one, a meter shows no self-consumption."""
    return METERED


@pytest.fixture
async def keys(house: House) -> dict[str, set[str]]:
    """Return the translation keys of all entities by platform, after a day in automatic mode that brings a battery."""
    house.move_to("2026-06-15 20:00")
    await house.set_up(auto_scan_interval=True, import_history=True, panel_statistics=True)
    await house.pass_time("2026-06-15 20:10")
    house.cloud.plants[house.sid] = BOTH
    await house.press("scan_inverters")
    await house.pass_time("2026-06-15 23:59")
    found: dict[str, set[str]] = defaultdict(set)
    for entity in er.async_get(house.hass).entities.values():
        assert entity.platform == DOMAIN
        assert entity.translation_key or entity.original_device_class, entity.entity_id
        found[entity.domain] |= {entity.translation_key} if entity.translation_key else set()
    return found


async def test_names_are_those_of_the_entities(keys: dict[str, set[str]]) -> None:
    """In both directions."""
    texts = below(english(), "entity")
    assert {platform: set(below(texts, platform)) for platform in texts} == keys
    assert all("name" in below(texts, platform, key) for platform in texts for key in below(texts, platform))


async def test_icons_are_for_entities_and_every_entity_without_a_device_class_has_one(
    house: House, keys: dict[str, set[str]]
) -> None:
    """Home Assistant has icons for device classes."""
    icons = below(load(INTEGRATION / "icons.json"), "entity")
    assert all(set(below(icons, platform)) <= keys[platform] for platform in icons)
    for entity in er.async_get(house.hass).entities.values():
        has_icon = entity.translation_key in below(icons, entity.domain)
        assert has_icon or entity.original_device_class, entity.entity_id


@pytest.mark.usefixtures("keys")
async def test_states_of_enumerations_and_placeholders_of_names_have_texts(house: House) -> None:
    """As the frontend shows them; a state that is a number has none."""
    texts = await async_get_translations(house.hass, "en", "entity", [DOMAIN])
    for entity in er.async_get(house.hass).entities.values():
        prefix = f"component.{DOMAIN}.entity.{entity.domain}.{entity.translation_key}.state."
        states = {key.removeprefix(prefix) for key in texts if key.startswith(prefix)}
        options = (entity.capabilities or {}).get("options", ())
        assert states == {option for option in options if not option.isdecimal()}, entity.entity_id
        assert "{" not in (entity.original_name or ""), entity.entity_id
