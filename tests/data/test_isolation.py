"""From one organisation's unit, another's rows can be neither seen nor touched, by any method."""

import inspect
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from integration_admin.data.columns import Owned, owned_models
from integration_admin.data.models import Organisation
from integration_admin.data.repositories.base import Repository
from tests.data.isolation_audit import AUDIT_CASES
from tests.data.isolation_cases import CASES as MOST_CASES
from tests.data.isolation_cases import OURS_ONLY
from tests.data.isolation_factors import FACTOR_CASES
from tests.data.isolation_failures import FAILURE_CASES
from tests.data.isolation_health import HEALTH_CASES
from tests.data.isolation_history import HISTORY_CASES
from tests.data.isolation_identity import IDENTITY_CASES
from tests.data.isolation_notices import NOTICE_CASES
from tests.data.isolation_people import PEOPLE_CASES
from tests.data.isolation_preflights import PREFLIGHT_CASES
from tests.data.isolation_reconciliations import RECONCILIATION_CASES
from tests.data.isolation_sealing import SEALING_CASES
from tests.data.worlds import Neighbours, everything_of


def public_methods() -> list[tuple[type[Repository], str]]:
    return [
        (repository, name)
        for repository in Repository.__subclasses__()
        for name, _ in inspect.getmembers(repository, inspect.isfunction)
        if not name.startswith("_")
    ]


METHODS = public_methods()
CASES = (
    MOST_CASES | SEALING_CASES | NOTICE_CASES | AUDIT_CASES | PREFLIGHT_CASES | HISTORY_CASES | FACTOR_CASES
)
CASES |= RECONCILIATION_CASES | FAILURE_CASES | PEOPLE_CASES | IDENTITY_CASES | HEALTH_CASES


def owners(answer: Any) -> Iterator[uuid.UUID]:
    """Yield the organisation of every row in an answer."""
    if isinstance(answer, Owned):
        yield answer.organisation_id
    elif isinstance(answer, Organisation):
        yield answer.id
    elif isinstance(answer, Mapping):
        yield from owners(list(answer.values()))
    elif isinstance(answer, list | tuple):
        for part in answer:
            yield from owners(part)


@pytest.mark.parametrize(("repository", "method"), METHODS, ids=[f"{r.__name__}.{m}" for r, m in METHODS])
async def test_no_method_sees_or_touches_another_organisation(
    neighbours: Neighbours, repository: type[Repository], method: str
) -> None:
    ours, theirs = neighbours.ours, neighbours.theirs
    for call, expected in CASES[repository, method]:
        if isinstance(expected, type):
            with pytest.raises(expected):
                async with neighbours.database.write(ours.id) as unit:
                    await call(unit, ours, theirs)
            continue
        async with neighbours.database.write(ours.id) as unit:
            answer = await call(unit, ours, theirs)
        if expected is OURS_ONLY:
            assert set(owners(answer)) == {ours.id}
        else:
            assert answer == expected
    assert await everything_of(neighbours.database, theirs.id) == neighbours.as_filled


async def test_the_neighbour_has_something_in_every_table(neighbours: Neighbours) -> None:
    rows = await everything_of(neighbours.database, neighbours.theirs.id)
    assert {model.__tablename__ for model in owned_models()} <= rows.keys()  # type: ignore[attr-defined]  # mapped classes
    assert [table for table, found in rows.items() if not found] == []


def test_every_case_is_of_a_method_that_exists() -> None:
    assert set(CASES) == set(METHODS)


async def test_a_unit_hands_out_nothing_but_repositories_of_its_organisation(neighbours: Neighbours) -> None:
    async with neighbours.database.read(neighbours.ours.id) as unit:
        parts = vars(unit) | {}
    assert parts.pop("organisation_id") == neighbours.ours.id
    assert {type(part) for part in parts.values()} == set(Repository.__subclasses__())
    assert {part._organisation_id for part in parts.values()} == {neighbours.ours.id}


async def test_removing_an_integration_leaves_the_neighbours_alone(own_neighbours: Neighbours) -> None:
    async with own_neighbours.database.write(own_neighbours.ours.id) as unit:
        await unit.integrations.remove(own_neighbours.ours.integration.id)
    theirs = await everything_of(own_neighbours.database, own_neighbours.theirs.id)
    assert theirs == own_neighbours.as_filled
    left = await everything_of(own_neighbours.database, own_neighbours.ours.id)
    assert {table for table, rows in left.items() if rows} == {
        "api_tokens",
        "audit_events",
        "audit_heads",
        "authenticator_apps",
        "categories",
        "identity_providers",
        "member_identities",
        "members",
        "notice_settings",
        "one_time_links",
        "openid_flows",
        "organisations",
        "passkeys",
        "records",
        "recovery_codes",
        "sessions",
        "sign_in_steps",
    }
