"""What a person sees whose form could not be taken because something here is broken: a page, where scripts get a problem."""

from collections.abc import Callable

from fastapi import Request, Response

from integration_admin.api.html_page import Pages, Reader
from integration_admin.api.html_parts import alert, link, paragraph
from integration_admin.api.language import language_of
from integration_admin.api.origin import page_before
from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.messages import msg
from integration_admin.core.settings import Settings


def failed_page(settings: Settings, pages: Pages) -> Callable[[Request, IntegrationAdminError], Response]:
    """Return what writes the page; it leads back to the one the form was on."""

    def written(request: Request, error: IntegrationAdminError) -> Response:
        reader = Reader(language_of(request))
        way = paragraph(link(reader.say(msg("Try again")), page_before(request, settings)))
        sentence = alert(reader, "danger", error.message)
        return pages.page(reader, msg("This could not be done"), sentence, way, status=error.status)

    return written
