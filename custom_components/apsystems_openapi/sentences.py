"""Whole sentences in forms and notifications, in Home Assistant's language: the frontend translates no placeholders."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .ledger import Ledger
from .schedule.calls import Plant
from .schedule.fixed import sized
from .schedule.options import Options
from .schedule.preview import Outlook, alike, outlook, shortest_interval
from .schedule.quota import limit
from .schedule.sun import Site
from .settings import async_locate, async_zone_elsewhere, location_of, options_of
from .system.clock import Clock
from .system.state import SystemState

_MINUTE: Final = timedelta(minutes=1)
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """What options come to, for a plant as it is known."""

    options: Options
    payable: int
    """Calls that the system may make in a month: its share of the quota, without the reserve."""
    table: int
    """Calls that the table of a fixed interval has in the busiest month; 0 where the interval is chosen."""
    least: timedelta | None
    """The shortest fixed interval, from the one in the options on, that every month can pay for; None: none can."""
    year: Outlook

    @property
    def is_payable(self) -> bool:
        """Whether calls suffice for a fixed interval. Without any call nothing is asked, whatever the interval."""
        return self.table <= self.payable or not self.payable

    @property
    def keys(self) -> list[str]:
        """Return the texts that a form shows about it, by their keys below `exceptions`."""
        calls, options = self._calls if self.is_payable else self._too_many, self.options
        if not options.production:
            return [calls]
        if not options.automatic and (options.live_power or options.import_history or options.panel_statistics):
            return [calls, "outlook_fixed_only"]
        if options.automatic and options.panel_statistics and not options.live_power:
            return [calls, "outlook_no_panels"]
        return [calls]

    @property
    def _calls(self) -> str:
        busiest, quietest = self.year.busiest, self.year.quietest
        if not busiest.calls:
            return "outlook_none"
        if not self.options.production:
            return "outlook_house"
        if busiest.interval is None:
            return "outlook_rare"
        if quietest.interval is None:
            return "outlook_dark"
        is_spaced_evenly = alike(busiest.interval, quietest.interval)
        if alike(busiest.calls, quietest.calls):
            return "outlook_even" if is_spaced_evenly else "outlook_spacing"
        return "outlook_calls" if is_spaced_evenly else "outlook_months"

    @property
    def _too_many(self) -> str:
        return "outlook_no_interval" if self.least is None else "outlook_too_many"

    @property
    def figures(self) -> dict[str, int]:
        """Return the numbers in these texts."""
        busiest, quietest = self.year.busiest, self.year.quietest
        figures = {
            "quota": self.options.monthly_quota,
            "payable": self.payable,
            "calls": busiest.calls if self.is_payable else self.table,
            "fewest": quietest.calls,
            "minutes": round(busiest.interval or 0),
            "other_minutes": round(quietest.interval or 0),
        }
        if not self.options.automatic:
            figures["minutes"] = figures["other_minutes"] = self.options.interval // _MINUTE
        if self.least is not None:
            figures |= {"least_minutes": self.least // _MINUTE, "least_seconds": self.least // _SECOND}
        return figures


def prospect(year: int, site: Site, plant: Plant, options: Options, share: float) -> Prospect:
    """Plan a year. Takes a fraction of a second."""
    return Prospect(
        options=options,
        payable=int(limit(options.monthly_quota) * share),
        table=0 if options.automatic else sized(year, site, plant, options)[1],
        least=None if options.automatic else shortest_interval(year, site, plant, options, share),
        year=outlook(year, site, plant, options, share),
    )


async def async_prospect(
    hass: HomeAssistant, state: SystemState, chosen: Mapping[str, Any], ledger: Ledger, sid: str, quota: int
) -> Prospect:
    """Plan a year with the options, for the plant as it is known."""
    options = options_of(chosen, quota)
    site, _ = await async_locate(hass, state.timezone, chosen)
    plant = state.plant(Clock(now=dt_util.utcnow(), site=site, options=options), has_recorder=False)
    share = ledger.share(sid, plant.need)
    return await hass.async_add_executor_job(prospect, dt_util.now().year, site, plant, options, share)


async def async_outlook(hass: HomeAssistant, shown: Prospect) -> str:
    """Return what a form says about the calls that options come to."""
    months = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    placeholders = {key: str(figure) for key, figure in shown.figures.items()}
    for name, month in (("busiest", shown.year.busiest), ("quietest", shown.year.quietest)):
        placeholders[name] = months.get(f"component.{DOMAIN}.selector.month.options.{month.month}", str(month.month))
    return "\n\n".join([await async_text(hass, key, placeholders) for key in shown.keys])


async def async_house(hass: HomeAssistant, state: SystemState) -> str:
    """Return the lines of a list in a form about the meters and batteries that an inverter list has shown."""
    numbers = {"found_meters": len(state.meter_ids), "found_batteries": len(state.battery_ids)}
    lines = [await async_text(hass, key, {"number": str(number)}) for key, number in numbers.items() if number]
    return "".join(f"\n{line}" for line in lines)


async def async_hint(hass: HomeAssistant, timezone: str | None, options: Mapping[str, Any]) -> str:
    """Return a sentence for a form where the site's zone hints at a plant that is elsewhere."""
    zone = await async_zone_elsewhere(timezone)
    if zone is None or location_of(options) is not None:
        return ""
    return await async_text(hass, "hint_elsewhere", {"zone": zone})


async def async_text(hass: HomeAssistant, key: str, placeholders: Mapping[str, str]) -> str:
    """Return a text of `exceptions` by its key."""
    texts = await async_get_translations(hass, hass.config.language, "exceptions", {DOMAIN})
    text = texts.get(f"component.{DOMAIN}.exceptions.{key}.message", key)
    for name, value in placeholders.items():
        text = text.replace(f"{{{name}}}", value)
    return text
