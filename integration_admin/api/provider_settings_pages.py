"""What the page shows on which an administrator sets up the organisation's sign-in provider. Its routes are in provider_settings.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from integration_admin.api import html_parts as ui
from integration_admin.api.factor_pages import CONFIRM_PAGE, OWN_PAGE
from integration_admin.api.html_page import Reader
from integration_admin.api.markup import Content, Markup, join, tag
from integration_admin.core.messages import Message, msg
from integration_admin.services.identity_providers import ConnectedMember, ProviderView, Seen

PROVIDER_PAGE = "/settings/sign-in/provider"


@dataclass(frozen=True, slots=True)
class Entered:
    """What was typed and not taken, and why; never a secret."""

    name: str = ""
    issuer: str = ""
    client_id: str = ""
    trusts_mfa: bool = False
    wrong: Mapping[str, Message] = field(default_factory=dict)


def provider(
    reader: Reader,
    found: ProviderView | None,
    entered: Entered,
    redirect_uri: str,
    time_zone: str,
    *,
    recent: bool,
) -> Markup:
    """Draw the steps in the order in which they are done; those that come later only once there is a provider."""
    steps: list[Content] = [_register(reader, redirect_uri)]
    steps.append(_enter(reader, found, entered, time_zone, recent=recent))
    if found is not None:
        steps += [_look(reader), _try(reader, found), _demand(reader, found, recent=recent)]
        steps += [_members(reader, found, time_zone, recent=recent), _remove(reader, found, recent=recent)]
    return join(
        ui.paragraph(
            reader.say(
                msg(
                    "Your people can sign in with the account they have already, at Microsoft Entra ID or any other"
                    " provider that speaks OpenID Connect. Who may come in is still decided under Members: nobody"
                    " becomes a member by signing in there."
                )
            )
        ),
        None if recent else _confirm_first(reader),
        *steps,
    )


def seen(reader: Reader, answer: Seen) -> Markup:
    """Draw what the issuer says of itself just now."""
    facts = (
        (msg("Issuer"), answer.issuer),
        (msg("People sign in at"), answer.authorization_endpoint),
        (msg("Codes are exchanged at"), answer.token_endpoint),
        (msg("Keys that can be used"), str(answer.keys)),
    )
    items = [tag("li", f"{reader.say(label)}: ", tag("code", value)) for label, value in facts]
    told = msg("The issuer answers. This is what it says of itself:")
    none = msg(
        "None of its keys can be used, so nobody can sign in with it: keys for RS256, PS256 or ES256 are needed."
    )
    return join(
        ui.alert(reader, "success", told),
        tag("ul", *items, class_="ds-list"),
        None if answer.keys else ui.alert(reader, "danger", none),
    )


def _confirm_first(reader: Reader) -> Markup:
    words = msg("Confirm that it is you to change this")
    return tag("p", ui.link_button(reader.say(words), f"{CONFIRM_PAGE}?next={PROVIDER_PAGE}"))


def _register(reader: Reader, redirect_uri: str) -> Markup:
    told = msg("Register this program there, as a web application, with this redirect address:")
    entra = (
        msg(
            "Open entra.microsoft.com as an administrator, and there App registrations and New registration."
        ),
        msg("Choose that accounts of your own directory alone may use it (Single tenant)."),
        msg("Under Redirect URI choose Web, write the address above, and register."),
        msg(
            "From the overview copy the Application (client) ID and the Directory (tenant) ID. The issuer is"
            " https://login.microsoftonline.com/, the Directory (tenant) ID, and /v2.0."
        ),
        msg("Under Certificates & secrets make a client secret, and copy what stands in the column Value."),
        msg(
            "Under Token configuration add the optional claim auth_time to the ID token. Then people can also confirm"
            " with Entra ID that it is them before they change secrets."
        ),
    )
    items = [tag("li", reader.say(one)) for one in entra]
    return ui.section(
        reader,
        "register",
        msg("1. Register this program at the provider"),
        ui.paragraph(reader.say(told)),
        tag("p", tag("code", redirect_uri, class_="app-code", id_="redirect-uri")),
        _details(reader, msg("How this is done in Microsoft Entra ID"), tag("ol", *items, class_="ds-list")),
    )


def _enter(
    reader: Reader, found: ProviderView | None, entered: Entered, time_zone: str, *, recent: bool
) -> Markup:
    told: list[Content] = []
    if found is not None:
        day = found.stored_at.astimezone(ZoneInfo(time_zone)).date()
        stored = msg("The client secret was stored {day}. It is never shown.", day=day)
        told = [ui.paragraph(reader.say(stored))]
        if not recent:
            told.insert(0, ui.paragraph(f"{found.name}: ", tag("code", found.issuer)))
    elif not recent:
        told = [ui.paragraph(reader.say(msg("No sign-in provider is set up.")))]
    return ui.section(
        reader,
        "enter",
        msg("2. Enter what the provider shows"),
        *told,
        _form(reader, found, entered) if recent else None,
    )


def _form(reader: Reader, found: ProviderView | None, entered: Entered) -> Markup:
    kept = msg("Leave it empty to keep the one that is stored. Another issuer or client ID needs its own.")
    issuer = msg("Its address, exactly as it calls itself, such as https://login.microsoftonline.com/…/v2.0.")
    return ui.form(
        "/auth/provider/save",
        ui.field(
            reader,
            "name",
            msg("Name on the button"),
            about=msg("What your people call it, such as Microsoft."),
            error=entered.wrong.get("name"),
            value=entered.name,
            autocomplete="off",
        ),
        ui.field(
            reader,
            "issuer",
            msg("Issuer"),
            about=issuer,
            error=entered.wrong.get("issuer"),
            value=entered.issuer,
            type="url",
            autocomplete="off",
        ),
        ui.field(
            reader,
            "client_id",
            msg("Client ID"),
            error=entered.wrong.get("client_id"),
            value=entered.client_id,
            autocomplete="off",
            spellcheck="false",
        ),
        ui.field(
            reader,
            "secret",
            msg("Client secret"),
            about=kept if found else None,
            error=entered.wrong.get("secret"),
            type="password",
            required=found is None,
            autocomplete="off",
            spellcheck="false",
        ),
        _trust(reader, entered),
        ui.button(reader.say(msg("Save and see whether it answers"))),
    )


def _trust(reader: Reader, entered: Entered) -> Markup:
    words = msg("Take its word for a second factor")
    about = msg(
        "Where it says that somebody used several factors (amr with mfa), no code is asked for here. Where it does"
        " not say so, as Microsoft Entra ID does not by itself, the second factor here follows as after a password."
    )
    box = tag(
        "input",
        type="checkbox",
        id_="trusts-mfa",
        name="trusts_mfa",
        value="yes",
        class_="ds-input",
        checked=entered.trusts_mfa,
        aria_describedby="trusts-mfa-help",
    )
    return tag(
        "div",
        box,
        tag("label", reader.say(words), for_="trusts-mfa", class_="ds-label"),
        tag("div", reader.say(about), id_="trusts-mfa-help", data_field="description"),
        class_="ds-field",
    )


def _look(reader: Reader) -> Markup:
    press = ui.button(reader.say(msg("Ask the issuer now")), variant="secondary")
    return ui.section(reader, "look", msg("3. See whether it answers"), ui.form("/auth/provider/look", press))


def _try(reader: Reader, found: ProviderView) -> Markup:
    own = msg("Connect your own account first: that shows whether everything is right.")
    link = ui.link(reader.say(msg("Connect your own account, under Your sign-in")), OWN_PAGE)
    hand_out = msg(
        "Then give your people this address. Whoever has come in by it once finds the button on the ordinary sign-in page"
        " as well. It is not public, so that nobody can find out which organisations there are."
    )
    verified = msg(
        "Somebody whose e-mail address the provider has verified is recognised by it the first time. Microsoft Entra"
        " ID verifies none: there everybody connects their account themselves, under Your sign-in."
    )
    return ui.section(
        reader,
        "try",
        msg("4. Try it, and hand out the address"),
        ui.paragraph(reader.say(own)),
        ui.paragraph(link),
        ui.paragraph(reader.say(hand_out)),
        tag("p", tag("code", found.sign_in_address, class_="app-code", id_="sign-in-address")),
        ui.paragraph(reader.say(verified)),
    )


def _demand(reader: Reader, found: ProviderView, *, recent: bool) -> Markup:
    if found.required:
        told = msg("Nobody gets in without {name}.", name=found.name)
        action, words = "/auth/provider/free", msg("Let people in without it again")
    else:
        told = msg(
            "People may sign in with {name}, or with their password or a passkey. If you demand it, whoever is not"
            " connected yet is signed out, and connects at the next sign-in, after the password.",
            name=found.name,
        )
        action, words = "/auth/provider/demand", msg("Demand it of everybody")
    rescue = msg(
        "If the provider fails one day, whoever runs the server lets people in by password again:"
        " integration-admin allow-passwords"
    )
    return ui.section(
        reader,
        "demand",
        msg("5. Demand it"),
        ui.paragraph(reader.say(told)),
        ui.paragraph(reader.say(rescue)),
        ui.form(action, ui.button(reader.say(words), variant="secondary")) if recent else None,
    )


def _members(reader: Reader, found: ProviderView, time_zone: str, *, recent: bool) -> Markup:
    items = [tag("li", *_member(reader, one, time_zone, recent=recent)) for one in found.members]
    count = sum(one.since is not None for one in found.members)
    title = msg("Members who are connected: {count}", count=count)
    return _details(reader, title, tag("ul", *items, class_="ds-list"))


def _member(reader: Reader, one: ConnectedMember, time_zone: str, *, recent: bool) -> list[Content]:
    if one.since is None:
        told = reader.say(msg("not connected yet"))
        return [f"{one.name} ({one.email}): {told}"]
    since = msg("connected since {day}", day=one.since.astimezone(ZoneInfo(time_zone)).date())
    press = ui.button(
        reader.say(msg("Disconnect {name}", name=one.name)), variant="secondary", color="danger"
    )
    forget = ui.form("/auth/provider/disconnect", press, member=str(one.id)) if recent else None
    return [f"{one.name} ({one.email}): {reader.say(since)}", forget]


def _remove(reader: Reader, found: ProviderView, *, recent: bool) -> Markup | None:
    if not recent:
        return None
    told = msg("Its secret is forgotten, and who is who there. Everybody signs in with their password again.")
    press = ui.button(reader.say(msg("Remove {name}", name=found.name)), variant="secondary", color="danger")
    return _details(
        reader,
        msg("Remove the sign-in provider"),
        ui.paragraph(reader.say(told)),
        ui.form("/auth/provider/remove", press),
    )


def _details(reader: Reader, title: Message, *inside: Content) -> Markup:
    return tag(
        "details",
        tag("summary", reader.say(title)),
        tag("div", *inside),
        class_="ds-details",
        data_variant="default",
        data_color="neutral",
    )
