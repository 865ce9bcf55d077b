"""What a refused voucher tells the person who maintains the mapping."""

import pytest

from integration_admin.adapters.base import CURRENCY, Outcome, Result, Voucher
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from tests.adapters.xledger.fake_http import CANARY, CREDENTIALS, FakeHTTP, graphql, line, problem, voucher


async def refused(
    adapter: XledgerAdapter, http: FakeHTTP, *entries: dict[str, object], claim: Voucher | None = None
) -> Outcome:
    http.answer(graphql({"addGLImportItems": None}, *entries))
    [outcome] = await adapter.send(CREDENTIALS, [claim or voucher(1)])
    assert outcome.result is Result.REJECTED
    return outcome


NO_SUCH = "{}: No value matching owner 42365431, code '{}'."


@pytest.mark.parametrize(
    ("path", "sentence", "field"),
    [
        ("account.code", "Account X1 does not exist in Xledger.", "account"),
        ("inputs[3].node.account.code", "Account X1 does not exist in Xledger.", "account"),
        ("taxRule.code", "Tax rule X1 does not exist in Xledger.", "tax_rule"),
        ("project.code", "Project X1 does not exist in Xledger.", "project"),
        ("subledger.code", "Subledger X1 does not exist in Xledger.", "subledger"),
        ("glObject1.code", "X1 does not exist in Xledger as GL object 1.", "gl_object_1"),
        ("glObject5.code", "X1 does not exist in Xledger as GL object 5.", "gl_object_5"),
        ("currency.code", "Currency X1 is not set up in Xledger.", "currency"),
        ("transactionSource.code", "Transaction source X1 does not exist in Xledger.", "transaction_source"),
    ],
)
async def test_a_code_xledger_does_not_know_is_named_with_its_field(
    adapter: XledgerAdapter, http: FakeHTTP, path: str, sentence: str, field: str
) -> None:
    outcome = await refused(adapter, http, problem(NO_SUCH.format(path, "X1"), INVALID="x"))
    assert (str(outcome.message), outcome.field) == (sentence, field)


async def test_the_account_for_what_is_owed_is_told_from_the_lines_accounts(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    entry = problem(NO_SUCH.format("account.code", "2919"))
    outcome = await refused(adapter, http, entry, claim=voucher(1, line(), credit_account="2919"))
    assert outcome.field == "credit_account"
    both = voucher(1, line(account="2919"), credit_account="2919")
    assert (await refused(adapter, http, entry, claim=both)).field == "account"


async def test_codes_like_the_refused_one_are_suggested(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    examples = [
        {"code": "7140", "dbId": 1, "text": "Reise"},
        {"code": "7130", "dbId": 2, "text": None},
        {"code": "1920", "dbId": 3, "text": "Bank"},
        {"code": None},
        "nonsense",
    ]
    entry = problem(NO_SUCH.format("account.code", "714"), exampleValidInputs=examples)
    outcome = await refused(adapter, http, entry)
    assert str(outcome.message) == "Account 714 does not exist in Xledger. Did you mean 7140 Reise, 7130?"


async def test_where_nothing_is_alike_the_first_valid_ones_are_offered(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    examples = [{"code": f"P-{n}", "dbId": n, "text": f"Prosjekt {n}"} for n in range(9)]
    outcome = await refused(
        adapter, http, problem(NO_SUCH.format("project.code", "xyz"), exampleValidInputs=examples)
    )
    assert str(outcome.message) == (
        "Project xyz does not exist in Xledger."
        " Xledger takes, for example, P-0 Prosjekt 0, P-1 Prosjekt 1, P-2 Prosjekt 2."
    )


async def test_of_entries_that_share_a_code_the_ids_are_offered(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    examples = [
        {"code": "6890", "dbId": "71", "text": "Annen kostnad"},
        {"code": "6890", "dbId": 72, "text": "Diverse"},
        {"code": "6800", "dbId": 73, "text": "Kontor"},
    ]
    words = "account.code: Several values matching owner 42, code '6890'."
    outcome = await refused(adapter, http, problem(words, exampleValidInputs=examples))
    assert outcome.field == "account"
    assert str(outcome.message).endswith(
        "Several entries share the code 6890. Write the one that is meant by its id:"
        " dbId:71 (Annen kostnad), dbId:72 (Diverse)."
    )


async def test_a_refusal_in_xledgers_own_words_gets_suggestions_too(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    entry = problem(
        "taxRule: Value '23' is closed.", exampleValidInputs=[{"code": "22", "dbId": 1, "text": "25 %"}]
    )
    outcome = await refused(adapter, http, entry)
    assert str(outcome.message) == (
        "Tax rule 23 is closed in Xledger. Choose another one in the mapping, or have it opened there."
        " Did you mean 22 25 %?"
    )


async def test_words_we_do_not_know_are_shown_as_xledger_wrote_them(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    outcome = await refused(adapter, http, problem("postedDate: The moon is full."))
    assert outcome.field == "posted_date"
    assert str(outcome.message) == ("Xledger refused the voucher. It says: “postedDate: The moon is full.”")


async def test_the_error_that_names_a_field_of_ours_is_the_one_shown(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    outcome = await refused(
        adapter, http, problem("Something else."), problem(NO_SUCH.format("project.code", "P-9"))
    )
    assert outcome.field == "project"


async def test_an_amount_xledger_will_not_convert_is_explained(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    claim = voucher(1, line("10.00", "EUR"))
    outcome = await refused(adapter, http, problem("amount: Required."), claim=claim)
    assert "The claim is in EUR" in str(outcome.message)
    assert outcome.field == CURRENCY
    assert "demands the amount" in str((await refused(adapter, http, problem("amount: Required."))).message)


async def test_words_from_outside_are_shown_without_markup_control_characters_or_secrets(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    words = f"<script>alert('{CANARY}')</script>\x1b[31m \u202eNo\x00 " + "way " * 200
    outcome = await refused(adapter, http, problem(words))
    shown = str(outcome.message)
    assert not any(sign in shown for sign in ("<", ">", "\x1b", "\u202e", "\x00", CANARY))
    assert len(shown) < 400
    assert shown.endswith("…”")


@pytest.mark.parametrize(
    "message",
    [
        "text: 'Access denied, my token has expired' is too long.",
        "The posting period has expired.",
        "The value forbids posting to a token account.",
    ],
)
async def test_a_refusal_that_only_sounds_like_a_bad_token_blames_the_voucher(
    adapter: XledgerAdapter, http: FakeHTTP, message: str
) -> None:
    await refused(adapter, http, problem(message))


async def test_errors_of_any_shape_are_still_a_refusal(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    for entry in ({}, {"message": None, "path": "x", "extensions": []}, {"message": 7, "path": [0, "a"]}):
        await refused(adapter, http, entry)
