"""Faults on the simulated Dynamics, and the routes that change its world."""

from contextlib import suppress
from typing import Any

import httpx2
import pytest

from integration_admin.sandbox.faults import Fault
from tests.sandbox.dynamics import DynamicsSandbox, dynamics_sandbox, line, posting


async def send(sandbox: DynamicsSandbox, journal: str, reference: str = "REF1") -> httpx2.Response:
    path = f"companies({await sandbox.here()})/journals({journal})/journalLines"
    return await sandbox.call(
        "POST", "/$batch", {"requests": [posting(path, line(reference), "1")]}, Isolation="snapshot"
    )


@pytest.mark.parametrize(
    ("fault", "status", "booked"),
    [
        ("error500_after", 500, ["REF1"]),
        ("error503", 503, []),
        ("rate_limited", 429, []),
        ("rate_limited_bare", 429, []),
        ("wrong_json", 200, ["REF1"]),
    ],
)
async def test_an_answer_that_hides_what_was_done(
    dynamics: DynamicsSandbox, fault: str, status: int, booked: list[str]
) -> None:
    journal = await dynamics.journal()
    await dynamics.change("faults", {"spec": f"{fault}=1"})
    assert (await send(dynamics, journal)).status_code == status
    assert await dynamics.booked() == booked


@pytest.mark.parametrize(
    ("fault", "booked"), [("drop_before", []), ("drop_after", ["REF1"]), ("half_body", ["REF1"])]
)
async def test_a_connection_that_ends_says_nothing(
    dynamics: DynamicsSandbox, fault: str, booked: list[str]
) -> None:
    journal = await dynamics.journal()
    await dynamics.change("faults", {"spec": f"{fault}=1"})
    with pytest.raises(httpx2.TransportError):
        await send(dynamics, journal)
    assert await dynamics.booked() == booked


async def test_an_idless_answer_has_no_ids_of_operations_either(dynamics: DynamicsSandbox) -> None:
    journal = await dynamics.journal()
    await dynamics.change("faults", {"spec": "idless=1"})
    [answer] = (await send(dynamics, journal)).json()["responses"]
    assert "id" not in answer
    assert "id" not in answer["body"]
    assert answer["status"] == 201


async def test_a_duplicated_request_meets_its_own_line_numbers(dynamics: DynamicsSandbox) -> None:
    journal = await dynamics.journal()
    await dynamics.change("faults", {"spec": "duplicate=1"})
    assert (await send(dynamics, journal)).json()["responses"][0]["status"] == 201
    assert [entry["amount"] for entry in await dynamics.ledger()] == ["412.00"]


async def test_signing_in_has_no_faults(dynamics: DynamicsSandbox) -> None:
    await dynamics.change("faults", {"spec": "drop_before=1"})
    assert (await dynamics.sign_in()).status_code == 200


async def test_every_fault_can_be_asked_for_and_leaves_the_sandbox_working() -> None:
    async with dynamics_sandbox() as sandbox:
        journal = await sandbox.journal()
        for fault in Fault:
            await sandbox.change(
                "faults", {"spec": f"{fault}=1,slow_seconds=0,late_seconds=0,late_commit_seconds=0"}
            )
            with suppress(httpx2.TransportError):
                await send(sandbox, journal, fault.upper()[:20])
        await sandbox.change("faults", {"spec": ""})
        assert (await sandbox.stats())["faults"] == dict.fromkeys(Fault, 1)
        await sandbox.get("journals")


async def test_a_reset_brings_everything_back(dynamics: DynamicsSandbox) -> None:
    await dynamics.make(f"journals({await dynamics.journal()})/journalLines", line())
    await dynamics.change("settings", {"batch_null_ids": True, "latency_ms": 1})
    await dynamics.change("accounts/7140", {"blocked": True})
    await dynamics.change("companies/1", {"name": "Annet"})
    await dynamics.change("reset")
    settings = (await dynamics.http.get(f"{dynamics.url}/_sandbox/settings")).json()
    assert (settings["batch_null_ids"], settings["latency_ms"], settings["limits"]) == (False, 0, False)
    dynamics.tokens.clear()
    assert (await dynamics.get("/companies"))["value"][0]["name"] == "Eksempelforbundet"
    assert len((await dynamics.get("journals"))["value"]) == 2
    assert (await dynamics.stats())["vouchers"] == 0


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("accounts/0000", {"blocked": True}, 404),
        ("accounts/7140", {"blocked": "no"}, 400),
        ("vendors/0000", {"blocked": True}, 404),
        ("dimensions/AVDELING/999", {"blocked": True}, 404),
        ("apps/nobody", {"enabled": True}, 404),
        ("apps/full", {"colour": "red"}, 400),
        ("companies/9", {"name": "Ny"}, 404),
        ("companies/1", {"name": ""}, 400),
        ("posting-dates", {"first": "soon"}, 400),
        ("settings", {"mood": "bad"}, 400),
        ("settings", {"accounts": 20_001}, 400),
        ("faults", {"spec": "storm=1"}, 400),
    ],
)
async def test_administrative_requests_that_make_no_sense_are_refused(
    dynamics: DynamicsSandbox, path: str, body: dict[str, Any], status: int
) -> None:
    answer = await dynamics.http.post(f"{dynamics.url}/_sandbox/{path}", json=body)
    assert answer.status_code == status


async def test_a_vendor_can_be_blocked_on_the_way(dynamics: DynamicsSandbox) -> None:
    journal = await dynamics.journal()
    await dynamics.change("vendors/V-118", {"blocked": True})
    body = line(balanceAccountType="Vendor")
    refused = await dynamics.refused("POST", f"journals({journal})/journalLines", body)
    assert "is blocked with type All" in refused[2]
    await dynamics.change("vendors/V-118", {"blocked": False})
    await dynamics.make(f"journals({journal})/journalLines", body)


async def test_the_page_shows_the_books_in_norwegian(dynamics: DynamicsSandbox) -> None:
    assert "Ingen bilag er bokført ennå." in (await dynamics.http.get(dynamics.url)).text
    journal = await dynamics.journal()
    await dynamics.make(
        f"journals({journal})/journalLines", line("REF1", accountNumber="6900", description="<b>")
    )
    page = (await dynamics.http.get(dynamics.url)).text
    assert "Simulert Microsoft Dynamics" in page
    assert '<th scope="row">REF1</th><td>5. november 2026</td><td class="tall">412,00 NOK</td>' in page
    assert "kostnadssted 100" in page
    assert "&lt;b&gt;" in page
