"""Texts for people, compared with the code that shows them, both ways.

Each function returns the faults that it finds in an integration's folder. The code is read by its syntax
tree, so that a made-up folder can prove each check; `step_fields` takes the fields of a form really shown.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
import re

from .packaging import Json, below, english, flatten, load

type Texts = dict[str, str]

TRANSLATION_GROUPS = {
    "config", "config_subentries", "device", "device_automation", "entity", "exceptions", "issues", "options",
    "selector", "services", "system_health", "title",
}  # fmt: skip
URL = re.compile(r"(\w+://|www\.)\w+([.-]\w+)*\.[a-z]{2,5}", re.IGNORECASE)
HTML = re.compile(r"<[a-z].*?>", re.IGNORECASE)
# Names that keep their capitals inside a sentence.
PROPER = re.compile(
    r"\b(App ID|App Secret|System ID|Home Assistant|Energy dashboard"
    r"|AC|APsystems|API|DC|ECU|EMA|L[123]|OpenAPI|SID|URL)\b"
)
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
NAMES = re.compile(
    r"(config|options)\.step\.\w+\.(title|data\.\w+)"
    r"|entity\.\w+\.\w+\.(name|state\.\w+)"
    r"|services\.\w+\.(name|fields\.\w+\.name)"
)

# What Home Assistant's own helpers abort with, by the helper that a flow calls.
HELPER_ABORTS = {
    "_abort_if_unique_id_configured": "already_configured",
    "_async_abort_entries_match": "already_configured",
    "_abort_if_unique_id_mismatch": "unique_id_mismatch",
}


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return set(PLACEHOLDER.findall(text))


def texts(folder: Path) -> list[str]:
    """Check every text as hassfest does, in all languages, and each language against English."""
    reference = dict(flatten(english(folder)))
    faults = [f"unknown group {key}" for key in sorted(english(folder).keys() - TRANSLATION_GROUPS)]
    if not reference:
        faults.append("there are no English texts")
    if (folder / "strings.json").exists():
        faults.append("strings.json is for Home Assistant's own integrations")
    for file in sorted((folder / "translations").glob("*.json")):
        for path, text in flatten(load(file)):
            faults += [f"{file.stem}: {path} {fault}" for fault in text_faults(text)]
            if path not in reference:
                faults.append(f"{file.stem}: {path} is not in English")
            elif placeholders(text) != placeholders(reference[path]):
                faults.append(f"{file.stem}: {path} has other placeholders than English")
    return faults


def text_faults(text: str) -> Iterator[str]:
    """Yield what hassfest would refuse in one text."""
    if not text or text != text.strip():
        yield "is empty or has blanks around it"
    if URL.search(text):
        yield "has an address, which belongs into a placeholder"
    if HTML.search(text):
        yield "has HTML"
    if re.search(r"'\{\w+\}'", text):
        yield "has a placeholder in single quotes"
    if re.search(r"[{}]", PLACEHOLDER.sub("", text)):
        yield "has a brace that is of no placeholder"
    if "[%" in text:
        yield "refers to another text, which custom integrations cannot"


def sentence_case(folder: Path) -> list[str]:
    """Check that names begin with a capital, and have no other but those of proper names."""
    return [
        f"{path}: {text!r} is not in sentence case"
        for path, text in flatten(english(folder))
        if NAMES.fullmatch(path) and not is_sentence_case(text)
    ]


def is_sentence_case(text: str) -> bool:
    """Tell whether only the first word and proper names have capitals."""
    rest = PROPER.sub("", PLACEHOLDER.sub("", text))
    return (text[:1].isupper() or text.startswith("{")) and not re.search(r"(?<!^)[A-Z]", rest)


def trees(folder: Path) -> dict[str, ast.Module]:
    """Parse the integration's modules, by name."""
    return {file.stem: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.py"))}


def literal(node: ast.AST | None, constants: Texts) -> str | None:
    """Return a text that is written out, or a constant of the integration that stands for one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return constants.get(node.id) if isinstance(node, ast.Name) else None


def constants_of(modules: dict[str, ast.Module]) -> Texts:
    """Collect `NAME = "text"` and `NAME: Final = "text"` of all modules."""
    found: Texts = {}
    for tree in modules.values():
        for node in tree.body:
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            if isinstance(target, ast.Name) and (text := literal(getattr(node, "value", None), {})):
                found[target.id] = text
    return found


def called(node: ast.Call) -> str:
    """Return the last part of a called name."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def keyword(node: ast.Call, name: str) -> ast.expr | None:
    """Return the value of a keyword argument."""
    return next((item.value for item in node.keywords if item.arg == name), None)


def calls_in(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield every call."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def literals_in(tree: ast.AST, constants: Texts) -> set[str]:
    """Collect the words that the code writes out, also as part of a dotted path."""
    found = {text for node in ast.walk(tree) if (text := literal(node, constants))}
    return found | {part for text in found for part in text.split(".")}


def entities(folder: Path) -> list[str]:
    """Check entity names and icons against the `translation_key`s of the platforms, both ways."""
    modules = trees(folder)
    constants = constants_of(modules)
    named, icons = below(english(folder), "entity"), below(load(folder / "icons.json"), "entity")
    faults = [f"{name} is no platform here" for name in sorted({*named, *icons} - modules.keys())]
    for platform, used in platform_keys(modules, constants).items():
        texts_of, icons_of = below(named, platform), below(icons, platform)
        faults += [f"entity.{platform}.{key} has no name" for key in sorted(used)
                   if not below(texts_of, key).get("name")]  # fmt: skip
        faults += [f"entity.{platform}.{key} is not used" for key in sorted(texts_of.keys() - used)]
        faults += [f"icon of {platform}.{key} is for no entity" for key in sorted(icons_of.keys() - used)]
    faults += [f"icon {path}: {text} is no mdi: icon" for path, text in flatten(load(folder / "icons.json"))
               if not re.fullmatch(r"mdi:[a-z0-9-]+", text)]  # fmt: skip
    return faults


def platform_keys(modules: dict[str, ast.Module], constants: Texts) -> dict[str, set[str]]:
    """Collect the translation keys of each platform: keyword arguments, and attributes of entity classes.

    Tables may stand in modules of their own, named after the platform: `inverter_sensors` is the sensors'.
    """
    found: dict[str, set[str]] = {}
    for platform in ("binary_sensor", "button", "number", "select", "sensor", "switch"):
        if platform not in modules:
            continue
        nodes = [
            node
            for name, tree in modules.items()
            if name == platform or name.endswith(f"_{platform}s")
            for node in ast.walk(tree)
        ]
        keys = {
            literal(keyword(node, "translation_key"), constants)
            for node in nodes
            if isinstance(node, ast.Call) and keyword(node, "translation_domain") is None
        }
        keys |= {
            literal(node.value, constants)
            for node in nodes
            if isinstance(node, ast.Assign)
            and any(getattr(t, "attr", getattr(t, "id", "")) == "_attr_translation_key" for t in node.targets)
        }
        found[platform] = {key for key in keys if key}
    return found


def messages(folder: Path) -> list[str]:
    """Check the texts of exceptions and issues against the code: each that is used, and none besides."""
    modules = trees(folder)
    constants = constants_of(modules)
    words = {word for tree in modules.values() for word in literals_in(tree, constants)}
    used, faults = [], []
    for module, tree in modules.items():
        values = values_of(modules) | values_of({module: tree})
        for call in calls_in(tree):
            if called(call) == "async_create_issue":
                group = "issues"
            elif keyword(call, "translation_domain"):
                group = "exceptions"
            else:
                continue
            for pattern in patterns(keyword(call, "translation_key"), values):
                used.append((group, pattern))
                entries = below(english(folder), group)
                found = message_faults(call, pattern, entries, constants)
                faults += [f"{module}: {group}.{pattern} {fault}" for fault in found]
    return faults + [
        f"{group}.{key} is not used"
        for group in ("exceptions", "issues")
        for key in below(english(folder), group)
        if key not in words and not any(group == its and re.fullmatch(form, key) for its, form in used)
    ]


def values_of(modules: dict[str, ast.Module]) -> dict[str, ast.expr]:
    """Return what is assigned to names, anywhere in the integration; where it is several things, the last."""
    found: dict[str, ast.expr] = {}
    for node in (node for tree in modules.values() for node in ast.walk(tree)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
    return found


def patterns(node: ast.expr | None, values: dict[str, ast.expr], depth: int = 3) -> Iterator[str]:
    """Yield the keys that an expression can stand for; a part known only at run time fits any word."""
    if depth == 0:
        return
    match node:
        case ast.Constant(value=str() as text):
            yield re.escape(text)
        case ast.JoinedStr(values=parts):
            yield "".join(re.escape(p.value) if isinstance(p, ast.Constant) else r"\w+" for p in parts)
        case ast.IfExp(body=first, orelse=second):
            yield from patterns(first, values, depth)
            yield from patterns(second, values, depth)
        case ast.Dict(values=entries):
            for text in sorted({key for entry in entries for key in patterns(entry, values, depth)}):
                yield text
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=args):
            yield from patterns(values.get(name), values, depth - 1)
            for default in args[1:]:
                yield from patterns(default, values, depth)
        case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)):
            yield from patterns(values.get(name), values, depth - 1)


