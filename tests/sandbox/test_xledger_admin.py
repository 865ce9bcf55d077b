"""What a person sees of a sandbox, and the routes that change its world."""

import pytest

from tests.sandbox.xledger import Node, XledgerSandbox, voucher


async def test_the_page_shows_the_ledger_in_norwegian(sandbox: XledgerSandbox) -> None:
    empty = await sandbox.http.get(sandbox.url)
    assert "Ingen bilag er bokført ennå." in empty.text
    await sandbox.add(voucher("REF1", 1, text="<b>Tog</b>"))
    await sandbox.add(voucher("REF1", 1))
    page = await sandbox.http.get(sandbox.url)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="nb">' in page.text
    assert '<th scope="row">REF1</th><td>5. november 2026</td><td class="tall">412,00 NOK</td>' in page.text
    assert "&lt;b&gt;Tog&lt;/b&gt;" in page.text
    assert "Dobbelt: referansen er bokført 2 ganger." in page.text


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("accounts/0000", {"open": True}, 404),
        ("accounts/7140", {"open": "no"}, 400),
        ("periods/1999-01", {"open": True}, 404),
        ("tokens/nobody/expire", {}, 404),
        ("tokens/nobody/credits", {"remaining": 1, "reset_in": 1.0}, 404),
        ("behaviour", {"mood": "bad"}, 400),
        ("behaviour", {"processing_delay": -1}, 400),
        ("faults", {}, 400),
    ],
)
async def test_administrative_requests_that_make_no_sense_are_refused(
    sandbox: XledgerSandbox, path: str, body: Node, status: int
) -> None:
    answer = await sandbox.http.post(f"{sandbox.url}/_sandbox/{path}", json=body)
    assert answer.status_code == status


async def test_a_long_ledger_is_valid_json_and_newest_first_on_the_page(sandbox: XledgerSandbox) -> None:
    for batch in range(3):
        await sandbox.add(*(voucher(f"REF{batch}-{n}", batch * 200 + n) for n in range(200)))
    entries = await sandbox.ledger()
    assert [entry["reference"] for entry in entries] == [f"REF{b}-{n}" for b in range(3) for n in range(200)]
    page = (await sandbox.http.get(sandbox.url)).text
    assert "600 bilag er bokført" in page
    assert page.index("REF2-199") < page.index("REF2-0<")
    assert "REF0-0<" not in page
