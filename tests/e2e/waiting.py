"""Waiting for a condition in the page. Playwright's own way needs eval, which our content policy forbids."""

import asyncio
from typing import Any

from playwright.async_api import Page


async def until(page: Page, condition: str, argument: Any = None, *, seconds: float = 30.0) -> None:
    """Wait until a JavaScript predicate of `argument` is true. Raises TimeoutError."""
    look = (
        f"(argument) => new Promise((done) => {{ const look = () => ({condition})(argument)"
        " ? done(true) : setTimeout(look, 20); look(); })"
    )
    async with asyncio.timeout(seconds):
        await page.evaluate(look, argument)