def message_faults(call: ast.Call, pattern: str, entries: dict[str, Json], constants: Texts) -> Iterator[str]:
    """Yield what is wrong between the messages that a call can show and what it gives them."""
    shown = {key: entry for key, entry in entries.items() if re.fullmatch(pattern, key)}
    if not shown:
        yield "has no text"
    given = keyword(call, "translation_placeholders")
    if not (given is None or isinstance(given, ast.Dict)):
        return
    names = {literal(name, constants) for name in given.keys} if given else set()
    for key, entry in shown.items():
        wanted = {name for _, text in flatten(entry) for name in placeholders(text)}
        if wanted - names or (key == pattern and names - wanted):
            yield f"takes the placeholders {sorted(wanted)}"


def flow_keys(folder: Path) -> list[str]:
    """Check the flows' steps, errors and aborts against `config_flow.py`, both ways."""
    modules = trees(folder)
    tree = modules.get("config_flow", ast.Module([], []))
    constants = constants_of(modules)
    words = literals_in(tree, constants) | step_methods(tree)
    flows = below(english(folder), "config"), below(english(folder), "options")
    used = {
        "step": {step for call in calls_in(tree) if (step := literal(keyword(call, "step_id"), constants))},
        "error": set(errors_in(tree, values_of(modules) | values_of({"": tree}))),
        "abort": set(aborts_in(tree, constants)),
    }
    faults = []
    for group, keys in used.items():
        texts_of = {key for flow in flows for key in below(flow, group)}
        faults += [f"{group} {key} has no text" for key in sorted(keys - texts_of)]
        faults += [f"{group} {key} is not used" for key in sorted(texts_of - keys - words)]
    for step, entry in (item for flow in flows for item in below(flow, "step").items()):
        odd = below(entry, "data").keys() ^ below(entry, "data_description").keys()
        faults += [f"step {step}: {key} needs a label and a help text" for key in sorted(odd)]
    return faults


