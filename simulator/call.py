"""The record of a request."""

from dataclasses import dataclass
from datetime import datetime

from .faults import FaultKind
from .wire import Kind


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request and its answer."""

    time: datetime
    """The cloud's time when it came in."""
    kind: Kind | None
    """None: the path is unknown, as are `sid` and `target`."""
    sid: str | None
    target: str | None
    """Last segment of the path: a sid, eid or uid."""
    level: str | None
    """`energy_level` of the query; None: missing."""
    date_range: str | None
    """`date_range` of the query; None: missing."""
    app_id: str | None
    """App ID of the headers; None: missing."""
    code: int | None
    """Response code; None: no JSON with a code was sent."""
    status: int | None
    """HTTP status; None: no answer."""
    fault: FaultKind | None
    """The fault that hit it."""
