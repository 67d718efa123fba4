"""What a rule of Home Assistant's quality scale means for this integration, as functions of the project's folder.

Each returns the faults that it finds; an empty list is a pass. A rule that does not apply is proved not to.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
import re

import yaml

from . import packaging, wording
from .packaging import below, english, flatten

type Proof = Callable[[Path], list[str]]

DOMAIN = "apsystems_openapi"
# Numbers and moments that no device class of Home Assistant is for.
WITHOUT_DEVICE_CLASS = {"api_calls", "history"}
TRANSLATED = {"HomeAssistantError", "ServiceValidationError", "UpdateFailed", "ConfigEntryAuthFailed"}
DISCOVERIES = ("bluetooth", "dhcp", "homekit", "mqtt", "ssdp", "usb", "zeroconf")


def folder_of(root: Path) -> Path:
    """Return the integration's folder."""
    return root / "custom_components" / DOMAIN


def module(root: Path, name: str) -> ast.Module:
    """Parse a module; a missing one is an empty one."""
    file = folder_of(root) / f"{name}.py"
    return ast.parse(file.read_text(encoding="utf-8") if file.is_file() else "")


def modules(root: Path) -> dict[str, ast.Module]:
    """Parse all modules."""
    return wording.trees(folder_of(root))


def functions(tree: ast.AST) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return functions and methods by name."""
    return {n.name: n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))}


def function(root: Path, name: str, inner: str) -> ast.AST:
    """Return a function of a module; a missing one is an empty one."""
    return functions(module(root, name)).get(inner, ast.Module([], []))


def calls(tree: ast.AST) -> set[str]:
    """Return the last part of every called name."""
    return {wording.called(call) for call in wording.calls_in(tree)}


def constant(root: Path, name: str, key: str) -> object:
    """Return what a module assigns to a name at its top, where that is a plain value."""
    for node in module(root, name).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and target.id == key and isinstance(value, ast.Constant):
            return value.value
    return None


def without(wanted: Iterable[str], there: Iterable[str], what: str) -> list[str]:
    """Name what is missing."""
    return [f"{what}: no {name}" for name in sorted(set(wanted) - set(there))]


def platforms(root: Path) -> list[str]:
    """Return the modules of the platforms."""
    text = (folder_of(root) / "__init__.py").read_text(encoding="utf-8")
    return [name.lower() for name in re.findall(r"Platform\.([A-Z_]+)", text)]


def section(root: Path, *titles: str) -> str:
    """Return the README's text below a heading, with all that is deeper; whichever of the titles it has."""
    text, depth = "", 0
    for line in (root / "README.md").read_text(encoding="utf-8").splitlines():
        marks, _, title = line.partition(" ")
        if marks and not marks.strip("#"):
            if depth and len(marks) <= depth:
                break
            if title.strip().casefold() in titles:
                depth = len(marks)
        elif depth:
            text += line
    return text


def documented(*titles: str) -> Proof:
    """Demand a section of the README with at least two sentences' worth of text."""

    def proof(root: Path) -> list[str]:
        return [] if len(section(root, *titles).strip()) >= 100 else [f"README: nothing on {titles[0]}"]

    return proof


def defines(name: str, *wanted: str, called: Iterable[str] = ()) -> Proof:
    """Demand functions of a module, and calls in it."""

    def proof(root: Path) -> list[str]:
        tree = module(root, name)
        return without(wanted, functions(tree), name) + without(called, calls(tree), f"{name} calls")

    return proof


def absent(*files: str) -> Proof:
    """Demand that files are not there."""

    def proof(root: Path) -> list[str]:
        return [f"{file} is there" for file in files if (folder_of(root) / file).exists()]

    return proof


def labels(root: Path, group: str) -> list[str]:
    """Name the labels of forms that the README does not explain."""
    readme = (root / "README.md").read_text(encoding="utf-8").casefold()
    texts = [text for path, text in flatten(below(english(folder_of(root)), group, "step")) if ".data." in path]
    return [f"README: nothing on {text}" for text in texts if text.casefold() not in readme] or (
        [] if texts else ["no labels"]
    )


