"""The question who somebody is, before secrets, roles and signed-off months change: one form, with every way to answer."""

from collections.abc import Callable

import pytest
import reflex as rx

from integration_admin.pages.credential_rotation import confirm_section
from integration_admin.pages.organisation_parts import confirm_access
from integration_admin.pages.reconciliation_signing import signing


@pytest.mark.parametrize("draw", [confirm_section, confirm_access, signing])
def test_every_page_that_asks_who_it_is_offers_every_way_to_prove_it(
    draw: Callable[[], rx.Component],
) -> None:
    drawn = str(draw())
    for way in ("own_password", "asks_code", "passkey_page", "provider_page", "provider_name"):
        assert way in drawn
