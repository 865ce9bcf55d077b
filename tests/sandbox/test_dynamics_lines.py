"""Journals, their lines and the lines' dimensions in the simulated Business Central, traps included."""

from typing import Any

import pytest

from tests.sandbox.dynamics import DynamicsSandbox, line

SAME_KEY = "Internal_EntityWithSameKeyExists"
UNKNOWN_GUID = "33333333-3333-4333-8333-333333333333"


async def lines_of(dynamics: DynamicsSandbox, journal: str, query: str = "") -> list[Any]:
    return list((await dynamics.get(f"journals({journal})/journalLines{query}"))["value"])


async def test_a_journal_is_made_by_its_code_and_refused_the_second_time(dynamics: DynamicsSandbox) -> None:
    made = await dynamics.make("journals", {"code": "utlegg"})
    assert (made["code"], made["displayName"], made["balancingAccountNumber"]) == ("UTLEGG", "", "")
    assert (await dynamics.refused("POST", "journals", {"code": "UTLEGG"}))[:2] == (400, SAME_KEY)
    found = (await dynamics.get("journals?$filter=code eq 'UTLEGG'"))["value"]
    assert [journal["id"] for journal in found] == [made["id"]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"code": "ELLEVE TEGN"}, "Application_StringExceededLength"),
        ({"displayName": "Uten kode"}, "Application_FieldValidationException"),
        ({"code": "NY", "id": UNKNOWN_GUID}, "BadRequest"),
        ({"code": "NY", "colour": "red"}, "BadRequest"),
        ([], "BadRequest"),
    ],
)
async def test_a_journal_that_makes_no_sense_is_refused(
    dynamics: DynamicsSandbox, body: Any, code: str
) -> None:
    assert (await dynamics.refused("POST", "journals", body))[:2] == (400, code)


async def test_a_line_is_read_back_with_its_names_encoded(dynamics: DynamicsSandbox) -> None:
    journal = await dynamics.journal()
    made = await dynamics.make(
        f"journals({journal})/journalLines",
        line(balanceAccountType="Bank Account", balancingAccountNumber="BANK"),
    )
    assert made["accountType"] == "G_x002F_L_x0020_Account"
    assert made["balanceAccountType"] == "Bank_x0020_Account"
    assert (made["amount"], made["journalDisplayName"]) == (412, "UTLEGG")
    assert await lines_of(dynamics, journal) == [
        {name: value for name, value in made.items() if name != "@odata.context"}
    ]


async def test_what_is_left_out_gets_its_usual_value(dynamics: DynamicsSandbox) -> None:
    journal = await dynamics.journal()
    path = f"journals({journal})/journalLines"
    first = await dynamics.make(path, {"accountNumber": "7140", "amount": 1})
    second = await dynamics.make(path, {})
    assert (first["lineNumber"], second["lineNumber"]) == (10_000, 20_000)
    assert first["description"] == "Reise, rapporteres ikke"
    assert first["postingDate"] == "2026-11-21"
    assert first["documentNumber"].startswith("G0")


async def test_one_line_number_is_taken_once_in_a_journal(dynamics: DynamicsSandbox) -> None:
    one, other = await dynamics.journal(), await dynamics.journal("ANNEN")
    await dynamics.make(f"journals({one})/journalLines", line())
    status, code, words = await dynamics.refused("POST", f"journals({one})/journalLines", line())
    assert (status, code) == (400, SAME_KEY)
    assert "Line No.='10000'" in words
    await dynamics.make(f"journals({other})/journalLines", line())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"documentNumber": "A" * 21}, "Application_StringExceededLength"),
        ({"externalDocumentNumber": "A" * 36}, "Application_StringExceededLength"),
        ({"description": "🚌" * 51}, "Application_StringExceededLength"),
        ({"comment": "a" * 251}, "Application_StringExceededLength"),
        ({"accountNumber": "0000"}, "Internal_InvalidTableRelation"),
        ({"balancingAccountNumber": "V-999"}, "Internal_InvalidTableRelation"),
        ({"taxCode": "25"}, "Internal_InvalidTableRelation"),
        ({"accountNumber": "7190"}, "Application_FieldValidationException"),
        ({"accountNumber": "71"}, "Application_FieldValidationException"),
        ({"accountNumber": "2400"}, "Application_FieldValidationException"),
        ({"balanceAccountType": "Vendor", "balancingAccountNumber": "L-290"}, "Application_DialogException"),
        ({"accountType": "Vendor", "accountNumber": "V-118"}, "Application_DialogException"),
        ({"accountType": "Account"}, "Unknown"),
        ({"accountNumber": None, "accountId": "7140"}, "BadRequest"),
        ({"accountNumber": None, "accountId": UNKNOWN_GUID}, "Application_DialogException"),
        ({"currencyCode": "EUR"}, "BadRequest"),
        ({"id": UNKNOWN_GUID}, "BadRequest"),
        ({"amount": "412.00"}, "BadRequest"),
        ({"postingDate": "2026-11-31"}, "BadRequest"),
        ({"postingDate": "05.11.2026"}, "BadRequest"),
        ({"lineNumber": 2**31}, "BadRequest"),
    ],
)
async def test_a_line_that_cannot_be_is_refused_and_not_written(
    dynamics: DynamicsSandbox, changes: dict[str, Any], code: str
) -> None:
    journal = await dynamics.journal()
    refused = await dynamics.refused("POST", f"journals({journal})/journalLines", line(**changes))
    assert refused[:2] == (400, code)
    assert await dynamics.ledger() == []


