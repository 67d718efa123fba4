"""Texts for people and the code, compared in both directions. Each check takes a project folder, returns its faults."""

import ast
from collections.abc import Iterator
from pathlib import Path
import re

from tests.lint.files import FOLDER, read
from tests.texts import PLACEHOLDER, below, english, flatten, load, placeholders

URL = re.compile(r"(\w+://|www\.)\w+([.-]\w+)*\.[a-z]{2,5}", re.IGNORECASE)
HTML = re.compile(r"<[a-z].*?>", re.IGNORECASE)
# Names that keep their capitals inside a sentence.
PROPER = re.compile(
    r"\b(App ID|App secret|System ID|Home Assistant|Energy dashboard|AC|APsystems|API|DC|ECU|EMA|ID|L[123]|OpenAPI|SID"
    r"|URL)\b"
)
NAMES = re.compile(
    r"(config|options)\.step\.\w+\.(title|data\.\w+)|entity\.\w+\.\w+\.(name|state\.\w+)"
    r"|services\.\w+\.(name|fields\.\w+\.name)|issues\.\w+\.title"
)
FLOWS = ("config_flow.py", "options_flow.py")
# What Home Assistant's own methods abort with.
HELPER_ABORTS = {"already_configured", "unique_id_mismatch", "reauth_successful", "reconfigure_successful"}


def single_texts(root: Path) -> list[str]:
    """Check each text in every language as hassfest does, and each language against English."""
    faults, reference = [], dict(flatten(english(root / FOLDER)))
    for path in sorted((root / FOLDER / "translations").glob("*.json")):
        for key, text in flatten(load(path)):
            wrong = {
                "an address": URL.search(text),
                "HTML": HTML.search(text),
                "a quoted placeholder": re.search(r"'\{\w+\}'", text),
                "a single brace": re.search(r"[{}]", PLACEHOLDER.sub("", text)),
                "a reference": "[%" in text,
                "no English text": key not in reference,
                "other placeholders than English": placeholders(text) != placeholders(reference.get(key, text)),
            }
            faults += [f"{path.stem}: {key} has {fault}" for fault, found in wrong.items() if found]
    return faults


def sentence_case(root: Path) -> list[str]:
    """Check that names begin with a capital letter and have no other one but in proper names."""
    return [
        f"{key}: {text!r} is not in sentence case"
        for key, text in flatten(english(root / FOLDER))
        if NAMES.fullmatch(key)
        and (not re.match(r"[A-Z{]", text) or re.search(r"(?<!^)[A-Z]", PROPER.sub("", PLACEHOLDER.sub("", text))))
    ]


def labels(root: Path) -> list[str]:
    """Check that every field of a form has a label and a help text."""
    steps = [
        (group, *step)
        for group in ("config", "options")
        for step in below(english(root / FOLDER), group, "step").items()
    ]
    return [
        f"{group}.{name}: {sorted(odd)} need a label and a help text"
        for group, name, step in steps
        if (odd := below(step, "data").keys() ^ below(step, "data_description").keys())
    ]


def trees(root: Path) -> list[ast.Module]:
    """Parse the integration's modules."""
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((root / FOLDER).rglob("*.py"))]


def patterns(node: ast.AST | None) -> Iterator[str]:
    """Yield the texts that an expression writes out; a part that is known only at run time matches any word."""
    match node:
        case ast.Constant(value=str() as text):
            yield re.escape(text)
        case ast.JoinedStr(values=parts):
            yield "".join(re.escape(str(p.value)) if isinstance(p, ast.Constant) else r"\w+" for p in parts)
        case ast.IfExp(body=first, orelse=second):
            yield from patterns(first)
            yield from patterns(second)


def written(root: Path) -> set[str]:
    """Return every text in the code, as a pattern with some fixed letters, and the parts of those with dots."""
    whole = {pattern for tree in trees(root) for node in ast.walk(tree) for pattern in patterns(node)}
    parts = {part for text in whole for part in (text, *text.split(r"\."))}
    return {part for part in parts if len(part.replace(r"\w+", "")) > 3}


