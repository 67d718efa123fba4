"""Faults to order: what can go wrong between here and the cloud, and in the cloud itself."""

from dataclasses import dataclass, replace
from enum import StrEnum
import re

from .wire import Json, Kind, Level


class FaultKind(StrEnum):
    """What goes wrong."""

    CODE = "code"
    """HTTP 200 with the response code `code`."""
    STATUS = "status"
    """The HTTP status `status`, with a page of HTML."""
    TIMEOUT = "timeout"
    """No answer until the client hangs up."""
    SLOW = "slow"
    """The right answer, after `delay_s` seconds."""
    HALF_BODY = "half"
    """A body shorter than announced, then the end of the connection."""
    RESET = "reset"
    """The connection ends without an answer."""
    REDIRECT = "redirect"
    """HTTP 302 to `location`."""
    NOT_JSON = "notjson"
    """HTTP 200 with a page of HTML."""
    BODY = "body"
    """HTTP 200 with the text `body`."""
    HUGE = "huge"
    """HTTP 200 with more than 2 MB."""
    SWAPPED = "swapped"
    """Code 0, with a dict for a list and a list for a dict."""
    NULL_DATA = "null"
    """Code 0, with null for data."""
    STRING_DATA = "string"
    """Code 0, with a string for data."""
    NUMBER_DATA = "number"
    """Code 0, with a number for data."""
    EMPTY_DATA = "empty"
    """Code 0, with an empty list or dict for data."""
    NULLS = "nulls"
    """The right answer, with null for every number."""
    NONSENSE = "nonsense"
    """The right answer, with `value` for every number."""
    RAGGED = "ragged"
    """The right answer, but lists of numbers lose their last entry and hold a null and an empty string."""
    LIFETIME_BACK = "lifetimeback"
    """The right answer, with `kwh` taken from every lifetime."""


MADE_UP = frozenset(
    {
        FaultKind.SWAPPED,
        FaultKind.NULL_DATA,
        FaultKind.STRING_DATA,
        FaultKind.NUMBER_DATA,
        FaultKind.EMPTY_DATA,
    }
)
"""Faults whose data has nothing to do with the right answer."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault: `on` which call (None: every one), at which `level`, for which `target` (sid, eid or uid).

    `times`: how often it strikes (None: until cleared). The rest is what its kind needs.
    """

    kind: FaultKind
    on: Kind | None = None
    level: Level | None = None
    target: str | None = None
    times: int | None = None
    code: int = 5000
    status: int = 500
    delay_s: float = 1.0
    body: str = ""
    value: str = "NaN"
    kwh: float = 100.0
    location: str = "http://elsewhere.invalid/"

    def hits(self, kind: Kind | None, level: str | None, target: str | None) -> bool:
        """Whether the fault is for such a call."""
        return (
            self.on in (None, kind)
            and (self.level is None or self.level == level)
            and self.target in (None, target)
            and self.times != 0
        )

    def once_less(self) -> Fault:
        """Return the fault after it has struck."""
        return self if self.times is None else replace(self, times=self.times - 1)


def parse_fault(spec: str) -> Fault:
    """Read a fault from a word: [call[/level]:]what[xTIMES].

    `what` is a response code (2005), http and a status (http502), or a kind, some with a value: timeout,
    slow=3, half, reset, redirect=http://..., notjson, body=..., huge, swapped, null, string, number, empty,
    nulls, nonsense=-5, ragged, lifetimeback=12.5. Raises ValueError.
    """
    where, colon, what = spec.partition(":")
    if not colon or (where.partition("/")[0] not in set(Kind)):
        where, what = "", spec
    name, _, level = where.partition("/")
    head, x, times = what.rpartition("x")
    if x and times.isdecimal():
        what = head
    fault = Fault(
        kind=FaultKind.CODE,
        on=Kind(name) if name else None,
        level=Level(level) if level else None,
        times=int(times) if x and times.isdecimal() else None,
    )
    if what.isdecimal():
        return replace(fault, code=int(what))
    if what.startswith("http") and what[4:].isdecimal():
        return replace(fault, kind=FaultKind.STATUS, status=int(what[4:]))
    word, equals, value = what.partition("=")
    fault = replace(fault, kind=FaultKind(word))
    return _with_value(fault, value) if equals else fault


def _with_value(fault: Fault, value: str) -> Fault:
    match fault.kind:
        case FaultKind.SLOW:
            return replace(fault, delay_s=float(value))
        case FaultKind.LIFETIME_BACK:
            return replace(fault, kwh=float(value))
        case FaultKind.NONSENSE:
            return replace(fault, value=value)
        case FaultKind.BODY:
            return replace(fault, body=value)
        case FaultKind.REDIRECT:
            return replace(fault, location=value)
        case _:
            raise ValueError(f"{fault.kind} takes no value")


def made_up(fault: Fault, *, is_list: bool) -> Json:
    """Return the data of a fault of `MADE_UP`; `is_list`: whether the right answer is a list."""
    match fault.kind:
        case FaultKind.SWAPPED:
            return {"data": "0.00"} if is_list else ["0.00"]
        case FaultKind.STRING_DATA:
            return "success"
        case FaultKind.NUMBER_DATA:
            return 42
        case FaultKind.EMPTY_DATA:
            return [] if is_list else {}
        case _:
            return None


def spoil(fault: Fault, data: Json) -> Json:
    """Return the right data, made wrong in the way of the fault."""
    match fault.kind:
        case FaultKind.NULLS:
            return _numbers(data, None)
        case FaultKind.NONSENSE:
            return _numbers(data, fault.value)
        case FaultKind.RAGGED:
            return _ragged(data)
        case FaultKind.LIFETIME_BACK:
            return _back(data, fault.kwh)
        case _:
            return data


_NUMBER = re.compile(r"-?\d{1,11}(\.\d+)?")
"""Ids are longer, dates and times have other signs in them."""

_OF_A_PANEL = re.compile(r"(.+-\d+)-\d+\.\d+")


def _is_number(value: Json) -> bool:
    return _NUMBER.fullmatch(value) is not None if isinstance(value, str) else isinstance(value, int | float)


def _numbers(data: Json, value: str | None) -> Json:
    match data:
        case dict():
            return {key: item if key == "time" else _numbers(item, value) for key, item in data.items()}
        case list():
            return [_numbers(item, value) for item in data]
        case str() if panel := _OF_A_PANEL.fullmatch(data):
            return f"{panel[1]}-{'' if value is None else value}"
        case _:
            return value if _is_number(data) else data


def _ragged(data: Json) -> Json:
    match data:
        case dict():
            return {key: _ragged(item) for key, item in data.items()}
        case [_, _, *rest, _] if all(_is_number(item) for item in data):
            return [None, "", *rest]
        case _:
            return data


def _back(data: Json, kwh: float) -> Json:
    if not isinstance(data, dict):
        return data
    match data.get("lifetime"):
        case str() as lifetime:
            return {**data, "lifetime": f"{float(lifetime) - kwh:.2f}"}
        case dict() as block:
            less: Json = {name: f"{float(str(text)) - kwh:.6f}" for name, text in block.items()}
            return {**data, "lifetime": less}
        case _:
            return data


PAGE = "<html><head><title>Error</title></head><body><h1>It is not working</h1></body></html>"
"""What a proxy in front of the cloud shows."""

HUGE = '{"code": 0, "data": [' + '"0.00", ' * 300_000 + '"0.00"]}'
"""More than 2 MB of JSON."""
