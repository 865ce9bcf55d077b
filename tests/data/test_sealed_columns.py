"""Every column with envelopes is known to whoever rotates keys, and says what its secrets are bound to."""

from dataclasses import astuple

import pytest

from integration_admin.data.columns import Base
from integration_admin.data.models import Credential, Integration
from integration_admin.data.models_access import Member
from integration_admin.data.sealed_columns import HOLDS_SECRETS, SEALED_COLUMNS, sealed_column


def test_every_column_named_for_an_envelope_is_registered() -> None:
    registered = {(column.model.__tablename__, column.column) for column in SEALED_COLUMNS}  # type: ignore[attr-defined]  # mapped classes
    named = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if "envelope" in column.name or "sealed" in column.name
    }
    assert registered == named


def test_secrets_of_no_two_columns_are_bound_to_the_same_place() -> None:
    integration = Integration(kind="xledger", target_origin="https://www.xledger.net")
    places = []
    for column in SEALED_COLUMNS:
        row = column.model(id="r", organisation_id="o")
        if isinstance(row, Credential):
            row.field = "token"
        places.append(astuple(column.binding(row, integration if column.of_integration else None)))
    assert len({place[:2] for place in places}) == len(SEALED_COLUMNS)
    assert places[0] == (
        "credentials",
        "envelope/token",
        "o",
        "r",
        "xledger",
        "https://www.xledger.net",
    )
    assert [place[5] for place in places[1:]] == [""] * (len(places) - 1)


def test_removing_from_what_owns_secrets_is_known_to_remove_secrets_too() -> None:
    assert {"credentials", "integrations", "notice_settings", "members", "organisations"} <= HOLDS_SECRETS
    assert "records" not in HOLDS_SECRETS


def test_another_column_is_none_of_envelopes() -> None:
    with pytest.raises(LookupError):
        sealed_column(Member)
