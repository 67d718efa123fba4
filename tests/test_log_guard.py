"""The guard that fails tests by their log finds what it must and nothing else."""

import logging

import pytest

from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Cloud, sample_plant
from tests.log_guard import OWN_LOGGER, LogGuard

SID = sample_plant().sid


@pytest.mark.parametrize(
    ("logger", "text", "reason"),
    [
        ("homeassistant.helpers.frame", "Detected that custom integration 'apsystems_openapi' …", "wrong use"),
        ("homeassistant.helpers.frame", "Detected that custom integration 'other' …", None),
        (OWN_LOGGER, "This is deprecated", "deprecated"),
        ("homeassistant.const", "X was used from apsystems_openapi, this is a deprecated constant", "deprecated"),
        ("homeassistant.const", "X was used from other, this is a deprecated constant", None),
        ("aiohttp.client", f"GET with {DEFAULT_APP_ID}", "App ID"),
        (f"{OWN_LOGGER}.cloud", f"Signed with {DEFAULT_APP_SECRET}", "App ID"),
        ("homeassistant.core", f"<Event {DEFAULT_APP_ID}>", None),
        (f"{OWN_LOGGER}.coordinator", f"Finished fetching {SID} data", "whole SID"),
        ("homeassistant.helpers.entity_platform", f"sensor.apsystems_{SID}", None),
        (OWN_LOGGER, "Failed to fetch summary, keeping the last values", None),
    ],
)
def test_forbidden_lines_are_found(logger: str, text: str, reason: str | None) -> None:
    """By logger and text."""
    guard = LogGuard()
    guard.cloud = Cloud(sample_plant())
    guard.handle(logging.LogRecord(logger, logging.DEBUG, "", 0, text, None, None))
    assert [found.startswith(reason or "-") for found in guard.found] == ([True] if reason else [])
