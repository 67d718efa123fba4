"""A browser that is signed in to Home Assistant, to take pictures of it."""

from contextlib import asynccontextmanager
import json
import shutil
import time
from typing import TYPE_CHECKING

# Installed in the environment of scripts/screenshots only, which mypy does not see.
from playwright.async_api import async_playwright  # type: ignore[import-not-found]  # in an environment of its own

from .polling import DemoError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page

    from .instance import Instance

# Without these Chromium looks up hosts of its vendor at every start.
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def open_page(instance: Instance, time_zone: str) -> AsyncIterator[Page]:
    """Open a page of Home Assistant, signed in as its owner, in English and the light theme."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise DemoError("Chromium is not installed. On Debian: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(_QUIET))
        context = await browser.new_context(
            color_scheme="light",
            locale="en-GB",
            reduced_motion="reduce",
            timezone_id=time_zone,
        )
        await context.add_init_script(_stored_login(instance))
        try:
            yield await context.new_page()
        finally:
            await browser.close()


def _stored_login(instance: Instance) -> str:
    """Return the JavaScript that stores the tokens where the frontend keeps them after a login."""
    tokens = instance.client.tokens
    kept = {
        "access_token": tokens["access_token"],
        "refresh_token": tokens["refresh_token"],
        "token_type": tokens["token_type"],
        "expires_in": tokens["expires_in"],
        "expires": int((time.time() + tokens["expires_in"]) * 1000),
        "hassUrl": instance.url,
        "clientId": instance.client.client_id,
    }
    return f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(kept))});"
