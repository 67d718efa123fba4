"""Statistics on PostgreSQL and MariaDB. Where a server is not installed, its test is skipped with a reason.

`scripts/test --all` unpacks MariaDB, so that it is not skipped there.
"""
# ruff: noqa: D103

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from typing import Any

from homeassistant.components.recorder.core import Recorder
import pytest

from simulator import Plant, sample_plant
from tests.databases import NotInstalledError, mariadb, postgresql
from tests.harness import House
from tests.statistics import assert_days, assert_hours, assert_orderly, clear, days, rows, until_done

DATABASES = {"PostgreSQL": postgresql, "MariaDB": mariadb}


@pytest.fixture(params=DATABASES)
def recorder_config(request: pytest.FixtureRequest, socket_enabled: None) -> Iterator[dict[str, Any]]:  # noqa: ARG001
    """Let the recorder write to a server."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(DATABASES[request.param]())
        except NotInstalledError as missing:
            pytest.skip(f"{missing} is not installed")
        yield {"db_url": url, "commit_interval": 0}


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some days."""
    return sample_plant(create_date=date(2026, 5, 25))


@pytest.fixture
async def house(recorder_mock: Recorder, house: House) -> House:  # noqa: ARG001
    """Return a Home Assistant with a recorder."""
    house.cloud.quota = 3000
    return house


@pytest.mark.thorough
async def test_rows_on_a_database_server_are_those_of_the_cloud(recorder_mock: Recorder, house: House) -> None:
    assert recorder_mock.dialect_name in {"postgresql", "mysql"}
    await house.set_up(auto_scan_interval=True, monthly_quota=3000)
    await until_done(house, step=timedelta(minutes=20))
    await house.pass_time("2026-06-17 10:00", timedelta(minutes=20))
    past = days(date(2026, 5, 25), date(2026, 6, 16))
    stored = await rows(house)
    assert_orderly(stored)
    await assert_days(house, past)
    for day in past:
        await assert_hours(house, day)
    await clear(house)
    await house.pass_time("2026-06-17 18:00", timedelta(minutes=20))
    again = await rows(house)
    assert_orderly(again)
    await assert_days(house, past)