async def test_lengths_at_the_limit_are_taken_whole(dynamics: DynamicsSandbox) -> None:
    journal = await dynamics.journal()
    texts = {"documentNumber": "A" * 20, "externalDocumentNumber": "B" * 35, "description": "🚌" * 50}
    made = await dynamics.make(f"journals({journal})/journalLines", line(**texts))
    assert {name: made[name] for name in texts} == texts


async def test_the_words_of_a_refusal_end_in_a_correlation_id(dynamics: DynamicsSandbox) -> None:
    answer = await dynamics.call("GET", f"journals({UNKNOWN_GUID})")
    assert answer.json()["error"]["message"].endswith(".")
    assert "  CorrelationId:  " in answer.json()["error"]["message"]


async def test_fields_are_set_in_the_order_they_come(dynamics: DynamicsSandbox) -> None:
    journal = await dynamics.journal()
    early = {"accountNumber": "V-118", "accountType": "Vendor", "amount": 1}
    status, code, _ = await dynamics.refused("POST", f"journals({journal})/journalLines", early)
    assert (status, code) == (400, "Internal_InvalidTableRelation")


@pytest.mark.parametrize(("sent", "kept"), [(0.005, 0.01), (-0.005, -0.01), (1.0049, 1), (-412.5, -412.5)])
async def test_amounts_are_rounded_to_hundredths_away_from_zero(
    dynamics: DynamicsSandbox, sent: float, kept: float
) -> None:
    journal = await dynamics.journal()
    assert (await dynamics.make(f"journals({journal})/journalLines", line(amount=sent)))["amount"] == kept


async def test_lines_on_an_employees_account_cannot_be_read_back(dynamics: DynamicsSandbox) -> None:
    journal = await dynamics.journal()
    path = f"journals({journal})/journalLines"
    alone = {"balanceAccountType": None, "balancingAccountNumber": None}
    made = await dynamics.make(path, line(accountType="Employee", accountNumber="V-118", **alone))
    assert made["accountType"] == "Employee"
    await dynamics.make(path, line(number=20_000, accountType="Vendor", accountNumber="V-118", **alone))
    assert [found["lineNumber"] for found in await lines_of(dynamics, journal)] == [20_000]
    assert (await dynamics.refused("GET", f"{path}({made['id']})"))[0] == 404
    await dynamics.change("settings", {"employee_lines_shown": True})
    assert [found["lineNumber"] for found in await lines_of(dynamics, journal)] == [10_000, 20_000]


async def test_a_journals_own_balancing_account_is_put_on_its_lines(dynamics: DynamicsSandbox) -> None:
    found = (await dynamics.get("journals?$filter=code eq 'BANK'"))["value"][0]
    alone = {"balanceAccountType": None, "balancingAccountNumber": None}
    made = await dynamics.make(f"journals({found['id']})/journalLines", line(**alone))
    assert made["balancingAccountNumber"] == found["balancingAccountNumber"] == "1920"


async def test_lines_are_never_without_a_journal(dynamics: DynamicsSandbox) -> None:
    for method, body in (("GET", None), ("POST", line())):
        status, _, words = await dynamics.refused(method, "journalLines", body)
        assert status == 400
        assert words == "You must specify a journal batch ID or a journal ID to get a journal line."


