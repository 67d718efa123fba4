"""The files around the code are what hassfest, HACS and Home Assistant want; texts and code agree."""

from collections.abc import Callable
import json
from pathlib import Path
import shutil

from homeassistant.components.brands.const import ALLOWED_IMAGES
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import yaml

from custom_components.apsystems_openapi.const import DOMAIN

from . import packaging, wording

ROOT = Path(__file__).parent.parent
INTEGRATION = ROOT / "custom_components" / DOMAIN

FOLDER_CHECKS = [
    packaging.manifest,
    packaging.brand,
    packaging.services,
    wording.texts,
    wording.sentence_case,
    wording.entities,
    wording.messages,
    wording.flow_keys,
]


@pytest.mark.parametrize("check", FOLDER_CHECKS, ids=lambda check: check.__name__)
def test_integration_passes(check: Callable[[Path], list[str]]) -> None:
    """What hassfest checks, and the agreement of texts and code."""
    assert check(INTEGRATION) == []


def test_hacs_json_names_the_tested_minimum() -> None:
    """HACS offers the integration to nobody on an older Home Assistant than the tests run on."""
    assert packaging.hacs(ROOT) == []


def test_brand_names_are_those_that_home_assistant_serves() -> None:
    """The list in the checker is Home Assistant's own."""
    assert packaging.BRAND_SIZES.keys() | packaging.BRAND_LOGOS == ALLOWED_IMAGES


@pytest.mark.usefixtures("enable_custom_integrations")
async def test_every_field_has_label_and_help(hass: HomeAssistant) -> None:
    """The forms as Home Assistant shows them."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    entry = MockConfigEntry(domain=DOMAIN, unique_id="SID", data=dict.fromkeys(("app_id", "app_secret", "sid"), "x"))
    entry.add_to_hass(hass)
    options = await hass.config_entries.options.async_init(entry.entry_id)
    for form, group in ((flow, "config"), (options, "options")):
        fields = {str(key) for key in form["data_schema"].schema}
        step = packaging.below(packaging.english(INTEGRATION), group, "step", form["step_id"])
        assert fields
        assert wording.step_fields(step, fields) == []


def test_license_is_mit() -> None:
    """Anybody may use and change it."""
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License")
    assert "Permission is hereby granted, free of charge" in text


def test_workflows_ask_both_judges_and_run_the_project_s_commands() -> None:
    """Hassfest and HACS by their own actions, everything else as a developer runs it."""
    steps = [
        step
        for file in (ROOT / ".github" / "workflows").glob("*.yaml")
        for job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values()
        for step in job["steps"]
    ]
    uses = {step.get("uses"): step.get("with") for step in steps}
    runs = {step.get("run") for step in steps}
    assert "home-assistant/actions/hassfest@master" in uses
    assert uses["hacs/action@main"] == {"category": "integration"}
    assert {"scripts/test", "scripts/demo --check", "scripts/setup minimum"} <= runs


def test_readme_explains_every_field() -> None:
    """Each label of the set-up and options forms."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8").casefold()
    labels = {
        text
        for path, text in packaging.flatten(packaging.english(INTEGRATION))
        if ".data." in path and path.split(".")[0] in {"config", "options"}
    }
    assert labels
    assert [label for label in sorted(labels) if label.casefold() not in readme] == []


# --- The checks themselves: a small integration that passes all, and one fault at a time. ---

