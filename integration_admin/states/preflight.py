"""What this evening's check found out about the next run. Part of the state of an integration's page."""

from typing import TypedDict

import reflex as rx

from integration_admin.core.messages import msg
from integration_admin.services.preflight_report import PreflightReason, PreflightView
from integration_admin.states.speech import Speech


class PreflightLine(TypedDict):
    """One reason why records would fail, in parts, each with whether it is the accounting system's own English words."""

    key: str
    reason: list[tuple[str, bool]]
    records: str
    fix: str


class Foretelling(rx.State, mixin=True):
    """What will happen at the next run; `preflight_time` is empty where nothing is known of it."""

    preflight_time: str = ""
    preflight: list[tuple[str, bool]] = []  # noqa: RUF012, Reflex copies defaults
    preflight_remarks: list[str] = []  # noqa: RUF012, Reflex copies defaults
    preflight_reasons: list[PreflightLine] = []  # noqa: RUF012, Reflex copies defaults
    preflight_at: str = ""
    preflight_kept_out: bool = False
    """Whether it could not be checked until somebody sees to the connection."""

    def _show_preflight(self, view: PreflightView | None, speech: Speech) -> None:
        self.preflight_time = view.time if view else ""
        self.preflight = speech.pieces(view.sentence) if view else []
        self.preflight_remarks = [speech.say(remark) for remark in view.remarks] if view else []
        reasons = enumerate(view.reasons) if view else ()
        self.preflight_reasons = [_line(str(place), reason, speech) for place, reason in reasons]
        self.preflight_at = speech.instant(view.checked_at) if view else ""
        self.preflight_kept_out = view is not None and view.trouble is not None and view.needs_person


def _line(key: str, reason: PreflightReason, speech: Speech) -> PreflightLine:
    several = msg("{count}, such as {record}", count=reason.records, record=reason.record_id)
    return {
        "key": key,
        "reason": speech.pieces(reason.message),
        "records": speech.say(several) if reason.records > 1 else reason.record_id,
        "fix": reason.fix.value,
    }
