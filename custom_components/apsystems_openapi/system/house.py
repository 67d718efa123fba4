"""A meter or a battery as it is known: the energy flows of a house, out of successive answers.

Each flow is decided as the production is (`energy.py`): today's figure is the highest of the day, and the lifetime
never falls. A house uses energy at night as well, so that today's figures are unknown, and not 0, from midnight to the
first read. An answer that contradicts itself, or a figure of the same day that was known before, is taken for nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from ..cloud.models import FLOWS, FlowDay, Flows, FlowTotals, StorageState, Summary
from .backlog import Backlog
from .energy import Energy, Reading, at_day, with_summary, with_today

SAME_KWH: Final = 0.05  # by which what comes and what goes may differ
SAME_W: Final = 50.0
AGREES: Final = 0.02  # of a day's energy
AGREED_DAYS: Final = 3
SETTLED_AFTER: Final = timedelta(hours=1)  # from midnight, until the cloud's figures of today are those of the new day
CLOSED_AFTER: Final = timedelta(hours=3)  # from midnight, until yesterday's curve was to be fetched
LEAST_LIMIT_KW: Final = 50.0  # a power that the connection of a house surely stays below


@dataclass(frozen=True, kw_only=True)
class ClosedDay:
    """The energy (kWh) of a day that has ended."""

    day: date
    today: Flows


@dataclass(frozen=True, kw_only=True)
class House:
    """What a meter or a battery has said of its house."""

    energies: Mapping[str, Energy] = field(default_factory=dict)
    """By the name of the flow."""
    day: date | None = None
    """The site day of the newest sample; None before the first."""
    newest: str | None = None
    """Its label HH:MM."""
    power: Flows = field(default_factory=Flows)
    """Power (W) of that sample."""
    soc: float | None = None
    """State of charge (%) of that sample; None of a meter."""
    mode: int | None = None
    """Mode of operation, by its number; None of a meter."""
    closed: ClosedDay | None = None
    """The newest day that has ended."""
    ratios: tuple[float, ...] = ()
    """Production by the ECUs as a part of the meter's, of the last days in a row on which both agreed."""
    backlog: Backlog = field(default_factory=Backlog)

    @property
    def reads_production(self) -> bool:
        """Whether a read of this meter shows the production of the system as well."""
        return len(self.ratios) >= AGREED_DAYS

    def produced(self) -> float | None:
        """Return today's production of the system (kWh) by this meter, never more than the ECUs would say."""
        energy = self.energies.get("produced")
        if energy is None or energy.today is None or not self.reads_production:
            return None
        return energy.today * min(1.0, *self.ratios)

    def is_whole(self, day: date) -> bool:
        """Return whether the curve of a day that has ended was taken."""
        return self.closed is not None and self.closed.day >= day


def house_reading(reading: Reading) -> Reading:
    """Return the bounds of a house's figures: it uses energy by night as well, and more power than its plant makes."""
    limit = max(LEAST_LIMIT_KW, 3 * (reading.power_limit_kw or 0.0))
    settled = reading.midnight + SETTLED_AFTER
    return replace(reading, sunrise=reading.midnight, settled=settled, power_limit_kw=limit)


def is_balanced(flows: Flows, same: float = SAME_KWH, share: float = 0.0) -> bool:
    """Return whether as much comes as goes; never when produced, consumed, imported or exported is not known."""
    four = (flows.produced, flows.consumed, flows.imported, flows.exported)
    if any(value is None for value in four):
        return False
    produced, consumed, imported, exported = (value or 0.0 for value in four)
    come = produced + imported + (flows.discharge or 0.0)
    go = consumed + exported + (flows.charge or 0.0)
    return abs(come - go) <= max(same, share * max(come, go)) + 1e-9


def house_at_day(house: House, day: date) -> House:
    """Move on to a site day, once and only forward."""
    energies = {name: at_day(energy, day, before_sunrise=False) for name, energy in house.energies.items()}
    return house if energies == house.energies else replace(house, energies=energies)


def with_totals(house: House, totals: FlowTotals, reading: Reading, *, sees_all: bool) -> House:
    """Take a summary; `sees_all`: what comes and what goes through this device is all that the house has."""
    if not _can_be(house, totals.today, reading, sees_all=sees_all):
        return house
    lifetimes, today, energies = known_flows(totals.lifetime), known_flows(totals.today), {**house.energies}
    for name, lifetime in lifetimes.items():
        summary = Summary(today=today.get(name), month=None, year=None, lifetime=lifetime)
        energies[name] = with_summary(_energy(house, name, reading), summary, reading)
    return replace(house, energies=energies)


