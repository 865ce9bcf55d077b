"""Webhooks: the signature as the specification has it, and what is said of a receiver that does not take a notice."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from integration_admin.adapters.addresses import AddressPolicy
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.adapters.webhook import WebhookCaller, new_key, signed
from integration_admin.core.errors import AdapterError, NotDelivered
from integration_admin.core.secret import Secret
from tests.adapters.webhook_receiver import running_receiver
from tests.fakes import START

KEY = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
BODY = b'{"test": 2432232314}'


@asynccontextmanager
async def caller() -> AsyncIterator[WebhookCaller]:
    allow = ["127.0.0.0/8"]
    async with OutboundClient(allow=allow) as http:
        yield WebhookCaller(http, AddressPolicy(allow).check_url)


def test_the_signature_is_the_one_of_the_specification() -> None:
    # The example of the specification's reference libraries.
    at = datetime.fromtimestamp(1614265330, UTC)
    assert signed("msg_p5jXN8AQM9LWM0D4loKWxJek", at, BODY, KEY) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_new_key_is_written_as_receivers_read_it() -> None:
    key = new_key(lambda count: b"k" * count)
    assert key.reveal().startswith("whsec_")
    assert "whsec" not in repr(key)
    assert signed("msg_1", START, BODY, key) != signed("msg_1", START, BODY, KEY)


async def test_a_receiver_gets_the_body_with_all_three_headers() -> None:
    async with running_receiver() as receiver, caller() as webhooks:
        await webhooks.send(receiver.url, "msg_1", START, BODY, KEY)
    ((headers, body),) = receiver.calls
    assert json.loads(body) == {"test": 2432232314}
    assert signed("msg_1", START, BODY, KEY).items() <= headers.items()
    assert headers["content-type"] == "application/json"
    assert KEY.reveal() not in str(headers)


@pytest.mark.parametrize(
    ("status", "final", "sentence"),
    [
        (500, False, "The webhook answers 500 instead of taking the notice."),
        (400, False, "The webhook answers 400 instead of taking the notice."),
        (302, False, "The webhook answers 302: it has moved. Write its new address."),
        (410, True, "The webhook answers 410: it is gone for good. Write another address, or none."),
    ],
)
async def test_any_other_answer_is_told_and_no_redirect_is_followed(
    status: int, final: object, sentence: str
) -> None:
    async with running_receiver() as receiver, caller() as webhooks:
        receiver.status = status
        with pytest.raises(NotDelivered) as caught:
            await webhooks.send(receiver.url, "msg_1", START, BODY, KEY)
    assert (str(caught.value.message), caught.value.final) == (sentence, final)
    assert len(receiver.calls) == 1


async def test_a_private_address_that_the_operator_has_not_allowed_is_not_called() -> None:
    async with running_receiver() as receiver, OutboundClient() as http:
        webhooks = WebhookCaller(http, AddressPolicy([]).check_url)
        with pytest.raises(AdapterError):
            webhooks.check(receiver.url)
        with pytest.raises(NotDelivered) as caught:
            await webhooks.send(receiver.url, "msg_1", START, BODY, KEY)
    assert receiver.calls == []
    assert not caught.value.final
