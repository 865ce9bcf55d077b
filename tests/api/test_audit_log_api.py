"""The audit log as a file over HTTP: for administrators who are signed in."""

import httpx2

from integration_admin.core.statuses import Role
from tests.api.conftest import EMAIL, PASSWORD, Edge

CSV = "/download/audit-log.csv"


async def test_the_file_is_for_administrators_who_are_signed_in(
    client: httpx2.AsyncClient, running: Edge
) -> None:
    assert (await client.get(CSV)).status_code == 401
    await client.post("/auth/sign-in", data={"email": EMAIL, "password": PASSWORD})
    answer = await client.get(CSV, params={"area": "sign_in"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-log.csv"'
    assert "127.0.0.1" in answer.text
    assert len((await client.get("/download/audit-log.json")).json()) == 1
    assert (await client.get(CSV, params={"since": "yesterday"})).status_code == 422
    assert (await client.get("/download/audit-log.pdf")).status_code == 422
    assert running.alice.member_id is not None
    async with running.database.write(running.alice.organisation_id) as unit:
        (await unit.organisations.member(running.alice.member_id)).role = Role.VIEWER
    assert (await client.get(CSV)).status_code == 403
    async with running.database.read(running.alice.organisation_id) as unit:
        newest = (await unit.audit.latest(1))[0]
    assert (newest.action, newest.target) == ("access.denied", "audit_log.download")
