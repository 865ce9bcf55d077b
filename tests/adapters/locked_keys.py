"""Private keys that say of themselves how much work opening or checking them is, written as DER (X.690) by hand."""

import base64

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPrivateNumbers, RSAPublicNumbers

_PBES2, _PBKDF2, _SCRYPT = "2a864886f70d01050d", "2a864886f70d01050c", "2b06010401da47040b"
_PBE_SHA1_3DES, _HMAC_SHA256, _AES_256_CBC = "2a864886f70d010c0103", "2a864886f70d0209", "60864801650304012a"
_SALT = b"salt" * 4


def pbkdf2(rounds: int, length: int | None = None) -> bytes:
    """Return how OpenSSL locks keys, with so many rounds (RFC 8018, appendix A.2)."""
    numbers = [_integer(number) for number in (rounds, length) if number is not None]
    return _pbes2(_PBKDF2, _octets(_SALT), *numbers, _sequence(_name(_HMAC_SHA256), _tlv(5)))


def scrypt(cost: int, size: int, lanes: int) -> bytes:
    """Return the way with memory (RFC 7914, section 7)."""
    return _pbes2(_SCRYPT, _octets(_SALT), *map(_integer, (cost, size, lanes)))


def pbes1(rounds: int) -> bytes:
    """Return how older programs lock keys (RFC 7292, appendix C)."""
    return _sequence(_name(_PBE_SHA1_3DES), _sequence(_octets(_SALT[:8]), _integer(rounds)))


def unknown() -> bytes:
    """Return a way that says nothing of its work."""
    return _sequence(_name(_AES_256_CBC), _octets(_SALT))


def nested(levels: int) -> bytes:
    """Return a way that is nothing but one sequence in another."""
    way = b""
    for _ in range(levels):
        way = _sequence(way)
    return way


def locked(way: bytes) -> str:
    """Return a key locked in this way, which no passphrase opens."""
    whole = base64.b64encode(_sequence(way, _octets(bytes(64)))).decode()
    return f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{whole}\n-----END ENCRYPTED PRIVATE KEY-----\n"


def rsa_key(one: int, other: int) -> RSAPrivateKey:
    """Return the key of two primes; nobody looks whether they are."""
    public, private = 65_537, pow(65_537, -1, (one - 1) * (other - 1))
    numbers = RSAPrivateNumbers(
        one,
        other,
        private,
        private % (one - 1),
        private % (other - 1),
        pow(other, -1, one),
        RSAPublicNumbers(public, one * other),
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def _pbes2(name: str, *parameters: bytes) -> bytes:
    derivation = _sequence(_name(name), _sequence(*parameters))
    return _sequence(_name(_PBES2), _sequence(derivation, _sequence(_name(_AES_256_CBC), _octets(bytes(16)))))


def _tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    count = len(body)
    long_form = count.to_bytes((count.bit_length() + 7) // 8)
    length = bytes([count]) if count < 128 else bytes([128 | len(long_form)]) + long_form
    return bytes([tag]) + length + body


def _sequence(*parts: bytes) -> bytes:
    return _tlv(0x30, *parts)


def _octets(value: bytes) -> bytes:
    return _tlv(0x04, value)


def _name(digits: str) -> bytes:
    return _tlv(0x06, bytes.fromhex(digits))


def _integer(number: int) -> bytes:
    return _tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1))
