"""What hassfest and HACS demand of files that are no code, as functions of a folder.

Each returns the faults that it finds, in a few words each; an empty list is a pass.
"""

from collections.abc import Iterator
import json
from pathlib import Path
import re
import struct

from awesomeversion import AwesomeVersion, AwesomeVersionException, AwesomeVersionStrategy
import yaml

type Json = dict[str, Json] | list[Json] | str | int | float | bool | None

MANIFEST_REQUIRED = {"domain", "name", "codeowners", "documentation", "iot_class", "issue_tracker", "version"}
MANIFEST_OPTIONAL = {
    "after_dependencies", "bluetooth", "config_flow", "dependencies", "dhcp", "disabled", "homekit",
    "import_executor", "integration_type", "loggers", "mqtt", "preview_features", "requirements",
    "single_config_entry", "ssdp", "usb", "zeroconf",
}  # fmt: skip
IOT_CLASSES = {"assumed_state", "calculated", "cloud_polling", "cloud_push", "local_polling", "local_push"}
INTEGRATION_TYPES = {"device", "entity", "hardware", "helper", "hub", "service", "system"}
VERSIONS = [
    AwesomeVersionStrategy.CALVER,
    AwesomeVersionStrategy.SEMVER,
    AwesomeVersionStrategy.SIMPLEVER,
    AwesomeVersionStrategy.BUILDVER,
    AwesomeVersionStrategy.PEP440,
]
HACS_KEYS: dict[str, type] = {
    "content_in_root": bool, "country": list, "filename": str, "hacs": str, "hide_default_branch": bool,
    "homeassistant": str, "name": str, "persistent_directory": str, "zip_release": bool,
}  # fmt: skip
ADDRESS = re.compile(r"https://[\w.-]+/\S+")

BRAND_SIZES = {
    **dict.fromkeys(("icon.png", "dark_icon.png"), (256, 256)),
    **dict.fromkeys(("icon@2x.png", "dark_icon@2x.png"), (512, 512)),
}
BRAND_LOGOS = {"logo.png", "logo@2x.png", "dark_logo.png", "dark_logo@2x.png"}


def load(path: Path) -> dict[str, Json]:
    """Read a JSON object; a missing file is an empty one."""
    data = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    assert isinstance(data, dict)
    return data


