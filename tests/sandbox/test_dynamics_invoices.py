"""Purchase invoices and attachments in the simulated Business Central, from the draft to the ledger."""

from typing import Any

import pytest

from tests.sandbox.dynamics import DynamicsSandbox, entries_of, line, staged


def invoice(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "vendorNumber": "V-118",
        "vendorInvoiceNumber": "REF1",
        "invoiceDate": "2026-11-05",
        "postingDate": "2026-11-05",
        "currencyCode": "EUR",
        "purchaseInvoiceLines": [
            {
                "lineType": "Account",
                "lineObjectNumber": "7140",
                "description": "Fly",
                "unitCost": 100.5,
                "quantity": 1,
            }
        ],
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


async def test_an_invoice_in_another_currency_is_a_draft_until_it_is_posted(
    dynamics: DynamicsSandbox,
) -> None:
    made = await dynamics.make("purchaseInvoices", invoice())
    assert (made["status"], made["currencyCode"], made["totalAmountIncludingTax"]) == ("Draft", "EUR", 100.5)
    [draft] = await dynamics.ledger("REF1")
    assert (draft["amount"], draft["currency"], draft["posted"]) == ("100.50", "EUR", False)
    path = f"purchaseInvoices({made['id']})"
    assert (await dynamics.call("POST", f"{path}/Microsoft.NAV.post")).status_code == 204
    posted = await dynamics.get(path)
    assert (posted["status"], posted["id"]) == ("Open", made["id"])
    assert posted["number"] != made["number"]
    assert await entries_of(dynamics, posted["number"]) == [("7140", 1155.75, 0), ("2400", 0, 1155.75)]
    [booked] = await dynamics.ledger("REF1")
    assert (booked["amount"], booked["posted"], booked["count"]) == ("100.50", True, 1)
    assert (await dynamics.stats())["vouchers"] == 1
    assert (await dynamics.refused("PATCH", path, {"dueDate": "2026-12-01"}, If_Match="*"))[0] == 400


async def test_an_invoice_number_is_found_out_to_be_a_double_when_it_is_posted(
    dynamics: DynamicsSandbox,
) -> None:
    first = await dynamics.make("purchaseInvoices", invoice())
    await dynamics.call("POST", f"purchaseInvoices({first['id']})/Microsoft.NAV.post")
    second = await dynamics.make("purchaseInvoices", invoice())
    refused = await dynamics.refused("POST", f"purchaseInvoices({second['id']})/Microsoft.NAV.post")
    assert refused[2] == "Purchase Invoice REF1 already exists for this vendor."
    found = (await dynamics.get("purchaseInvoices?$filter=vendorInvoiceNumber eq 'REF1'"))["value"]
    assert [entry["status"] for entry in found] == ["Open", "Draft"]
    assert (await dynamics.stats())["doubles"] == 1


@pytest.mark.parametrize(
    ("currency", "cost", "total"), [("KWD", 1.2345, 1.235), ("JPY", 99.5, 100), ("NOK", 0.005, 0.01)]
)
async def test_amounts_are_rounded_to_the_currencys_decimals(
    dynamics: DynamicsSandbox, currency: str, cost: float, total: float
) -> None:
    line_body = {"lineType": "Account", "lineObjectNumber": "7140", "unitCost": cost, "quantity": 1}
    made = await dynamics.make(
        "purchaseInvoices", invoice(currencyCode=currency, purchaseInvoiceLines=[line_body])
    )
    assert made["totalAmountIncludingTax"] == total


async def test_tax_is_added_unless_prices_have_it(dynamics: DynamicsSandbox) -> None:
    taxed = {
        "lineType": "Account", "lineObjectNumber": "7140", "unitCost": 100, "quantity": 1, "taxCode": "HØY",
    }  # fmt: skip
    for included, total in ((False, 125), (True, 100)):
        made = await dynamics.make(
            "purchaseInvoices", invoice(pricesIncludeTax=included, purchaseInvoiceLines=[taxed])
        )
        assert made["totalAmountIncludingTax"] == total


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"vendorNumber": None}, "Application_DialogException"),
        ({"vendorNumber": "V-999"}, "Internal_InvalidTableRelation"),
        ({"vendorNumber": "L-290"}, "Application_DialogException"),
        ({"currencyCode": "XXX"}, "Internal_InvalidTableRelation"),
        ({"vendorInvoiceNumber": "A" * 36}, "Application_StringExceededLength"),
        (
            {"purchaseInvoiceLines": [{"lineType": "Account", "lineObjectNumber": "0000"}]},
            "Internal_InvalidTableRelation",
        ),
        ({"purchaseInvoiceLines": [{"lineObjectNumber": "7140"}]}, "Internal_InvalidTableRelation"),
        ({"status": "Open"}, "BadRequest"),
    ],
)
async def test_an_invoice_that_cannot_be_is_refused_whole(
    dynamics: DynamicsSandbox, changes: dict[str, Any], code: str
) -> None:
    assert (await dynamics.refused("POST", "purchaseInvoices", invoice(**changes)))[:2] == (400, code)
    assert await dynamics.ledger() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"purchaseInvoiceLines": None}, "There is nothing to post."),
        ({"vendorInvoiceNumber": None}, "Vendor Invoice No. must have a value in Purchase Header."),
        (
            {
                "purchaseInvoiceLines": [
                    {"lineType": "Account", "lineObjectNumber": "7140", "unitCost": -5, "quantity": 1}
                ]
            },
            "The total amount for the invoice must be 0 or greater.",
        ),
    ],
)
async def test_a_draft_may_lack_what_posting_needs(
    dynamics: DynamicsSandbox, changes: dict[str, Any], words: str
) -> None:
    made = await dynamics.make("purchaseInvoices", invoice(**changes))
    refused = await dynamics.refused("POST", f"purchaseInvoices({made['id']})/Microsoft.NAV.post")
    assert refused[2] == words


