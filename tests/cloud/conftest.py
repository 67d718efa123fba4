"""A simulated cloud for the tests of the client."""

from collections.abc import AsyncIterator

import pytest

from .service import Service, serving


@pytest.fixture
async def service(socket_enabled: None) -> AsyncIterator[Service]:  # noqa: ARG001
    """Return the cloud with the sample plant, at 13:20 of a June day."""
    async with serving() as service:
        yield service
