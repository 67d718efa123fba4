"""Answers of the cloud, as files, and strategies for what is almost one."""

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

FIXTURES = Path(__file__).parent / "fixtures"


def answer(name: str) -> Any:  # noqa: ANN401 -- JSON is of any type
    """Return a whole answer."""
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
        ["", " 5 ", "-0.00", "-1", "NaN", "Infinity", "1e999", "9" * 400, "1e300", "12,5", "0x10", 10**400]
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
    """Draw a sample in which some members are replaced, doubled or gone; of long lists the beginning is enough."""
    value = _shortened(copy.deepcopy(data(name)))
    for _ in range(draw(st.integers(1, 4))):
        holders = [holder for holder in _holders(value) if holder]
        if not holders:
            return draw(JSON)
        holder = draw(st.sampled_from(holders))
        place = draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
        match draw(st.sampled_from(["replace", "double", "delete"])):
            case "replace":
                holder[place] = draw(JSON)
            case "double" if isinstance(holder, list):
                holder.append(holder[place])
            case "double":
                holder[draw(KEYS)] = holder[place]
            case _:
                del holder[place]
    return value


def _shortened(value: Any) -> Any:  # noqa: ANN401
    match value:
        case dict():
            return {key: _shortened(item) for key, item in value.items()}
        case list():
            return [_shortened(item) for item in value[:8]]
        case _:
            return value


def _holders(value: Any) -> list[Any]:  # noqa: ANN401
    match value:
        case dict():
            return [value, *(holder for item in value.values() for holder in _holders(item))]
        case list():
            return [value, *(holder for item in value for holder in _holders(item))]
        case _:
            return []
