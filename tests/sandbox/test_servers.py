"""The process that serves the sandboxes, and the page a person opens."""

import json
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest

from integration_admin.core.errors import ConfigurationError
from integration_admin.sandbox.servers import serve_sandboxes

PROGRAM = """
import json, sys
from integration_admin.sandbox.servers import serve_sandboxes
serve_sandboxes({port}, faults="", seed=3, announce=lambda found: print(json.dumps(found), flush=True))
"""


@contextmanager
def _served(port):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(port=port)], stdout=subprocess.PIPE, text=True
    )
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_sandboxes_announce_themselves_and_stop_on_a_signal(unused_tcp_port, number):
    with _served(unused_tcp_port) as (process, found):
        xledger = found["xledger"]
        assert xledger["endpoint"] == f"http://127.0.0.1:{unused_tcp_port}/graphql"
        assert {"full", "expired", "no_write", "no_read"} <= set(xledger["tokens"])
        with urllib.request.urlopen(xledger["ledger"], timeout=10) as answer:
            assert json.load(answer) == []
        process.send_signal(number)
        assert process.wait(timeout=10) == 0


def test_a_taken_port_is_said_in_one_sentence(unused_tcp_port):
    with _served(unused_tcp_port), pytest.raises(ConfigurationError, match="taken"):
        serve_sandboxes(unused_tcp_port, faults="", seed=1, announce=lambda _: None)


async def test_the_page_shows_the_ledger_in_norwegian(sandbox, voucher):
    empty = await sandbox.http.get(sandbox.url)
    assert "Ingen bilag er bokført ennå." in empty.text
    await sandbox.add(voucher("REF1", 1, text="<b>Tog</b>"))
    await sandbox.add(voucher("REF1", 1, amount="1412.00"), token="no_write")
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
async def test_administrative_requests_that_make_no_sense_are_refused(sandbox, path, body, status):
    answer = await sandbox.http.post(f"{sandbox.url}/_sandbox/{path}", json=body)
    assert answer.status_code == status


async def test_a_long_ledger_is_valid_json_and_newest_first_on_the_page(sandbox, voucher):
    for batch in range(3):
        await sandbox.add(*(voucher(f"REF{batch}-{n}", batch * 200 + n) for n in range(200)))
    entries = await sandbox.ledger()
    assert [entry["reference"] for entry in entries] == [f"REF{b}-{n}" for b in range(3) for n in range(200)]
    page = (await sandbox.http.get(sandbox.url)).text
    assert "600 bilag er bokført" in page
    assert page.index("REF2-199") < page.index("REF2-0<")
    assert "REF0-0<" not in page
