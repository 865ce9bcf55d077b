"""A command finds the organisation an integration belongs to, also where the database hides all others."""

import uuid
from pathlib import Path

import pytest

from integration_admin.bootstrap import assemble
from integration_admin.commands.acting import administrator_of
from integration_admin.core.errors import NotFound
from integration_admin.core.settings import Settings
from tests.builders import make_member, save_integration, save_organisation


async def test_an_integrations_id_leads_to_its_own_organisation_and_no_other(
    database_url: str, tmp_path: Path
) -> None:
    application = assemble(Settings(instance_dir=tmp_path, database_url=database_url))
    ours, theirs = [
        await save_organisation(application.database, make_member(name)) for name in ("Alice", "Charlie")
    ]
    belongs = {
        (await save_integration(application.database, organisation.id)).id: organisation.id
        for organisation in (ours, theirs)
    }
    for integration_id, organisation_id in belongs.items():
        assert (await administrator_of(application, integration_id)).organisation_id == organisation_id
    with pytest.raises(NotFound):
        await administrator_of(application, uuid.uuid4())
    # A name that is given is believed; what is asked for is then not there.
    stranger = await administrator_of(application, next(iter(belongs)), theirs.name)
    with pytest.raises(NotFound):
        await application.services.configuration.get(stranger, next(iter(belongs)))
    await application.close()
