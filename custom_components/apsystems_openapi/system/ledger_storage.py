"""The ledger of an App ID as JSON can hold it. No Home Assistant.

The counts come before all that may fail: a part that cannot be read costs only itself and the parts after it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..schedule.options import MAX_QUOTA
from ..schedule.quota import CallCounts
from .storage import dump_waits, load_time, load_waits
from .waits import APP_ID, Waits


@dataclass(kw_only=True)
class LedgerContent:
    """All that the ledger of an App ID keeps on disk."""

    counts: CallCounts
    """The calls that were made."""
    quota: int | None = None
    """Calls a calendar month; None until it was set, or recovered from a system's state."""
    restore: str | None = None
    """The id of the last restore from a backup that was seen; None before one."""
    needs: dict[str, float] = field(default_factory=dict)
    """The weight of each system's plant, by system (`Plant.need`)."""
    asked: dict[str, dict[str, datetime]] = field(default_factory=dict)
    """When each call was last sent, by system and key of the call."""
    waits: Waits = field(default_factory=Waits)
    """Those of the App ID."""

    def dump(self) -> dict[str, Any]:
        """Return the content as what JSON can hold."""
        return {
            "quota": self.quota,
            "restore": self.restore,
            "opened": self.counts.opened.isoformat(),
            "carried": self.counts.carried,
            "spent": {str(quarter): calls for quarter, calls in self.counts.spent.items()},
            "needs": dict(self.needs),
            "asked": {sid: {key: time.isoformat() for key, time in calls.items()} for sid, calls in self.asked.items()},
            "waits": {
                scope: {**wait, "until": wait["until"].isoformat()}
                for scope, wait in dump_waits(self.waits.by_scope).items()
            },
        }

    def load(self, data: dict[str, Any]) -> None:
        """Take what was dumped. Raises one of the errors of a wrong type or value; what was read before it stays."""
        quota, restore = data.get("quota"), data.get("restore")
        self.quota = quota if type(quota) is int and 0 <= quota <= MAX_QUOTA else None
        self.restore = restore if isinstance(restore, str) else None
        self.counts = CallCounts(
            opened=load_time(data["opened"]),
            carried=_positive(int(data["carried"])),
            spent={int(quarter): _positive(int(calls)) for quarter, calls in data["spent"].items()},
        )
        self.needs = {sid: _positive(float(need)) for sid, need in data["needs"].items()}
        asked = data["asked"].items()
        self.asked = {sid: {key: load_time(time) for key, time in calls.items()} for sid, calls in asked}
        waits = data.get("waits", {})
        if block := data.get("block"):  # as 1.0 wrote it
            waits = {APP_ID: {"until": block["until"], "reason": block["reason"], "length": float(block["wait"])}}
        self.waits = Waits(by_scope=load_waits(waits))


def _positive[N: (int, float)](number: N) -> N:
    if not 0 <= number < float("inf"):
        raise ValueError("no number of calls")
    return number
