"""Why somebody was not let in by a sign-in provider. Told in the audit log and the program's log, never to whoever tries."""

from enum import StrEnum
from typing import Final

from integration_admin.core.messages import Message, msg


class Reason(StrEnum):
    """Why: nobody of ours was on the way, the provider is not to be believed, or the person gets nothing by it here."""

    NO_FLOW = "no_flow"
    """This browser was not sent there, or too long ago."""
    STATE = "state"
    """Another browser was sent there."""
    USED = "used"
    UNREACHABLE = "unreachable"
    """The issuer, or the way to it; the program's log has more."""
    REFUSED_THERE = "refused_there"
    SENDER = "sender"
    """Another issuer answered."""
    TOKEN_FORM = "token_form"  # noqa: S105, a reason
    ALGORITHM = "algorithm"
    KEY = "key"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    """What it is for, from whom or when is not right."""
    NONCE = "nonce"
    NOT_CONNECTED = "not_connected"
    NOBODY_HERE = "nobody_here"
    ANOTHER_ACCOUNT = "another_account"
    ANOTHER_PERSON = "another_person"
    SOMEBODY_ELSES = "somebody_elses"
    DISABLED = "disabled"
    STEP = "step"
    SESSION = "session"
    AUTH_TIME = "auth_time"
    ONE_FACTOR = "one_factor"


REASON_WORDS: Final[dict[str, Message]] = {
    Reason.UNREACHABLE: msg("the provider could not be reached, or did not answer as it should"),
    Reason.REFUSED_THERE: msg("the provider said no, or the person gave up there"),
    Reason.SENDER: msg("another provider answered than the one that was asked"),
    Reason.TOKEN_FORM: msg("what the provider gave is no ID token"),
    Reason.ALGORITHM: msg("the ID token is signed in a way that is not believed"),
    Reason.KEY: msg("the provider does not publish the key the ID token is signed with"),
    Reason.SIGNATURE: msg("the ID token’s signature is not right"),
    Reason.CLAIMS: msg("the ID token is for somebody else, of another provider, or not of now"),
    Reason.NONCE: msg("the ID token belongs to another sign-in"),
    Reason.NOT_CONNECTED: msg("no member is connected with that account, and no e-mail address is verified"),
    Reason.NOBODY_HERE: msg("no member has the e-mail address of that account"),
    Reason.ANOTHER_ACCOUNT: msg("the member with that e-mail address is connected with another account"),
    Reason.ANOTHER_PERSON: msg("somebody else signed in there"),
    Reason.SOMEBODY_ELSES: msg("that account is connected with another member"),
    Reason.DISABLED: msg("the member cannot sign in any more"),
    Reason.STEP: msg("the sign-in it was for is over"),
    Reason.SESSION: msg("the session it was for has ended"),
    Reason.AUTH_TIME: msg("the provider does not say that the person has just signed in there"),
    Reason.ONE_FACTOR: msg("the provider does not say that more than a password was asked for"),
}
