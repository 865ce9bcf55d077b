"""Sending vouchers: what is booked, what is refused and in which words."""

import pytest

from tests.fakes import FakeClock
from tests.sandbox.xledger import Node, XledgerSandbox, voucher, xledger_sandbox

BOOKED = """query($r: [String!]) {
  journalEntries(filter: {extIdentifier_in: $r}) {
    edges { node { dbId extIdentifier amount account { code dbId } transactionHeader { transactionNumber } } } }
  glImportItems(filter: {extIdentifier_in: $r}) { edges { node { dbId extIdentifier } } }
}"""


async def test_a_voucher_is_staged_and_then_booked(sandbox: XledgerSandbox) -> None:
    answer = (await sandbox.add(voucher("REF1", 1001))).json()
    edges = answer["data"]["addGLImportItems"]["edges"]
    assert [edge["clientId"] for edge in edges] == ["0", "1"]
    assert edges[0]["node"]["extIdentifier"] == "REF1"
    assert edges[0]["node"]["trRegNumber"] == 1001
    assert isinstance(edges[0]["node"]["dbId"], str)
    booked = await sandbox.data(BOOKED, {"r": ["REF1", "REF2"]})
    assert booked["glImportItems"]["edges"] is None
    nodes = [edge["node"] for edge in booked["journalEntries"]["edges"]]
    assert [(node["account"]["code"], node["amount"]) for node in nodes] == [
        ("7140", "412.00"),
        ("2910", "-412.00"),
    ]
    assert nodes[0]["transactionHeader"] == {"transactionNumber": 1}


async def test_the_ledger_lists_what_was_booked(sandbox: XledgerSandbox) -> None:
    sent = voucher(
        "REF1",
        1001,
        glObject1={"code": "210"},
        project={"code": "P-12"},
        taxRule={"code": "22"},
        account={"code": "7140F"},
    )
    await sandbox.add(sent)
    (entry,) = await sandbox.ledger()
    assert entry["reference"] == "REF1"
    assert (entry["amount"], entry["currency"], entry["balanced"]) == ("412.00", "NOK", True)
    assert (entry["posted_date"], entry["count"]) == ("2026-11-05", 1)
    assert entry["lines"][0] == {
        "account": "7140F",
        "amount": "412.00",
        "text": "EC-2026-1042 Tog",
        "cost_centre": "210",
        "project": "P-12",
        "tax_rule": "22",
    }
    assert entry["lines"][1]["amount"] == "-412.00"


async def test_the_vendors_own_example_with_literals_is_accepted(sandbox: XledgerSandbox) -> None:
    answer = await sandbox.post("""mutation { addGLImportItems(inputs: [
      { node: { trRegNumber: 20260217 postedDate: "2026-02-17" transactionSource: { code: "GL" }
        amount: "101.00" invoiceAmount: "101.00" text: "Line 1" jobLevel: { dbSubId: 1 }
        account: { code: "1920" } } }
      { node: { trRegNumber: 20260217 postedDate: "2026-02-17" amount: "-101.00" account: { code: "6800" } } }
    ]) { edges { clientId node { dbId } } } }""")
    assert len(answer.json()["data"]["addGLImportItems"]["edges"]) == 2
    (entry,) = await sandbox.ledger()
    assert entry["reference"] is None


async def test_the_same_reference_is_booked_twice_when_sent_twice(sandbox: XledgerSandbox) -> None:
    await sandbox.add(voucher("REF1", 1001))
    await sandbox.add(voucher("REF1", 1001))
    await sandbox.add(voucher("REF2", 1002))
    assert [entry["count"] for entry in await sandbox.ledger("REF1")] == [2, 2]
    assert [entry["count"] for entry in await sandbox.ledger("REF2")] == [1]
    stats = await sandbox.stats()
    assert (stats["vouchers"], stats["doubles"]) == (3, 1)


async def test_an_unknown_account_gets_the_documented_text_and_suggestions(sandbox: XledgerSandbox) -> None:
    answer = await sandbox.add(voucher(account={"code": "7144"}))
    assert answer.status_code == 200
    (error,) = answer.json()["errors"]
    assert error["message"] == "account.code: No value matching owner 1000101, code '7144'."
    examples = error["extensions"]["exampleValidInputs"]
    assert examples[0]["code"].startswith("714")
    assert set(examples[0]) == {"code", "dbId", "ownerDbId", "text"}
    assert await sandbox.ledger() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"glObject1": {"code": "999"}}, "glObject1.code: No value matching owner 1000101, code '999'."),
        ({"project": {"code": "P-999"}}, "project.code: No value matching owner 1000101, code 'P-999'."),
        ({"taxRule": {"code": "13"}}, "taxRule.code: No value matching owner 1000101, code '13'."),
        ({"currency": {"code": "GBP"}}, "currency.code: No value matching owner 1000101, code 'GBP'."),
        ({"account": {"dbId": 1}}, "account.dbId: No value matching owner 1000101, dbId '1'."),
        ({"jobLevel": {"dbSubId": 9}}, "jobLevel.dbSubId: No value matching owner 1000101, dbSubId '9'."),
        ({"glObject4": {"code": "1"}}, "glObject4.code: No value matching owner 1000101, code '1'."),
        ({"account": {"code": "6890"}}, "account.code: Several values matching owner 1000101, code '6890'."),
        ({"taxRule": {"showAlternatives": "YES"}}, "taxRule: Alternatives requested."),
        ({"project": {}}, None),
    ],
)
async def test_lookups_that_find_nothing_or_too_much_answer_200(
    sandbox: XledgerSandbox, change: Node, message: str | None
) -> None:
    answer = await sandbox.add(voucher(**change))
    assert answer.status_code == 200
    assert [error["message"] for error in answer.json().get("errors", ())] == ([message] if message else [])


