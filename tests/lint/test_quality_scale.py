"""quality_scale.yaml answers every rule of Home Assistant's quality scale, and the README has what its rules demand."""

from importlib import import_module
from pathlib import Path
import re

import homeassistant.components
from homeassistant.const import Platform
import pytest

from tests.lint.files import read
from tests.paths import INTEGRATION, ROOT

# By tier, as Home Assistant's own integrations list them.
RULES = """
    action-setup appropriate-polling brands common-modules config-flow config-flow-test-coverage
    dependency-transparency docs-actions docs-conditions docs-high-level-description docs-installation-instructions
    docs-removal-instructions docs-triggers entity-event-setup entity-unique-id has-entity-name runtime-data
    test-before-configure test-before-setup unique-config-entry

    action-exceptions config-entry-unloading docs-configuration-parameters docs-installation-parameters
    entity-unavailable integration-owner log-when-unavailable parallel-updates reauthentication-flow test-coverage

    devices diagnostics discovery discovery-update-info docs-data-update docs-examples docs-known-limitations
    docs-supported-devices docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices
    entity-category entity-device-class entity-disabled-by-default entity-translations exception-translations
    icon-translations reconfiguration-flow repair-issues stale-devices

    async-dependency inject-websession strict-typing
"""
SCALE = read(INTEGRATION / "quality_scale.yaml")["rules"]
EXEMPT = {rule: answer for rule, answer in SCALE.items() if answer != "done"}
NO_DISCOVERY = {"bluetooth", "dhcp", "homekit", "mqtt", "ssdp", "usb", "zeroconf"}
# Headings of the README of which one has a section, by rule.
SECTIONS = {
    "docs-installation-instructions": "Installation",
    "docs-removal-instructions": "Removal|Removing",
    "docs-data-update": "How it polls|Data updates",
    "docs-examples": "Examples",
    "docs-known-limitations": "Known limitations",
    "docs-supported-devices": "Supported devices",
    "docs-supported-functions": "Entities|Supported functions",
    "docs-troubleshooting": "Troubleshooting",
    "docs-use-cases": "Use cases|Energy dashboard",
}


def test_every_rule_is_answered_in_order() -> None:
    """Done, or exempt with a reason; nothing is left to do."""
    assert list(SCALE) == RULES.split()
    for rule, answer in EXEMPT.items():
        assert answer.keys() == {"status", "comment"}, rule
        assert answer["status"] == "exempt", rule
        assert len(answer["comment"].split()) >= 4, rule


def test_home_assistant_has_no_other_rules() -> None:
    """Those of the integrations of the installed Home Assistant."""
    folder = Path(homeassistant.components.__path__[0])
    scales = [read(path)["rules"] for path in folder.glob("p*/quality_scale.yaml")]
    assert len(scales) > 10
    assert {rule for scale in scales for rule in scale} == set(RULES.split())


def test_exempt_rules_do_not_apply() -> None:
    """There are no requirements, no discovery, no conditions and no triggers."""
    manifest = read(INTEGRATION / "manifest.json")
    absent = {
        "dependency-transparency": not manifest["requirements"],
        "discovery": not manifest.keys() & NO_DISCOVERY,
        "discovery-update-info": not manifest.keys() & NO_DISCOVERY,
        "docs-conditions": not (INTEGRATION / "condition.py").exists(),
        "docs-triggers": not (INTEGRATION / "trigger.py").exists(),
        "entity-event-setup": "async_added_to_hass" not in (INTEGRATION / "entity.py").read_text(encoding="utf-8"),
    }
    assert {rule for rule, holds in absent.items() if holds} >= EXEMPT.keys()


@pytest.mark.parametrize("rule", SECTIONS)
def test_readme_has_a_section(rule: str) -> None:
    """Of at least two sentences."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^(#+) ({SECTIONS[rule]})$(.*?)(?=^#{{1,2}} |\Z)", readme, re.MULTILINE | re.DOTALL)
    assert found, SECTIONS[rule]
    assert len(found[3].strip()) >= 100


def test_readme_has_an_introduction() -> None:
    """Before its first section."""
    introduction = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## ")[0]
    assert len(introduction) > 400
    assert "APsystems" in introduction
    assert "Home Assistant" in introduction


def test_every_platform_limits_parallel_updates() -> None:
    """By the constant that Home Assistant reads."""
    platforms = [name for name in Platform if (INTEGRATION / f"{name}.py").exists()]
    assert platforms
    for name in platforms:
        assert hasattr(import_module(f"custom_components.apsystems_openapi.{name}"), "PARALLEL_UPDATES"), name


def test_coverage_is_checked() -> None:
    """At least 95 %, and the config flow wholly; types are checked strictly."""
    check = (ROOT / "scripts/check-coverage").read_text(encoding="utf-8")
    assert re.search(r"^LEAST = (9[5-9]|100)$", check, re.MULTILINE)
    assert re.search(r"^WHOLE = .*config_flow\.py", check, re.MULTILINE)
    assert "scripts/check-coverage" in (ROOT / "scripts/test").read_text(encoding="utf-8")
    assert read(ROOT / "pyproject.toml")["tool"]["mypy"]["strict"] is True
