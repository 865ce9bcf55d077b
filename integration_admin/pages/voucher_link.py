"""A voucher's number, and the link to where it is looked at in the accounting system, where there is one."""

import reflex as rx

from integration_admin.components import Text, t
from integration_admin.components.content import NativeLink


def voucher(number: rx.Var[str], address: rx.Var[str], otherwise: Text) -> rx.Component:
    """Draw a voucher's number, as a link where it has an address; `otherwise` where there is no voucher.

    The link opens in a new tab and says so; the accounting system is told nothing of where it was followed.
    """
    link = NativeLink.create(
        rx.cond(number, number, t("The voucher")),
        " ",
        t("(new tab)"),
        href=address,
        class_name="ds-link",
        custom_attrs={"target": "_blank", "rel": "noopener noreferrer"},
    )
    return rx.cond(address, link, rx.cond(number, number, otherwise))