async def test_an_account_that_shares_its_code_can_be_reached_by_its_id(sandbox: XledgerSandbox) -> None:
    query = '{ accounts(filter: {code: "6890"}) { edges { node { dbId description } } } }'
    edges = (await sandbox.data(query))["accounts"]["edges"]
    assert len(edges) == 2
    answer = await sandbox.add(voucher(account={"dbId": edges[1]["node"]["dbId"]}))
    assert "errors" not in answer.json()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"account": {"code": "7190"}}, "account: Value '7190' is closed."),
        ({"account": {"code": "71"}}, "account: Value '71' does not allow posting."),
        ({"glObject1": {"code": "280"}}, "glObject1: Value '280' is not valid on 2026-11-05."),
        ({"project": {"code": "P-21"}}, "project: Value 'P-21' is closed."),
        ({"account": {"code": "2400"}}, "subledger: Required by account '2400'."),
        ({"account": None}, "account: Required."),
        ({"amount": None}, "amount: Required."),
        ({"postedDate": "05.11.2026"}, "postedDate: '05.11.2026' is not a date."),
        ({"postedDate": "2020-01-15"}, "postedDate: The period 2020-01 is closed."),
    ],
)
async def test_values_that_cannot_be_posted_on_answer_400(
    sandbox: XledgerSandbox, change: Node, message: str
) -> None:
    answer = await sandbox.add(voucher(**change))
    assert answer.status_code == 400
    assert message in [error["message"] for error in answer.json()["errors"]]
    assert await sandbox.ledger() == []


async def test_an_account_with_a_subledger_takes_entries_for_it(sandbox: XledgerSandbox) -> None:
    lines = voucher()
    lines[1] |= {"account": {"code": "2400"}, "subledger": {"code": "V-101"}}
    assert "errors" not in (await sandbox.add(lines)).json()


async def test_a_voucher_that_does_not_balance_is_named(sandbox: XledgerSandbox) -> None:
    errors = await sandbox.errors(voucher("REF1", 1001), voucher("REF2", 1002, amount="411.99"))
    assert [error["message"] for error in errors] == [
        "inputs: Voucher 1002 does not balance. The difference is -0.01."
    ]


@pytest.mark.parametrize("amount", [412.0, 412, "412,00", "412.001", "1e3", "", "NaN", "٤١٢"])
async def test_amounts_are_decimal_strings_and_nothing_else(sandbox: XledgerSandbox, amount: object) -> None:
    answer = await sandbox.add(voucher(amount=amount))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "ARGUMENTS_OF_CORRECT_TYPE"


async def test_more_than_500_nodes_are_refused(sandbox: XledgerSandbox) -> None:
    vouchers = [voucher(f"REF{n}", n) for n in range(251)]
    errors = await sandbox.errors(*vouchers)
    assert errors[0]["message"] == "inputs: A maximum of 500 nodes is allowed."
    assert "errors" not in (await sandbox.add(*vouchers[:250])).json()


async def test_one_bad_voucher_keeps_the_whole_mutation_out(sandbox: XledgerSandbox) -> None:
    await sandbox.errors(voucher("REF1", 1), voucher("REF2", 2, account={"code": "0"}), voucher("REF3", 3))
    assert await sandbox.ledger() == []


async def test_without_atomicity_the_vouchers_before_the_bad_one_are_booked(sandbox: XledgerSandbox) -> None:
    await sandbox.change("behaviour", {"atomic": False})
    await sandbox.errors(voucher("REF1", 1), voucher("REF2", 2, account={"code": "0"}), voucher("REF3", 3))
    assert [entry["reference"] for entry in await sandbox.ledger()] == ["REF1"]


@pytest.mark.parametrize("status", [200, 400])
async def test_the_status_of_a_refusal_can_be_fixed(sandbox: XledgerSandbox, status: int) -> None:
    await sandbox.change("behaviour", {"validation_status": status})
    assert (await sandbox.add(voucher(account={"code": "0"}))).status_code == status
    assert (await sandbox.add(voucher(amount="1.00"))).status_code == status


