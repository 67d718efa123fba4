"""Plants whose house has a meter, a battery, or both; the options under which a press reads them."""

from dataclasses import replace
from datetime import date
from typing import Any

from simulator import Ecu, Plant, sample_plant
from tests.harness import AUTOMATIC

METER, BATTERY = "216200012345", "216200099999"
# Without the production, a press of "Read now" reads meters and batteries.
HOUSE = {**AUTOMATIC, "poll_pv": False}


def plant_of(*, meter: bool = False, battery: bool = False, **changes: Any) -> Plant:  # noqa: ANN401
    """Return a plant of some days; the meter is its first ECU's, the battery has an ECU of its own."""
    (ecu,) = sample_plant().ecus
    ecus = (replace(ecu, type=int(meter)), *([Ecu(eid=BATTERY, type=2)] if battery else ()))
    return sample_plant(
        **{"create_date": date(2026, 6, 10), "ecus": ecus, "meters": (METER,) if meter else ()} | changes
    )


METERED, STORED = plant_of(meter=True), plant_of(battery=True)
BOTH = plant_of(meter=True, battery=True)


def m(key: str) -> str:
    """Return the key of a sensor of the meter."""
    return f"meter_{METER}_{key}"
