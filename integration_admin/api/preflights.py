"""What this evening's check found out about the next run, as the API tells it within an integration's health."""

from datetime import datetime

from pydantic import BaseModel

from integration_admin.services.preflight_report import PreflightView


class PreflightReasonBody(BaseModel):
    """One reason why records would fail, how many, and one of them; `field` is the target field to blame, if any."""

    message: str
    field: str
    records: int
    kind: str
    id: str


class PreflightBody(BaseModel):
    """What this evening's check found out about the run at `due_at`; `sentence` says it in words.

    `complete` is false where only some of what waits was tried, and `more_reasons` counts reasons that are not
    listed. `not_checked` says why it could not be checked.
    """

    due_at: datetime
    checked_at: datetime
    sentence: str
    would_be_sent: int
    would_fail: int
    complete: bool
    reasons: list[PreflightReasonBody]
    more_reasons: int
    not_checked: str | None


def preflight_body(view: PreflightView, language: str) -> PreflightBody:
    """Turn a check into what the API answers, its sentences in `language`."""
    return PreflightBody(
        due_at=view.due_at,
        checked_at=view.checked_at,
        sentence=view.sentence.translate(language),
        would_be_sent=view.would_go,
        would_fail=view.would_fail,
        complete=view.complete,
        reasons=[
            PreflightReasonBody(
                message=reason.message.translate(language),
                field=reason.field,
                records=reason.records,
                kind=reason.kind,
                id=reason.record_id,
            )
            for reason in view.reasons
        ],
        more_reasons=view.more_reasons,
        not_checked=view.trouble.translate(language) if view.trouble else None,
    )
