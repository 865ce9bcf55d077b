"""What is read out by itself is read out once: no live region stands in another."""

import re
from collections.abc import Callable

import pytest
import reflex as rx

from integration_admin import components as ui
from integration_admin.components.shell import _notices
from integration_admin.pages import (
    api_tokens,
    audit_log,
    credentials,
    dashboard,
    dry_run,
    excluded_data,
    failures,
    history,
    integration,
    mapping,
    member,
    organisation,
    reconciliation,
    records,
    schedule,
    sign_in,
    wizard,
)

DRAWN: list[Callable[[], rx.Component]] = [
    api_tokens.api_tokens,
    audit_log.audit_log,
    credentials.credentials,
    dashboard.dashboard,
    dry_run.dry_run,
    excluded_data.excluded_data,
    failures.failures,
    history.history,
    history.run,
    integration.integration,
    mapping.mapping,
    member.member,
    organisation.organisation,
    organisation.notices,
    reconciliation.reconciliation,
    reconciliation.one_month,
    records.records,
    records.record,
    schedule.schedule,
    sign_in.sign_in,
    wizard.wizard,
    _notices,
]
_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|jsx\(|[()]')
"""Strings as a whole, and where calls begin and end."""
_LIVE = re.compile(r'"?(?:aria-live|role)"?:"(?:polite|assertive|status|alert)"')


def nested(code: str) -> list[str]:
    """Return what begins each live region that stands in another, in a component as it is compiled."""
    found, depth, regions = [], 0, []
    for part in _PARTS.finditer(code):
        if part[0] == ")":
            depth -= 1
            regions = [one for one in regions if one <= depth]
        elif part[0] in {"(", "jsx("}:
            depth += 1
            if part[0] == "jsx(" and is_live(code[part.end() :]):
                found += [code[part.start() :][:200]] if regions else []
                regions.append(depth)
    return found


def is_live(element: str) -> bool:
    """Tell whether an element's own properties, which come before its children, make it a live region."""
    own = element.split("jsx(", 1)[0]
    return _LIVE.search(own) is not None


@pytest.mark.parametrize("draw", DRAWN, ids=lambda draw: draw.__name__)
def test_no_live_region_stands_in_another(draw: Callable[[], rx.Component]) -> None:
    assert nested(str(draw())) == []


def test_one_that_does_is_found() -> None:
    inner = ui.alert("success", "Saved")
    assert len(nested(str(rx.el.div(rx.el.section(inner), aria_live="polite")))) == 1
