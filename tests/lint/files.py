"""Schemas of the files that hassfest and HACS check. Each check takes a project folder and raises when it is broken."""

import json
from pathlib import Path
import re
import struct
import tomllib
from typing import Any

from homeassistant.components.brands.const import ALLOWED_IMAGES
from homeassistant.helpers import config_validation as cv, selector
import voluptuous as vol
import yaml

DOMAIN = "apsystems_openapi"
FOLDER = Path("custom_components") / DOMAIN

TEXT = vol.All(str, vol.Match(re.compile(r"\S(.*\S)?\Z", re.DOTALL)))
ICON = vol.Match(r"mdi:[a-z0-9-]+\Z")
VERSION = vol.Match(r"\d+\.\d+\.\d+(b\d+)?\Z")
WEB_ADDRESS = vol.Match(r"https://[\w.-]+/\S+\Z")
MANIFEST = vol.Schema(
    {
        vol.Required("domain"): DOMAIN,
        vol.Required("name"): TEXT,
        "after_dependencies": [cv.slug],
        vol.Required("codeowners"): vol.All([vol.Match(r"@[\w/-]+\Z")], vol.Length(min=1)),
        vol.Required("config_flow"): True,
        "dependencies": [cv.slug],
        vol.Required("documentation"): WEB_ADDRESS,
        vol.Required("integration_type"): vol.In(["device", "hub", "service"]),
        vol.Required("iot_class"): "cloud_polling",
        vol.Required("issue_tracker"): WEB_ADDRESS,
        "loggers": [str],
        vol.Required("requirements"): [vol.Match(r"[\w.\[\]-]+==\S+\Z")],
        vol.Required("version"): VERSION,
    }
)
HACS = vol.Schema({vol.Required("name"): TEXT, vol.Required("homeassistant"): VERSION, "country": [str]})
ICONS = vol.Schema(
    {
        "entity": {cv.slug: {cv.slug: {vol.Required("default"): ICON, "state": {str: ICON}, "range": {str: ICON}}}},
        "services": {cv.slug: {vol.Required("service"): ICON}},
        "triggers": {cv.slug: {vol.Required("trigger"): ICON}},
    }
)
SERVICES = vol.Schema(
    {
        cv.slug: {
            "target": dict,
            "fields": {
                cv.slug: {
                    "required": True,
                    "default": object,
                    "example": object,
                    vol.Required("selector"): selector.validate_selector,
                }
            },
        }
    }
)
NAMED = {vol.Required("name"): TEXT, vol.Required("description"): TEXT}
STEP = {"title": TEXT, "description": TEXT, "data": {cv.slug: TEXT}, "data_description": {cv.slug: TEXT}}
STEP |= {"sections": {cv.slug: {**STEP, "name": TEXT}}, "menu_options": {cv.slug: TEXT}}
FLOW = {"step": {cv.slug: STEP}, "error": {cv.slug: TEXT}, "abort": {cv.slug: TEXT}}
ISSUE = {
    vol.Required("title"): TEXT,
    vol.Exclusive("description", "body"): TEXT,
    vol.Exclusive("fix_flow", "body"): FLOW,
}
TRANSLATIONS = vol.Schema(
    {
        "title": TEXT,
        "config": FLOW,
        "options": FLOW,
        "device": {cv.slug: {vol.Required("name"): TEXT}},
        "entity": {
            cv.slug: {
                cv.slug: {
                    "name": TEXT,
                    "unit_of_measurement": TEXT,
                    "state": {cv.slug: TEXT},
                    "state_attributes": {cv.slug: {"name": TEXT, "state": {cv.slug: TEXT}}},
                }
            }
        },
        "exceptions": {cv.slug: {vol.Required("message"): TEXT}},
        "issues": {cv.slug: ISSUE},
        "selector": {cv.slug: {"options": {cv.slug: TEXT}, "unit_of_measurement": {cv.slug: TEXT}}},
        "services": {cv.slug: {**NAMED, "fields": {cv.slug: NAMED}}},
        "system_health": {"info": {cv.slug: TEXT}},
    }
)  # fmt: skip
PICTURES = {"icon.png": (256, 256), "icon@2x.png": (512, 512)}
LARGEST_PICTURE_BYTES = 30_000


def read(path: Path) -> Any:  # noqa: ANN401 -- JSON, YAML and TOML are of any type
    """Read a JSON, YAML or TOML file."""
    text = path.read_text(encoding="utf-8")
    return {".json": json.loads, ".yaml": yaml.safe_load, ".toml": tomllib.loads}[path.suffix](text)


def check_manifest(root: Path) -> None:
    """Check keys, their order, and that no other file names another version."""
    manifest = MANIFEST(read(root / FOLDER / "manifest.json"))
    keys = list(manifest)
    assert keys == ["domain", "name", *sorted(set(keys) - {"domain", "name"})]
    assert manifest["version"] == read(root / "pyproject.toml")["project"]["version"]


def check_hacs(root: Path) -> None:
    """Check that HACS offers the integration from the oldest Home Assistant on that the tests run with."""
    hacs = HACS(read(root / "hacs.json"))
    tested = re.search(
        r"^homeassistant==(\d+\.\d+)\.", (root / "requirements/minimum.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert tested
    assert hacs["homeassistant"] == f"{tested[1]}.0"


def check_icons(root: Path) -> None:
    """Check the shape of icons.json."""
    ICONS(read(root / FOLDER / "icons.json"))


def check_services(root: Path) -> None:
    """Check that every action and field has texts, every action an icon, and nothing else has."""
    services = SERVICES(read(root / FOLDER / "services.yaml"))
    texts = read(root / FOLDER / "translations/en.json")["services"]
    assert services.keys() == texts.keys() == read(root / FOLDER / "icons.json")["services"].keys()
    for name, service in services.items():
        assert service.get("fields", {}).keys() == texts[name].get("fields", {}).keys(), name


def check_translations(root: Path) -> None:
    """Check the shape of every language."""
    for path in sorted((root / FOLDER / "translations").glob("*.json")):
        TRANSLATIONS(read(path))
    assert not (root / FOLDER / "strings.json").exists()


def check_pictures(root: Path) -> None:
    """Check names, sizes and formats of the pictures that Home Assistant serves."""
    found = {path.name: path.read_bytes() for path in (root / FOLDER / "brand").iterdir()}
    assert found.keys() >= PICTURES.keys()
    assert found.keys() <= ALLOWED_IMAGES
    for name, content in found.items():
        assert content[:16] == b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", name
        size = struct.unpack(">II", content[16:24])
        assert size == PICTURES.get(name.removeprefix("dark_"), size), name
        assert len(content) <= LARGEST_PICTURE_BYTES, name


def check_workflows(root: Path) -> None:
    """Check that the workflows run hassfest, HACS's check and the project's own commands."""
    jobs = [job for path in (root / ".github/workflows").glob("*.yaml") for job in read(path)["jobs"].values()]
    steps = [step for job in jobs for step in job["steps"]]
    uses = {step.get("uses"): step.get("with") for step in steps}
    assert "home-assistant/actions/hassfest@master" in uses
    assert uses["hacs/action@main"] == {"category": "integration"}
    assert {"scripts/test", "scripts/demo --check", "scripts/setup minimum"} <= {step.get("run") for step in steps}


def check_license(root: Path) -> None:
    """Check that it is MIT's."""
    text = (root / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License")
    assert "Permission is hereby granted, free of charge" in text


CHECKS = (
    check_manifest,
    check_hacs,
    check_icons,
    check_services,
    check_translations,
    check_pictures,
    check_workflows,
    check_license,
)
