"""What people ask of their device: stillness, and colours of their own. What a page does against it is returned, element by element."""

from playwright.async_api import Page

_NAMED = """const named = (one) => one.outerHTML.slice(0, 120);
  const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length > 0;"""
_MOVING = f"""() => {{
  {_NAMED}
  const longest = (times) => Math.max(...times.split(",").map((time) => parseFloat(time) * (time.endsWith("ms") ? 1 : 1000)));
  const moves = (look) => longest(look.transitionDuration) > 0 || look.scrollBehavior === "smooth" ||
    look.animationName !== "none" && (longest(look.animationDuration) > 10 || look.animationIterationCount === "infinite");
  return [...document.querySelectorAll("*")]
    .filter((one) => [null, "::before", "::after", "::backdrop"].some((part) => moves(getComputedStyle(one, part))))
    .map(named);
}}"""
_TOLD_BY_COLOUR = f"""() => {{
  {_NAMED}
  const sides = ["Top", "Right", "Bottom", "Left"];
  const edge = (look, side) => look[`border${{side}}Style`] !== "none" && parseFloat(look[`border${{side}}Width`]) >= 1
    && look[`border${{side}}Color`] !== look.backgroundColor;
  const edged = (one) => sides.some((side) => edge(getComputedStyle(one), side));
  const lined = (one) => getComputedStyle(one).textDecorationLine.includes("underline");
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const below = (one) => getComputedStyle(one).borderBottomColor;
  const wrong = [];
  const demand = (found, what, holds) => found.filter((one) => !holds(one))
    .forEach((one) => wrong.push(`${{what}}: ${{named(one)}}`));
  demand(all(".app-tag, .ds-alert, .ds-error-summary, .ds-card, .ds-details"), "no edge", edged);
  demand(all("main button, .ds-input:not([type=checkbox], [type=radio])"), "no edge", edged);
  demand(all(":is(main p, main li, main td, main dd) a:not(.ds-button, [aria-current])"), "a link like text", lined);
  demand(all(".app-tag"), "no word", (one) => one.innerText.trim() && one.querySelector("svg"));
  demand(all("[aria-pressed=true]"), "chosen like the others", lined);
  const others = new Set(all(".app-nav a:not([aria-current])").map(below));
  demand(all(".app-nav a[aria-current]"), "the part we are in like the others", (one) => !others.has(below(one)));
  return wrong;
}}"""
_UNMARKED = f"""() => {{
  {_NAMED}
  const kinds = new Map();
  for (const one of document.querySelectorAll("a[href], button, input, select, textarea, summary")) {{
    const kind = `${{one.localName}} ${{one.type}} ${{one.className}}`;
    if (seen(one) && !one.disabled && !kinds.has(kind)) kinds.set(kind, one);
  }}
  const marked = (one) => {{
    one.focus();
    const look = getComputedStyle(one);
    return look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2 && look.outlineColor !== look.backgroundColor;
  }};
  return [...kinds.values()].filter((one) => !marked(one)).map((one) => `the focus is not seen: ${{named(one)}}`);
}}"""


async def moving(page: Page) -> list[str]:
    """Return what does not change at once, or goes on moving longer than anybody sees."""
    found: list[str] = await page.evaluate(_MOVING)
    return found


async def told_by_colour_alone(page: Page) -> list[str]:
    """Return what cannot be told from the rest, or does not show the focus, when the reader's own colours are forced on a page."""
    await page.emulate_media(forced_colors="active")
    # After a key the browser shows where the focus is.
    await page.keyboard.press("Shift")
    found: list[str] = [*await page.evaluate(_TOLD_BY_COLOUR), *await page.evaluate(_UNMARKED)]
    await page.emulate_media(forced_colors="none")
    return found
