"""Faults to order: errors of the network, and of the cloud itself."""

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
    """No answer until the client closes the connection."""
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
    """The right answer, but lists of numbers lack their last entry and contain a null and an empty string."""
    LIFETIME_BACK = "lifetimeback"
    """The right answer, with `kwh` less in every lifetime (negative: more). `times` counts answers with a lifetime."""


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

_WITH_LIFETIME = frozenset({Kind.SUMMARY, Kind.ECU_SUMMARY, Kind.METER_SUMMARY, Kind.STORAGE_SUMMARY})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault: which calls it hits, and how often.

    The fields from `code` on are values for the kinds that name them.
    """

    kind: FaultKind
    on: Kind | None = None
    """Calls it hits; None: all."""
    level: Level | None = None
    """`energy_level` of the calls it hits; None: all."""
    target: str | None = None
    """The sid, eid or uid it hits; None: all."""
    times: int | None = None
    """How many calls in a row it hits; None: all until it is cleared."""
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
            and (not self._counts_lifetimes or kind in _WITH_LIFETIME)
        )

    @property
    def _counts_lifetimes(self) -> bool:
        return self.kind is FaultKind.LIFETIME_BACK and self.on is None and self.times is not None

    def after_hit(self) -> Fault:
        """Return the fault after it has hit a call."""
        return self if self.times is None else replace(self, times=self.times - 1)


def parse_fault(spec: str) -> Fault:
    """Read a fault from a word: [call[/level]:]what[xTIMES].

    `what` is a response code (2005), http and a status (http502), or a kind, some with a value: timeout,
    slow=3, half, reset, redirect=http://..., notjson, body=..., huge, swapped, null, string, number, empty,
    nulls, nonsense=-5, ragged, lifetimeback=12.5, lifetimeahead=500. Raises ValueError.
    """
    where, colon, what = spec.partition(":")
    if not colon or (where.partition("/")[0] not in set(Kind)):
        where, what = "", spec
    name, _, level = where.partition("/")
    what, times = _times(what)
    return replace(_what(what), on=Kind(name) if name else None, level=Level(level) if level else None, times=times)


def _times(text: str) -> tuple[str, int | None]:
    head, x, times = text.rpartition("x")
    return (head, int(times)) if x and times.isdecimal() else (text, None)


def _what(text: str) -> Fault:
    if text.isdecimal():
        return Fault(kind=FaultKind.CODE, code=int(text))
    if text.startswith("http") and text[4:].isdecimal():
        return Fault(kind=FaultKind.STATUS, status=int(text[4:]))
    word, equals, value = text.partition("=")
    if word == "lifetimeahead":
        return Fault(kind=FaultKind.LIFETIME_BACK, kwh=-float(value))
    fault = Fault(kind=FaultKind(word))
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
    """Return the data of a fault in `MADE_UP`; `is_list`: whether the right answer is a list."""
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
    """Return the right data with the errors of the fault."""
    match fault.kind:
        case FaultKind.NULLS:
            return _numbers(data, None)
        case FaultKind.NONSENSE:
            return _numbers(data, fault.value)
        case FaultKind.RAGGED:
            return _ragged(data)
        case FaultKind.LIFETIME_BACK:
            return _lifetime_back(data, fault.kwh)
        case _:
            return data


_NUMBER = re.compile(r"-?\d{1,11}(\.\d+)?")
"""Ids are longer; dates and times contain other characters."""

_BATCH_ENTRY = re.compile(r"(.+-\d+)-\d+\.\d+")
"""uid-channel-kWh."""


def _is_number(value: Json) -> bool:
    return _NUMBER.fullmatch(value) is not None if isinstance(value, str) else isinstance(value, int | float)


def _numbers(data: Json, value: str | None) -> Json:
    match data:
        case dict():
            return {key: item if key == "time" else _numbers(item, value) for key, item in data.items()}
        case list():
            return [_numbers(item, value) for item in data]
        case str() if entry := _BATCH_ENTRY.fullmatch(data):
            return f"{entry[1]}-{'' if value is None else value}"
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


def _lifetime_back(data: Json, kwh: float) -> Json:
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
"""The page of a proxy in front of the cloud."""

HUGE = '{"code": 0, "data": [' + '"0.00", ' * 300_000 + '"0.00"]}'
"""More than 2 MB of JSON."""
