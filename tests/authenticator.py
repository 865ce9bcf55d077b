"""A passkey authenticator in software (WebAuthn level 2): answers questions as a browser and a phone do together."""

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """Holds one passkey; tests change what it says of itself before it answers."""

    origin: str
    host: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: os.urandom(16))
    count: int = 0
    handle: bytes = b""
    verifies: bool = True

    def make(self, question: str, **changes: Any) -> str:
        """Answer `navigator.credentials.create`."""
        asked = json.loads(question)
        self.handle = unwritten(asked["user"]["id"])
        data = self._data(_ATTESTED) + bytes(16) + len(self.id).to_bytes(2, "big") + self.id + self._cose()
        attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData" + _byte_string(data)
        response = {
            "clientDataJSON": written(self._client("webauthn.create", asked, changes)),
            "attestationObject": written(attestation),
        }
        return self._answer(response)

    def sign(self, question: str, **changes: Any) -> str:
        """Answer `navigator.credentials.get`; `changes` go into what the browser says of the question."""
        self.count += 1
        client = self._client("webauthn.get", json.loads(question), changes)
        data = self._data(0)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": written(client),
            "authenticatorData": written(data),
            "signature": written(signature),
            "userHandle": written(self.handle),
        }
        return self._answer(response)

    def _client(self, kind: str, asked: dict[str, Any], changes: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": asked["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | changes).encode()

    def _data(self, flags: int) -> bytes:
        flags |= _PRESENT | (_VERIFIED if self.verifies else 0)
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _cose(self) -> bytes:
        """Return the public key as RFC 9052 writes one of ES256."""
        point = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (point.x, point.y))
        return b"\xa5\x01\x02\x03\x26\x20\x01\x21" + _byte_string(x) + b"\x22" + _byte_string(y)

    def _answer(self, response: dict[str, str]) -> str:
        return json.dumps(
            {
                "id": written(self.id),
                "rawId": written(self.id),
                "type": "public-key",
                "clientExtensionResults": {},
                "response": response,
            }
        )


def written(data: bytes) -> str:
    """Return bytes in base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unwritten(text: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _byte_string(data: bytes) -> bytes:
    """Return a CBOR byte string of up to 65,535 bytes."""
    head = b"\x58" + bytes([len(data)]) if len(data) < 256 else b"\x59" + len(data).to_bytes(2, "big")
    return head + data
