"""The rhythm of an ECU's uploads, learned in a running home from the reads that are made anyway."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from simulator import Plant, Uploads, sample_plant
from tests.harness import AUTOMATIC, House

PHASE = 7
DELAY = 2


def batches() -> Plant:
    """Return the sample plant with uploads every 15 minutes, seven minutes past."""
    plant = sample_plant()
    uploads = Uploads(every_minutes=15, phase_minutes=PHASE, delay_minutes=DELAY)
    return replace(plant, ecus=tuple(replace(ecu, uploads=uploads) for ecu in plant.ecus))


@pytest.mark.parametrize("plant", [batches()])
async def test_uploads_are_learned_followed_and_kept_over_a_reload(house: House) -> None:
    """Newest data shows the rhythm; a reload makes the same plan, and reads come just after an upload."""
    house.move_to("2026-06-15 05:00")
    entry = await house.set_up(**AUTOMATIC)
    assert house.state("data_time").attributes["upload_every"] is None
    await house.pass_time("2026-06-18 08:00", timedelta(minutes=5))
    attributes = house.state("data_time").attributes
    assert attributes["upload_every"] == 15
    arrival = datetime.fromisoformat(attributes["next_upload"])
    assert abs((arrival.minute - PHASE - DELAY) % 15) <= 3

    plan = entry.runtime_data.context.planning.plan
    await house.reload(entry)
    assert entry.runtime_data.context.planning.plan == plan
    lags = [(slot.at.minute - PHASE - DELAY) % 15 for slot in plan.slots if slot.purpose == "read"]
    assert sum(lag <= 4 for lag in lags) >= 0.8 * len(lags)
