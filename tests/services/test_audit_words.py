"""Whatever the code can write into the audit log is read in words, in every language: actions, settings, values, places."""

import ast
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import integration_admin
from integration_admin.adapters.catalog import adapters
from integration_admin.core.audit_actions import AUDIT_ACTIONS, AuditDetail
from integration_admin.core.messages import LANGUAGES, Message, msg
from integration_admin.core.statuses import (
    FactorDemand,
    IntegrationState,
    NoticeKind,
    Role,
    ScheduleKind,
    Trigger,
)
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.audit_details import LABELS, PARTS, UNTOLD, VALUES, DetailWords
from integration_admin.services.audit_words import ACTIONS, AREAS, actions_of, refused_place, sentence
from integration_admin.services.timetable import Timetable
from integration_admin.services.tokens import SCOPES
from tests.fakes import FakeClock

PACKAGE = Path(integration_admin.__file__).parent
ADAPTERS = adapters(None, FakeClock())  # type: ignore[arg-type]  # nobody calls out
WORDS = DetailWords(AdapterRegistry(ADAPTERS))


def told(action: str, of: str = "", language: str = "en", **detail: Any) -> list[str]:
    return [line.translate(language) for line in WORDS.say(action, detail, of)]


def calls(name: str) -> list[ast.Call]:
    """Return every call in the product of what is called so."""
    # Only a file with the word in it is worth parsing.
    texts = [text for file in PACKAGE.rglob("*.py") if f"{name}(" in (text := file.read_text())]
    return [
        node
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(name)
    ]


def test_every_action_there_is_has_words_and_an_area() -> None:
    assert set(AUDIT_ACTIONS) == set(ACTIONS)
    assert {action for area in AREAS for action in actions_of(area)} == set(ACTIONS)


def test_every_line_is_written_with_an_action_the_type_checker_knows() -> None:
    written = {
        constant.value
        for call in [*calls("audit.add"), *calls("_note"), *calls("_settle")]
        for constant in call.args
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str) and "." in constant.value
    }
    assert {"mapping.save", "sign_in.refused", "record.found"} <= written <= set(AUDIT_ACTIONS)


def test_every_detail_a_line_may_hold_has_a_label_or_is_for_programs() -> None:
    assert AuditDetail.__annotations__.keys() - UNTOLD <= LABELS.keys()
    written = {word.arg for call in calls("audit.add") for word in call.keywords if word.arg}
    assert written <= set(AuditDetail.__annotations__)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ADAPTERS)
def test_settings_and_secrets_are_called_what_their_form_calls_them(kind: str, language: str) -> None:
    asked = ADAPTERS[kind].credential_fields
    lines = told(
        "credentials.store",
        kind,
        language,
        fields=[field.name for field in asked if field.secret],
        old={},
        new={field.name: field.default or "x" for field in asked if not field.secret},
    )
    labels = [field.label.translate(language) for field in asked if not field.secret]
    assert [line.split(": ")[0] for line in lines[:-1]] == labels
    secrets = [field.label.translate(language) for field in asked if field.secret]
    assert lines[-1] == f"{LABELS['fields'].translate(language)}: {', '.join(secrets)}"
    chosen = {choice.value for field in asked for choice in field.choices if choice.value.islower()}
    assert {line.split(": ")[1] for line in lines} & chosen == set()


def test_settings_of_an_integration_that_is_gone_are_still_called_something() -> None:
    assert told("credentials.store", old={"job_level": "1"}, new={"job_level": "2"}) == [
        "Job level: from “1” to “2”"
    ]
    assert told("integration.begin", kind="xledger") == ["Type: Xledger"]


@pytest.mark.parametrize("choices", [IntegrationState, ScheduleKind, Trigger, FactorDemand, Role])
def test_what_can_be_chosen_has_words(choices: Any) -> None:
    assert {str(choice) for choice in choices} <= VALUES.keys()


