"""Recorded answers of the cloud, and hypothesis strategies for answers that are almost valid."""

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

FIXTURES = Path(__file__).parent / "fixtures"


def answer(name: str) -> Any:  # noqa: ANN401 -- JSON is of any type
    """Return a whole answer: code and data."""
    return json.loads((FIXTURES / f"{name}.json").read_text())


def data(name: str) -> Any:  # noqa: ANN401
    """Return the data of an answer."""
    return answer(name)["data"]


NUMBERS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(
        ["", " 5 ", "0", "-0.00", "-1", "NaN", "Infinity", "1e999", "9" * 400, "1e300", "12,5", "0x10", 10**400]
    )
)
KEYS = st.sampled_from(
    (
        "sid eid uid ecu inverter type timezone light create_date capacity today lifetime t time power energy "
        "dc_p1 dc_v2 dc_i4 ac_p ac_p1 ac_p3 ac_v2 ac_f ac_t 703000000011-1 x-9 -1 1-" + "9" * 5000
    ).split()
)
LABELS = st.sampled_from(["06:05", "6:05", "00:00", "23:59", "24:00", "12:60", "1٣:00", "06:05 ", "noon"])
JSON = st.recursive(
    NUMBERS | LABELS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=6),
    max_leaves=25,
)


@st.composite
def mutations(draw: st.DrawFn, name: str) -> Any:  # noqa: ANN401
    """Draw a recorded answer with some members replaced, duplicated or deleted; long lists are cut to 8 members."""
    value = _shortened(copy.deepcopy(data(name)))
    for _ in range(draw(st.integers(1, 4))):
        containers = [container for container in _containers(value) if container]
        if not containers:
            return draw(JSON)
        container = draw(st.sampled_from(containers))
        place = draw(st.sampled_from(list(container) if isinstance(container, dict) else range(len(container))))
        match draw(st.sampled_from(["replace", "duplicate", "delete"])):
            case "replace":
                container[place] = draw(JSON)
            case "duplicate" if isinstance(container, list):
                container.append(container[place])
            case "duplicate":
                container[draw(KEYS)] = container[place]
            case _:
                del container[place]
    return value


def _shortened(value: Any) -> Any:  # noqa: ANN401
    match value:
        case dict():
            return {key: _shortened(item) for key, item in value.items()}
        case list():
            return [_shortened(item) for item in value[:8]]
        case _:
            return value


def _containers(value: Any) -> list[Any]:  # noqa: ANN401
    """Return every object and list of a value, from the outside in."""
    match value:
        case dict():
            return [value, *(container for item in value.values() for container in _containers(item))]
        case list():
            return [value, *(container for item in value for container in _containers(item))]
        case _:
            return []
