"""Every rule of Home Assistant's quality scale, from bronze to platinum, proved from the project's files."""

from collections.abc import Callable
from pathlib import Path
import re
import shutil

import pytest
import yaml

from . import quality
from .test_packaging import INTEGRATION, ROOT

# As Home Assistant's own integrations list them.
RULES = {
    "bronze": """
        action-setup appropriate-polling brands common-modules config-flow config-flow-test-coverage
        dependency-transparency docs-actions docs-conditions docs-high-level-description
        docs-installation-instructions docs-removal-instructions docs-triggers entity-event-setup entity-unique-id
        has-entity-name runtime-data test-before-configure test-before-setup unique-config-entry
    """,
    "silver": """
        action-exceptions config-entry-unloading docs-configuration-parameters docs-installation-parameters
        entity-unavailable integration-owner log-when-unavailable parallel-updates reauthentication-flow test-coverage
    """,
    "gold": """
        devices diagnostics discovery discovery-update-info docs-data-update docs-examples docs-known-limitations
        docs-supported-devices docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices
        entity-category entity-device-class entity-disabled-by-default entity-translations exception-translations
        icon-translations reconfiguration-flow repair-issues stale-devices
    """,
    "platinum": "async-dependency inject-websession strict-typing",
}
ALL = [rule for rules in RULES.values() for rule in rules.split()]
SCALE: dict[str, str | dict[str, str]] = yaml.safe_load(
    (INTEGRATION / "quality_scale.yaml").read_text(encoding="utf-8")
)["rules"]
PROOFS = quality.DONE | quality.EXEMPT


def status(rule: str) -> str:
    """Return what the scale says of a rule."""
    said = SCALE[rule]
    return said if isinstance(said, str) else said["status"]


def test_all_54_rules_are_answered_in_order() -> None:
    """By tier, none left out and none besides."""
    assert len(ALL) == 54
    assert list(SCALE) == ALL


def test_home_assistant_has_no_other_rules() -> None:
    """Those of the Home Assistant that the tests run on."""
    import homeassistant.components  # noqa: PLC0415

    folder = Path(homeassistant.components.__path__[0])
    files = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in folder.glob("p*/quality_scale.yaml")]
    assert len(files) > 10
    assert {rule for file in files for rule in file["rules"]} == set(ALL)


def test_what_does_not_apply_says_why() -> None:
    """A status, and a reason of some words; nothing is left to do."""
    assert {rule for rule in ALL if status(rule) == "done"} == set(quality.DONE)
    assert {rule for rule in ALL if status(rule) == "exempt"} == set(quality.EXEMPT)
    for rule in quality.EXEMPT:
        said = SCALE[rule]
        assert isinstance(said, dict)
        assert set(said) == {"status", "comment"}, rule
        assert len(said["comment"].split()) >= 4, rule


@pytest.mark.parametrize("rule", ALL)
def test_rule_holds(rule: str) -> None:
    """What is done is done, and what is exempt cannot apply."""
    assert PROOFS[rule](ROOT) == []


# --- The proofs themselves: one fault at a time in a copy of the project. ---

type Harm = Callable[[Path], None]