def unused(root: Path) -> list[str]:
    """Check that every text of an exception, issue, error, abort and step is used by the code."""
    texts, code = english(root / FOLDER), written(root)
    simple = {pattern for pattern in code if r"\w+" not in pattern}
    wild = [re.compile(pattern) for pattern in code - simple]
    groups = [
        ("exceptions",),
        ("issues",),
        *((flow, kind) for flow in ("config", "options") for kind in ("error", "abort")),
    ]
    keys = {".".join((*group, key)): key for group in groups for key in below(texts, *group)}
    steps = {name.removeprefix("async_step_") for tree in trees(root) for node in ast.walk(tree)
             if isinstance(node, ast.AsyncFunctionDef) and (name := node.name).startswith("async_step_")}  # fmt: skip
    keys = {path: key for path, key in keys.items() if key not in HELPER_ABORTS and key not in simple}
    faults = [f"{path} is not used" for path, key in keys.items() if not any(p.fullmatch(key) for p in wild)]
    for flow in ("config", "options"):
        faults += [f"{flow}.step.{step} is not used" for step in below(texts, flow, "step") if step not in steps]
    return faults


def untranslated(root: Path) -> list[str]:
    """Check that every translation key that the code writes out has a text, with the placeholders that it passes."""
    texts = english(root / FOLDER)
    groups = {group: below(texts, group) for group in ("exceptions", "issues")}
    entity_keys = {key for platform in below(texts, "entity").values() for key in below(platform)}
    entity_keys |= {*below(texts, "device"), *below(texts, "selector")}
    faults = []
    for call in (node for tree in trees(root) for node in ast.walk(tree) if isinstance(node, ast.Call)):
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        is_issue = isinstance(call.func, ast.Attribute) and call.func.attr == "async_create_issue"
        group = "issues" if is_issue else "exceptions" if "translation_domain" in given else "entity"
        for pattern in patterns(given.get("translation_key")):
            found = [key for key in (entity_keys if group == "entity" else groups[group]) if re.fullmatch(pattern, key)]
            faults += [] if found else [f"{group}.{pattern} has no text"]
            passed = given.get("translation_placeholders")
            if group != "entity" and found == [pattern] and isinstance(passed, ast.Dict | None):
                names = {str(getattr(key, "value", "")) for key in passed.keys} if passed else set()
                wanted = {name for _, text in flatten(groups[group][pattern]) for name in placeholders(text)}
                faults += [] if wanted == names else [f"{group}.{pattern} needs the placeholders {sorted(wanted)}"]
    return faults


def named(fields: list[ast.expr | None], errors: list[ast.expr]) -> Iterator[str]:
    """Yield the errors in a dictionary: the texts at `base`, and at fields, whose names are constants."""
    for field, error in zip(fields, errors, strict=True):
        match field, error:
            case ast.Constant(value="base") | ast.Name(), ast.Constant(value=str() as text):
                yield text


def flow_texts(root: Path) -> list[str]:
    """Check that every step and error of the flows that the code writes out has a text."""
    texts = english(root / FOLDER)
    known = {
        kind: {key for flow in ("config", "options") for key in below(texts, flow, kind)} for kind in ("step", "error")
    }
    faults = []
    flows = [ast.parse((root / FOLDER / name).read_text(encoding="utf-8")) for name in FLOWS]
    for node in (node for tree in flows for node in ast.walk(tree)):
        match node:
            case ast.Dict(keys=fields, values=errors):
                faults += [
                    f"error {error} has no text" for error in named(fields, errors) if error not in known["error"]
                ]
            case ast.keyword(arg="step_id", value=ast.Constant(value=str() as step)):
                faults += [] if step in known["step"] else [f"step {step} has no text"]
    return faults


def readme(root: Path) -> list[str]:
    """Check that the README explains every label and every action."""
    text = (root / "README.md").read_text(encoding="utf-8").casefold()
    wanted = {label for key, label in flatten(english(root / FOLDER)) if re.match(r"(config|options)\..*\.data\.", key)}
    wanted |= {f"{FOLDER.name}.{name}" for name in read(root / FOLDER / "services.yaml")}
    return [f"README: nothing on {each}" for each in sorted(wanted) if each.casefold() not in text]


CHECKS = (single_texts, sentence_case, labels, unused, untranslated, flow_texts, readme)
