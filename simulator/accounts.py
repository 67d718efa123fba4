"""App IDs: signatures, nonces, and the calls of each month (api.md §2, §5)."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from .wire import is_signed


class Accounts:
    """The App IDs with their secrets, and how many calls each has made by month.

    `zone`: the zone whose months count. `max_clock_skew_s`: greatest difference of a timestamp from `now`;
    None: not checked.
    """

    def __init__(
        self, secrets: Mapping[str, str], *, now: Callable[[], datetime], zone: ZoneInfo, max_clock_skew_s: float | None
    ) -> None:
        self._secrets = dict(secrets)
        self._now = now
        self._zone = zone
        self._max_clock_skew_s = max_clock_skew_s
        self._spent: Counter[tuple[str, str]] = Counter()
        self._nonces: set[str] = set()

    def book(self, app_id: str | None) -> None:
        """Count a call; those without a known App ID are not counted."""
        if app_id is not None and app_id in self._secrets:
            self.spend(app_id, 1)

    def spend(self, app_id: str, calls: int) -> None:
        """Count calls of the running month."""
        self._spent[self._month(app_id)] += calls

    def spent(self, app_id: str) -> int:
        """Return the calls of the running month."""
        return self._spent[self._month(app_id)]

    def accept(self, headers: Mapping[str, str], *, target: str, verb: str) -> bool:
        """Whether a request is signed by a known App ID, in time, with a new nonce. The nonce is used up."""
        secret = self._secrets.get(headers.get("X-CA-AppId", ""))
        if secret is None or not is_signed(headers, secret=secret, target=target, verb=verb):
            return False
        skew_s = abs(self._now().timestamp() - int(headers["X-CA-Timestamp"]) / 1000)
        if self._max_clock_skew_s is not None and skew_s > self._max_clock_skew_s:
            return False
        nonce = headers["X-CA-Nonce"]
        is_new = nonce not in self._nonces
        self._nonces.add(nonce)
        return is_new

    def _month(self, app_id: str) -> tuple[str, str]:
        return app_id, self._now().astimezone(self._zone).strftime("%Y-%m")
