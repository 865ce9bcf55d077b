"""What a page costs: the bytes it takes over the network, and the time from a choice to its effect on screen.

Only measures; what is enough is for the callers to say.
"""

from typing import Any

from playwright.async_api import Page, expect

_CHOICE_TO_PAINT = """async ([select, target, value]) => {
  const field = document.querySelector(select);
  const shown = document.querySelector(target);
  const set = Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, "value").set;
  const changed = new Promise((resolve) => {
    const watch = new MutationObserver(() => { watch.disconnect(); resolve(); });
    watch.observe(shown, { childList: true, characterData: true, subtree: true });
  });
  const started = performance.now();
  set.call(field, value);
  field.dispatchEvent(new Event("change", { bubbles: true }));
  await changed;
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return performance.now() - started;
}"""
"""Sets a select as React hears it, waits until the target has changed, and then until that has been painted."""


async def transferred_bytes(page: Page, path: str) -> int:
    """Open a page with an empty cache and return how many bytes came over the network, headers and all."""
    sizes: list[int] = []
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.clearBrowserCache")

    def note(event: dict[str, Any]) -> None:
        sizes.append(int(event["encodedDataLength"]))

    session.on("Network.loadingFinished", note)
    await page.goto(path, wait_until="networkidle")
    await page.get_by_role("heading", level=1).wait_for()
    await session.detach()
    return sum(sizes)


async def choices_to_paint(page: Page, clicks: int) -> list[float]:
    """Change the schedule's kind again and again; return each time the milliseconds until the preview is painted.

    The page must show a schedule form.
    """
    preview = "main form [aria-live=polite]"
    await expect(page.locator(preview).locator("li").first).to_be_visible()
    kinds = [("hourly", "daily")[click % 2] for click in range(clicks)]
    return [float(await page.evaluate(_CHOICE_TO_PAINT, ["#kind", preview, kind])) for kind in kinds]
