"""One account for several categories of a value map at once. Nothing is saved here: the form is filled in."""

from collections.abc import Collection
from typing import Final

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import Permission

CODE_FIELD: Final = "bulk_account"
CATEGORIES_FIELD: Final = "bulk_categories"
LONGEST_CODE: Final = 500


def one_account(actor: Actor, code: str, ticked: Collection[str], known: Collection[str]) -> dict[str, str]:
    """Return the account for each category that is ticked, of those there are.

    Raises InvalidInput by field where no category or no account was chosen, and NotPermitted.
    """
    actor.require(Permission.CONFIGURE)
    categories, typed = [name for name in known if name in ticked], code.strip()
    wrong: dict[str, Message] = {}
    if not typed:
        wrong[CODE_FIELD] = msg("Type the account they are to have.")
    elif len(typed) > LONGEST_CODE:
        wrong[CODE_FIELD] = msg("The category or the account is too long.")
    if not categories:
        wrong[CATEGORIES_FIELD] = msg("Tick at least one category.")
    if wrong:
        raise InvalidInput(msg("Some fields need another look."), fields=wrong)
    return dict.fromkeys(categories, typed)
