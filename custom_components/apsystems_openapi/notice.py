"""The notification that the cloud takes no calls, in the user's language; one for each App ID."""

from collections.abc import Iterable
from datetime import datetime, tzinfo

from homeassistant.components import persistent_notification
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN
from .ledger import Block, Ledger
from .schedule.quota import month


async def async_show(hass: HomeAssistant, ledger: Ledger, block: Block, zone: tzinfo) -> None:
    """Say until when calls are blocked, and why. Saying it again replaces what was said."""
    texts = await async_get_translations(hass, hass.config.language, "exceptions", {DOMAIN})

    def text(key: str) -> str:
        template = texts.get(f"component.{DOMAIN}.exceptions.{key}.message", key)
        return template.replace("{until}", moment(block.until, zone))

    ledger.shown = block
    persistent_notification.async_create(
        hass, text(f"blocked_{block.reason}"), title=text("blocked_title"), notification_id=_id(ledger)
    )


@callback
def async_clear(hass: HomeAssistant, ledger: Ledger) -> None:
    """Take the notification away."""
    ledger.shown = None
    persistent_notification.async_dismiss(hass, _id(ledger))


def resumes(now: datetime, zones: Iterable[tzinfo]) -> datetime:
    """Return when the month has turned in whichever zone it is counted in."""
    return max(month(now, zone)[1] for zone in zones)


def moment(when: datetime, zone: tzinfo) -> str:
    """Return a moment for people: in the site's zone, to the minute."""
    return when.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _id(ledger: Ledger) -> str:
    return f"{DOMAIN}_blocked_{ledger.digest}"
