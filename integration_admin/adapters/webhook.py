"""Calls an organisation's own webhook, signed as Standard Webhooks has it. What is told is decided in services.

Facts: the specification at standardwebhooks.com (headers, what is signed, how a key is written).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from integration_admin.adapters.outbound import HTTPClient
from integration_admin.core.errors import AdapterError, NotDelivered
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret

DEADLINE: Final = 15.0
"""Seconds for a whole call."""
KEY_BYTES: Final = 32
"""How long a signing key is made; the specification asks for 24 to 64 bytes."""

_KEY_PREFIX = "whsec_"


class WebhookSender(Protocol):
    """Whatever calls webhooks."""

    def check(self, url: str) -> None:
        """Raise AdapterError unless `url` may be called."""
        ...

    async def send(self, url: str, call_id: str, at: datetime, body: bytes, key: Secret) -> None:
        """Call once; raises NotDelivered."""
        ...


class WebhookCaller:
    """Posts JSON through the one HTTP client, which follows no redirect; `check_url` is its address policy's."""

    def __init__(self, http: HTTPClient, check_url: Callable[[str], object]) -> None:
        self._http = http
        self._check_url = check_url

    def check(self, url: str) -> None:
        """Raise AdapterError unless `url` may be called."""
        self._check_url(url)

    async def send(self, url: str, call_id: str, at: datetime, body: bytes, key: Secret) -> None:
        """Call once; raises NotDelivered unless the answer is 2xx. `call_id` is the same at every try."""
        headers = {"content-type": "application/json", **signed(call_id, at, body, key)}
        try:
            answer = await self._http.request("POST", url, headers=headers, body=body, deadline=DEADLINE)
        except AdapterError as error:
            raise NotDelivered(error.message, internal=error.code) from None
        if not 200 <= answer.status < 300:
            raise _refusal(answer.status)


def new_key(random: Callable[[int], bytes]) -> Secret:
    """Make a signing key, written as receivers' libraries read it."""
    return Secret(_KEY_PREFIX + base64.b64encode(random(KEY_BYTES)).decode())


def signed(call_id: str, at: datetime, body: bytes, key: Secret) -> dict[str, str]:
    """Return the three headers by which a receiver knows who called, and when."""
    timestamp = str(int(at.timestamp()))
    content = b".".join((call_id.encode(), timestamp.encode(), body))
    digest = hmac.new(_bytes_of(key), content, hashlib.sha256).digest()
    return {
        "webhook-id": call_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _bytes_of(key: Secret) -> bytes:
    try:
        return base64.b64decode(key.reveal().removeprefix(_KEY_PREFIX), validate=True)
    except binascii.Error:
        pass
    raise NotDelivered(msg("The signing key cannot be used. Make a new one."), final=True, internal="key")


def _refusal(status: int) -> NotDelivered:
    # RFC 9110, section 15.5.11: gone, and likely to stay so.
    return NotDelivered(_answered(status), final=status == 410, internal=f"status {status}")


def _answered(status: int) -> Message:
    if 300 <= status < 400:
        return msg("The webhook answers {status}: it has moved. Write its new address.", status=status)
    if status == 410:
        return msg("The webhook answers 410: it is gone for good. Write another address, or none.")
    return msg("The webhook answers {status} instead of taking the notice.", status=status)