def with_house_day(house: House, day: date, data: FlowDay, reading: Reading, *, sees_all: bool) -> House | None:
    """Take the series of a day; None for one that has no sample, does not balance, or lowers a figure of today."""
    if data.newest is None:
        return None
    if day == reading.day:
        if not _can_be(house, data.today, reading, sees_all=sees_all):
            return None
        energies = {**house.energies}
        for name, kwh in known_flows(data.today).items():
            energies[name] = with_today(_energy(house, name, reading), day, kwh, reading)
        house = replace(house, energies=energies)
    elif house.closed is None or house.closed.day <= day:
        house = replace(house, closed=ClosedDay(day=day, today=data.today))
    return _with_sample(house, day, data.newest, _sure_power(data), sees_all=sees_all)


def _sure_power(data: FlowDay) -> Flows:
    """Return the newest powers; those of the grid are unknown where the energy of their slot went the other way."""
    slot = dict(zip(data.labels, range(len(data.labels)), strict=True)).get(data.newest or "", -1)
    imported, exported = (data.energy[name][slot] if name in data.energy else None for name in ("imported", "exported"))
    power = data.power
    if None in {imported, exported, power.imported, power.exported}:
        return power
    went = (imported or 0.0) - (exported or 0.0)
    goes = (power.imported or 0.0) - (power.exported or 0.0)
    return replace(power, imported=None, exported=None) if went * goes < 0 else power


def with_storage_state(house: House, state: StorageState, reading: Reading, *, sees_all: bool) -> House:
    """Take a battery's charge, mode and powers; without a time their age is unknown.

    Only the time of the day is known: one that is still to come is yesterday's.
    """
    if state.time is None:
        return house
    local = reading.at.astimezone(reading.midnight.tzinfo)
    day = reading.day if state.time <= f"{local:%H:%M}" else reading.day - timedelta(days=1)
    if _is_older(house, day, state.time):
        return house
    house = _with_sample(house, day, state.time, state.power, sees_all=sees_all)
    return replace(house, soc=state.soc, mode=state.mode)


def with_agreement(house: House, day: date, made: float | None) -> House:
    """Compare the meter's production of a day that ends with that (kWh) of the ECUs' summary."""
    energy = house.energies.get("produced")
    if energy is None or energy.day != day or not energy.summary_today or not made:
        return house
    ratio = made / energy.summary_today
    ratios = (*house.ratios, ratio)[-AGREED_DAYS:] if abs(ratio - 1) <= AGREES else ()
    return replace(house, ratios=ratios)


def known_flows(flows: Flows) -> dict[str, float]:
    """Return the flows that are known, by name."""
    return {name: value for name in FLOWS if (value := getattr(flows, name)) is not None}


def self_consumption(today: Flows) -> float | None:
    """Return the part (%) of a day's production that the house used itself; only where there is no battery."""
    return _share(today.produced, today.exported)


def self_sufficiency(today: Flows) -> float | None:
    """Return the part (%) of a day's consumption that did not come from the grid."""
    return _share(today.consumed, today.imported)


def _share(whole: float | None, without: float | None) -> float | None:
    if not whole or without is None or without > whole + SAME_KWH:
        return None
    return round(max(0.0, 100 * (1 - without / whole)), 1)


def _energy(house: House, name: str, reading: Reading) -> Energy:
    return house.energies.get(name) or Energy(day=reading.day)


def _can_be(house: House, today: Flows, reading: Reading, *, sees_all: bool) -> bool:
    """Return whether figures of today balance, as far as one device sees all, and none is below what was known."""
    if sees_all and not is_balanced(today):
        return False
    known = {name: energy.today for name, energy in house.energies.items() if energy.day == reading.day}
    return all(kwh >= (known.get(name) or 0.0) - SAME_KWH for name, kwh in known_flows(today).items())


def _is_older(house: House, day: date, label: str) -> bool:
    """Return whether a sample is older than the newest that is known."""
    return house.day is not None and (day, label) < (house.day, house.newest or "")


def _with_sample(house: House, day: date, label: str, power: Flows, *, sees_all: bool) -> House:
    """Take the newest sample; powers that do not balance are unknown, and so are charge and mode of an older sample."""
    if _is_older(house, day, label):
        return house
    is_sure = not sees_all or is_balanced(power, SAME_W, AGREES)
    sampled = replace(house, day=day, newest=label, power=power if is_sure else Flows())
    return sampled if (house.day, house.newest) == (day, label) else replace(sampled, soc=None, mode=None)
