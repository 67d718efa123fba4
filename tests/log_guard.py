"""Finds log lines that the integration must never cause."""

import logging
from typing import override

from homeassistant.core import HomeAssistant

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Cloud

OWN_LOGGER = f"custom_components.{DOMAIN}"
# Home Assistant writes entity ids, device names and whatever a service was called with at DEBUG.
FOREIGN = ("homeassistant.core", "homeassistant.helpers", "asyncio", "aiosqlite")
# A shorter text may be part of another word.
SHORTEST = 8


class LogGuard(logging.Handler):
    """Notes forbidden lines: deprecated use, an App ID or App secret, and a whole SID in the integration's lines."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.hass: HomeAssistant | None = None
        self.cloud: Cloud | None = None
        self.found: list[str] = []
        self._secrets = {DEFAULT_APP_ID, DEFAULT_APP_SECRET}
        self._sids: set[str] = set()
        self._titles: set[str] = set()
        self._formatter = logging.Formatter("%(name)s: %(message)s")

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._learn()
        text = self._formatter.format(record)
        if reason := self._reason(record.name, text):
            self.found.append(f"{reason}: {text}")

    def _learn(self) -> None:
        """Remember the secrets, SIDs and titles of the present entries and plants."""
        if self.hass is not None:
            for entry in self.hass.config_entries.async_entries(DOMAIN):
                self._secrets |= {entry.data.get(key) or "" for key in ("app_id", "app_secret")}
                self._sids.add(entry.data.get("sid") or "")
                self._titles.add(entry.title)
        if self.cloud is not None:
            self._sids |= self.cloud.plants.keys()

    def _reason(self, name: str, text: str) -> str | None:
        is_own = name.startswith(OWN_LOGGER)
        if "Detected that custom integration" in text and DOMAIN in text:
            return "wrong use of Home Assistant"
        if "deprecat" in text.lower() and (is_own or DOMAIN in text):
            return "deprecated"
        if not name.startswith(FOREIGN) and _contains(text, self._secrets):
            return "App ID or App Secret"
        for title in self._titles:  # Home Assistant writes it by the integration's logger
            text = text.replace(title, "")
        return "whole SID" if is_own and _contains(text, self._sids) else None


def _contains(text: str, words: set[str]) -> bool:
    return any(len(word) >= SHORTEST and word in text for word in words)
