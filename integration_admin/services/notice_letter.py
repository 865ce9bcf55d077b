"""Writes a notice down: as an e-mail in its reader's language, as text and HTML, and as the JSON of a webhook."""

import json
from datetime import UTC, datetime
from html import escape
from string import Template
from typing import Any

from integration_admin.adapters.mail import Mail, one_line
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import NoticeKind
from integration_admin.data.models_notices import Notice, NoticeDelivery
from integration_admin.services.notice_words import heading, link_path, link_text

_TEXT = Template("$heading\n\n$about\n\n$sentence\n\n$link_text:\n$link\n\n-- \n$why\n")
_HTML = Template(
    "<!doctype html>\n"
    '<html lang="$language"><head><meta charset="utf-8"><title>$subject</title></head>\n'
    '<body style="font-family: sans-serif; font-size: 1rem; line-height: 1.5; max-width: 40rem">\n'
    '<h1 style="font-size: 1.25rem">$heading</h1>\n'
    "<p>$about</p>\n"
    "<p><strong>$sentence</strong></p>\n"
    '<p><a href="$link">$link_text</a></p>\n'
    "<p>$why</p>\n"
    "</body></html>\n"
)


def letter(notice: Notice, to: NoticeDelivery, organisation: str, public_url: str) -> Mail:
    """Return the e-mail of a notice to one recipient; it holds no more of records than counts, and one link."""
    language = to.language
    said = {
        "heading": heading(notice.kind).translate(language),
        "about": ": ".join(one_line(name) for name in (organisation, notice.integration_name) if name),
        "sentence": one_line(Message.from_json(notice.sentence).translate(language)),
        "link": public_url + link_path(notice.kind, notice.integration_id),
        "link_text": link_text(notice.kind).translate(language),
        "why": _why(organisation).translate(language),
    }
    subject = one_line(f"{said['heading']}: {notice.integration_name or organisation}")
    written = {name: escape(text) for name, text in said.items()}
    return Mail(
        to=to.address,
        subject=subject,
        text=_TEXT.substitute(said),
        html=_HTML.substitute(written, language=language, subject=escape(subject)),
        language=language,
        message_id=f"notice-{notice.id}-{to.id}",
        at=notice.created_at,
    )


def event(notice: Notice, organisation: str, public_url: str) -> bytes:
    """Return the JSON a webhook is sent: what the e-mail says, in English and as data."""
    about: dict[str, Any] = {"organisation": organisation}
    if notice.integration_id is not None:
        about["integration"] = {"id": str(notice.integration_id), "name": notice.integration_name}
    told = {
        "type": event_type(notice.kind),
        "timestamp": _stamp(notice.created_at),
        "data": {
            **about,
            "sentence": Message.from_json(notice.sentence).translate("en"),
            "counts": notice.counts,
            "url": public_url + link_path(notice.kind, notice.integration_id),
        },
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def event_type(kind: NoticeKind) -> str:
    """Return the name of a webhook event, such as `integration.failed`."""
    return "notice.test" if kind is NoticeKind.TEST else f"integration.{kind}"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _why(organisation: str) -> Message:
    return msg(
        "You get this because you look after the integrations of {organisation}. What is sent is chosen under"
        " Organisation in Integration Admin.",
        organisation=one_line(organisation),
    )
