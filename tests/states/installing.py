"""Which services the states under test find: those of the sign-in, and whatever a test adds."""

from types import SimpleNamespace
from typing import Any, cast

from integration_admin.services import container


def install(**services: Any) -> None:
    """Let states find these services beside the sign-in that is installed; any other would be missed."""
    found = SimpleNamespace(sign_in=container.current().sign_in, **services)
    container.install(cast("Any", found))