def step_methods(tree: ast.Module) -> set[str]:
    """Return the steps that the flow has methods for."""
    names = (node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef))
    return {name.removeprefix("async_step_") for name in names if name.startswith("async_step_")}


def aborts_in(tree: ast.Module, constants: Texts) -> Iterator[str]:
    """Yield the reasons that the flow, or a helper that it calls, aborts with."""
    for call in calls_in(tree):
        reason = call.args[0] if called(call) == "AbortFlow" and call.args else keyword(call, "reason")
        if text := literal(reason, constants):
            yield text
        elif called(call) in HELPER_ABORTS:
            yield HELPER_ABORTS[called(call)]
        elif called(call) in {"async_update_reload_and_abort", "async_update_and_abort"}:
            yield from (f"{step}_successful" for step in {"reauth", "reconfigure"} & step_methods(tree))


def errors_in(tree: ast.Module, values: dict[str, ast.expr]) -> Iterator[str]:
    """Yield the errors that the flow shows: set or returned by field, from tables, from functions."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id="errors"))], value=value):
                yield from patterns(value, values)
            case ast.Return(value=ast.Dict(values=[value])):
                yield from patterns(value, values)
            case ast.Dict(keys=[ast.Constant(value="base")], values=[value]):
                yield from patterns(value, values)
            case ast.FunctionDef(name=name) if "error" in name:
                for part in ast.walk(node):
                    yield from patterns(part.value, values) if isinstance(part, ast.Return) else ()


def step_fields(step: dict[str, Json], fields: set[str]) -> list[str]:
    """Check the labels and help texts of a step against the fields that its form really has."""
    faults = []
    for group in ("data", "data_description"):
        faults += [f"{field} is not in {group}" for field in sorted(fields - below(step, group).keys())]
        faults += [f"{field} in {group} is no field" for field in sorted(below(step, group).keys() - fields)]
    return faults