def flatten(tree: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with its dotted path."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from flatten(value, f"{path}.{key}" if path else key)
    else:
        yield path, str(tree)


def below(tree: Json, *path: str) -> dict[str, Json]:
    """Return the object at a path; an empty one where there is none."""
    for key in path:
        tree = tree.get(key, {}) if isinstance(tree, dict) else {}
    return tree if isinstance(tree, dict) else {}


def english(folder: Path) -> dict[str, Json]:
    """Read the texts that every other language follows."""
    return load(folder / "translations" / "en.json")


def manifest(folder: Path) -> list[str]:
    """Check what hassfest and HACS check in a custom integration's manifest."""
    data = load(folder / "manifest.json")
    keys = list(data)
    owners, requirements = data.get("codeowners"), data.get("requirements", [])
    rules = {
        "keys are in order: domain, name, then the alphabet": keys
        == sorted(keys, key=lambda key: ({"domain": 0, "name": 1}.get(key, 2), key)),
        "domain is the folder's name": data.get("domain") == folder.name,
        "iot_class is one of Home Assistant's": data.get("iot_class") in IOT_CLASSES,
        "integration_type is one of Home Assistant's": data.get("integration_type") in INTEGRATION_TYPES,
        "config_flow and config_flow.py agree": bool(data.get("config_flow")) == (folder / "config_flow.py").is_file(),
        "documentation is an https address": ADDRESS.fullmatch(str(data.get("documentation"))),
        "issue_tracker is an https address": ADDRESS.fullmatch(str(data.get("issue_tracker"))),
        "codeowners are GitHub names": isinstance(owners, list)
        and owners
        and all(re.fullmatch(r"@[\w/-]+", str(owner)) for owner in owners),
        "requirements are pinned": isinstance(requirements, list) and all("==" in str(item) for item in requirements),
        "version is valid": is_version(str(data.get("version"))),
    }
    faults = [f"missing key {key}" for key in sorted(MANIFEST_REQUIRED - set(keys))]
    faults += [f"unknown key {key}" for key in sorted(set(keys) - MANIFEST_REQUIRED - MANIFEST_OPTIONAL)]
    return faults + [f"not so: {rule}" for rule, holds in rules.items() if not holds]


def is_version(text: str) -> bool:
    """Tell whether hassfest would take it."""
    try:
        AwesomeVersion(text, ensure_strategy=VERSIONS)
    except AwesomeVersionException:
        return False
    return True


def hacs(root: Path) -> list[str]:
    """Check hacs.json, and that it names the Home Assistant that the tests' oldest environment installs."""
    data = load(root / "hacs.json")
    faults = [f"unknown key {key}" for key in data.keys() - HACS_KEYS.keys()]
    faults += [f"{key} is no {kind.__name__}" for key, kind in HACS_KEYS.items()
               if key in data and not isinstance(data[key], kind)]  # fmt: skip
    if not data.get("name"):
        faults.append("missing key name")
    requirements = (root / "requirements" / "minimum.txt").read_text(encoding="utf-8")
    pinned = re.search(r"^homeassistant==(\d+\.\d+)\.", requirements, re.MULTILINE)
    if pinned is None or data.get("homeassistant") != f"{pinned[1]}.0":
        faults.append("the minimum is not what requirements/minimum.txt tests on")
    return faults


def services(folder: Path) -> list[str]:
    """Check the texts and icons of actions against services.yaml."""
    file = folder / "services.yaml"
    described = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
    named, icons = below(english(folder), "services"), below(load(folder / "icons.json"), "services")
    faults = [f"action {key} has no text" for key in sorted(described.keys() - named.keys())]
    faults += [f"text for {key}, which is no action" for key in sorted(named.keys() - described.keys())]
    faults += [f"action {key} has no icon" for key in sorted(described.keys() - icons.keys())]
    faults += [f"icon for {key}, which is no action" for key in sorted(icons.keys() - described.keys())]
    for action in described.keys() & named.keys():
        fields, labels = below(described, action, "fields").keys(), below(named, action, "fields").keys()
        if not {"name", "description"} <= below(named, action).keys():
            faults.append(f"action {action} needs a name and a description")
        faults += [f"{action}.{key} has no text" for key in sorted(fields - labels)]
        faults += [f"{action}.{key} is no field" for key in sorted(labels - fields)]
        faults += [f"{action}.{key} needs a name and a description" for key in sorted(labels)
                   if not {"name", "description"} <= below(named, action, "fields", key).keys()]  # fmt: skip
    return faults


def png_size(file: Path) -> tuple[int, int] | None:
    """Return width and height, None when it is no PNG."""
    head = file.read_bytes()[:24]
    if head[:8] != b"\x89PNG\r\n\x1a\n" or head[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def brand(folder: Path) -> list[str]:
    """Check the pictures that Home Assistant shows for the integration."""
    needed = ("icon.png", "icon@2x.png")
    faults = [f"{name} is missing" for name in needed if not (folder / "brand" / name).is_file()]
    for file in sorted((folder / "brand").iterdir()):
        size = png_size(file)
        if file.name not in BRAND_SIZES.keys() | BRAND_LOGOS:
            faults.append(f"{file.name} is a name that Home Assistant does not serve")
        elif size is None:
            faults.append(f"{file.name} is not a PNG")
        elif size != BRAND_SIZES.get(file.name, size):
            faults.append(f"{file.name} is {size[0]} by {size[1]} pixels")
        if file.stat().st_size > 30_000:
            faults.append(f"{file.name} is larger than 30 kB")
    return faults
