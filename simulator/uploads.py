"""When an ECU uploads its readings, and when the cloud serves them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from math import ceil, inf
from zlib import crc32

from .weather import SLOT_S, chance


@dataclass(frozen=True, kw_only=True)
class Uploads:
    """How the readings of an ECU reach the cloud. Raises ValueError for values that do not fit together."""

    every_minutes: int = 15
    """Minutes from one upload to the next."""
    phase_minutes: int = 0
    """Uploads are made so many minutes after the multiples of `every_minutes` since the epoch (UTC)."""
    jitter_minutes: int = 0
    """Each upload is up to so many minutes early or late, by the plant's seed; less than half of `every_minutes`."""
    delay_minutes: int = 0
    """Minutes from an upload until the cloud serves it."""
    phase_jumps: tuple[tuple[datetime, int], ...] = ()
    """(time, phase in minutes), in order of time: restarts of the ECU, each with the phase from then on."""
    failures: tuple[tuple[datetime, datetime], ...] = ()
    """(start, end): uploads in [start, end) fail; the next one also brings their readings."""
    clock_ahead_minutes: int = 0
    """How far the ECU's clock is ahead, and so its labels; negative when it is slow. A multiple of 5."""

    def __post_init__(self) -> None:
        if self.every_minutes <= 0 or not 0 <= 2 * self.jitter_minutes < self.every_minutes or self.delay_minutes < 0:
            raise ValueError("uploads need a positive interval, a jitter below half of it, and no negative delay")
        if self.clock_ahead_minutes * 60 % SLOT_S:
            raise ValueError("an ECU's clock is wrong by a multiple of 5 minutes")

    @property
    def shift(self) -> int:
        """How many slots the labels are ahead of the true time."""
        return self.clock_ahead_minutes * 60 // SLOT_S


class UploadTimes:
    """The uploads of one device that succeed, in seconds of the epoch.

    `outages`: (start, end) in seconds, without network in [start, end). `removed_s`: last second of the
    device at the plant.
    """

    def __init__(
        self,
        uploads: Uploads,
        *,
        device: str,
        seed: int,
        outages: Iterable[tuple[float, float]] = (),
        removed_s: float = inf,
    ) -> None:
        self._every_s = uploads.every_minutes * 60
        self._jitter_s = uploads.jitter_minutes * 60
        self._delay_s = uploads.delay_minutes * 60
        self._key = seed, crc32(device.encode())
        self._removed_s = removed_s
        self._gaps = [*outages, *((start.timestamp(), end.timestamp()) for start, end in uploads.failures)]
        starts = [-inf, *(time.timestamp() for time, _ in uploads.phase_jumps)]
        phases = [uploads.phase_minutes, *(phase for _, phase in uploads.phase_jumps)]
        self._phases = list(zip(starts, [*starts[1:], inf], phases, strict=True))[::-1]

    def newest(self, at_s: float) -> int:
        """Return the time of the newest upload that the cloud serves at a time."""
        return self._succeeded(min(at_s - self._delay_s, self._removed_s))

    def served(self, start_s: float, end_s: float) -> Iterator[int]:
        """Yield the times in [start, end) from which on the cloud serves an upload, newest first."""
        upload_s = self.newest(ceil(end_s) - 1)
        while upload_s + self._delay_s >= start_s:
            yield upload_s + self._delay_s
            upload_s = self._succeeded(upload_s - 1)

    def _succeeded(self, until_s: float) -> int:
        """Return the newest upload until a time that is in no gap."""
        upload_s = self._attempted(until_s)
        while gap := next(((start, end) for start, end in self._gaps if start <= upload_s < end), None):
            upload_s = self._attempted(ceil(gap[0]) - 1)
        return upload_s

    def _attempted(self, until_s: float) -> int:
        """Return the newest upload until a time, successful or not."""
        start_s, end_s, phase_minutes = next(phase for phase in self._phases if phase[0] <= until_s)
        limit_s = min(until_s, ceil(end_s) - 1) if end_s < inf else until_s
        number = int((limit_s + self._jitter_s - phase_minutes * 60) // self._every_s)
        while (upload_s := self._time(number, phase_minutes)) > limit_s:
            number -= 1
        return upload_s if upload_s >= start_s else self._attempted(ceil(start_s) - 1)

    def _time(self, number: int, phase_minutes: int) -> int:
        early_or_late = 2 * chance(*self._key, number) - 1 if self._jitter_s else 0
        return phase_minutes * 60 + number * self._every_s + round(early_or_late * self._jitter_s)
