"""Settings and vouchers that cannot be right: a sentence each, and nothing is sent."""

import pytest

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.adapters.dynamics.business_central.adapter import BusinessCentralAdapter
from integration_admin.adapters.dynamics.business_central.batch import MOST
from integration_admin.adapters.dynamics.business_central.vouchers import fitting
from integration_admin.core.errors import InvalidInput
from integration_admin.core.records import REIMBURSEMENT
from integration_admin.core.secret import Secret
from tests.adapters.dynamics.business_central.central_http import CREDENTIALS, SETTINGS, CentralHTTP
from tests.adapters.dynamics.business_central.company import line, voucher
from tests.fakes import FakeClock


@pytest.fixture
def http() -> CentralHTTP:
    return CentralHTTP()


@pytest.fixture
def adapter(http: CentralHTTP, clock: FakeClock) -> BusinessCentralAdapter:
    return BusinessCentralAdapter(http, clock)


def test_microsofts_cloud_is_the_usual_place_and_both_its_hosts_are_named(
    adapter: BusinessCentralAdapter,
) -> None:
    assert (
        adapter.target_origin(SETTINGS)
        == "https://api.businesscentral.dynamics.com https://login.microsoftonline.com"
    )


def test_another_address_is_one_origin(adapter: BusinessCentralAdapter) -> None:
    settings = {**SETTINGS, "cloud": "custom", "endpoint": "http://127.0.0.1:9102/"}

    assert adapter.target_origin(settings) == "http://127.0.0.1:9102"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cloud", "moon"),
        ("tenant", ""),
        ("tenant", "common"),
        ("tenant", "a/../b"),
        ("client_id", "två ord"),
        ("environment", "pro/duction"),
        ("journal", "ELEVEN-CHAR"),
        ("journal", "A'B"),
        ("dimensions", "A,B,C,D,E,F"),
        ("dimensions", "A, a"),
        ("dimensions", "X" * 21),
        ("posting", "maybe"),
        ("processing_seconds", "0"),
        ("processing_seconds", "soon"),
    ],
)
def test_a_wrong_setting_is_told_by_its_field(
    adapter: BusinessCentralAdapter, field: str, value: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        adapter.target_origin({**SETTINGS, field: value})

    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "ftp://host",
        "https://",
        "https://host/path",
        "https://user:pw@host",
        "https://host?x=1",
        "https://ho st",
        "https://host:0",
    ],
)
def test_another_address_is_an_origin_and_nothing_more(
    adapter: BusinessCentralAdapter, endpoint: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        adapter.target_origin({**SETTINGS, "cloud": "custom", "endpoint": endpoint})

    assert list(caught.value.fields) == ["endpoint"]
    assert "pw" not in str(caught.value.message)


def test_the_quiet_period_covers_how_long_business_central_may_go_on(adapter: BusinessCentralAdapter) -> None:
    usual, short = adapter.capabilities, adapter.capabilities_of({**SETTINGS, "processing_seconds": "10"})

    assert (usual.processing_seconds, usual.quiet_seconds) == (480.0, 960.0)
    assert (short.processing_seconds, short.quiet_seconds) == (10.0, 130.0)


def test_a_send_fills_one_batch_unless_the_journal_is_posted_after_each(
    adapter: BusinessCentralAdapter,
) -> None:
    staging, posting = adapter.capabilities, adapter.capabilities_of({**SETTINGS, "posting": "post"})

    assert (staging.batch_lines, staging.in_flight) == (MOST, 5)
    assert (posting.batch_lines, posting.in_flight) == (None, 1)


async def refused(adapter: BusinessCentralAdapter, offered: Voucher, **settings: str) -> Outcome:
    credentials = type(CREDENTIALS)({**SETTINGS, **settings}, {"client_secret": Secret("x")})
    outcomes = await adapter.send(credentials, [offered])
    assert [outcome.result for outcome in outcomes] == [Result.REJECTED]
    return outcomes[0]


@pytest.mark.parametrize(
    ("offered", "field", "words"),
    [
        (voucher()._replace(reference="R" * 36), "", "R" * 36),
        (voucher(1, *[line()] * 100), "", "100 lines"),
        (voucher(99_999_999), "", "99999999"),
        (voucher(1, line("1.234", "KWD"), employee="V-118"), "vendor", "purchase invoice"),
        (voucher(1, line(currency="EUR"), credit_account=""), "vendor", "EUR"),
        (voucher(1, line(currency="EUR"), line(), vendor="L-201"), "", "EUR, NOK"),
        (voucher(1, line("-0.01", "EUR"), vendor="L-201"), "", "-0.01 EUR"),
        (voucher(1, line(currency="EUR"), vendor="L-201", kind=REIMBURSEMENT), "", "EUR"),
        (voucher(1, credit_account=""), "credit_account", "Nobody"),
        (voucher()._replace(lines=()), "credit_account", "Nobody"),
        (voucher(1, posted_date="5.11.2026"), "posted_date", "5.11.2026"),
        (voucher(1, posted_date="20261105"), "posted_date", "20261105"),
        (voucher(1, line(dimension_1="210")), "dimension_1", "Dimension 1"),
    ],
)
async def test_a_voucher_that_cannot_be_right_is_rejected_without_a_batch(
    adapter: BusinessCentralAdapter, http: CentralHTTP, offered: Voucher, field: str, words: str
) -> None:
    outcome = await refused(adapter, offered)

    assert outcome.field == field
    assert words in str(outcome.message)
    assert http.batches == []


@pytest.mark.parametrize(
    ("text", "length", "fits"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "abc"),
        ("ab🚆", 3, "ab"),
        ("a🚆", 3, "a🚆"),
        ("ab cd", 3, "ab"),
        ("", 3, ""),
    ],
)
def test_a_text_is_cut_between_characters(text: str, length: int, fits: str) -> None:
    assert fitting(text, length) == fits
