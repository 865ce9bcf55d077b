"""How long a text is in Dynamics, which counts as its databases do: in UTF-16 units, an emoji as two."""


def fitting(text: str, length: int) -> str:
    """Return as much of a text as fits `length` units."""
    encoded = text.encode("utf-16-le")
    if len(encoded) <= 2 * length:
        return text
    return encoded[: 2 * length].decode("utf-16-le", "ignore").rstrip()
