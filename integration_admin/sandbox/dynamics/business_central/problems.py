"""What Business Central answers when it refuses something: a code, words, and an id for its support.

The codes are Microsoft's list (facts 1.7); where a code's HTTP status is not public, 400 is assumed.
"""

import uuid
from collections.abc import Collection
from typing import Any, Final

BAD_REQUEST: Final = "BadRequest"
NOT_FOUND: Final = "BadRequest_NotFound"
METHOD_NOT_ALLOWED: Final = "BadRequest_MethodNotAllowed"
INVALID_TOKEN: Final = "BadRequest_InvalidToken"  # noqa: S105, the name of an error
ENTITY_CHANGED: Final = "Request_EntityChanged"
RECORD_NOT_FOUND: Final = "Internal_RecordNotFound"
SAME_KEY: Final = "Internal_EntityWithSameKeyExists"
COMPANY_NOT_FOUND: Final = "Internal_CompanyNotFound"
TABLE_RELATION: Final = "Internal_InvalidTableRelation"
DIALOG: Final = "Application_DialogException"
FIELD_VALIDATION: Final = "Application_FieldValidationException"
TOO_LONG: Final = "Application_StringExceededLength"
FILTER: Final = "Application_FilterErrorException"
UNKNOWN: Final = "Unknown"
CREDENTIALS: Final = "Authentication_InvalidCredentials"
PERMISSION: Final = "Authorization_RequestDenied"
NO_ENVIRONMENT: Final = "NoEnvironment"
TOO_LARGE: Final = "RequestEntityTooLarge"


class Problem(Exception):
    """A request that is refused; `message` is in Business Central's own English."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def body(self) -> dict[str, Any]:
        """Return the answer's JSON; as in Business Central the words end in a correlation id."""
        words = f"{self.message}  CorrelationId:  {uuid.uuid4()}."
        return {"error": {"code": self.code, "message": words}}


def missing(table: str, key: str) -> Problem:
    """Return the problem of a record that is not there."""
    return Problem(RECORD_NOT_FOUND, f"The {table} does not exist. Identification: {key}", status=404)


def no_relation(field: str, table: str, value: str, related: str) -> Problem:
    """Return the problem of a field that names something which is not there."""
    return Problem(
        TABLE_RELATION,
        f"The field {field} of table {table} contains a value ({value}) that cannot be found"
        f" in the related table ({related}).",
    )


def unknown_field(name: str, kind: str, fields: Collection[str]) -> Problem:
    """Return the problem of a field that cannot be set: one of the record's `fields`, or none at all."""
    if name in fields:
        return Problem(BAD_REQUEST, f"Control '{name}' is read-only.")
    return Problem(
        BAD_REQUEST,
        f"The property '{name[:60]}' does not exist on type 'Microsoft.NAV.{kind}'. Make sure to only use property"
        " names that are defined by the type.",
    )
