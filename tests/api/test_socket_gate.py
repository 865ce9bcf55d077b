"""What a websocket may say: everything our frontend does, and nothing that could end up in a log."""

import json
import time
from typing import Any

import pytest
from limits import RateLimitItemPerSecond
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from integration_admin.api.rate_limits import EVENTS, Limits, RateLimits
from integration_admin.api.socket_gate import MOST_MALFORMED, SocketGate, fault_of
from integration_admin.core.settings import Settings

CANARY = "canary-in-a-malformed-event"
CALL = {
    "name": "state.save",
    "payload": {"form": {"__reflex_form_data__": [["name", "æøå"]]}},
    "router_data": {
        "pathname": "/records",
        "asPath": "/records?a=1",
        "query": {"a": "1", "b": ["2", "3"], "c": None},
    },
    "token": "tab",
}


def event(call: Any, name: str = "event") -> str:
    return "42/_event," + json.dumps([name, call])


def known(name: str) -> bool:
    return name == "state.save"


@pytest.mark.parametrize(
    "text",
    [
        "3",
        "1",
        "40/_event,",
        "40/_event,{}",
        "40/_event," + json.dumps({"event": CALL, "state_schema": "abc"}),
        "41/_event,",
        event(CALL),
        event({"name": "state.save"}),
        '42/_event,["ping"]',
        event({"message": "x"}, "client_error"),
    ],
)
def test_what_the_frontend_says_passes(text: str) -> None:
    assert fault_of(text, known) == ""


def changed(**fields: Any) -> str:
    return event(CALL | fields)


MALFORMED = [
    None,
    "",
    "x",
    "0",
    "4",
    "42",
    '42["event",{}]',
    "40/other,{}",
    "40/_event,[]",
    '40/_event,{"event": 1}',
    '40/_event,{"event": {"name": "state.unknown"}}',
    "42/_event,",
    "42/_event,{}",
    "42/_event,[]",
    '42/_event,["event"',
    '42/_event,["event"]',
    '42/_event,["event", {}, {}]',
    '42/_event,["event", "{}"]',
    '42/_event,["connect", {}]',
    '42/_event,["__class__", {}]',
    '42/_event,1["event", {}]',
    "43/_event,[]",
    '451-/_event,["event",{"_placeholder":true,"num":0}]',
    "42/_event," + "[" * 100_000,
    changed(name="state.unknown"),
    changed(name=["state.save"]),
    changed(name="state.save" * 100),
    changed(payload=[]),
    changed(payload="x"),
    changed(router_data=[]),
    changed(router_data={"pathname": 1}),
    changed(router_data={"asPath": {}}),
    changed(router_data={"query": "a=1"}),
    changed(router_data={"query": {"a": {"b": 1}}}),
    changed(payload={"text": "x" * 1_000_001}),
]


@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
def test_what_no_frontend_says_is_held_back(text: str | None) -> None:
    assert fault_of(text, known)


async def passed_on(messages: list[str], limits: RateLimits | None = None) -> list[Message]:
    """Return what the application hears of a connection that says these messages."""
    left = [{"type": "websocket.receive", "text": text} for text in messages]
    left.append({"type": "websocket.disconnect"})
    heard: list[Message] = []

    async def receive() -> Message:
        return left.pop(0)

    async def send(message: Message) -> None:
        raise AssertionError(message)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, send
        while not heard or heard[-1]["type"] != "websocket.disconnect":
            heard.append(await receive())

    gate = SocketGate(app, Settings(), limits or RateLimits(EVENTS), known)
    headers = [(b"authorization", b"Session of-somebody")]
    scope = {"type": "websocket", "path": "/_event", "headers": headers, "client": ("192.0.2.1", 1)}
    await gate(scope, receive, send)
    return heard


async def test_malformed_messages_are_dropped_and_told_to_the_log_without_what_they_say() -> None:
    with capture_logs() as logged:
        heard = await passed_on([changed(name=CANARY), "3", event(CALL), f"4{CANARY}"])
    assert [message.get("text") for message in heard] == ["3", event(CALL), None]
    assert [line["fault"] for line in logged if "fault" in line] == ["unknown handler", "unknown packet"]
    assert CANARY not in str(logged)


async def test_a_connection_that_says_nothing_else_is_ended() -> None:
    with capture_logs() as logged:
        heard = await passed_on(["x"] * 1_000)
    assert [message["type"] for message in heard] == ["websocket.disconnect"]
    assert len(logged) == MOST_MALFORMED + 1


async def test_a_connection_that_floods_is_ended_with_what_it_still_holds_back() -> None:
    limits = RateLimits(Limits(RateLimitItemPerSecond(10), RateLimitItemPerSecond(400), patience=0.5))
    heard = await passed_on([f"42/_event,{json.dumps(['ping'])}"] * 1_000, limits)
    # Ten a second are let through, and a busy machine may take some seconds; of a thousand it is little.
    assert len(heard) <= 100


async def test_messages_come_no_faster_than_one_person_makes_them() -> None:
    begun = time.monotonic()
    heard = await passed_on(
        ["3"] * 4, RateLimits(Limits(RateLimitItemPerSecond(5), RateLimitItemPerSecond(3)))
    )
    assert len(heard) == 5
    assert time.monotonic() - begun >= 0.9
