"""What a settings file holds: everything about an integration but its secrets. Reading and writing the text is in settings_text.py."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from integration_admin.adapters.base import AccountingAdapter
from integration_admin.core.errors import InvalidInput
from integration_admin.core.mapping import CATEGORY_PREFIX, SOURCES, FieldMapping
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import ScheduleKind
from integration_admin.services.timetable import WITHOUT_TIME, Timetable, read_timetable

EXCLUSIONS: Final = (*SOURCES, "claimant", "activities", "draft_activities")
"""What can be left out beside expense categories: fields of a record, all about the claimant, and activities."""
_LONGEST_KEY = 64
_WITH_DAY = (ScheduleKind.WEEKLY, ScheduleKind.MONTHLY)
_REASONS: Final = {
    "extra_forbidden": msg("This name is not known here."),
    "missing": msg("This is missing."),
    "string_type": msg("A text is expected here."),
    "list_type": msg("A list is expected here."),
    "dict_type": msg("Names with values are expected here."),
    "model_type": msg("Names with values are expected here."),
    "bool_parsing": msg("Write true or false."),
}


class ScheduleDocument(BaseModel):
    """When it runs by itself; which of `at`, `day` and `cron_line` count depends on `kind`, see timetable.py."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    at: str = ""
    day: str = ""
    cron_line: str = ""
    time_zone: str
    enabled: bool = True

    @classmethod
    def of(cls, timetable: Timetable, *, enabled: bool) -> "ScheduleDocument":
        """Return what a file says of a timetable: only what its kind uses."""
        kind = timetable.kind
        return cls(
            kind=str(kind),
            at="" if kind in WITHOUT_TIME else timetable.at,
            day=str(timetable.day) if kind in _WITH_DAY else "",
            cron_line=timetable.cron_line,
            time_zone=timetable.time_zone,
            enabled=enabled,
        )

    def timetable(self) -> Timetable:
        """Return the timetable; raises InvalidInput by field."""
        return read_timetable(self.kind, self.at, self.time_zone, self.day, self.cron_line)

    def to_plain(self) -> dict[str, Any]:
        """Return what is written into a file."""
        said = {name: value for name, value in self.model_dump().items() if value != ""}
        return said | ({"day": int(self.day)} if self.day else {})


class SettingsDocument(BaseModel):
    """One settings file; a part that is not there leaves that part of an integration as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    name: str
    settings: dict[str, str] | None = None
    mapping: dict[str, FieldMapping] | None = None
    schedule: ScheduleDocument | None = None
    excluded: list[str] | None = None

    def to_plain(self) -> dict[str, Any]:
        """Return what is written into a file, in the order a person reads it."""
        plain: dict[str, Any] = {"type": self.type, "name": self.name}
        if self.settings is not None:
            plain["settings"] = self.settings
        if self.mapping is not None:
            plain["mapping"] = {name: _written(field) for name, field in self.mapping.items()}
        if self.schedule is not None:
            plain["schedule"] = self.schedule.to_plain()
        if self.excluded is not None:
            plain["excluded"] = self.excluded
        return plain


def read_document(said: Mapping[str, Any]) -> SettingsDocument:
    """Return what a file says. Raises InvalidInput with one sentence for each place that is wrong."""
    try:
        document = SettingsDocument.model_validate(said)
    except ValidationError as error:
        found = error.errors(include_url=False)
        wrong = {".".join(str(part) for part in one["loc"]): _reason(one) for one in found}
        raise refused(wrong) from None
    wrong = dict(_wrong_exclusions(document))
    if document.schedule is not None:
        try:
            document.schedule.timetable()
        except InvalidInput as error:
            wrong |= placed("schedule", error.fields)
    if wrong:
        raise refused(wrong)
    return document


def check_names(
    document: SettingsDocument, secrets: Mapping[str, Secret], adapter: AccountingAdapter
) -> None:
    """Raise InvalidInput for settings and secrets the type does not have, and for secrets in the file."""
    asked = {field.name: field for field in adapter.credential_fields}
    wrong: dict[str, Message] = {}
    for name in document.settings or {}:
        if name not in asked:
            plain = ", ".join(known for known, field in asked.items() if not field.secret)
            wrong[f"settings.{name}"] = msg("There is no such setting. Known are {known}.", known=plain)
        elif asked[name].secret:
            wrong[f"settings.{name}"] = msg(
                "This is a secret and does not belong in the file. Give it with --secret {name}=@FILE",
                name=name,
            )
    for name in secrets:
        if name not in asked or not asked[name].secret:
            known = ", ".join(known for known, field in asked.items() if field.secret)
            wrong[f"secret.{name}"] = msg("There is no such secret. Known are {known}.", known=known)
    if wrong:
        raise refused(wrong)


def placed(part: str, fields: Mapping[str, Message]) -> dict[str, Message]:
    """Return sentences about fields with the part of the file they are in."""
    return {f"{part}.{name}": message for name, message in fields.items()}


def refused(wrong: Mapping[str, Message]) -> InvalidInput:
    """Return the error that tells what is wrong with a file, place by place."""
    return InvalidInput(msg("The settings cannot be used like this. Nothing was changed."), fields=wrong)


def _written(field: FieldMapping) -> dict[str, Any]:
    """Return one field's mapping as a file has it, its value map in the order of the alphabet."""
    said = field.model_dump(exclude_none=True, exclude={"values"})
    return said | ({"values": dict(sorted(field.values.items()))} if field.values else {})


def _wrong_exclusions(document: SettingsDocument) -> Iterator[tuple[str, Message]]:
    for name in document.excluded or []:
        if name not in EXCLUSIONS and not _is_category(name):
            known = ", ".join((*EXCLUSIONS, f"{CATEGORY_PREFIX}…"))
            yield (
                f"excluded.{name}",
                msg("There is nothing of that name to leave out. Known are {known}.", known=known),
            )


def _is_category(name: str) -> bool:
    key = name.removeprefix(CATEGORY_PREFIX)
    return name != key and 0 < len(key) <= _LONGEST_KEY


def _reason(error: ErrorDetails) -> Message:
    """Say what is wrong in one place, never what stands there: it may be a secret in the wrong place."""
    kind = error["type"]
    if kind == "string_too_long":
        return msg("This is too long: at most {count} characters.", count=error["ctx"]["max_length"])
    if kind == "value_error":
        known = ", ".join(SOURCES)
        said = error["input"]
        if said.get("source") is not None and not {"constant", "compose"} & said.keys():
            return msg("The source is not a field of a record. Known are {known}.", known=known)
        return msg("Give exactly one of source, constant and compose.")
    return _REASONS.get(kind, msg("This cannot be read."))