# Bronze


def action_setup(root: Path) -> list[str]:
    """Actions are registered once, whether or not an entry is loaded."""
    described = yaml.safe_load((folder_of(root) / "services.yaml").read_text(encoding="utf-8"))
    faults = without({"async_register"}, calls(function(root, "__init__", "async_setup")), "async_setup calls")
    constants = wording.constants_of(modules(root))
    registered = {
        wording.literal(call.args[1], constants)
        for tree in modules(root).values()
        for call in wording.calls_in(tree)
        if wording.called(call) == "async_register" and len(call.args) > 1
    }
    return faults + [f"action {name} is not registered" for name in described if name not in registered]


def appropriate_polling(root: Path) -> list[str]:
    """No interval of Home Assistant's own; the owner's is half an hour at least."""
    least = constant(root, "const", "MIN_SCAN_INTERVAL")
    faults = [] if isinstance(least, int) and least >= 1800 else ["polls may be closer than the quota allows"]
    keywords = {k.arg for call in wording.calls_in(module(root, "coordinator")) for k in call.keywords}
    return faults + (["the coordinator polls by itself"] if "update_interval" in keywords else [])


def brands(root: Path) -> list[str]:
    """Pictures that Home Assistant serves."""
    missing = [name for name in ("icon.png", "icon@2x.png") if not (folder_of(root) / "brand" / name).is_file()]
    return [*packaging.brand(folder_of(root)), *(f"brand: no {name}" for name in missing)]


def bases(root: Path, name: str) -> dict[str, set[str]]:
    """Return what the classes of a module derive from."""
    return {
        node.name: {n.id for base in node.bases for n in ast.walk(base) if isinstance(n, ast.Name)}
        for node in ast.walk(module(root, name))
        if isinstance(node, ast.ClassDef)
    }


def common_modules(root: Path) -> list[str]:
    """Coordinator and base entity have modules of their own, which every platform's entities derive from."""
    faults = []
    if not any("DataUpdateCoordinator" in base for base in bases(root, "coordinator").values()):
        faults.append("coordinator: no coordinator")
    entities = bases(root, "entity")
    if not any("CoordinatorEntity" in base for base in entities.values()):
        faults.append("entity: no entity of a coordinator")
    for platform in platforms(root):
        own = {name: base for name, base in bases(root, platform).items() if any("Entity" in b for b in base)}
        own = {name: base for name, base in own.items() if not name.endswith("Description")}
        faults += [f"{platform}: {name} stands alone" for name, base in own.items() if not base & entities.keys()]
        if not own:
            faults.append(f"{platform}: no entities")
    return faults


def config_flow(root: Path) -> list[str]:
    """Demand a flow with help for every field."""
    faults = [] if packaging.load(folder_of(root) / "manifest.json").get("config_flow") else ["manifest: no flow"]
    for path, step in below(english(folder_of(root)), "config", "step").items():
        faults += without(below(step, "data"), below(step, "data_description"), f"help of {path}")
    return faults + defines("config_flow", "async_step_user", called=["async_create_entry"])(root)


def covered(root: Path, least: int, whole: str) -> list[str]:
    """Demand what the project's own check of coverage demands."""
    script = (root / "scripts" / "check-coverage").read_text(encoding="utf-8")
    found = re.search(r"^LEAST = (\d+)$", script, re.MULTILINE)
    faults = [] if found and int(found[1]) >= least else [f"less than {least} % will do"]
    if whole not in script.partition("WHOLE =")[2].partition("\n")[0]:
        faults.append(f"{whole} need not be covered wholly")
    runs = (root / "scripts" / "test").read_text(encoding="utf-8")
    return faults + ([] if "scripts/check-coverage" in runs and "--cov" in runs else ["nobody checks"])


