"""Reading the simulated Business Central: filters, fields, pages, and the lists every company has."""

from typing import Any

import pytest

from tests.sandbox.dynamics import DynamicsSandbox, line, staged


async def numbers(dynamics: DynamicsSandbox, query: str) -> list[Any]:
    return [account["number"] for account in (await dynamics.get(f"accounts?{query}"))["value"]]


async def test_there_are_two_companies_and_one_is_called_something_else(dynamics: DynamicsSandbox) -> None:
    found = (await dynamics.get("/companies?$select=id,name,displayName"))["value"]
    assert [(company["name"], company["displayName"]) for company in found] == [
        ("Eksempelforbundet", "Eksempelforbundet"),
        ("EKSEMPEL OSLO", "Eksempelforbundet Oslo og Akershus"),
    ]
    assert set(found[0]) == {"id", "name", "displayName"}
    assert (await dynamics.get(f"/companies({found[1]['id']})"))["name"] == "EKSEMPEL OSLO"


async def test_companies_keep_their_books_apart(dynamics: DynamicsSandbox) -> None:
    journal = await dynamics.journal()
    other = (await dynamics.get("/companies"))["value"][1]["id"]
    refused = await dynamics.refused("POST", f"/companies({other})/journals({journal})/journalLines", line())
    assert refused[:2] == (404, "Internal_RecordNotFound")
    codes = [found["code"] for found in (await dynamics.get(f"/companies({other})/journals"))["value"]]
    assert codes == ["DEFAULT", "BANK"]


async def test_a_renamed_company_keeps_its_id(dynamics: DynamicsSandbox) -> None:
    await dynamics.change("companies/1", {"name": "Nytt navn", "display_name": "Nytt navn AS"})
    found = (await dynamics.get("/companies"))["value"][0]
    assert (found["id"], found["name"], found["displayName"]) == (
        await dynamics.here(),
        "Nytt navn",
        "Nytt navn AS",
    )


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/companies(44444444-4444-4444-8444-444444444444)/accounts", 404, "Internal_CompanyNotFound"),
        ("/companies(Eksempelforbundet)/accounts", 400, "BadRequest"),
        ("/accounts", 400, "BadRequest"),
        ("/$metadata", 400, "BadRequest"),
        ("accountz", 404, "BadRequest_NotFound"),
        ("accounts(44444444-4444-4444-8444-444444444444)", 404, "Internal_RecordNotFound"),
        ("accounts('7140')", 400, "BadRequest"),
        ("accounts?$top=few", 400, "BadRequest"),
        ("accounts?$select=colour", 400, "BadRequest"),
        ("accounts?$filter=colour eq 'red'", 400, "BadRequest"),
        ("accounts?$filter=number eq", 400, "BadRequest"),
        ("accounts?$filter=(number eq '7140'", 400, "BadRequest"),
        ("accounts?$filter=startswith(number,'7')", 400, "BadRequest"),
        ("accounts?$filter=netChange gt NaN", 400, "BadRequest"),
        ("accounts?$filter=lastModifiedDateTime gt 2026-01-01", 400, "BadRequest"),
        ("accounts?$filter=number eq '1' or displayName eq 'x'", 400, "Application_FilterErrorException"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    dynamics: DynamicsSandbox, path: str, status: int, code: str
) -> None:
    assert (await dynamics.refused("GET", path))[:2] == (status, code)


@pytest.mark.parametrize("path", ["accounts", "dimensions", "vendors", "/companies"])
async def test_what_can_only_be_read_refuses_to_be_written(dynamics: DynamicsSandbox, path: str) -> None:
    assert (await dynamics.refused("POST", path, {}))[:2] == (405, "BadRequest_MethodNotAllowed")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("$filter=number eq '7140'", ["7140"]),
        ("$filter=number eq '7140' or number eq '6800'", ["6800", "7140"]),
        ("$filter=blocked eq true", ["7190"]),
        ("$filter=blocked eq true and number eq '7140'", []),
        ("$filter=number ge '8000' and number lt '8100'", ["8050"]),
        ("$filter=displayName eq 'Aviser og bøker'", ["6840"]),
        ("$filter=accountType eq 'Total' and (number eq '19' or number eq '71')", ["19", "71"]),
        ("$filter=lastModifiedDateTime gt 2026-01-05T08:00:00.001Z", []),
        ("$filter=lastModifiedDateTime gt 2026-01-05T09:00:00.5%2B02:00 and number eq '7140'", ["7140"]),
        ("$filter=netChange eq 0 and number eq '7140'", ["7140"]),
        ("$filter=number ne '7140' and category eq 'Cost of Goods Sold'", ["4300", "4500"]),
        ("$orderby=number desc&$top=2", ["8150", "8050"]),
        ("$top=2&$skip=1", ["1280", "1500"]),
    ],
)
async def test_filters_find_what_they_say(dynamics: DynamicsSandbox, query: str, found: list[str]) -> None:
    assert await numbers(dynamics, query) == found


