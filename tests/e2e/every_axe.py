"""What test_axe.py asks of two walks, asked of all six: `make axe`, which takes ten minutes."""

from typing import get_args

import pytest
from playwright.async_api import Browser

from tests.e2e.inhabited import Inhabited
from tests.e2e.road import SIZES, Device
from tests.e2e.server import Server
from tests.e2e.walk import walk_in
from tests.e2e.words import Language


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("device", SIZES)
async def test_axe_objects_to_nothing(
    browser: Browser, server: Server, made: Inhabited, device: Device, language: Language
) -> None:
    walk = await walk_in(browser, server, made, device, language)
    noted = [*walk.objections, *walk.unlike]
    assert noted == [], "\n" + "\n".join(noted)
