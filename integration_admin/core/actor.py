"""Who is asking: a signed-in member, an API token or the product itself, always of one organisation."""

import uuid
from dataclasses import dataclass

from integration_admin.core.errors import NotPermitted
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import ROLE_PERMISSIONS, Permission, Role

SCHEDULER = "scheduler"
"""Who starts the runs that nobody asked for."""
COMMAND_LINE = "command line"
"""Whoever operates the server and gave no other name."""
RETENTION = "retention"
"""Who deletes what has been kept for long enough."""

_OWN = {
    SCHEDULER: msg("the schedule"),
    COMMAND_LINE: msg("the command line"),
    RETENTION: msg("the clean-up of old history"),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """One caller; every service method that touches an organisation's data takes one first."""

    organisation_id: uuid.UUID
    name: str
    role: Role
    member_id: uuid.UUID | None = None

    def may(self, permission: Permission) -> bool:
        """Tell whether the role has `permission`."""
        return permission is Permission.ANYONE or permission in ROLE_PERMISSIONS[self.role]

    def require(self, permission: Permission) -> None:
        """Raise NotPermitted unless the role has `permission`."""
        if not self.may(permission):
            raise NotPermitted(internal=f"{self.role} lacks {permission}")


def system_actor(organisation_id: uuid.UUID, name: str) -> Actor:
    """Return the actor of what the product does by itself, such as a scheduled run."""
    return Actor(organisation_id, name, Role.COORDINATOR)


def actor_label(name: str) -> Message | str:
    """Return who did something as a person reads it: a name as it is, the product's own parts in words."""
    return _OWN.get(name, name)
