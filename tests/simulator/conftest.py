"""Fixtures of the simulator's tests."""

from collections.abc import AsyncIterator

import pytest

from tests.simulator.setup import Setups


@pytest.fixture(autouse=True)
def loopback(socket_enabled: None) -> None:
    """Allow sockets in every test of this folder."""


@pytest.fixture
async def setup() -> AsyncIterator[Setups]:
    """Return a function that opens clouds; they are closed after the test."""
    setups = Setups()
    yield setups
    await setups.close()