def docs_actions(root: Path) -> list[str]:
    """Every action is in the README by its name."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    described = yaml.safe_load((folder_of(root) / "services.yaml").read_text(encoding="utf-8"))
    return [f"README: nothing on {name}" for name in described if f"{DOMAIN}.{name}" not in readme]


def no_requirements(root: Path) -> list[str]:
    """Nothing is installed."""
    return [f"requires {name}" for name in list_of(root, "requirements")]


def list_of(root: Path, key: str) -> list[object]:
    """Return a list of the manifest."""
    value = packaging.load(folder_of(root) / "manifest.json").get(key)
    return list(value) if isinstance(value, list) else []


def high_level(root: Path) -> list[str]:
    """Look before the first section for what it is, and for whose devices."""
    text = (root / "README.md").read_text(encoding="utf-8").partition("\n## ")[0]
    return [] if len(text) > 400 and "APsystems" in text and "Home Assistant" in text else ["README: no introduction"]


def no_events(root: Path) -> list[str]:
    """No entity subscribes to anything."""
    names = ["entity", *platforms(root)]
    forbidden = {"async_listen", "async_listen_once", "async_track_state_change_event", "async_track_time_interval"}
    return [f"{name} subscribes" for name in names if calls(module(root, name)) & forbidden] + [
        f"{name} sets up" for name in names if "async_added_to_hass" in functions(module(root, name))
    ]


def attributes_of_classes(root: Path, name: str) -> Iterator[tuple[str, set[str]]]:
    """Yield what each class of a module assigns: its own names, and those of `self`."""
    for node in ast.walk(module(root, name)):
        if isinstance(node, ast.ClassDef):
            targets = [t for n in ast.walk(node) if isinstance(n, ast.Assign) for t in n.targets]
            yield node.name, {getattr(t, "attr", getattr(t, "id", "")) for t in targets}


def unique_ids(root: Path) -> list[str]:
    """Every entity class says what its id is."""
    own = list(attributes_of_classes(root, "entity"))
    return [f"{name} has no unique id" for name, set_there in own if "_attr_unique_id" not in set_there] or (
        [] if own else ["no entities"]
    )


def entity_names(root: Path) -> list[str]:
    """Look for it in the base entity; nothing may take it away."""
    texts = [ast.unparse(module(root, name)) for name in ("entity", *platforms(root))]
    right = "_attr_has_entity_name = True" in texts[0]
    return [] if right and not any("has_entity_name = False" in text for text in texts) else ["no entity names"]


def runtime_data(root: Path) -> list[str]:
    """See that what runs is kept by its entry, of a type of its own."""
    set_up = ast.unparse(function(root, "__init__", "async_setup_entry"))
    faults = [] if "entry.runtime_data = " in set_up else ["nothing is kept by the entry"]
    if not re.search(r"type \w+ConfigEntry = ConfigEntry\[\w+\]", ast.unparse(module(root, "coordinator"))):
        faults.append("the entry has no type")
    return faults + [
        f"{name} uses hass.data" for name, tree in modules(root).items() if "hass.data[" in ast.unparse(tree)
    ]


def test_before_configure(root: Path) -> list[str]:
    """The flow calls, shows errors, and creates an entry only without any."""
    step = ast.unparse(function(root, "config_flow", "async_step_user"))
    asked = re.search(
        r"errors = await self\._async_check\(.*?if not errors:\s+return self\.async_create_entry", step, re.DOTALL
    )
    return ([] if asked else ["an entry is created unchecked"]) + without(
        {"details", "async_book"}, calls(function(root, "config_flow", "_async_check")), "the check calls"
    )


def test_before_setup(root: Path) -> list[str]:
    """Set-up waits for something to show, and says why there is nothing."""
    raised = {node.id for node in ast.walk(module(root, "coordinator")) if isinstance(node, ast.Name)}
    return without(
        {"async_config_entry_first_refresh"}, calls(function(root, "__init__", "async_setup_entry")), "set-up calls"
    ) + without({"UpdateFailed", "ConfigEntryAuthFailed"}, raised, "coordinator")


# Silver


def action_exceptions(root: Path) -> list[str]:
    """See that what actions and buttons raise is Home Assistant's, with a text."""
    faults = without({"ServiceValidationError"}, calls(module(root, "actions")), "actions")
    faults += without({"HomeAssistantError"}, calls(function(root, "coordinator", "async_press")), "buttons")
    return faults + exception_translations(root)


