"""What pages show about passkeys: the forms a script of ours answers, and the list of one's own."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from integration_admin.api import html_parts as ui
from integration_admin.api.html_page import Reader
from integration_admin.api.markup import Content, Markup, join, tag
from integration_admin.core.messages import Message, msg
from integration_admin.services.second_factors import OwnFactors, PasskeyView

SCRIPT = "/passkeys.js"
PASSKEY_PAGE = "/sign-in/passkey"
_SIGN_QUESTION, _MAKE_QUESTION = "/auth/passkeys/question", "/auth/passkeys/new"


def sign_form(reader: Reader, target: str, *, action: str, words: Message) -> Markup:
    """Draw the button that lets the browser sign with a passkey."""
    return _form(reader, "sign", _SIGN_QUESTION, action, ui.button(reader.say(words)), target)


def make_form(reader: Reader, target: str, error: Message | None = None) -> Markup:
    """Draw the form that lets the browser make a passkey and gives it a name."""
    name = ui.field(
        reader,
        "name",
        msg("Name"),
        about=msg("So that you know it again, such as “My phone” or “Security key on my key ring”."),
        error=error,
        maxlength="100",
        autocomplete="off",
    )
    button = ui.button(reader.say(msg("Add a passkey")), variant="secondary")
    return _form(reader, "make", _MAKE_QUESTION, "/auth/passkeys/add", join(name, button), target)


def own_passkeys(
    reader: Reader, own: OwnFactors, time_zone: str, target: str, *, recent: bool, available: bool
) -> list[Content]:
    """Draw somebody's passkeys and, for ten minutes after they proved themselves, what can be done with them."""
    if not available and not own.passkeys:
        sentence = msg(
            "Browsers make passkeys only for an address with a name and https, which this one has not."
        )
        return [ui.paragraph(reader.say(sentence))]
    about = msg(
        "A passkey is kept by your phone, computer or security key, which asks for your fingerprint, face or PIN."
        " It lets you in without password and code."
    )
    items = [tag("li", *_passkey(reader, one, time_zone, recent=recent)) for one in own.passkeys]
    return [
        ui.paragraph(reader.say(about)),
        tag("ul", *items, class_="ds-list") if items else None,
        make_form(reader, target) if recent and available else None,
    ]


def _passkey(reader: Reader, one: PasskeyView, time_zone: str, *, recent: bool) -> list[Content]:
    added = msg("added {day}", day=_day(one.created_at, time_zone))
    used = (
        msg("last used {day}", day=_day(one.last_used_at, time_zone))
        if one.last_used_at
        else msg("not used yet")
    )
    told = f"{one.name}: {reader.say(added)}, {reader.say(used)}"
    return [told, _changes(reader, one) if recent else None]


def _changes(reader: Reader, one: PasskeyView) -> Markup:
    name_id = f"name-{one.id}"
    name = tag(
        "div",
        tag("label", reader.say(msg("New name")), for_=name_id, class_="ds-label app-label"),
        tag(
            "input",
            id_=name_id,
            name="name",
            type="text",
            value=one.name,
            maxlength="100",
            required=True,
            autocomplete="off",
            class_="ds-input",
        ),
        class_="ds-field",
    )
    rename = ui.button(reader.say(msg("Rename “{name}”", name=one.name)), variant="secondary")
    remove = ui.button(reader.say(msg("Remove “{name}”", name=one.name)), variant="secondary", color="danger")
    return tag(
        "details",
        tag("summary", reader.say(msg("Rename or remove “{name}”", name=one.name))),
        tag(
            "div",
            ui.form("/auth/passkeys/rename", name, rename, passkey=str(one.id)),
            ui.form("/auth/passkeys/remove", remove, passkey=str(one.id)),
            class_="app-stack app-stack--medium",
        ),
        class_="ds-details",
        data_variant="default",
        data_color="neutral",
    )


def _form(reader: Reader, does: str, question: str, action: str, inside: Markup, target: str) -> Markup:
    """Draw a form the script answers; its refusal waits in a template, so that it is read out when it comes."""
    failed = msg("Your browser gave no passkey. Try again, or use another way.")
    without = msg("Passkeys need JavaScript, which is switched off in this browser.")
    return tag(
        "form",
        tag("input", type="hidden", name="answer", value=""),
        tag("input", type="hidden", name="next", value=target),
        tag("template", ui.alert(reader, "danger", failed)),
        tag("div", data_failed=True, aria_live="assertive"),
        inside,
        tag("noscript", ui.paragraph(reader.say(without))),
        action=action,
        method="post",
        data_passkey=does,
        data_question=question,
        class_="app-stack app-stack--medium",
    )


def _day(at: datetime, time_zone: str) -> date:
    return at.astimezone(ZoneInfo(time_zone)).date()
