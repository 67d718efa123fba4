"""A browser that is signed in to the house, for pictures of it."""

from contextlib import asynccontextmanager
import json
import shutil
import time
from typing import TYPE_CHECKING

# Not in the environment that is linted: it is for the demo alone.
from playwright.async_api import async_playwright  # type: ignore[import-not-found]

from .polling import DemoError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page

    from .house import House

# Without these Chromium looks up hosts of its maker's at every start.
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
async def open_page(house: House) -> AsyncIterator[Page]:
    """Open a page of Home Assistant, signed in as the house's client, in English and the light theme."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise DemoError("Pictures need Chromium on the PATH")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(_QUIET))
        context = await browser.new_context(
            color_scheme="light",
            locale="en-GB",
            reduced_motion="reduce",
        )
        await context.add_init_script(_remember(house))
        try:
            yield await context.new_page()
        finally:
            await browser.close()


def _remember(house: House) -> str:
    """Put the tokens where the frontend keeps them, as if the login form had been filled in."""
    tokens = house.client.tokens
    kept = {
        "access_token": tokens["access_token"],
        "refresh_token": tokens["refresh_token"],
        "token_type": tokens["token_type"],
        "expires_in": tokens["expires_in"],
        "expires": int((time.time() + tokens["expires_in"]) * 1000),
        "hassUrl": house.url,
        "clientId": house.client.client_id,
    }
    return f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(kept))});"
