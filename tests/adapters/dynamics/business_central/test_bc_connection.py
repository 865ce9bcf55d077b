"""The connection test: whom it reaches, and which of the administrator's steps is missing."""

import pytest

from integration_admin.adapters.base import Credentials
from integration_admin.adapters.dynamics import entra_errors
from integration_admin.adapters.dynamics.business_central import errors
from integration_admin.adapters.dynamics.business_central.adapter import BusinessCentralAdapter
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from tests.adapters.dynamics.business_central.company import COMPANY, CentralSandbox, told


async def failure(adapter: BusinessCentralAdapter, credentials: Credentials) -> AdapterError:
    with pytest.raises(AdapterError) as caught:
        await adapter.test_connection(credentials)
    return caught.value


async def test_the_company_is_named_and_its_journal_created_once(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    first = await adapter.test_connection(sandbox.credentials())
    again = await adapter.test_connection(sandbox.credentials())

    assert (first.entity, first.warnings) == (COMPANY, ())
    assert first.entity_id == again.entity_id != ""
    journals = (await sandbox.api("GET", f"{await sandbox.company()}/journals"))["value"]
    assert [journal["code"] for journal in journals].count("EXPENSES") == 1


async def test_a_missing_consent_is_told_from_an_app_business_central_does_not_know(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    no_consent = await failure(adapter, sandbox.credentials("no_consent"))
    not_enabled = await failure(adapter, sandbox.credentials("not_enabled"))

    assert isinstance(no_consent, AuthenticationFailed)
    assert no_consent.message == errors.NOT_CONSENTED
    assert isinstance(not_enabled, AuthenticationFailed)
    assert not_enabled.message == errors.NOT_ENABLED


async def test_an_app_that_may_only_read_is_told_which_right_it_lacks(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    assert (await failure(adapter, sandbox.credentials("read_only"))).message == errors.NO_RIGHT


@pytest.mark.parametrize("company", ["", "Feilforbundet"])
async def test_without_a_company_the_sign_in_works_and_the_companies_are_listed(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox, company: str
) -> None:
    found = await adapter.test_connection(sandbox.credentials(company=company))

    assert (found.entity, list(found.undecided)) == ("", ["company"])
    message = str(found.undecided["company"])
    assert "Eksempelforbundet; Eksempelforbundet Oslo og Akershus" in message
    assert company in message
    names = [option.text for option in found.found["company"]]
    assert names == ["Eksempelforbundet", "Eksempelforbundet Oslo og Akershus"]


async def test_a_company_chosen_from_the_list_is_the_one_that_is_reached(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    listed = (await adapter.test_connection(sandbox.credentials(company=""))).found["company"]

    for option in listed:
        reached = await adapter.test_connection(sandbox.credentials(company=option.value))
        assert (reached.entity, reached.undecided) == (option.text, {})
        assert reached.found["company"] == listed


async def test_a_company_typed_by_name_stays_one_of_the_options_as_it_was_typed(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    reached = await adapter.test_connection(sandbox.credentials(company="eksempel oslo"))

    chosen = {option.value: option.text for option in reached.found["company"]}
    assert chosen["eksempel oslo"] == "Eksempelforbundet Oslo og Akershus"


async def test_companies_that_are_called_the_same_are_told_apart(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    await sandbox.change("companies/1", {"name": "EKSEMPEL", "display_name": "Eksempelforbundet"})
    await sandbox.change("companies/2", {"name": "EKSEMPEL OSLO", "display_name": "Eksempelforbundet"})

    found = await adapter.test_connection(sandbox.credentials(company="Eksempelforbundet"))

    assert "Several companies are called Eksempelforbundet" in str(found.undecided["company"])
    names = [option.text for option in found.found["company"]]
    assert names == ["Eksempelforbundet (EKSEMPEL OSLO)", "Eksempelforbundet (EKSEMPEL)"]
    assert all(name in str(found.undecided["company"]) for name in names)


@pytest.mark.parametrize("name", ["EKSEMPEL OSLO", "eksempel oslo", "Eksempelforbundet Oslo og Akershus"])
async def test_a_company_is_found_by_either_of_its_names(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox, name: str
) -> None:
    connection = await adapter.test_connection(sandbox.credentials(company=name))

    assert connection.entity == "Eksempelforbundet Oslo og Akershus"


async def test_a_company_that_is_renamed_is_found_by_its_id(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    before = await adapter.test_connection(sandbox.credentials())
    await sandbox.change("companies/1", {"name": "NYTT NAVN", "display_name": "Nytt navn"})
    by_name = await adapter.test_connection(sandbox.credentials())
    by_id = await adapter.test_connection(sandbox.credentials(company=before.entity_id))

    assert (by_name.entity, by_name.entity_id) == ("Nytt navn", before.entity_id)
    assert (by_id.entity, by_id.entity_id) == (by_name.entity, by_name.entity_id)


async def test_a_journal_with_a_balancing_account_is_refused(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    company = await sandbox.company()
    accounts = (await sandbox.api("GET", f"{company}/accounts?$filter=number eq '2910'"))["value"]
    body = {"code": "MEDMOT", "balancingAccountId": accounts[0]["id"]}
    await sandbox.api("POST", f"{company}/journals", body)

    error = await failure(adapter, sandbox.credentials(journal="medmot"))

    assert (error.fault, error.code) == (Fault.CONFIG, "balancing_account")
    assert "MEDMOT" in str(error.message)


async def test_unknown_dimensions_are_warned_about_with_those_that_exist(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    wrong = await adapter.test_connection(sandbox.credentials(dimensions="AVDELING, TULL"))
    none = await adapter.test_connection(sandbox.credentials(dimensions=""))

    assert "TULL" in str(wrong.warnings[0])
    assert "AKTIVITET, AVDELING, PROSJEKT" in str(wrong.warnings[0])
    assert "AKTIVITET, AVDELING, PROSJEKT" in str(none.warnings[0])


async def test_wrong_secret_expired_secret_and_a_secrets_id_have_a_sentence_each(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    sentences = []
    for secret in ("wrong~secret", sandbox.demo["expired_secret"], sandbox.demo["secret_id"]):
        error = await failure(adapter, sandbox.credentials(secret=secret))
        assert secret not in told(error)
        sentences.append(error.message)

    assert sentences == [entra_errors.WRONG_SECRET, entra_errors.EXPIRED_SECRET, entra_errors.SECRET_ID]


async def test_unknown_tenant_app_and_environment_have_a_sentence_each(
    adapter: BusinessCentralAdapter, sandbox: CentralSandbox
) -> None:
    other = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    tenant = await failure(adapter, sandbox.credentials(tenant=other))
    app = await failure(adapter, sandbox.credentials(client_id=other))
    environment = await failure(adapter, sandbox.credentials(environment="proddd"))

    assert tenant.message == entra_errors.UNKNOWN_TENANT
    assert app.message == entra_errors.UNKNOWN_APP
    assert environment.fault is Fault.CONFIG
    assert "proddd" in str(environment.message)


async def test_a_test_of_a_system_that_does_not_answer_ends_in_time(
    outbound: OutboundClient, sandbox: CentralSandbox
) -> None:
    await sandbox.change("settings", {"latency_ms": 5_000})

    hasty = BusinessCentralAdapter(outbound, SystemClock(), test_seconds=0.2)

    assert (await failure(hasty, sandbox.credentials())).code == "deadline"