SMALL: dict[str, object] = {
    "manifest.json": {
        "domain": "small", "name": "Small", "codeowners": ["@somebody"], "config_flow": True,
        "documentation": "https://example.com/small", "integration_type": "hub", "iot_class": "cloud_polling",
        "issue_tracker": "https://example.com/small/issues", "requirements": [], "version": "1.0.0",
    },
    "icons.json": {
        "entity": {"sensor": {"total": {"default": "mdi:solar-power"}}},
        "services": {"read": {"service": "mdi:download"}},
    },
    "translations/en.json": {
        "config": {
            "step": {"user": {"data": {"app_id": "App ID"}, "data_description": {"app_id": "See {page}."}}},
            "error": {"cannot_connect": "No answer."},
            "abort": {"already_configured": "It is there already."},
        },
        "entity": {"sensor": {"total": {"name": "Total energy"}}},
        "exceptions": {"spent": {"message": "Spent until {day}."}},
        "issues": {"old": {"title": "Old", "description": "Too old."}},
        "services": {"read": {"name": "Read a day", "description": "Reads.",
                              "fields": {"day": {"name": "Day", "description": "Which."}}}},
    },
    "services.yaml": {"read": {"fields": {"day": {}}}},
    "config_flow.py": """
ERRORS = {OSError: "cannot_connect"}
class Flow:
    async def async_step_user(self, user_input):
        self._abort_if_unique_id_configured()
        errors["base"] = ERRORS[error]
        return self.async_show_form(step_id="user")
""",
    "sensor.py": """
KEY = "total"
TOTAL = Description(key="total", translation_key=KEY)
""",
    "coordinator.py": """
KEYS = {OSError: "gone"}
raise UpdateFailed(translation_domain="small", translation_key="spent", translation_placeholders={"day": "1"})
ir.async_create_issue(hass, "small", "old", translation_key="old")
""",
}  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Lay down the small integration."""
    folder = tmp_path / "small"
    for name, content in SMALL.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    shutil.copytree(INTEGRATION / "brand", folder / "brand")
    return folder


@pytest.mark.parametrize("check", FOLDER_CHECKS, ids=lambda check: check.__name__)
def test_checks_pass_a_faultless_folder(small: Path, check: Callable[[Path], list[str]]) -> None:
    """No false alarm."""
    assert check(small) == []


@pytest.mark.parametrize(
    ("check", "file", "old", "new", "fault"),
    [
        (packaging.manifest, "manifest.json", '"name": "Small", ', "", "missing key name"),
        (packaging.manifest, "manifest.json", '"config_flow": true, ', "",
         "not so: config_flow and config_flow.py agree"),
        (packaging.manifest, "manifest.json", '"codeowners": ["@somebody"], "config_flow": true',
         '"config_flow": true, "codeowners": ["@somebody"]',
         "not so: keys are in order: domain, name, then the alphabet"),
        (packaging.manifest, "manifest.json", '"version"', '"quality_scale": "gold", "version"',
         "unknown key quality_scale"),
        (packaging.manifest, "manifest.json", "1.0.0", "one", "not so: version is valid"),
        (packaging.manifest, "manifest.json", "@somebody", "somebody", "not so: codeowners are GitHub names"),
        (packaging.manifest, "manifest.json", "https://example.com/small/issues", "http://example.com/small",
         "not so: issue_tracker is an https address"),
        (packaging.manifest, "manifest.json", '"small"', '"large"', "not so: domain is the folder's name"),
        (packaging.manifest, "manifest.json", "cloud_polling", "clouds",
         "not so: iot_class is one of Home Assistant's"),
        (packaging.manifest, "manifest.json", "[], ", '["wheel>1"], ', "not so: requirements are pinned"),
        (packaging.services, "services.yaml", '"read"', '"write"', "action write has no text"),
        (packaging.services, "services.yaml", '"day"', '"hour"', "read.hour has no text"),
        (packaging.services, "icons.json", '"read"', '"write"', "action read has no icon"),
        (packaging.services, "translations/en.json", '"Day", "description"', '"Day", "help"',
         "read.day needs a name and a description"),
        (wording.texts, "translations/en.json", "No answer.", "See https://example.com.",
         "en: config.error.cannot_connect has an address, which belongs into a placeholder"),
        (wording.texts, "translations/en.json", "No answer.", "<b>No</b>",
         "en: config.error.cannot_connect has HTML"),
        (wording.texts, "translations/en.json", "No answer.", " ",
         "en: config.error.cannot_connect is empty or has blanks around it"),
        (wording.texts, "translations/en.json", "{day}", "'{day}'",
         "en: exceptions.spent.message has a placeholder in single quotes"),
        (wording.texts, "translations/en.json", "{day}", "{the day}",
         "en: exceptions.spent.message has a brace that is of no placeholder"),
        (wording.texts, "translations/en.json", '"config":', '"configs":', "unknown group configs"),
        (wording.sentence_case, "translations/en.json", "Total energy", "Total Energy",
         "entity.sensor.total.name: 'Total Energy' is not in sentence case"),
        (wording.sentence_case, "translations/en.json", "App ID", "app ID",
         "config.step.user.data.app_id: 'app ID' is not in sentence case"),
        (wording.entities, "translations/en.json", '"total"', '"sum"', "entity.sensor.total has no name"),
        (wording.entities, "sensor.py", '"total"', '"sum"', "entity.sensor.total is not used"),
        (wording.entities, "icons.json", '"total"', '"sum"', "icon of sensor.sum is for no entity"),
        (wording.entities, "icons.json", "mdi:solar-power", "solar-power",
         "icon entity.sensor.total.default: solar-power is no mdi: icon"),
        (wording.entities, "icons.json", '"sensor"', '"switch"', "switch is no platform here"),
        (wording.messages, "coordinator.py", '"spent"', '"gone"', "coordinator: exceptions.gone has no text"),
        (wording.messages, "coordinator.py", '"spent"', '"gone"', "exceptions.spent is not used"),
        (wording.messages, "coordinator.py", '"day": ', '"date": ',
         "coordinator: exceptions.spent takes the placeholders ['day']"),
        (wording.messages, "translations/en.json", '"old"', '"aged"', "coordinator: issues.old has no text"),
        (wording.messages, "coordinator.py", '"spent"', 'f"late_{hour}"',
         r"coordinator: exceptions.late_\w+ has no text"),
        (wording.messages, "coordinator.py", '"spent"', "KEYS[error]",
         "coordinator: exceptions.gone has no text"),
        (wording.flow_keys, "config_flow.py", '"cannot_connect"', '"timeout"', "error timeout has no text"),
        (wording.flow_keys, "config_flow.py", "class Flow:",
         'def flow_error():\n    return "late"\nclass Flow:',
         "error late has no text"),
        (wording.flow_keys, "config_flow.py", "return self", 'return {"app_id": "bad"}\n        return self',
         "error bad has no text"),
        (wording.flow_keys, "config_flow.py", '"cannot_connect"', '"timeout"',
         "error cannot_connect is not used"),
        (wording.flow_keys, "config_flow.py", "unique_id_configured", "unique_id_mismatch",
         "abort unique_id_mismatch has no text"),
        (wording.flow_keys, "config_flow.py", "self._abort_if_unique_id_configured()", "pass",
         "abort already_configured is not used"),
        (wording.flow_keys, "config_flow.py", '"user"', '"more"', "step more has no text"),
        (wording.flow_keys, "translations/en.json", '"user"', '"other"', "step other is not used"),
        (wording.flow_keys, "translations/en.json", '"app_id": "See', '"sid": "See',
         "step user: app_id needs a label and a help text"),
    ],
)  # fmt: skip
def test_checks_find_a_fault(
    small: Path, check: Callable[[Path], list[str]], file: str, old: str, new: str, fault: str
) -> None:
    """One change to one file, and the check says it."""
    text = (small / file).read_text(encoding="utf-8")
    assert old in text
    (small / file).write_text(text.replace(old, new), encoding="utf-8")
    assert fault in check(small)


def test_check_finds_a_language_that_left_english(small: Path) -> None:
    """A text too many, and a placeholder that was translated."""
    words = {"exceptions": {"spent": {"message": "Bis {tag} verbraucht.", "hint": "Warten."}}}
    (small / "translations" / "de.json").write_text(json.dumps(words), encoding="utf-8")
    assert wording.texts(small) == [
        "de: exceptions.spent.message has other placeholders than English",
        "de: exceptions.spent.hint is not in English",
    ]


def test_check_finds_wrong_pictures(small: Path) -> None:
    """A picture of the wrong size, one that is none, one under a name that nobody asks for."""
    pictures = small / "brand"
    shutil.copy(pictures / "icon@2x.png", pictures / "icon.png")
    (pictures / "icon@2x.png").write_bytes(b"GIF89a")
    (pictures / "picture.png").write_bytes(b"")
    assert packaging.brand(small) == [
        "icon.png is 512 by 512 pixels",
        "icon@2x.png is not a PNG",
        "picture.png is a name that Home Assistant does not serve",
    ]


@pytest.mark.parametrize(
    ("hacs", "faults"),
    [
        ({"name": "Small", "homeassistant": "2026.8.0"}, []),
        (
            {"name": "Small", "homeassistant": "2026.9.0"},
            ["the minimum is not what requirements/minimum.txt tests on"],
        ),
        ({"name": "Small", "homeassistant": "2026.8.0", "domains": ["small"]}, ["unknown key domains"]),
        ({"homeassistant": "2026.8.0", "zip_release": "yes"}, ["zip_release is no bool", "missing key name"]),
    ],
)
def test_check_of_hacs_json(tmp_path: Path, hacs: dict[str, object], faults: list[str]) -> None:
    """HACS refuses keys that it does not know."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "minimum.txt").write_text("homeassistant==2026.8.3\n", encoding="utf-8")
    (tmp_path / "hacs.json").write_text(json.dumps(hacs), encoding="utf-8")
    assert packaging.hacs(tmp_path) == faults


def test_check_of_fields_compares_both_ways() -> None:
    """A field without a help text, and a text for a field that is gone."""
    step: dict[str, packaging.Json] = {"data": {"a": "A", "b": "B"}, "data_description": {"b": "Help."}}
    assert wording.step_fields(step, {"a"}) == [
        "b in data is no field",
        "a is not in data_description",
        "b in data_description is no field",
    ]
