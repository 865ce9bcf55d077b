"""A secret in memory that cannot be printed, compared by accident, pickled or put into JSON."""

from typing import NoReturn


class Secret:
    """Holds a secret value; only `reveal` returns it, and only adapters and the vault call that."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself; never log, store or return it to a browser."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        message = "A secret is never pickled."
        raise TypeError(message)
