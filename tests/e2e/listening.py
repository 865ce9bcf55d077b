"""What a screen reader says by itself while a page changes: the words of live regions and alerts, in order."""

from playwright.async_api import Page

from tests.e2e.waiting import until

_LISTEN = """(() => {
  window.announced = [];
  const live = "[aria-live=polite], [aria-live=assertive], [role=status], [role=alert]";
  const alertsIn = (node) => node.nodeType !== Node.ELEMENT_NODE ? [] :
    [node, ...node.querySelectorAll("*")].filter((one) => one.matches("[role=alert]"));
  const hear = (changes) => {
    const speaking = new Set();
    for (const { target, type, addedNodes } of changes) {
      const region = (target.closest ? target : target.parentElement)?.closest(live);
      if (!region) for (const node of addedNodes) alertsIn(node).forEach((alert) => speaking.add(alert));
      else if (type === "characterData" || addedNodes.length) speaking.add(region);
    }
    for (const one of speaking) {
      const words = one.innerText.replace(/\\s+/g, " ").trim();
      if (words) window.announced.push(words);
    }
  };
  new MutationObserver(hear).observe(document, { childList: true, characterData: true, subtree: true });
})()"""
"""A region speaks when its words change, so it must have been there before them; only an alert may come with its own."""


async def listen(page: Page) -> None:
    """Keep what is announced in every document this tab opens from now on."""
    await page.add_init_script(_LISTEN)


async def expect_announced(page: Page, words: str) -> None:
    """Wait until something with these words was announced in this document, and forget all that was said so far."""
    try:
        await until(page, "(words) => window.announced.some((text) => text.includes(words))", words)
    except TimeoutError:
        assert [words] == await page.evaluate("window.announced"), "nobody said so"
    await page.evaluate("window.announced = []")
