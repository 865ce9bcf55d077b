"""What notices are called, and where each leads."""

import uuid
from typing import Final

from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import NoticeKind

ORGANISATION_PAGE: Final = "/settings/organisation/notices"

_HEADINGS: Final = {
    NoticeKind.FAILED: msg("The export has failed"),
    NoticeKind.NEEDS_PERSON: msg("A person has to decide"),
    NoticeKind.STOPPED: msg("The export has stopped"),
    NoticeKind.NOTHING_HAPPENED: msg("A planned export has not happened"),
    NoticeKind.RECOVERED: msg("All is well again"),
    NoticeKind.CAUGHT_UP: msg("Missed exports are made up for"),
    NoticeKind.SECRET_EXPIRES: msg("Credentials expire soon"),
    NoticeKind.PREFLIGHT: msg("The next export would fail"),
    NoticeKind.RECONCILIATION: msg("The accounting system and the export differ, or agree again"),
    NoticeKind.TEST: msg("This is a test"),
}
_LINKS: Final = {
    NoticeKind.FAILED: msg("See what failed and why"),
    NoticeKind.NEEDS_PERSON: msg("Decide"),
    NoticeKind.STOPPED: msg("Enter new credentials"),
    NoticeKind.NOTHING_HAPPENED: msg("See the schedule"),
    NoticeKind.RECOVERED: msg("See how it goes"),
    NoticeKind.CAUGHT_UP: msg("See how it goes"),
    NoticeKind.SECRET_EXPIRES: msg("Replace the credentials"),
    NoticeKind.PREFLIGHT: msg("See what would fail and why"),
    NoticeKind.RECONCILIATION: msg("See the comparison"),
    NoticeKind.TEST: msg("Choose what you are told"),
}
_PLACES: Final = {
    NoticeKind.STOPPED: "/credentials",
    NoticeKind.SECRET_EXPIRES: "/credentials",
    NoticeKind.NOTHING_HAPPENED: "/schedule",
    NoticeKind.RECONCILIATION: "/reconciliation",
}
"""Below the integration's page: where the repair is made."""


def heading(kind: NoticeKind) -> Message:
    """Return what a notice is called."""
    return _HEADINGS[kind]


def link_text(kind: NoticeKind) -> Message:
    """Return what its one link says."""
    return _LINKS[kind]


def link_path(kind: NoticeKind, integration_id: uuid.UUID | None) -> str:
    """Return the path of the page where the repair is made."""
    if integration_id is None:
        return ORGANISATION_PAGE
    return f"/settings/integrations/{integration_id}{_PLACES.get(kind, '')}"
