"""The e-mails that carry a one-time link: an invitation, or a new password. When they are sent is one_time_links.py's."""

from datetime import datetime
from html import escape
from string import Template
from typing import Final

from integration_admin.adapters.mail import Mail, one_line
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import LinkPurpose
from integration_admin.data.models_access import OneTimeLink

LINK_PATH: Final = "/link"
_SUBJECTS: Final = {
    LinkPurpose.INVITATION: msg("Invitation to Integration Admin"),
    LinkPurpose.RESET: msg("Choose a new password"),
}
_LINK_TEXTS: Final = {
    LinkPurpose.INVITATION: msg("Choose a password and begin"),
    LinkPurpose.RESET: msg("Choose a new password"),
}
_TEXT: Final = Template("$heading\n\n$sentence\n\n$link_text:\n$link\n\n$until\n\n-- \n$otherwise\n")
_HTML: Final = Template(
    "<!doctype html>\n"
    '<html lang="$language"><head><meta charset="utf-8"><title>$heading</title></head>\n'
    '<body style="font-family: sans-serif; font-size: 1rem; line-height: 1.5; max-width: 40rem">\n'
    '<h1 style="font-size: 1.25rem">$heading</h1>\n'
    "<p>$sentence</p>\n"
    '<p><a href="$link">$link_text</a></p>\n'
    "<p>$until</p>\n"
    "<p>$otherwise</p>\n"
    "</body></html>\n"
)


def link_address(public_url: str, token: Secret) -> str:
    """Return the address to open; what follows the # stays in the browser and reaches no log on the way."""
    return f"{public_url}{LINK_PATH}#{token.reveal()}"


def link_letter(
    link: OneTimeLink, token: Secret, organisation: str, language: str, public_url: str, at: datetime
) -> Mail:
    """Return the e-mail with a one-time link in its reader's language."""
    said = {
        "heading": _SUBJECTS[link.purpose].translate(language),
        "sentence": _sentence(link, one_line(organisation)).translate(language),
        "link_text": _LINK_TEXTS[link.purpose].translate(language),
        "link": link_address(public_url, token),
        "until": _until(link).translate(language),
        "otherwise": _otherwise(link).translate(language),
    }
    written = {name: escape(text) for name, text in said.items()}
    return Mail(
        to=link.email,
        subject=one_line(said["heading"]),
        text=_TEXT.substitute(said),
        html=_HTML.substitute(written, language=language),
        language=language,
        message_id=f"link-{link.id}",
        at=at,
    )


def _sentence(link: OneTimeLink, organisation: str) -> Message:
    if link.purpose is LinkPurpose.INVITATION:
        return msg(
            "{person} has invited you to look after the expense claims of {organisation} in Integration Admin.",
            person=one_line(link.created_by),
            organisation=organisation,
        )
    return msg(
        "A new password has been asked for, for your account at {organisation} in Integration Admin.",
        organisation=organisation,
    )


def _until(link: OneTimeLink) -> Message:
    if link.purpose is LinkPurpose.INVITATION:
        return msg("The link works once, within three days.")
    return msg("The link works once, within an hour.")


def _otherwise(link: OneTimeLink) -> Message:
    if link.purpose is LinkPurpose.INVITATION:
        return msg("If you do not know what this is about, you need not do anything.")
    return msg("If you have not asked for it, you need not do anything: your password stays as it is.")