def test_a_timetable_is_told_by_what_counts_in_it() -> None:
    assert {field.name for field in fields(Timetable)} <= LABELS.keys()
    old = {"kind": "daily", "at": "02:00", "time_zone": "Europe/Oslo", "day": 0, "cron_line": ""}
    weekly, monthly = old | {"kind": "weekly", "day": 5}, old | {"kind": "monthly"}
    assert told("schedule.save", old={}, new=old) == [
        "How often: Every day", "Time: 02:00", "Time zone: Europe/Oslo"
    ]  # fmt: skip
    assert told("schedule.save", old=old, new=weekly) == [
        "How often: from “Every day” to “Once a week”", "Day: Friday"
    ]  # fmt: skip
    assert told("schedule.save", old=weekly, new=monthly)[1] == "Day: from “Friday” to “The last day”"
    assert told("schedule.save", old=monthly, new=monthly | {"day": 3}) == [
        "Day: from “The last day” to “Day 3”"
    ]


def test_lists_are_told_by_what_is_in_them() -> None:
    assert told("token.create", scopes=list(SCOPES)) == [
        "Scopes: Hand over records, Read records, Read integrations, Start and stop exports"
    ]
    assert told("settings.apply", changed=list(PARTS)) == [
        "Parts: Connection, Field mapping, Schedule, What is left out, Status"
    ]
    (notices,) = told("notices.save", kinds=[str(kind) for kind in NoticeKind])
    assert not [kind for kind in NoticeKind if str(kind) in notices.split(", ")]
    assert told("notices.save", kinds=[]) == []


def test_days_and_times_are_written_as_the_reader_writes_them() -> None:
    assert told("schedule.skip", slot="2026-11-21T02:00", language="nb") == [
        "Klokkeslett: 21. november 2026, 02:00"
    ]
    assert told("schedule.skip", slot="once") == ["Time: once"]
    assert told("reconciliation.start", period="2026-11") == ["Month: November 2026"]
    dated = {"old": {"expires_on": ""}, "new": {"expires_on": "2026-12-01"}}
    assert told("credentials.expiry", **dated) == ["Expires on: 1 December 2026"]
    assert told("credentials.expiry", old=dated["new"], new=dated["old"]) == [
        "Expires on: was “1 December 2026”"
    ]
    assert told("organisation.keep_years", before=None, after=7) == ["After: 7"]


def test_what_is_left_out_is_told_by_what_came_and_what_went() -> None:
    categories = {"old": {"categories": ["purpose"]}, "new": {"categories": ["claimant.email", "odd"]}}
    assert told("exclusions.save", **categories) == [
        "Left out from now on: Claimant’s e-mail address",
        "Left out from now on: odd",
        "No longer left out: Purpose",
    ]


def test_changes_and_accepted_warnings_are_told_as_they_were_said() -> None:
    said = msg("It was {what}.", what="so").to_json()
    assert told("mapping.save", changes=[said], accepted_warnings=[said], count=1) == [
        "It was so.",
        "How many: 1",
        "Accepted: It was so.",
    ]


def test_what_has_no_words_is_still_told() -> None:
    assert str(sentence("thing.done", "x", {}, {})) == "thing.done x"
    assert told("thing.done", odd_one=3, old={"a_b": "1"}, new={}) == ["a b: was “1”", "odd one: 3"]


def test_a_refusal_names_the_page_or_what_the_token_may_not_do() -> None:
    assert sentence("access.denied", "MappingState.save", {}, {}).translate("nb") == (
        "Prøvde noe rollen ikke gir lov til: Feltkobling"
    )
    assert [str(refused_place(scope)) for scope in SCOPES] == [str(VALUES[scope]) for scope in SCOPES]
    noted = {
        constant.value
        for call in calls("note_denied")
        for constant in call.args
        if isinstance(constant, ast.Constant)
    }
    assert "audit_log.download" in noted
    assert [place for place in noted if not isinstance(refused_place(place), Message)] == []
