"""What goes over the wire, and what answers mean that the simulated system does not give."""

import json

import pytest

from integration_admin.adapters.base import Result
from integration_admin.adapters.dynamics.business_central.adapter import BusinessCentralAdapter
from integration_admin.adapters.dynamics.business_central.errors import decoded
from integration_admin.adapters.outbound import Response
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import msg
from tests.adapters.dynamics.business_central.central_http import (
    API,
    BASE,
    CANARY,
    COMPANY,
    CREDENTIALS,
    JOURNAL,
    TENANT,
    CentralHTTP,
    answered,
    refused,
    taken,
)
from tests.adapters.dynamics.business_central.company import line, reference, results, told, voucher
from tests.fakes import FakeClock


@pytest.fixture
def http() -> CentralHTTP:
    return CentralHTTP()


@pytest.fixture
def adapter(http: CentralHTTP, clock: FakeClock) -> BusinessCentralAdapter:
    return BusinessCentralAdapter(http, clock)


async def failure(adapter: BusinessCentralAdapter, *numbers: int) -> AdapterError:
    with pytest.raises(AdapterError) as caught:
        await adapter.send(CREDENTIALS, [voucher(number) for number in numbers or (1,)])
    return caught.value


async def test_a_batch_is_one_transaction_in_english_and_can_be_traced(
    adapter: BusinessCentralAdapter, http: CentralHTTP
) -> None:
    http.answers.append(taken)

    await adapter.send(CREDENTIALS, [voucher(1)])

    batch = http.batches[0]
    assert (batch.method, batch.url) == ("POST", f"{BASE}/$batch")
    assert batch.headers["Isolation"] == "snapshot"
    assert "Prefer" not in batch.headers
    assert batch.headers["Accept-Language"] == "en-US"
    assert batch.headers["Authorization"] == "Bearer a-token"
    names = [request.headers["client-request-id"] for request in http.requests]
    assert len(set(names)) == len(names)
    first = batch.body["requests"][0]
    assert first["url"] == f"companies({COMPANY})/journals({JOURNAL})/journalLines"
    assert first["body"]["lineNumber"] == 100
    assert first["headers"] == {"Content-Type": "application/json"}


async def test_line_numbers_are_the_same_at_every_attempt(
    adapter: BusinessCentralAdapter, http: CentralHTTP
) -> None:
    http.answers += [AdapterError(msg("Lost."), Fault.UNKNOWN_OUTCOME), taken]
    for _ in range(2):
        await adapter.send(CREDENTIALS, [voucher(7)])

    first, second = ([each["body"] for each in batch.body["requests"]] for batch in http.batches)
    assert first == second
    assert [body["lineNumber"] for body in first] == [700, 701]


async def test_answers_that_say_201_beside_a_refusal_have_written_nothing(
    adapter: BusinessCentralAdapter, http: CentralHTTP
) -> None:
    http.answers += [refused(5, "Application_DialogException", "The account is no good."), taken]

    outcomes = {
        outcome.reference: outcome
        for outcome in await adapter.send(CREDENTIALS, [voucher(n) for n in (1, 2, 3)])
    }

    assert outcomes[reference(3)].result is Result.REJECTED
    assert str(outcomes[reference(3)].message).endswith("It says: “The account is no good.”")
    assert [len(batch.body["requests"]) for batch in http.batches] == [6, 4]


@pytest.mark.parametrize(
    ("status", "fault"),
    [(429, Fault.RATE_LIMITED), (503, Fault.TRANSIENT), (500, Fault.TRANSIENT), (408, Fault.UNKNOWN_OUTCOME)],
)
async def test_a_refusal_inside_a_batch_that_no_voucher_is_to_blame_for_holds_for_all(
    adapter: BusinessCentralAdapter, http: CentralHTTP, status: int, fault: Fault
) -> None:
    http.answers.append(refused(1, "Internal_ServerError" if status >= 500 else "Unknown", "Busy.", status))

    if fault is Fault.UNKNOWN_OUTCOME:
        outcomes = await adapter.send(CREDENTIALS, [voucher(1), voucher(2)])
        assert set(results(outcomes).values()) == {Result.UNKNOWN}
    else:
        assert (await failure(adapter, 1, 2)).fault is fault


