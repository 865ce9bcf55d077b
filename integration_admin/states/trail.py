"""Which integration a page below it belongs to: the name in the trail above the page, and nothing else of it."""

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_integration
from integration_admin.states.reader import current_reader


class TrailState(rx.State):
    """The integration the trail leads through."""

    integration_id: str = ""
    name: str = ""

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> rx.event.EventSpec | None:
        """Read the name of the integration the address names; why it may not be seen is the page's own to say."""
        reader = await current_reader()
        integration_id = asked_integration(self.router.url)
        if integration_id is None:
            return rx.redirect("/404", replace=True)
        self.integration_id, self.name = "", ""
        try:
            view = await container.current().configuration.get(reader.actor, integration_id)
        except IntegrationAdminError:
            return None
        self.integration_id, self.name = str(view.id), view.name
        return None
