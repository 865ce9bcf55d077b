"""axe-core objects to nothing: on every page, in the states people meet there, in each size, theme and language."""

import re
from pathlib import Path

from integration_admin import pages
from tests.e2e.road import DASHBOARD
from tests.e2e.walk import ELSEWHERE, PAGES, Walk

_ROUTE = re.compile(r'@ui\.page\(\s*"(/[^"]+)"')


async def test_axe_objects_to_nothing_on_a_desktop(desktop_walk: Walk) -> None:
    assert desktop_walk.objections == [], "\n" + "\n".join(desktop_walk.objections)


async def test_axe_objects_to_nothing_on_a_phone(phone_walk: Walk) -> None:
    assert phone_walk.objections == [], "\n" + "\n".join(phone_walk.objections)


async def test_every_page_is_among_those_inspected() -> None:
    sources = Path(pages.__file__).parent.glob("*.py")
    routes = {route for source in sources for route in _ROUTE.findall(source.read_text())}
    walked = {DASHBOARD + path.split("?")[0].replace("{", "[").replace("}", "]") for path in PAGES}
    assert routes - walked - ELSEWHERE.keys() == {"/sign-in", "/404"}, "these two are looked at by themselves"