async def test_an_account_can_be_closed_and_opened_again(sandbox: XledgerSandbox) -> None:
    await sandbox.change("accounts/7140", {"open": False})
    errors = await sandbox.errors(voucher())
    assert errors[0]["message"] == "account: Value '7140' is closed."
    await sandbox.change("accounts/7140", {"open": True})
    assert "errors" not in (await sandbox.add(voucher())).json()


async def test_a_staged_voucher_waits_for_its_time(clock: FakeClock) -> None:
    async with xledger_sandbox(clock=clock) as sandbox:
        await sandbox.change("behaviour", {"processing_delay": 60})
        await sandbox.add(voucher("REF1"))
        staged = await sandbox.data(BOOKED, {"r": ["REF1"]})
        assert staged["journalEntries"]["edges"] is None
        assert len(staged["glImportItems"]["edges"]) == 2
        assert (await sandbox.stats())["staged"] == 1
        clock.advance(60)
        assert len((await sandbox.data(BOOKED, {"r": ["REF1"]}))["journalEntries"]["edges"]) == 2


async def test_a_period_closed_before_booking_makes_import_errors(clock: FakeClock) -> None:
    async with xledger_sandbox(clock=clock) as sandbox:
        await sandbox.change("behaviour", {"processing_delay": 60})
        edges = (await sandbox.add(voucher("REF1"))).json()["data"]["addGLImportItems"]["edges"]
        await sandbox.change("periods/2026-11", {"open": False})
        clock.advance(60)
        query = """query($t: [Int64String!]) { glImportItemErrors(filter: {transactionDbId_in: $t}) {
            edges { node { transactionDbId message errorLevel { code } } } } }"""
        wanted = [edge["node"]["dbId"] for edge in edges]
        errors = (await sandbox.data(query, {"t": wanted}))["glImportItemErrors"]["edges"]
        assert [edge["node"]["transactionDbId"] for edge in errors] == wanted
        assert errors[0]["node"]["message"] == "postedDate: The period 2026-11 is closed."
        assert await sandbox.ledger() == []


async def test_a_closed_period_can_be_staged_where_that_is_the_behaviour(sandbox: XledgerSandbox) -> None:
    await sandbox.change("behaviour", {"closed_period": "stage"})
    lines = [line | {"postedDate": "2020-01-15"} for line in voucher()]
    assert "errors" not in (await sandbox.add(lines)).json()
    assert (await sandbox.stats())["rejected_lines"] == 2


async def test_entities_do_not_see_each_others_ledger_but_a_parent_sees_its_branches(
    sandbox: XledgerSandbox,
) -> None:
    await sandbox.add(voucher("MAIN", 1))
    await sandbox.add(voucher("BRANCH", 2, account={"code": "7141"}), by="branch")
    query = "{ journalEntries { edges { node { extIdentifier } } } }"

    async def seen(token: str) -> set[str]:
        edges = (await sandbox.data(query, by=token))["journalEntries"]["edges"]
        return {edge["node"]["extIdentifier"] for edge in edges}

    assert await seen("full") == {"MAIN", "BRANCH"}
    assert await seen("branch") == {"BRANCH"}


async def test_a_line_can_be_sent_to_a_sub_entity_but_not_to_a_parent(sandbox: XledgerSandbox) -> None:
    to_branch = [line | {"owner": {"code": "2000"}} for line in voucher("REF1")]
    to_main = [line | {"owner": {"code": "1000"}} for line in voucher("REF2")]
    assert "errors" not in (await sandbox.add(to_branch)).json()
    errors = await sandbox.errors(to_main, by="branch")
    assert errors[0]["message"] == "owner.code: No value matching owner 1000202, code '1000'."
    assert [entry["entity"] for entry in await sandbox.ledger()] == [1000202]


async def test_changed_entries_are_found_by_local_time(clock: FakeClock) -> None:
    async with xledger_sandbox(clock=clock) as sandbox:
        await sandbox.add(voucher("REF1"))
        query = """query($t: DateTimeString) { journalEntries(filter: {modifiedAt_gte: $t}) {
            edges { node { modifiedAt } } } }"""
        # 12:00 UTC in November is 13:00 in Norway.
        found = await sandbox.data(query, {"t": "2026-11-21T13:00:00"})
        assert found["journalEntries"]["edges"][0]["node"]["modifiedAt"] == "2026-11-21T13:00:00"
        later = await sandbox.data(query, {"t": "2026-11-21T13:00:01"})
        assert later["journalEntries"]["edges"] is None


async def test_a_reset_forgets_everything(sandbox: XledgerSandbox) -> None:
    await sandbox.add(voucher())
    await sandbox.change("accounts/7140", {"open": False})
    await sandbox.change("tokens/full/expire")
    await sandbox.change("reset")
    assert (await sandbox.stats())["vouchers"] == 0
    assert "errors" not in (await sandbox.add(voucher())).json()
