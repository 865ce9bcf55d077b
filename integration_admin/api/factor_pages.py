"""What the pages about second factors show; which of them is shown when is decided in second_factors.py."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import segno

from integration_admin.api import html_parts as ui
from integration_admin.api.html_page import Reader
from integration_admin.api.markup import Markup, join, tag
from integration_admin.api.own_pages import PASSWORD_PAGE, SESSIONS_PAGE
from integration_admin.api.passkey_pages import own_passkeys
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.services.second_factors import Enrolment, OwnFactors

OWN_PAGE = "/settings/sign-in"
CONFIRM_PAGE = "/settings/sign-in/confirm"
DEMANDS_PAGE = "/settings/sign-in/members"
CODE_PAGE, ENROL_PAGE, APP_PAGE = "/sign-in/code", "/sign-in/enrol", "/sign-in/app"


def code_form(reader: Reader, target: str, error: Message | None, *, has_app: bool) -> Markup:
    """Draw the second step of signing in; who has no app can still type a recovery code."""
    with_app = msg(
        "The six digits your authenticator app shows now. If you do not have the app at hand, type one of"
        " your recovery codes."
    )
    without_app = msg("If you do not have your passkey at hand, type one of your recovery codes.")
    return ui.form(
        "/auth/code",
        ui.code_field(
            reader,
            msg("Code"),
            with_app if has_app else without_app,
            error,
        ),
        ui.button(reader.say(msg("Sign in"))),
        next=target,
    )


def enrol_question(reader: Reader, target: str) -> Markup:
    """Draw why a second factor has to be set up now, and the button that begins."""
    return join(
        ui.paragraph(
            reader.say(
                msg(
                    "Your organisation asks for more than a password. Set up an authenticator app on your phone or"
                    " computer now; it takes a few minutes. From then on you sign in with your password and a code"
                    " from the app."
                )
            )
        ),
        ui.form(
            "/auth/second-factor/begin",
            ui.button(reader.say(msg("Set up an authenticator app"))),
            next=target,
        ),
    )


def enrolment(reader: Reader, waiting: Enrolment, target: str, error: Message | None) -> Markup:
    """Draw the key of an app in three ways, as a square, a link and letters, and the form for its first code."""
    key = waiting.key.reveal()
    spaced = " ".join(key[start : start + 4] for start in range(0, len(key), 4))
    open_app = ui.link(reader.say(msg("Open it in an app on this device")), waiting.address.reveal())
    letters = tag("p", tag("code", spaced, id_="key", class_="app-code"))
    first = ui.section(
        reader,
        "key",
        msg("1. Give the key to your app"),
        ui.paragraph(
            reader.say(
                msg(
                    "Open an authenticator app, such as the one you use already, and add an account there. Let it read"
                    " the square, or open the link on the phone itself, or type the key."
                )
            )
        ),
        tag("figure", _square(reader, waiting.address), class_="app-square"),
        ui.paragraph(open_app),
        ui.paragraph(reader.say(msg("The key in letters and digits:"))),
        letters,
    )
    second = ui.section(
        reader,
        "first-code",
        msg("2. Type the code the app shows"),
        ui.form(
            "/auth/second-factor/confirm",
            ui.code_field(
                reader,
                msg("Code"),
                msg("Six digits. The app shows new ones every 30 seconds; there is a little time to spare."),
                error,
            ),
            ui.button(reader.say(msg("Confirm"))),
            next=target,
        ),
    )
    return join(first, second)


def recovery_codes(reader: Reader, codes: list[Secret], target: str) -> Markup:
    """Draw new recovery codes, the only time they can be seen, and the way to keep them."""
    shown = [code.reveal() for code in codes]
    return join(
        ui.alert(reader, "warning", msg("Keep these codes now: they are shown this once, and never again.")),
        ui.paragraph(
            reader.say(
                msg(
                    "Each of them lets you in once when you do not have your phone or passkey. Keep them where"
                    " only you can read them: print this page, or download them as a file."
                )
            )
        ),
        tag("ol", *(tag("li", tag("code", code)) for code in shown), class_="ds-list", id_="codes"),
        ui.form(
            "/auth/recovery-codes/file",
            ui.button(reader.say(msg("Download the codes")), variant="secondary"),
            codes=" ".join(shown),
        ),
        tag("p", ui.link_button(reader.say(msg("I have kept them, go on")), target)),
    )


def codes_file(reader: Reader, codes: list[str]) -> str:
    """Return recovery codes as a text to keep."""
    title = reader.say(msg("Recovery codes for Integration Admin. Each can be used once."))
    return "\r\n".join([title, "", *codes, ""])


def own_factors(
    reader: Reader, own: OwnFactors, time_zone: str, *, recent: bool, passkeys_available: bool
) -> Markup:
    """Draw what somebody has besides the password and, for ten minutes after they proved themselves, the forms."""
    question = join(
        ui.paragraph(
            reader.say(
                msg("To change anything here, confirm first that it is you. That counts for ten minutes.")
            )
        ),
        tag(
            "p", ui.link_button(reader.say(msg("Confirm that it is you")), f"{CONFIRM_PAGE}?next={OWN_PAGE}")
        ),
    )
    demands = ui.link(
        reader.say(msg("What the organisation demands, and who has a second factor")), DEMANDS_PAGE
    )
    return join(
        None if own.any else ui.alert(reader, "info", msg("You sign in with your password alone.")),
        None if recent else question,
        ui.section(reader, "app", msg("Authenticator app"), *_app(reader, own, time_zone, recent=recent)),
        ui.section(
            reader,
            "passkeys",
            msg("Passkeys"),
            *own_passkeys(reader, own, time_zone, OWN_PAGE, recent=recent, available=passkeys_available),
        ),
        ui.section(reader, "codes", msg("Recovery codes"), *_codes(reader, own, recent=recent))
        if own.any
        else None,
        ui.section(
            reader,
            "account",
            msg("Your sessions and your password"),
            ui.paragraph(ui.link(reader.say(msg("Where you are signed in")), SESSIONS_PAGE)),
            ui.paragraph(ui.link(reader.say(msg("Change your password")), PASSWORD_PAGE)),
        ),
        ui.paragraph(demands) if reader.administers else None,
    )


def confirm_form(reader: Reader, target: str, error: Message | None, *, asks_code: bool) -> Markup:
    """Draw the question for the password and, where there is a second factor, a code."""
    code = ui.code_field(
        reader,
        msg("Code"),
        msg("From your authenticator app, or one of your recovery codes."),
        None,
    )
    return ui.form(
        "/auth/confirm",
        ui.password_field(reader, "own_password", msg("Your own password"), error),
        code if asks_code else None,
        ui.button(reader.say(msg("Confirm"))),
        next=target,
    )


def _app(reader: Reader, own: OwnFactors, time_zone: str, *, recent: bool) -> list[Markup]:
    if own.app_since is None:
        told = msg("None is set up. With one, a stolen password alone lets nobody in.")
        begin = ui.form(
            "/auth/second-factor/begin", ui.button(reader.say(msg("Set up an authenticator app")))
        )
        return [ui.paragraph(reader.say(told)), *([begin] if recent else [])]
    told = msg("Set up {day}.", day=_day(own.app_since, time_zone))
    forms = [
        ui.form(
            "/auth/second-factor/begin",
            ui.button(reader.say(msg("Move it to another app or phone")), variant="secondary"),
        ),
        ui.form(
            "/auth/second-factor/remove",
            ui.button(reader.say(msg("Remove the app")), variant="secondary", color="danger"),
        ),
    ]
    return [ui.paragraph(reader.say(told)), *(forms if recent else [])]


def _codes(reader: Reader, own: OwnFactors, *, recent: bool) -> list[Markup]:
    told = msg("Codes that can still be used: {count}", count=own.codes_left)
    few = ui.alert(reader, "warning", msg("Only a few are left. Make new ones while you can sign in."))
    make = ui.form("/auth/recovery-codes", ui.button(reader.say(msg("Make new codes")), variant="secondary"))
    return [
        ui.paragraph(reader.say(told)),
        *([few] if own.codes_left < 3 else []),
        ui.paragraph(reader.say(msg("New codes make the earlier ones worthless."))),
        *([make] if recent else []),
    ]


def _square(reader: Reader, address: Secret) -> Markup:
    drawn = segno.make(address.reveal(), error="m").svg_inline(scale=5, border=4, light="#fff", omitsize=True)
    label = reader.say(msg("Square with the key for your app; the same key is below as letters and digits"))
    # The square is drawn by the library from our own address; it holds no text.
    return tag("div", Markup(drawn), role="img", aria_label=label)


def _day(at: datetime, time_zone: str) -> date:
    return at.astimezone(ZoneInfo(time_zone)).date()