def change(file: str, old: str, new: str) -> Harm:
    """Return what changes every place in a file where an expression fits."""

    def harm(root: Path) -> None:
        path = root / file if (root / file).is_file() else quality.folder_of(root) / file
        text, count = re.subn(old, new, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert count, f"{old} is not in {file}"
        path.write_text(text, encoding="utf-8")

    return harm


def create(file: str) -> Harm:
    """Return what puts a file there."""
    return lambda root: (quality.folder_of(root) / file).write_text("", encoding="utf-8") and None


def remove(file: str) -> Harm:
    """Return what takes a file away."""
    return lambda root: (quality.folder_of(root) / file).unlink()


def rename(*titles: str) -> Harm:
    """Return what renames headings of the README."""
    return change("README.md", rf"^(#+) ({'|'.join(titles)})$", r"\1 Something else")


TEXTS = "translations/en.json"
HARM: dict[str, Harm] = {
    "action-setup": change("__init__.py", "async def async_setup\\(", "async def async_later("),
    "appropriate-polling": change("const.py", "MIN_SCAN_INTERVAL: Final = 1800", "MIN_SCAN_INTERVAL: Final = 5"),
    "brands": remove("brand/icon.png"),
    "common-modules": change("entity.py", r"CoordinatorEntity\[ApsystemsCoordinator\]", "Entity"),
    "config-flow": change(TEXTS, '"data_description": {\n *"app_id"', '"data_description": {"id"'),
    "config-flow-test-coverage": change("scripts/check-coverage", "config_flow", "const"),
    "dependency-transparency": change("manifest.json", r'"requirements": \[\]', '"requirements": ["some==1"]'),
    "docs-actions": change("README.md", r"apsystems_openapi\.import_history", "it"),
    "docs-conditions": create("condition.py"),
    "docs-high-level-description": change("README.md", r"\A# .*(\n.*)+?(?=\n## )", "# Title\n"),
    "docs-installation-instructions": rename("Installation"),
    "docs-removal-instructions": rename("Removal"),
    "docs-triggers": create("trigger.py"),
    "entity-event-setup": change("entity.py", r"\Z", "\nasync def async_added_to_hass(self): pass\n"),
    "entity-unique-id": change("entity.py", "_attr_unique_id", "_attr_id"),
    "has-entity-name": change("entity.py", "_attr_has_entity_name = True", "_attr_has_entity_name = False"),
    "runtime-data": change("__init__.py", "entry.runtime_data =", "hass.data[DOMAIN] ="),
    "test-before-configure": change("config_flow.py", r"\.details\(\)", ".nothing()"),
    "test-before-setup": change("__init__.py", r"await coordinator\.async_config_entry_first_refresh\(\)", "pass"),
    "unique-config-entry": change("config_flow.py", r"self\._abort_if_unique_id_configured\(\)", "pass"),
    "action-exceptions": change("actions.py", r"ServiceValidationError\(", "ValueError("),
    "config-entry-unloading": change("__init__.py", "async_unload_platforms", "async_forget_platforms"),
    "docs-configuration-parameters": change("README.md", "Calls per month", "Number"),
    "docs-installation-parameters": change("README.md", "Sunrise offset", "Offset"),
    "entity-unavailable": change("entity.py", r"def available\(", "def there("),
    "integration-owner": change("manifest.json", r'"@[\w-]+"', ""),
    "log-when-unavailable": change("health.py", r"LOGGER\.info", "LOGGER.debug"),
    "parallel-updates": change("button.py", "^PARALLEL_UPDATES = .*$", ""),
    "reauthentication-flow": change("config_flow.py", r"async_step_reauth_confirm\(", "async_step_again("),
    "test-coverage": change("scripts/check-coverage", "LEAST = 95", "LEAST = 50"),
    "devices": change("entity.py", "manufacturer=MANUFACTURER,", ""),
    "diagnostics": change("diagnostics.py", "async_get_device_diagnostics", "async_get_more"),
    "discovery": change("manifest.json", '"requirements"', '"dhcp": [{"hostname": "ecu*"}], "requirements"'),
    "discovery-update-info": change("manifest.json", '"requirements"', '"zeroconf": ["_ecu._tcp"], "requirements"'),
    "docs-data-update": rename("How it polls"),
    "docs-examples": rename("Examples"),
    "docs-known-limitations": rename("Known limitations"),
    "docs-supported-devices": rename("Supported devices"),
    "docs-supported-functions": rename("Entities"),
    "docs-troubleshooting": rename("Troubleshooting"),
    "docs-use-cases": rename("Energy dashboard", "Use cases"),
    "dynamic-devices": change("sensor.py", "async_add_listener", "async_listen_not"),
    "entity-category": change("button.py", "entity_category=EntityCategory.CONFIG,", ""),
    "entity-device-class": change("inverter_sensors.py", "device_class=SensorDeviceClass.FREQUENCY,", ""),
    "entity-disabled-by-default": change("system_sensors.py", "entity_registry_enabled_default=False,", ""),
    "entity-translations": change(TEXTS, '"total_energy"', '"sum"'),
    "exception-translations": change("coordinator.py", "translation_domain=DOMAIN,", ""),
    "icon-translations": change("button.py", "translation_key=", 'icon="mdi:sun", translation_key='),
    "reconfiguration-flow": change("config_flow.py", "async_step_reconfigure", "async_step_change"),
    "repair-issues": change("issues.py", "async_delete_issue", "async_ignore_issue"),
    "stale-devices": change("coordinator.py", r"devices\.async_clear\(", "print("),
    "async-dependency": change("api.py", "^import aiohttp$", "import aiohttp\nimport requests"),
    "inject-websession": change("settings.py", r"async_get_clientsession\(hass\)", "aiohttp.ClientSession()"),
    "strict-typing": change("pyproject.toml", "^strict = true$", "strict = false"),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Lay down a copy of what the proofs look at."""
    for name in ("custom_components", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("rule", ALL)
def test_proof_finds_a_fault(project: Path, rule: str) -> None:
    """A rule that is broken in one place is not proved."""
    assert PROOFS[rule](project) == []
    HARM[rule](project)
    assert PROOFS[rule](project) != []
