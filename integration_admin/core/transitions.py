"""Which states a delivery may go to from each state: the whole state machine, as data.

Who moves it, and when, is decided in services/; every move is a conditional update in data/.
"""

from collections.abc import Mapping
from types import MappingProxyType

from integration_admin.core.statuses import DeliveryState as S

TRANSITIONS: Mapping[S, frozenset[S]] = MappingProxyType(
    {
        # Refused as it stands, or about to leave.
        S.READY: frozenset({S.SENDING, S.REJECTED}),
        # READY from here: surely not sent, and no record is to blame (credentials, a lost lock, a cancelled run).
        S.SENDING: frozenset({S.DELIVERED, S.REJECTED, S.RETRY_WAIT, S.UNKNOWN, S.NEEDS_PERSON, S.READY}),
        # UNKNOWN again: the question was put off. READY: looked up and not there.
        S.UNKNOWN: frozenset({S.DELIVERED, S.READY, S.NEEDS_PERSON, S.UNKNOWN}),
        # READY from here: a person asked for it.
        S.RETRY_WAIT: frozenset({S.SENDING, S.REJECTED, S.READY}),
        # READY: a person asked for it, or the record came in a newer revision.
        S.REJECTED: frozenset({S.READY, S.DISMISSED}),
        # A person took it back, or the record came in a newer revision.
        S.DISMISSED: frozenset({S.REJECTED, S.READY}),
        # A person looked: it is there, or it is to be sent again.
        S.NEEDS_PERSON: frozenset({S.DELIVERED, S.READY}),
        S.DELIVERED: frozenset(),
    }
)


def check_transition(was: S, becomes: S) -> None:
    """Raise ValueError for a move the state machine does not have; only a bug asks for one."""
    if becomes not in TRANSITIONS[was]:
        detail = f"a delivery cannot go from {was} to {becomes}"
        raise ValueError(detail)
