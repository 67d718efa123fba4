"""What one system of an App ID may still spend, and has spent: the ledger with zones and share bound once."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from homeassistant.util import dt as dt_util

from .ledger import Ledger
from .schedule.quota import CHINA, Budget, month_span


@dataclass(frozen=True, kw_only=True)
class EntryLedger:
    """The ledger as one system uses it: App ID, zones and share are bound once."""

    ledger: Ledger
    """That of the App ID, which all its systems share."""
    sid: str
    """The system's id."""
    zone: tzinfo
    """The site's."""

    @property
    def quota(self) -> int:
        """Calls that all systems of the App ID together may make in a calendar month."""
        return self.ledger.quota

    @property
    def zones(self) -> tuple[tzinfo, ...]:
        """The zones in which the vendor may count."""
        return (UTC, CHINA, self.zone)

    @property
    def share(self) -> float:
        """The system's part of the calls that are left."""
        return self.ledger.share(self.sid)

    def at(self, zone: tzinfo) -> EntryLedger:
        """Return it for a site in a zone."""
        return replace(self, zone=zone)

    async def async_book(self, key: str) -> None:
        """Book a call that is about to be sent. Raises LedgerError, or SpentError, when it must not be."""
        await self.ledger.async_book(self.sid, key, dt_util.utcnow(), self.zones)

    def asked(self, key: str) -> datetime | None:
        """Return when a call was last sent."""
        return self.ledger.asked(self.sid, key)

    def room(self, now: datetime) -> int:
        """Return how many calls may be made now, whichever month the vendor counts."""
        return self.ledger.counts.room(now, self.zones, self.quota)

    def used(self, now: datetime, zone: tzinfo | None = None) -> int:
        """Return the calls of the running month, by the site's calendar or that of another zone."""
        return self.ledger.counts.used(now, zone or self.zone, self.quota)

    def assumed(self, now: datetime) -> int:
        """Return how many of the used calls are taken to have been made before this home began to count."""
        return self.ledger.counts.assumed(now, self.zone, self.quota)

    def budget(self, midnight: datetime) -> Budget:
        """Return what this system may spend, as of a midnight of the site."""
        return self.ledger.counts.budget(midnight.astimezone(UTC), self.zones, self.quota, self.share)

    def budget_now(self, now: datetime) -> Budget:
        """Return what this system may still spend."""
        return self.ledger.counts.budget_now(now, self.zones, self.quota, self.share)

    def resumes(self, now: datetime) -> datetime:
        """Return when a new month has begun, whichever the vendor counts."""
        return max(month_span(now, zone)[1] for zone in self.zones)
