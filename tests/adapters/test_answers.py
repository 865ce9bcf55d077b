"""The table of what an answer means for something that was sent, row by row."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from integration_admin.adapters.answers import (
    LONGEST_WAIT,
    OF_FAULT,
    Meaning,
    _only,
    meaning,
    retry_after,
)
from integration_admin.adapters.outbound_errors import Cause
from integration_admin.core.errors import Fault

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

BY_STATUS = {
    Meaning.CONFIGURATION: (300, 301, 302, 303, 304, 307, 308, 399, 404, 405, 406, 407, 410, 411, 415),
    Meaning.REJECTED: (400, 413, 422),
    Meaning.STOP: (401, 403),
    Meaning.UNKNOWN: (
        *(100, 199, 402, 408, 409, 412, 414, 416, 417, 418, 421, 423, 424, 425, 426, 428, 429, 431, 451),
        *(500, 501, 502, 503, 504, 505, 507, 520, 524, 599, 600, 999, 0),
    ),
}


@pytest.mark.parametrize(
    ("status", "expected"), [(status, found) for found, statuses in BY_STATUS.items() for status in statuses]
)
def test_a_status_alone_means(status: int, expected: Meaning) -> None:
    assert meaning(status) is expected
    # An id in a refusal, or a promise about waiting, changes nothing about these.
    assert meaning(status, has_id=True) is expected
    assert meaning(status, promised=True) is expected
    if status not in {429, 503}:
        assert meaning(status, has_retry_after=True, promised=True) is expected


@pytest.mark.parametrize("status", [200, 201, 202, 204, 207, 299])
def test_success_counts_only_with_an_id(status: int) -> None:
    assert meaning(status, has_id=True) is Meaning.TAKEN
    assert meaning(status) is Meaning.UNKNOWN
    assert meaning(status, has_retry_after=True, promised=True) is Meaning.UNKNOWN


@pytest.mark.parametrize("status", [429, 503])
def test_being_asked_to_wait_counts_only_where_the_vendor_promises_it_and_a_time_is_named(
    status: int,
) -> None:
    assert meaning(status, has_retry_after=True, promised=True) is Meaning.WAIT
    assert meaning(status, has_retry_after=True) is Meaning.UNKNOWN
    assert meaning(status, promised=True) is Meaning.UNKNOWN
    assert meaning(status) is Meaning.UNKNOWN


BY_CAUSE = {
    Cause.DNS_UNKNOWN: Meaning.NOT_SENT,
    Cause.DNS_FAILED: Meaning.NOT_SENT,
    Cause.DNS_STALLED: Meaning.NOT_SENT,
    Cause.REFUSED: Meaning.NOT_SENT,
    Cause.UNREACHABLE: Meaning.NOT_SENT,
    Cause.CUT_SHORT: Meaning.NOT_SENT,
    Cause.BUSY: Meaning.NOT_SENT,
    Cause.CONNECT_STALLED: Meaning.NOT_SENT,
    Cause.TLS_STALLED: Meaning.NOT_SENT,
    Cause.TLS_FAILED: Meaning.CONFIGURATION,
    Cause.TLS_UNTRUSTED: Meaning.CONFIGURATION,
    Cause.TLS_WRONG_HOST: Meaning.CONFIGURATION,
    Cause.TLS_EXPIRED: Meaning.CONFIGURATION,
    Cause.TLS_CLIENT_REFUSED: Meaning.CONFIGURATION,
    Cause.NO_ANSWER: Meaning.UNKNOWN,
    Cause.SLOW_ANSWER: Meaning.UNKNOWN,
    Cause.CONNECTION_LOST: Meaning.UNKNOWN,
    Cause.TOO_LARGE: Meaning.UNKNOWN,
    Cause.BAD_ENCODING: Meaning.UNKNOWN,
    Cause.BAD_RESPONSE: Meaning.UNKNOWN,
    Cause.NOT_JSON: Meaning.UNKNOWN,
    Cause.HTML: Meaning.UNKNOWN,
}


@pytest.mark.parametrize("cause", Cause)
def test_a_call_without_a_whole_answer_means(cause: Cause) -> None:
    assert OF_FAULT[cause.error("example.org").fault] is BY_CAUSE[cause]


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_a_meaning_and_doubt_is_never_taken_for_a_refusal(fault: Fault) -> None:
    surely_not_processed = {Fault.CONFIG, Fault.TRANSIENT, Fault.RATE_LIMITED}
    assert (OF_FAULT[fault] is Meaning.UNKNOWN) is (fault not in surely_not_processed)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 7 ", 7.0),
        ("3600", 3_600.0),
        ("3601", LONGEST_WAIT),
        ("9" * 10_000, LONGEST_WAIT),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Saturday, 21-Nov-26 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 13:00:30 +0100", 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 12:00:00 GMT", LONGEST_WAIT),
        ("Sat, 21 Nov 2026 12:00:30 +99999999999999999", None),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Sat, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_both_forms_of_retry_after_are_read_and_clamped(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_a_retry_after_date_is_counted_from_the_clock_whatever_its_zone() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=-5)))
    assert retry_after("Sat, 21 Nov 2026 12:01:00 GMT", there) == 60.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        # No zone is UTC (RFC 5322, section 3.3), and so is the one that says it is not known.
        ("Sat, 21 Nov 2026 12:00:30", 30.0),
        ("Sat, 21 Nov 2026 12:00:30 -0000", 30.0),
        ("Sat, 21 Nov 2026 12:00:01 GMT", 1.0),
        ("Sat, 21 Nov 2026 12:59:59 GMT", 3_599.0),
        ("Sat, 21 Nov 2026 13:00:01 GMT", LONGEST_WAIT),
        ("Sat, 21 Nov 2026 11:59:59 GMT", 0.0),
        ("3599", 3_599.0),
        ("1", 1.0),
    ],
)
def test_a_retry_after_is_exact_to_the_second_on_both_sides_of_its_bounds(value: str, seconds: float) -> None:
    assert retry_after(value, NOW) == seconds


def test_a_row_of_one_status_fits_no_other() -> None:
    # Made while the module is read; called again so that a fault in it shows here.
    assert list(_only(404)) == [404]
