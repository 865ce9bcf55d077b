"""For every method of the notices' repository: how one organisation could ask for another's rows, and what it gets."""

from typing import Any

from integration_admin.core.errors import NotFound
from integration_admin.core.statuses import NoticeChannel, NoticeKind
from integration_admin.data.models_notices import Notice, NoticeDelivery, NoticeSettings
from integration_admin.data.repositories.base import Repository
from integration_admin.data.repositories.notices import NoticeRepository
from integration_admin.data.repositories.unit import Unit
from tests.data.isolation_cases import OURS_ONLY, Call
from tests.data.worlds import LATER, World
from tests.fakes import START


def a_notice(of: World) -> Notice:
    return Notice(
        integration_id=of.integration.id,
        kind=NoticeKind.FAILED,
        cause="another",
        sentence={},
        counts={},
        created_at=START,
    )


async def theirs_delivered(unit: Unit, theirs: World) -> int:
    """Ask for every delivery there may be, and write on those; answer how many of them were not ours."""
    ids = range(1, 20)
    found = await unit.notices.to_deliver(ids)
    assert found
    ours = {delivery.id for _, delivery in found if delivery.organisation_id == unit.organisation_id}
    touched = [await unit.notices.note_delivery(one, attempts=9) for one in ids if one not in ours]
    return sum(touched) + len([1 for notice, _ in found if notice.organisation_id == theirs.id])


async def others_settings(unit: Unit) -> Any:
    """Change our settings; the neighbour's have the same version."""
    assert await unit.notices.change_settings(1, deputy_email="stolen@example.org")
    return await unit.notices.settings()


NOTICE_CASES: dict[tuple[type[Repository], str], list[tuple[Call, Any]]] = {
    (NoticeRepository, "settings"): [(lambda u, _a, _b: u.notices.settings(), OURS_ONLY)],
    (NoticeRepository, "add_settings"): [
        (lambda u, _a, b: u.notices.add_settings(NoticeSettings(organisation_id=b.id)), ValueError)
    ],
    (NoticeRepository, "change_settings"): [(lambda u, _a, _b: others_settings(u), OURS_ONLY)],
    (NoticeRepository, "open_troubles"): [(lambda u, _, b: u.notices.open_troubles(b.integration.id), set())],
    (NoticeRepository, "open_trouble"): [
        (lambda u, _, b: u.notices.open_trouble(b.integration.id, NoticeKind.STOPPED, START), NotFound)
    ],
    (NoticeRepository, "close_troubles"): [
        (lambda u, _, b: u.notices.close_troubles(b.integration.id, [NoticeKind.FAILED]), 0)
    ],
    (NoticeRepository, "told_of"): [(lambda u, _, b: u.notices.told_of(b.integration.id, "cause"), set())],
    (NoticeRepository, "told_since"): [
        (
            lambda u, _, b: u.notices.told_since(
                b.integration.id, NoticeKind.FAILED, START - (LATER - START)
            ),
            0,
        )
    ],
    (NoticeRepository, "add"): [
        (lambda u, _, b: u.notices.add(a_notice(b), []), NotFound),
        (
            lambda u, _, b: u.notices.add(
                a_notice(b), [NoticeDelivery(channel=NoticeChannel.WEBHOOK, language="nb")]
            ),
            NotFound,
        ),
    ],
    (NoticeRepository, "log"): [(lambda u, _a, _b: u.notices.log(100), OURS_ONLY)],
    (NoticeRepository, "to_deliver"): [(lambda u, _, b: theirs_delivered(u, b), 0)],
    (NoticeRepository, "note_delivery"): [(lambda u, _, b: theirs_delivered(u, b), 0)],
}