async def test_a_right_that_is_lost_in_the_middle_stops_the_integration(
    adapter: BusinessCentralAdapter, http: CentralHTTP
) -> None:
    http.answers.append(refused(0, "Authorization_RequestDenied", "No.", 403))

    assert isinstance(await failure(adapter), AuthenticationFailed)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (answered(b"<html>Gateway</html>", 504, content_type="text/html"), Fault.UNKNOWN_OUTCOME),
        (answered(b"<html>Gateway</html>", 502, content_type="text/html"), Fault.UNKNOWN_OUTCOME),
        (answered(b"", 503), Fault.UNKNOWN_OUTCOME),
        (answered(b"", 503, retry_after="9"), Fault.UNKNOWN_OUTCOME),
        (answered(b"", 429), Fault.RATE_LIMITED),
        (answered(b"", 408), Fault.UNKNOWN_OUTCOME),
        (answered(b"", 409), Fault.UNKNOWN_OUTCOME),
        (answered(b"<html>hello</html>", 200, content_type="text/html"), Fault.UNKNOWN_OUTCOME),
        (answered(b"", 302), Fault.CONFIG),
        (answered({"error": {"code": "NoEnvironment", "message": "No."}}, 404), Fault.CONFIG),
        (AdapterError(msg("Lost."), Fault.UNKNOWN_OUTCOME), Fault.UNKNOWN_OUTCOME),
        (AdapterError(msg("Refused."), Fault.TRANSIENT), Fault.TRANSIENT),
    ],
)
async def test_what_the_whole_answer_to_a_batch_means(
    adapter: BusinessCentralAdapter, http: CentralHTTP, answer: Response | AdapterError, fault: Fault
) -> None:
    http.answers.append(answer)

    if fault is Fault.UNKNOWN_OUTCOME:
        outcomes = await adapter.send(CREDENTIALS, [voucher(1)])
        assert results(outcomes) == {reference(1): Result.UNKNOWN}
    else:
        assert (await failure(adapter)).fault is fault
    assert len(http.batches) == 1


CREATED = {"status": 201, "body": {"id": "line"}}


@pytest.mark.parametrize(
    "responses",
    [
        [],
        None,
        [{"id": "0"}],
        [{"id": "0", **CREATED}],
        [{"id": "0", **CREATED}, {"id": "0", **CREATED}],
        [{"id": "0", **CREATED}, {"id": None, **CREATED}],
        [{"id": "0", **CREATED}, {"id": "1", "status": 201, "body": {}}],
        [{"id": "0", **CREATED}, {"id": "1", "status": 201, "body": {"id": "line", "lineNumber": 7}}],
        [{"id": "0", **CREATED}, {"id": "1", "status": 302}],
        [{"id": "0", **CREATED}, {"id": "1", **CREATED}, {"id": "2", **CREATED}],
    ],
)
async def test_an_answer_that_says_nothing_clear_leaves_vouchers_unknown(
    adapter: BusinessCentralAdapter, http: CentralHTTP, responses: object
) -> None:
    http.answers.append(answered({"responses": responses}))

    outcomes = await adapter.send(CREDENTIALS, [voucher(1)])

    assert results(outcomes) == {reference(1): Result.UNKNOWN}
    assert len(http.batches) == 1