async def test_lines_and_dimensions_can_be_added_to_a_draft(dynamics: DynamicsSandbox) -> None:
    made = await dynamics.make("purchaseInvoices", invoice(purchaseInvoiceLines=None))
    path = f"purchaseInvoices({made['id']})/purchaseInvoiceLines"
    added = await dynamics.make(
        path, {"lineType": "Account", "lineObjectNumber": "6800", "unitCost": 7, "quantity": 2}
    )
    await dynamics.make(f"{path}({added['id']})/dimensionSetLines", {"code": "AVDELING", "valueCode": "210"})
    [entry] = await dynamics.ledger("REF1")
    assert (entry["amount"], entry["lines"][0]["cost_centre"]) == ("14.00", "210")
    assert (await dynamics.get(f"{path}({added['id']})"))["amountIncludingTax"] == 14
    [listed] = (await dynamics.get(f"{path}?$expand=dimensionSetLines"))["value"]
    assert [found["valueCode"] for found in listed["dimensionSetLines"]] == ["210"]
    again = {"sequence": added["sequence"], "lineType": "Comment", "description": "Igjen"}
    refused = await dynamics.refused("POST", path, again)
    assert refused[2] == "You cannot insert a line with a duplicate sequence number."
    assert (await dynamics.call("DELETE", f"{path}({added['id']})", If_Match="*")).status_code == 204
    assert (await dynamics.call("DELETE", f"purchaseInvoices({made['id']})", If_Match="*")).status_code == 204
    assert await dynamics.ledger() == []


async def test_a_receipt_is_attached_in_two_steps(dynamics: DynamicsSandbox) -> None:
    journal = await staged(dynamics, line())
    parent = (await dynamics.get(f"{journal}/journalLines"))["value"][0]["id"]
    body = {"parentId": parent, "fileName": "kvittering.pdf", "parentType": "Journal"}
    made = await dynamics.make("attachments", body)
    assert (made["byteSize"], made["parentType"]) == (0, "Journal")
    path = f"attachments({made['id']})/attachmentContent"
    receipt = b"%PDF-1.7\x00\xff"
    refused = await dynamics.refused("PATCH", path, receipt, Content_Type="application/pdf")
    assert refused[1] == "BadRequest_InvalidToken"
    done = await dynamics.call("PATCH", path, receipt, Content_Type="application/pdf", If_Match="*")
    assert done.status_code == 204
    assert (await dynamics.call("GET", path)).content == receipt
    listed = (await dynamics.get(f"{journal}/journalLines({parent})/attachments"))["value"]
    assert [(found["fileName"], found["byteSize"]) for found in listed] == [("kvittering.pdf", 10)]
    assert (await dynamics.get(f"attachments?$filter=parentId eq {parent}"))["value"] == listed
    assert (await dynamics.call("DELETE", f"attachments({made['id']})", If_Match="*")).status_code == 204
    assert (await dynamics.get("attachments"))["value"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"fileName": "a.pdf", "parentType": "Sales Invoice"}, "Application_DialogException"),
        ({"fileName": "a.pdf", "parentType": "Purchase Invoice"}, "Application_DialogException"),
        ({"parentType": "Journal"}, "Application_FieldValidationException"),
        ({"fileName": "a.pdf", "parentType": "Letter"}, "Unknown"),
        ({"fileName": "a.pdf", "parentType": "Journal", "parentId": "1"}, "BadRequest"),
    ],
)
async def test_an_attachment_without_a_home_is_refused(
    dynamics: DynamicsSandbox, body: dict[str, str], code: str
) -> None:
    journal = await staged(dynamics, line())
    parent = (await dynamics.get(f"{journal}/journalLines"))["value"][0]["id"]
    assert (await dynamics.refused("POST", "attachments", {"parentId": parent, **body}))[:2] == (400, code)