def unavailable(root: Path) -> list[str]:
    """Entities tell by themselves whether there is anything to show."""
    return without({"available"}, functions(module(root, "entity")), "entity")


def owner(root: Path) -> list[str]:
    """Somebody looks after it."""
    return [] if list_of(root, "codeowners") else ["nobody owns it"]


def log_once(root: Path) -> list[str]:
    """One line when calls begin to fail, one when they work again."""
    failed, succeeded = function(root, "health", "async_failed"), function(root, "health", "async_succeeded")
    faults = without({"warning"}, calls(failed), "a failure logs")
    faults += without({"info"}, calls(succeeded), "a recovery logs")
    guarded = any(
        isinstance(node, ast.If) and "self.failing" in ast.unparse(node.test) and "warning" in calls(node)
        for node in ast.walk(failed)
    )
    return faults + ([] if guarded else ["every failure is logged"])


def parallel_updates(root: Path) -> list[str]:
    """Every platform says how many calls of it may run at once."""
    return [
        f"{name}: no PARALLEL_UPDATES" for name in platforms(root) if constant(root, name, "PARALLEL_UPDATES") is None
    ]


def reauthentication(root: Path) -> list[str]:
    """Demand a flow with texts, which set-up and refused calls start."""
    steps = below(english(folder_of(root)), "config", "step")
    raised = {n.id for n in ast.walk(module(root, "coordinator")) if isinstance(n, ast.Name)}
    return [
        *defines("config_flow", "async_step_reauth", "async_step_reauth_confirm")(root),
        *defines("health", called=["async_start_reauth"])(root),
        *without({"reauth_confirm"}, steps, "texts"),
        *without({"ConfigEntryAuthFailed"}, raised, "coordinator"),
    ]


# Gold


def devices(root: Path) -> list[str]:
    """Each device says what and whose it is."""
    told = {
        k.arg
        for call in wording.calls_in(module(root, "entity"))
        for k in call.keywords
        if wording.called(call) == "DeviceInfo"
    }
    wanted = {"identifiers", "manufacturer", "model", "name", "serial_number", "via_device_id"}
    return without(wanted, filter(None, told), "DeviceInfo") + without(
        {"async_get_or_create"}, calls(module(root, "devices")), "devices calls"
    )


def no_discovery(root: Path) -> list[str]:
    """Nothing of it can be found in a network."""
    data = packaging.load(folder_of(root) / "manifest.json")
    faults = [f"found by {key}" for key in DISCOVERIES if key in data]
    return faults + ([] if str(data.get("iot_class")).startswith("cloud") else ["it is not in the cloud"])


def dynamic_devices(root: Path) -> list[str]:
    """Entities of what is new are added as it appears."""
    added = functions(module(root, "sensor"))
    listens = "async_add_listener" in calls(module(root, "sensor"))
    adds = any("async_add_entities" in calls(tree) for name, tree in added.items() if name != "async_setup_entry")
    return [] if listens and adds else ["sensor: nothing is added later"]


def stale_devices(root: Path) -> list[str]:
    """Devices of what is gone are removed, by a listing or by hand."""
    return [
        *defines("__init__", "async_remove_config_entry_device")(root),
        *defines("devices", "async_clear", called=["async_update_device"])(root),
        *defines("coordinator", called=["async_clear"])(root),
    ]


