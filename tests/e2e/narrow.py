"""Narrow screens and large text: what sticks out of a page there, and which words are torn for want of room."""

from playwright.async_api import Page

SCREENS = ((320, 100), (360, 100), (768, 100), (1024, 100), (1280, 200), (640, 200), (360, 200), (320, 200))
"""Widths in CSS pixels, and how large the text is in percent."""
_STICKING_OUT = """() => {
  const { scrollWidth } = document.documentElement;
  if (scrollWidth <= innerWidth) return [];
  // A word in no element of its own sticks out of one that does not.
  return [`${scrollWidth} pixels wide`, ...[...document.body.querySelectorAll("*")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth).map((one) => one.outerHTML.slice(0, 120))];
}"""
_TORN = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const torn = [];
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const around = text.parentElement;
    const seen = around.checkVisibility({ visibilityProperty: true }) && !around.closest("pre, .ds-sr-only, .app-chart");
    for (const { index, 0: word } of seen ? text.data.matchAll(/(?<!\\p{L})\\p{L}{1,12}(?!\\p{L})/gu) : []) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
      if (lines.size > 2) torn.push(`${word}: ${around.outerHTML.slice(0, 120)}`);
    }
  }
  return torn;
}"""


async def resize(page: Page, width: int, text: int = 100) -> None:
    """Give the window another width, and the text a size in percent."""
    await page.set_viewport_size({"width": width, "height": 800})
    await page.evaluate(f"document.documentElement.style.fontSize = '{text}%'")


async def overflow(page: Page) -> list[str]:
    """Return how wide a page is that is wider than the window, and what sticks out of it to the right."""
    sticking_out: list[str] = await page.evaluate(_STICKING_OUT)
    return sticking_out


async def torn_words(page: Page) -> list[str]:
    """Return words of at most twelve letters that stand on three lines or more: nobody reads one letter a line."""
    torn: list[str] = await page.evaluate(_TORN)
    return torn