async def test_a_document_number_with_the_letters_of_an_instant_is_found(dynamics: DynamicsSandbox) -> None:
    path = await staged(dynamics, line("IATAXI7Z"))

    found = await dynamics.get(f"{path}/journalLines?$filter=documentNumber eq 'IATAXI7Z'")

    assert [entry["documentNumber"] for entry in found["value"]] == ["IATAXI7Z"]


async def test_a_quote_in_a_value_is_doubled(dynamics: DynamicsSandbox) -> None:
    assert await numbers(dynamics, "$filter=displayName eq 'd''Or'") == []


async def test_a_long_list_comes_in_pages_by_the_link_of_each(dynamics: DynamicsSandbox) -> None:
    everything = await numbers(dynamics, "$count=true")
    path, pages = "accounts?$select=number&$count=true", []
    first = await dynamics.call("GET", path, Prefer="odata.maxpagesize=30")
    assert first.headers["preference-applied"] == "odata.maxpagesize=30"
    page = first.json()
    assert page["@odata.count"] == len(everything)
    while True:
        pages.append([account["number"] for account in page["value"]])
        if "@odata.nextLink" not in page:
            break
        link = page["@odata.nextLink"]
        assert link.startswith(f"{dynamics.found['business_central']}/companies(")
        page = (
            await dynamics.call(
                "GET", link.removeprefix(dynamics.found["business_central"]), Prefer="odata.maxpagesize=30"
            )
        ).json()
    assert [len(part) for part in pages] == [30, 30, 27]
    assert [number for part in pages for number in part] == everything


async def test_a_chart_may_have_twenty_thousand_accounts(dynamics: DynamicsSandbox) -> None:
    await dynamics.change("settings", {"accounts": 20_000})
    page = await dynamics.get("accounts?$select=number,displayName")
    assert len({account["number"] for account in page["value"]}) == 20_000
    assert "@odata.nextLink" not in page


async def test_closed_summing_and_controlled_accounts_are_marked(dynamics: DynamicsSandbox) -> None:
    found = {account["number"]: account for account in (await dynamics.get("accounts"))["value"]}
    assert found["7190"]["blocked"] is True
    assert (found["71"]["accountType"], found["71"]["directPosting"]) == ("Total", False)
    assert (found["2400"]["accountType"], found["2400"]["directPosting"]) == ("Posting", False)
    assert (found["7140"]["accountType"], found["7140"]["directPosting"]) == ("Posting", True)
    alone = await dynamics.get(f"accounts({found['7140']['id']})")
    assert alone["displayName"] == found["7140"]["displayName"]


async def test_people_dimensions_currencies_and_tax_groups_are_listed(dynamics: DynamicsSandbox) -> None:
    employees = (await dynamics.get("employees?$filter=number eq 'V-118'"))["value"]
    assert [(found["displayName"], found["surname"]) for found in employees] == [
        ("Kari Nordmann", "Nordmann")
    ]
    vendors = {found["number"]: found for found in (await dynamics.get("vendors"))["value"]}
    assert (vendors["L-290"]["blocked"], vendors["V-118"]["blocked"]) == ("All", "_x0020_")
    dimensions = {found["code"]: found["id"] for found in (await dynamics.get("dimensions"))["value"]}
    values = (await dynamics.get(f"dimensions({dimensions['PROSJEKT']})/dimensionValues"))["value"]
    assert {"code": "P-12", "dimensionId": dimensions["PROSJEKT"]}.items() <= values[2].items()
    currencies = {found["code"]: found for found in (await dynamics.get("currencies"))["value"]}
    assert "NOK" not in currencies
    assert currencies["KWD"]["amountDecimalPlaces"] == "3:3"
    assert currencies["KWD"]["amountRoundingPrecision"] == 0.001
    assert (await dynamics.get("taxGroups"))["value"][1]["code"] == "HØY"
    assert (await dynamics.get("companyInformation"))["value"][0]["currencyCode"] == "NOK"
