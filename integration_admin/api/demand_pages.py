"""What the page shows about whom an organisation lets in only with a second factor."""

from integration_admin.api import html_parts as ui
from integration_admin.api.factor_pages import CONFIRM_PAGE, DEMANDS_PAGE
from integration_admin.api.html_page import Reader
from integration_admin.api.markup import Markup, join, tag
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import FactorDemand
from integration_admin.services.factor_demands import MemberFactors
from integration_admin.services.second_factors import OwnFactors

_DEMANDS = {
    FactorDemand.OPTIONAL: msg("Nobody has to have one"),
    FactorDemand.ADMINISTRATORS: msg("Administrators must have one"),
    FactorDemand.EVERYBODY: msg("Everybody must have one"),
}


def demands(
    reader: Reader, own: OwnFactors, members: list[MemberFactors], error: Message | None, *, recent: bool
) -> Markup:
    """Draw what the organisation demands, and who has a second factor."""
    question = tag(
        "p",
        ui.link_button(
            reader.say(msg("Confirm that it is you to change this")), f"{CONFIRM_PAGE}?next={DEMANDS_PAGE}"
        ),
    )
    return join(
        ui.alert(reader, "danger", error) if error else None,
        ui.paragraph(
            reader.say(
                msg(
                    "A second factor is an authenticator app or a passkey. Whoever must have one and has none is"
                    " signed out, and sets it up at the next sign-in, before anything else."
                )
            )
        ),
        _demand_form(reader, own) if recent else _demand_told(reader, own),
        None if recent else question,
        ui.section(reader, "members", msg("Members"), _members(reader, members, recent=recent)),
    )


def _demand_told(reader: Reader, own: OwnFactors) -> Markup:
    return ui.paragraph(tag("strong", reader.say(_DEMANDS[own.demand])))


def _demand_form(reader: Reader, own: OwnFactors) -> Markup:
    choices = [
        tag(
            "div",
            tag(
                "input",
                type="radio",
                name="demand",
                value=demand.value,
                id_=f"demand-{demand.value}",
                class_="ds-input",
                checked=demand is own.demand,
            ),
            tag("label", reader.say(words), for_=f"demand-{demand.value}", class_="ds-label"),
            class_="ds-field",
        )
        for demand, words in _DEMANDS.items()
    ]
    legend = tag("legend", reader.say(msg("Second factor")), class_="ds-label app-label")
    return ui.form(
        "/auth/second-factor/demand",
        tag("fieldset", legend, *choices, class_="ds-fieldset"),
        ui.button(reader.say(msg("Save"))),
    )


def _members(reader: Reader, members: list[MemberFactors], *, recent: bool) -> Markup:
    has = {True: msg("has a second factor"), False: msg("has no second factor")}
    items = [
        tag(
            "li",
            f"{member.name} ({member.email}): {reader.say(has[member.has_factor])}",
            _reset(reader, member) if recent and member.has_factor and not member.is_self else None,
        )
        for member in members
    ]
    return tag("ul", *items, class_="ds-list")


def _reset(reader: Reader, member: MemberFactors) -> Markup:
    sure = msg("Only for somebody who has lost their phone and their codes, and of whom you are sure.")
    press = ui.button(
        reader.say(msg("Remove the second factors of {name}", name=member.name)),
        variant="secondary",
        color="danger",
    )
    return tag(
        "details",
        tag("summary", reader.say(msg("{name} has lost them", name=member.name))),
        tag(
            "div",
            ui.paragraph(reader.say(sure)),
            ui.form("/auth/second-factor/reset", press, member=str(member.id)),
        ),
        class_="ds-details",
        data_variant="default",
        data_color="neutral",
    )
