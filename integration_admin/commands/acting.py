"""In whose name a command acts: as an administrator of the organisation an integration belongs to."""

import uuid
from typing import Annotated

import typer

from integration_admin.bootstrap import Application
from integration_admin.core.actor import Actor
from integration_admin.core.errors import NotFound
from integration_admin.core.messages import msg

OrganisationIfGiven = Annotated[
    str, typer.Option("--organisation", help="The organisation's name; left out, the id alone is looked for.")
]


async def administrator_of(
    application: Application, integration_id: uuid.UUID, organisation: str = ""
) -> Actor:
    """Return an actor of the organisation of that name or, without a name, of the one that has the integration.

    Raises NotFound.
    """
    services = application.services
    if organisation:
        return await services.organisations.actor_of(organisation)
    async with application.database.system() as system:
        names = [row.name for row in await system.organisations()]
    for name in names:
        actor = await services.organisations.actor_of(name)
        if any(view.id == integration_id for view in await services.configuration.everything(actor)):
            return actor
    raise NotFound(msg("There is no such integration."))