async def test_a_deleted_journal_takes_its_lines_along(dynamics: DynamicsSandbox) -> None:
    journal = await dynamics.journal()
    await dynamics.make(f"journals({journal})/journalLines", line())
    assert (await dynamics.call("DELETE", f"journals({journal})", If_Match="*")).status_code == 204
    refused = await dynamics.refused("POST", f"journals({journal})/journalLines", line())
    assert refused[:2] == (404, "Internal_RecordNotFound")
    assert await dynamics.ledger() == []


async def test_changes_need_the_present_etag(dynamics: DynamicsSandbox) -> None:
    journal = await dynamics.journal()
    made = await dynamics.make(f"journals({journal})/journalLines", line())
    path = f"journals({journal})/journalLines({made['id']})"
    change = {"description": "Buss"}
    for headers in ({}, {"If_Match": "nonsense"}):
        assert (await dynamics.refused("PATCH", path, change, **headers))[1] == "BadRequest_InvalidToken"
    changed = await dynamics.call("PATCH", path, change, If_Match=made["@odata.etag"])
    assert (changed.status_code, changed.json()["description"]) == (200, "Buss")
    stale = await dynamics.refused("PATCH", path, change, If_Match=made["@odata.etag"])
    assert stale == (409, "Request_EntityChanged", "Another user has already changed the record.")
    assert (await dynamics.call("PATCH", path, {"amount": 5}, If_Match="*")).json()["amount"] == 5
    assert (await dynamics.call("DELETE", path, If_Match="*")).status_code == 204
    assert (await dynamics.refused("GET", path))[0] == 404


async def test_dimensions_are_added_changed_and_taken_away(dynamics: DynamicsSandbox) -> None:
    journal = await dynamics.journal()
    made = await dynamics.make(f"journals({journal})/journalLines", line())
    path = f"journals({journal})/journalLines({made['id']})/dimensionSetLines"
    project = await dynamics.make(path, {"code": "PROSJEKT", "valueCode": "P-12"})
    assert (project["valueDisplayName"], project["parentId"]) == ("Likepersonsamling", made["id"])
    again = await dynamics.refused("POST", path, {"id": project["id"], "valueCode": "P-11"})
    assert again[2].startswith("The dimension set line already exists")
    changed = await dynamics.call("PATCH", f"{path}({project['id']})", {"valueCode": "P-11"}, If_Match="*")
    assert changed.json()["valueCode"] == "P-11"
    assert [found["valueCode"] for found in (await dynamics.get(path))["value"]] == ["P-11"]
    shown = (await lines_of(dynamics, journal, "?$expand=dimensionSetLines"))[0]["dimensionSetLines"]
    assert [found["code"] for found in shown] == ["PROSJEKT"]
    assert (await dynamics.ledger())[0]["lines"][0]["project"] == "P-11"
    assert (await dynamics.call("DELETE", f"{path}({project['id']})", If_Match="*")).status_code == 204
    assert (await dynamics.get(path))["value"] == []


async def test_an_accounts_usual_dimension_is_there_already_and_has_to_be_changed(
    dynamics: DynamicsSandbox,
) -> None:
    journal = await dynamics.journal()
    made = await dynamics.make(f"journals({journal})/journalLines", line(accountNumber="6900"))
    path = f"journals({journal})/journalLines({made['id']})/dimensionSetLines"
    usual = (await dynamics.get(path))["value"][0]
    assert (usual["code"], usual["valueCode"]) == ("AVDELING", "100")
    refused = await dynamics.refused("POST", path, {"code": "AVDELING", "valueCode": "210"})
    assert refused[2].startswith("The dimension set line already exists")
    await dynamics.call("PATCH", f"{path}({usual['id']})", {"valueCode": "210"}, If_Match="*")
    assert (await dynamics.ledger())[0]["lines"][0]["dimensions"] == {"AVDELING": "210"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Values must be provided in the body."),
        ({"valueCode": "210"}, "The ID or Code field must be filled in."),
        ({"code": "AVDELING"}, "The valueID or valueCode field must be filled in."),
        ({"code": "FARGE", "valueCode": "210"}, "The dimension does not match to a Dimension."),
        ({"code": "AVDELING", "valueCode": "999"}, "The value does not match to a Dimension Value."),
    ],
)
async def test_a_dimension_that_makes_no_sense_is_refused(
    dynamics: DynamicsSandbox, body: dict[str, str], words: str
) -> None:
    journal = await dynamics.journal()
    made = await dynamics.make(f"journals({journal})/journalLines", line())
    path = f"journals({journal})/journalLines({made['id']})/dimensionSetLines"
    assert (await dynamics.refused("POST", path, body))[2] == words
