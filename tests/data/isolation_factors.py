"""For every method of the factors' repository: how one organisation could ask for another's rows, and what it gets."""

from typing import Any

from integration_admin.core.errors import NotFound
from integration_admin.core.statuses import Role
from integration_admin.data.models_access import Member
from integration_admin.data.repositories.base import Repository
from integration_admin.data.repositories.factors import FactorRepository
from integration_admin.data.repositories.unit import Unit
from tests.data.factor_rows import CODE_HASH, passkey_of, row_id, step_of, waiting_app
from tests.data.isolation_cases import Call
from tests.fakes import START

FACTOR_CASES: dict[tuple[type[Repository], str], list[tuple[Call, Any]]] = {
    (FactorRepository, "app"): [
        (lambda u, _, b: u.factors.app(b.member.id), None),
        (lambda u, _, b: u.factors.app(b.member.id, confirmed=False), None),
    ],
    (FactorRepository, "put_waiting_app"): [
        (lambda u, _, b: u.factors.put_waiting_app(waiting_app(b.member)), NotFound)
    ],
    (FactorRepository, "confirm_app"): [
        (lambda u, _, b: u.factors.confirm_app(row_id(b.member, "waiting"), b.member.id, 9, START), False)
    ],
    (FactorRepository, "take_step"): [
        (lambda u, _, b: u.factors.take_step(row_id(b.member, "app"), 9), False)
    ],
    (FactorRepository, "remove_app"): [(lambda u, _, b: u.factors.remove_app(b.member.id), False)],
    (FactorRepository, "replace_codes"): [
        (lambda u, _, b: u.factors.replace_codes(b.member.id, []), None),
        (lambda u, _, b: u.factors.replace_codes(b.member.id, ["1" * 64]), NotFound),
    ],
    (FactorRepository, "use_code"): [
        (lambda u, _, b: u.factors.use_code(b.member.id, CODE_HASH, START), False)
    ],
    (FactorRepository, "codes_left"): [(lambda u, _, b: u.factors.codes_left(b.member.id), 0)],
    (FactorRepository, "passkeys"): [(lambda u, _, b: u.factors.passkeys(b.member.id), [])],
    (FactorRepository, "add_passkey"): [
        (lambda u, _, b: u.factors.add_passkey(passkey_of(b.member)), NotFound)
    ],
    (FactorRepository, "rename_passkey"): [
        (lambda u, _, b: u.factors.rename_passkey(b.member.id, row_id(b.member, "passkey"), "Taken"), False)
    ],
    (FactorRepository, "note_passkey"): [
        (lambda u, _, b: u.factors.note_passkey(row_id(b.member, "passkey"), 0, 9, START), False)
    ],
    (FactorRepository, "remove_passkey"): [
        (lambda u, _, b: u.factors.remove_passkey(b.member.id, row_id(b.member, "passkey")), False)
    ],
    (FactorRepository, "add_step"): [(lambda u, _, b: u.factors.add_step(step_of(b.member)), NotFound)],
    (FactorRepository, "step"): [(lambda u, _, b: u.factors.step(row_id(b.member, "step").hex), None)],
    (FactorRepository, "count_try"): [
        (lambda u, _, b: u.factors.count_try(row_id(b.member, "step"), 5), False)
    ],
    (FactorRepository, "finish_step"): [
        (lambda u, _, b: u.factors.finish_step(row_id(b.member, "step")), False)
    ],
    (FactorRepository, "drop_steps"): [(lambda u, _, b: u.factors.drop_steps(b.member.id), None)],
    (FactorRepository, "with_factor"): [(lambda u, _, b: _theirs_with_factor(u, b.member), False)],
    (FactorRepository, "end_sessions_without_factor"): [
        (lambda u, _a, _b: u.factors.end_sessions_without_factor(list(Role), START), 0)
    ],
}


async def _theirs_with_factor(unit: Unit, theirs: Member) -> bool:
    found = await unit.factors.with_factor()
    assert found
    return theirs.id in found
