"""The connection test: the token, the company, its journal, and the rights an export needs to read."""

from typing import Final

from integration_admin.adapters.base import Connection
from integration_admin.adapters.dynamics.business_central.client import BusinessCentralClient
from integration_admin.adapters.dynamics.business_central.companies import NotChosen, to_choose_from
from integration_admin.adapters.dynamics.business_central.lookup import find
from integration_admin.adapters.dynamics.business_central.place import Place, Places, companies_of
from integration_admin.adapters.dynamics.business_central.reference import dimensions_of
from integration_admin.core.messages import Message, msg

_ANSWER_SECONDS: Final = 8.5
"""Less than the whole test may take, so that the client, which knows what stalls, says so first."""
_NEVER_USED: Final = "IACONNECTIONTEST"
_COMPANY: Final = "company"


async def probe(client: BusinessCentralClient, places: Places) -> Connection:
    """Return which company is reached, and create its journal where it is absent.

    Where no company of the environment is chosen, what is returned says so and lists them. Asks for vouchers the way a lookup does, so that a test that passes has tried that out too. The right to
    write lines shows when something is sent. Raises AuthenticationFailed, AdapterError.
    """
    companies = await companies_of(client, _ANSWER_SECONDS)
    wanted = client.options.company
    try:
        company = places.chosen(client, companies)
    except NotChosen as undecided:
        listed = to_choose_from(companies, wanted, None)
        return Connection("", found={_COMPANY: listed}, undecided={_COMPANY: undecided.message})
    place = await places.tested(client, company, _ANSWER_SECONDS)
    await find(client, place, [_NEVER_USED])
    return Connection(
        company.title,
        await _warnings(client, place),
        entity_id=company.id,
        found={_COMPANY: to_choose_from(companies, wanted, company)},
    )


async def _warnings(client: BusinessCentralClient, place: Place) -> tuple[Message, ...]:
    known = await dimensions_of(client, place.company)
    unknown = [code for code in client.options.dimensions if code not in known]
    names = ", ".join(sorted(known))
    if unknown:
        return (
            msg(
                "There is no dimension called {unknown} in this company. Under Dimensions, enter some of these:"
                " {codes}.",
                unknown=", ".join(unknown),
                codes=names,
            ),
        )
    if known and not client.options.dimensions:
        return (
            msg(
                "No dimensions are exported. To export some, enter their codes under Dimensions: {codes}.",
                codes=names,
            ),
        )
    return ()
