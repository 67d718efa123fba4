"""What entities show of a meter or a battery."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time

from ..cloud.models import Flows
from ..schedule.calls import Slot
from .ages import is_fresh, lifetime
from .backlog import READ_OF, Source
from .clock import Clock
from .energy import Energy
from .house import House, self_consumption, self_sufficiency


@dataclass(frozen=True, kw_only=True)
class HouseStatus:
    """A meter or a battery; a measurement that is too old to be shown is None."""

    energies: Mapping[str, Energy]
    """Today's and lifetime energy by the name of the flow."""
    midnight: datetime
    """When today's energies were 0; it does not go back when a clock is set back."""
    power: Flows
    """Power in W."""
    soc: float | None
    """State of charge in percent; None of a meter."""
    mode: int | None
    """Mode of operation of a battery by its number."""
    measured_at: datetime | None
    """Of the newest sample, however old; None before the first."""
    self_consumption: float | None
    """Percent of today's production that the house has used; None where a battery makes that unknown."""
    self_sufficiency: float | None
    """Percent of today's consumption that did not come from the grid."""

    @property
    def grid_power(self) -> float | None:
        """Power from the grid in W, negative while it is fed."""
        if self.power.imported is None or self.power.exported is None:
            return None
        return self.power.imported - self.power.exported


def house_status(
    house: House, source: Source, clock: Clock, slots: Iterable[Slot], *, has_battery: bool
) -> HouseStatus:
    """Return a meter or a battery as it is shown at a time."""
    measured = sampled_at(house, clock)
    of_today = [slot for slot in slots if slot.day == clock.day]
    shown = is_fresh(measured, clock.now, lifetime(of_today, [READ_OF[source.kind]], source.eid))
    today = Flows(**{name: energy.today for name, energy in house.energies.items() if energy.day == clock.day})
    return HouseStatus(
        energies=house.energies,
        midnight=clock.site.midnight(max((energy.day for energy in house.energies.values()), default=clock.day)),
        power=house.power if shown else Flows(),
        soc=house.soc if shown else None,
        mode=house.mode if shown else None,
        measured_at=measured,
        self_consumption=None if has_battery else self_consumption(today),
        self_sufficiency=self_sufficiency(today),
    )


def sampled_at(house: House, clock: Clock) -> datetime | None:
    """Return the time of the newest sample."""
    if house.day is None or house.newest is None:
        return None
    return clock.site.at(house.day, time.fromisoformat(house.newest))
