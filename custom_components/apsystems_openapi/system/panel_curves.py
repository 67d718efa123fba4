"""The curves of DC power of the last 30 days, packed: about 4 kB a panel.

A curve becomes text that JSON can hold: the difference of each slot to the last known one, in whole watts, as a number
of one to three bytes, compressed with a checksum. Each curve stands alone, so that a damaged one costs no other.

**Use.** `with_day` whenever the cloud has sent curves: those of other panels and days stay, so that the ECUs of a plant
may come one by one, and late. In the evening `parted` gives the days that leave, for `panels.judge` with the stored
memory, and those that stay, for `panels.judge` from there: both are mappings as it wants them, and unpack a day when it
is asked for. Write the memory that results from the days that leave (`panel_storage`) before, or together with, the
curves without them: a day that is judged twice changes nothing. All of this takes long and belongs into a thread.
"""

from base64 import b85decode, b85encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, override
import zlib

from .panel_readings import SLOTS, Curve, Panel

KEPT_DAYS: Final = 30
_MOST_W: Final = 0xFFFF
_LONGEST: Final = 3 * SLOTS  # bytes of a curve before it is compressed

type Packed = Mapping[date, Mapping[Panel, str]]


@dataclass(frozen=True)
class PanelCurves(Mapping[date, Mapping[Panel, Curve]]):
    """Curves by day and panel."""

    packed: Packed = field(default_factory=dict)

    @override
    def __getitem__(self, day: date) -> Mapping[Panel, Curve]:
        return {panel: unpack(text) for panel, text in self.packed[day].items()}

    @override
    def __iter__(self) -> Iterator[date]:
        return iter(self.packed)

    @override
    def __len__(self) -> int:
        return len(self.packed)

    def with_day(self, day: date, curves: Mapping[Panel, Curve]) -> PanelCurves:
        """Return the curves with those of a day; a curve that is not a day long is left out."""
        new = {panel: pack(curve) for panel, curve in curves.items() if len(curve) == SLOTS}
        return PanelCurves({**self.packed, day: {**self.packed.get(day, {}), **new}})

    def parted(self, today: date) -> tuple[PanelCurves, PanelCurves]:
        """Return the days that leave the store, and those that stay."""
        oldest = today - timedelta(days=KEPT_DAYS - 1)
        leaving = {day: curves for day, curves in self.packed.items() if day < oldest}
        staying = {day: curves for day, curves in self.packed.items() if day >= oldest}
        return PanelCurves(leaving), PanelCurves(staying)


def pack(curve: Curve) -> str:
    """Return a curve as text. A value that is no power from 0 to 65535 W becomes unknown."""
    numbers = bytearray()
    last = 0
    for value in curve:
        if value is None or not 0 <= value <= _MOST_W:
            numbers.append(0)
            continue
        change, last = round(value) - last, round(value)
        _append(numbers, 2 * change + 1 if change >= 0 else -2 * change)
    return b85encode(zlib.compress(numbers, 9)).decode()


def unpack(text: str) -> Curve:
    """Return a curve out of its text. Raises ValueError when it is damaged."""
    unzip = zlib.decompressobj()
    try:
        numbers = unzip.decompress(b85decode(text), _LONGEST)
    except zlib.error as error:
        raise ValueError("damaged") from error
    curve: list[float | None] = []
    last = 0
    for number in _numbers(numbers):
        last += number // 2 if number % 2 else -(number // 2)
        curve.append(last if number else None)
    if len(curve) != SLOTS or not unzip.eof:
        raise ValueError("not a day")
    return curve


def dump(curves: PanelCurves) -> dict[str, Any]:
    """Return the curves as what JSON can hold: by panel (`uid`-channel), then by day."""
    data: dict[str, Any] = {}
    for day, packed in curves.packed.items():
        for (uid, channel), text in packed.items():
            data.setdefault(f"{uid}-{channel}", {})[day.isoformat()] = text
    return data


def load(data: object) -> tuple[PanelCurves, tuple[str, ...]]:
    """Return the curves that were dumped, and the names of those that could not be read.

    Raises TypeError when it is no object at all.
    """
    if not isinstance(data, dict):
        raise TypeError(f"{type(data).__name__} is no dict")
    packed: dict[date, dict[Panel, str]] = {}
    unreadable: list[str] = []
    for number, (key, days) in enumerate(data.items(), start=1):
        try:
            panel = load_panel(key)
            texts = [*days.items()]
        except AttributeError, ValueError:
            unreadable.append(f"[{number}]")
            continue
        for day, text in texts:
            try:
                unpack(text)
                packed.setdefault(date.fromisoformat(day), {})[panel] = text
            except TypeError, ValueError:
                unreadable.append(f"[{number}].{day}")
    return PanelCurves(packed), tuple(unreadable)


def load_panel(key: str) -> Panel:
    """Return the panel of a key `uid`-channel. Raises ValueError for another key."""
    uid, channel = key.rsplit("-", 1)
    return uid, int(channel)


def _append(numbers: bytearray, number: int) -> None:
    while number >= 0x80:
        numbers.append(number & 0x7F | 0x80)
        number >>= 7
    numbers.append(number)


def _numbers(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0