def descriptions(root: Path, platform: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the descriptions of a platform: key and what is said of it; tables may have modules of their own."""
    for name, tree in modules(root).items():
        if name != platform and not name.endswith(f"_{platform}s"):
            continue
        for call in wording.calls_in(tree):
            if wording.called(call).endswith("Description"):
                said = {k.arg: ast.unparse(k.value) for k in call.keywords if k.arg}
                yield said.get("key", "").strip("'\""), said


def entity_category(root: Path) -> list[str]:
    """Demand one of what is about the calls and not about the sun, and of every button."""
    about_calls = {"status", "api_calls", "data_time", "next_read"}
    sensors = {key for key, said in descriptions(root, "sensor") if "entity_category" in said}
    buttons = [key for key, said in descriptions(root, "button") if "entity_category" not in said]
    return without(about_calls, sensors, "entity category") + [f"button {key}: no category" for key in buttons]


def device_class(root: Path) -> list[str]:
    """Every sensor has one, unless there is none for what it shows."""
    found = list(descriptions(root, "sensor"))
    missing = [key for key, said in found if "device_class" not in said and key not in WITHOUT_DEVICE_CLASS]
    return [f"{key}: no device class" for key in missing] or ([] if found else ["no sensors"])


def disabled_by_default(root: Path) -> list[str]:
    """Name what most owners do not need, and is shown to all."""
    off = {key for key, said in descriptions(root, "sensor") if said.get("entity_registry_enabled_default") == "False"}
    return without({"month_energy", "year_energy"}, off, "disabled by default")


def exception_translations(root: Path) -> list[str]:
    """Demand a translated text of what is raised for people; texts and code agree."""
    faults = []
    for name, tree in modules(root).items():
        for call in wording.calls_in(tree):
            keywords = {k.arg for k in call.keywords}
            if wording.called(call) in TRANSLATED and not {"translation_domain", "translation_key"} <= keywords:
                faults.append(f"{name}: {wording.called(call)} without a translation")
    return faults + wording.messages(folder_of(root))


def icon_translations(root: Path) -> list[str]:
    """Icons are in icons.json alone."""
    icons = below(packaging.load(folder_of(root) / "icons.json"), "entity")
    faults = without(platforms(root), icons, "icons")
    for name, tree in modules(root).items():
        text = ast.unparse(tree)
        faults += [f"{name} has an icon" for sign in ("_attr_icon", "icon='mdi:", 'icon="mdi:') if sign in text]
    return faults


def reconfiguration(root: Path) -> list[str]:
    """Demand a flow that keeps to its system."""
    steps = below(english(folder_of(root)), "config", "step")
    kept = ["_abort_if_unique_id_mismatch", "async_update_reload_and_abort"]
    return defines("config_flow", "async_step_reconfigure", called=kept)(root) + without(
        {"reconfigure"}, steps, "texts"
    )


def repair_issues(root: Path) -> list[str]:
    """Every issue has a text, and is deleted by the module that creates it."""
    faults = [] if below(english(folder_of(root)), "issues") else ["no issues"]
    for name, tree in modules(root).items():
        if "async_create_issue" in calls(tree):
            faults += without({"async_delete_issue"}, calls(tree), f"{name} calls")
    return faults + wording.messages(folder_of(root))


# Platinum


def async_client(root: Path) -> list[str]:
    """See that the client awaits, and that nothing that blocks is imported."""
    client = next(
        (n for n in ast.walk(module(root, "api")) if isinstance(n, ast.ClassDef) and n.name == "OpenApiClient"), None
    )
    public = [n for n in client.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))] if client else []
    faults = [f"{n.name} blocks" for n in public if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
    for name, tree in modules(root).items():
        for node in ast.walk(tree):
            imported = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            faults += [
                f"{name} imports {i}" for i in imported if i.split(".")[0] in {"requests", "urllib3", "httplib2"}
            ]
    return faults if public else ["no client"]


def websession(root: Path) -> list[str]:
    """See that the client is given Home Assistant's session, and that none makes another."""
    faults = defines("settings", called=["async_get_clientsession"])(root)
    made = [name for name, tree in modules(root).items() if "ClientSession" in calls(tree)]
    return faults + [f"{name} makes a session" for name in made]


def strict_typing(root: Path) -> list[str]:
    """Types are checked strictly; the entry's type is used everywhere."""
    settings = (root / "pyproject.toml").read_text(encoding="utf-8").partition("[tool.mypy]")[2].partition("[tool.")[0]
    faults = [] if re.search(r"^strict = true$", settings, re.MULTILINE) else ["types are not checked strictly"]
    if '"custom_components"' not in settings:
        faults.append("types of the integration are not checked")
    lint = (root / "scripts" / "lint").read_text(encoding="utf-8")
    if "mypy" not in lint:
        faults.append("nobody checks")
    for name in ("__init__", "diagnostics", *platforms(root)):
        for found in functions(module(root, name)).values():
            untyped = [
                a for a in found.args.args if a.arg == "entry" and ast.unparse(a.annotation or a) == "ConfigEntry"
            ]
            faults += [f"{name}.{found.name}: entry without its type" for _ in untyped]
    return faults


DONE: dict[str, Proof] = {
    "action-setup": action_setup,
    "appropriate-polling": appropriate_polling,
    "brands": brands,
    "common-modules": common_modules,
    "config-flow": config_flow,
    "config-flow-test-coverage": partial(covered, least=95, whole="config_flow.py"),
    "docs-actions": docs_actions,
    "docs-high-level-description": high_level,
    "docs-installation-instructions": documented("installation"),
    "docs-removal-instructions": documented("removal", "removing"),
    "entity-unique-id": unique_ids,
    "has-entity-name": entity_names,
    "runtime-data": runtime_data,
    "test-before-configure": test_before_configure,
    "test-before-setup": test_before_setup,
    "unique-config-entry": defines("config_flow", called=["async_set_unique_id", "_abort_if_unique_id_configured"]),
    "action-exceptions": action_exceptions,
    "config-entry-unloading": defines("__init__", "async_unload_entry", called=["async_unload_platforms"]),
    "docs-configuration-parameters": partial(labels, group="options"),
    "docs-installation-parameters": partial(labels, group="config"),
    "entity-unavailable": unavailable,
    "integration-owner": owner,
    "log-when-unavailable": log_once,
    "parallel-updates": parallel_updates,
    "reauthentication-flow": reauthentication,
    "test-coverage": partial(covered, least=95, whole=""),
    "devices": devices,
    "diagnostics": defines("diagnostics", "async_get_config_entry_diagnostics", "async_get_device_diagnostics"),
    "docs-data-update": documented("how it polls", "data updates"),
    "docs-examples": documented("examples"),
    "docs-known-limitations": documented("known limitations"),
    "docs-supported-devices": documented("supported devices"),
    "docs-supported-functions": documented("entities", "supported functions"),
    "docs-troubleshooting": documented("troubleshooting"),
    "docs-use-cases": documented("use cases", "energy dashboard"),
    "dynamic-devices": dynamic_devices,
    "entity-category": entity_category,
    "entity-device-class": device_class,
    "entity-disabled-by-default": disabled_by_default,
    "entity-translations": lambda root: wording.entities(folder_of(root)),
    "exception-translations": exception_translations,
    "icon-translations": icon_translations,
    "reconfiguration-flow": reconfiguration,
    "repair-issues": repair_issues,
    "stale-devices": stale_devices,
    "async-dependency": async_client,
    "inject-websession": websession,
    "strict-typing": strict_typing,
}
EXEMPT: dict[str, Proof] = {
    "dependency-transparency": no_requirements,
    "docs-conditions": absent("condition.py", "conditions.yaml"),
    "docs-triggers": absent("trigger.py", "triggers.yaml", "device_trigger.py"),
    "entity-event-setup": no_events,
    "discovery": no_discovery,
    "discovery-update-info": no_discovery,
}
