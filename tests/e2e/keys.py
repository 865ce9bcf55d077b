"""The keyboard as somebody without a mouse uses it; every stop must be seen on screen."""

from contextlib import suppress

from playwright.async_api import Locator, Page, expect

from tests.e2e.loads import Loads
from tests.e2e.waiting import until

_MOST_STOPS = 80
_WAY_TO = """(wanted) => {
  const here = document.activeElement;
  if (here === wanted) return "";
  return here.compareDocumentPosition(wanted) & Node.DOCUMENT_POSITION_PRECEDING ? "Shift+Tab" : "Tab";
}"""
_UNSEEN = """() => {
  const here = document.activeElement;
  // A link that goes on in the next line is looked for in its first: the middle of both may lie beside it.
  const box = here.getClientRects()[0] ?? here.getBoundingClientRect();
  // A box to tick and its label have one ring around both.
  const look = getComputedStyle((here.matches("[type=checkbox], [type=radio]") && here.closest(".ds-field")) || here);
  const [x, y] = [box.left + Math.min(box.width, innerWidth) / 2, Math.max(box.top, 0) + Math.min(box.height, 20) / 2];
  const above = document.elementFromPoint(x, y);
  const wrong = [];
  if (!here.matches(":focus-visible")) wrong.push("not marked");
  const outlined = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 1 || look.boxShadow !== "none";
  // The skip link is there only while it has the focus.
  if (!outlined && !here.matches(".ds-skip-link")) wrong.push("no outline");
  if (box.bottom < 1 || box.top > innerHeight - 1 || box.right < 1) wrong.push("off the screen");
  else if (!above || !(here.contains(above) || above.contains(here))) wrong.push(`covered by ${above ? above.outerHTML.slice(0, 120) : "the edge"}`);
  return wrong.length ? wrong.concat(here.outerHTML.slice(0, 120)) : [];
}"""
_STOPS = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.type !== "hidden")
  .length"""


class Keyboard:
    """The keyboard of one tab, which has no mouse, and the loads of the pages it leads to."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.loads = Loads(page)

    async def go_to(self, target: Locator) -> None:
        """Press Tab, or Shift+Tab when it lies behind, until the element has the focus."""
        await expect(target).to_be_visible()
        for _ in range(_MOST_STOPS):
            way = await target.evaluate(_WAY_TO)
            if not way:
                break
            await self.page.keyboard.press(way)
        await self.expect_at(target)

    async def press(self, target: Locator, key: str = "Enter") -> None:
        """Go to a button, link or box and use it."""
        await self.go_to(target)
        await self.page.keyboard.press(key)

    async def type_in(self, target: Locator, text: str) -> None:
        """Go to a field and write over what is in it."""
        await self.go_to(target)
        await self.page.keyboard.press("ControlOrMeta+a")
        await self.page.keyboard.type(text)

    async def expect_at(self, target: Locator) -> None:
        """The element has the focus, and that can be seen."""
        await expect(target).to_be_focused()
        await self._expect_seen()

    async def walk_through(self) -> int:
        """Press Tab from the skip link round to it again; return the number of stops, each of which is seen."""
        first = self.page.get_by_role("link", name="Skip to content")
        await self.page.evaluate("document.activeElement.blur()")
        await self.go_to(first)
        stops = 0
        at_start = False
        while not at_start:
            assert stops < _MOST_STOPS, "the keyboard does not come round"
            stops += 1
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate("document.activeElement === document.body"):
                await self.page.keyboard.press("Tab")
            await self._expect_seen()
            at_start = await first.evaluate("(first) => first === document.activeElement")
        return stops

    async def stops(self) -> int:
        """Return how many places the keyboard should reach."""
        return int(await self.page.evaluate(_STOPS))

    async def _expect_seen(self) -> None:
        # A ring may grow, and a busy machine may draw it late.
        with suppress(TimeoutError):
            await until(self.page, f"() => ({_UNSEEN})().length === 0", seconds=10.0)
        unseen = await self.page.evaluate(_UNSEEN)
        assert unseen == [], unseen