async def test_a_voucher_whose_dimensions_got_no_answer_is_unknown_and_those_behind_are_not_sent(
    adapter: BusinessCentralAdapter, http: CentralHTTP
) -> None:
    credentials = type(CREDENTIALS)({**CREDENTIALS.settings, "dimensions": "AVDELING"}, CREDENTIALS.secrets)
    http.answers += [taken, AdapterError(msg("Lost."), Fault.TRANSIENT)]
    batch = [voucher(1, *[line(dimension_1="210")] * 60), voucher(2, *[line(dimension_1="210")] * 60)]

    outcomes = await adapter.send(credentials, batch)

    assert results(outcomes) == {reference(1): Result.UNKNOWN, reference(2): Result.NOT_SENT}


async def test_a_link_to_another_host_is_not_followed(
    adapter: BusinessCentralAdapter, http: CentralHTTP
) -> None:
    http.answers.append(answered({"value": [], "@odata.nextLink": "https://evil.example/v2.0/page2"}))

    with pytest.raises(AdapterError) as caught:
        await adapter.reference_data(CREDENTIALS)

    assert caught.value.code == "shape"
    assert all(request.url.startswith(API) for request in http.requests)


async def test_a_list_that_ignores_the_filter_proves_nothing(
    adapter: BusinessCentralAdapter, http: CentralHTTP
) -> None:
    http.answers.append(answered({"value": [{"documentNumber": "SOMETHING"}]}))

    with pytest.raises(AdapterError) as caught:
        await adapter.lookup(CREDENTIALS, [reference(1)])

    assert caught.value.fault is Fault.UPSTREAM


async def test_a_question_waits_as_long_as_it_is_asked_to(
    adapter: BusinessCentralAdapter, http: CentralHTTP, clock: FakeClock
) -> None:
    http.answers += [answered(b"", 429, retry_after="4"), answered({"value": []}), answered({"value": []})]

    assert await adapter.lookup(CREDENTIALS, [reference(1)]) == []
    assert 4.0 in clock.slept


@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
async def test_a_secret_that_is_sent_back_never_gets_into_an_error_or_an_outcome(
    adapter: BusinessCentralAdapter, http: CentralHTTP, status: int
) -> None:
    error = {"error": {"code": f"X{CANARY}", "message": f"You sent {CANARY} and a-token"}}
    whole = {"responses": [{"id": "0", "status": 400, "body": error}]} if status == 200 else error
    http.answers += [answered(whole, status)] * 2

    try:
        said = repr(await adapter.send(CREDENTIALS, [voucher(1)]))
    except AdapterError as problem:
        said = told(problem)

    assert CANARY not in said
    assert "a-token" not in said


async def test_the_trace_of_an_error_is_in_the_log_and_not_in_the_sentence(
    adapter: BusinessCentralAdapter, http: CentralHTTP
) -> None:
    error = {"error": {"code": "BadRequest", "message": f"No good.  CorrelationId:  {TENANT}."}}
    http.answers.append(answered(error, 400))

    with pytest.raises(AdapterError) as caught:
        await adapter.reference_data(CREDENTIALS)

    assert "No good." in str(caught.value.message)
    assert TENANT not in str(caught.value.message)
    assert TENANT in caught.value.internal


def test_names_of_enums_are_decoded() -> None:
    assert decoded("G_x002F_L_x0020_Account") == "G/L Account"
    assert decoded("_x0020_") == " "


async def test_amounts_are_written_with_all_their_digits(clock: FakeClock) -> None:
    seen: list[bytes] = []

    class Keeping(CentralHTTP):
        async def request(self, *args: object, **options: object) -> Response:
            seen.append(bytes(options.get("body") or b""))  # type: ignore[call-overload]  # bytes or None
            return await super().request(*args, **options)  # type: ignore[arg-type]  # handed on

    keeping = Keeping()
    keeping.answers.append(taken)
    await BusinessCentralAdapter(keeping, clock).send(CREDENTIALS, [voucher(1, line("99999999999.99"))])

    assert b'"amount":99999999999.99' in seen[-1]
    assert b'"amount":-99999999999.99' in seen[-1]
    assert json.loads(seen[-1])
