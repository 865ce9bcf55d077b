"""What is new about one integration: which troubles have begun or ended since it was told of last.

Only decides; services/notice_watch.py asks, and writes down what comes of it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import IntegrationState, NoticeKind, RunState, Trigger
from integration_admin.data.repositories.notice_outbox import Signs
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.health_monitor import Health, Status
from integration_admin.services.health_status import PUT_RIGHT
from integration_admin.services.notice_outbox import Told, wanted
from integration_admin.services.run_summary import is_settled
from integration_admin.services.stop_reasons import is_news

MOST_IN_AN_HOUR: Final = 3
"""How often an hour one kind is told of one integration; what comes and goes more often waits until it stays."""
LATE_NEWS: Final = timedelta(days=1)
"""How long ago a catch-up may have ended to be news; longer ago, it was before anybody looked."""

_FIRST: Final = (NoticeKind.STOPPED, NoticeKind.NEEDS_PERSON, NoticeKind.FAILED)
"""One cause often brings several of these, and the page has one sentence: only the first of them is told."""
_WORDS: Final = "words"
"""The name under which a sentence holds what another system said."""


@dataclass(frozen=True, slots=True)
class News:
    """The troubles that begin and end now, and what is told of it; `told` is what was said of the latest run."""

    opened: frozenset[NoticeKind]
    closed: frozenset[NoticeKind]
    telling: tuple[NoticeKind, ...]
    told: frozenset[NoticeKind]

    def __bool__(self) -> bool:
        return bool(self.opened or self.closed or self.telling)


def may_have_news(signs: Signs, now: datetime, *, missed: bool) -> bool:
    """Tell from the signs alone whether it is worth asking what was told before."""
    return _troubles(signs, signs.open, missed=missed) != signs.open or _caught_up(signs, now)


async def news_of(unit: Unit, signs: Signs, now: datetime, *, missed: bool) -> News:
    """Return what is new; inside a unit that writes nobody else changes it meanwhile."""
    target = signs.integration.id
    was_open = frozenset(await unit.notices.open_troubles(target))
    told = frozenset(await unit.notices.told_of(target, run_cause(signs)))
    present = _troubles(signs, was_open, missed=missed, told=told)
    opened = [kind for kind in present - was_open if not await _too_often(unit, signs, kind, now)]
    closed = frozenset[NoticeKind]() if signs.is_running else was_open - present
    caught_up = _caught_up(signs, now) and NoticeKind.CAUGHT_UP not in told
    telling = list(_told_of(opened, wanted(await unit.notices.settings())))
    if caught_up:
        telling.append(NoticeKind.CAUGHT_UP)
    elif closed and not present:
        telling.append(NoticeKind.RECOVERED)
    return News(frozenset(opened), closed, tuple(telling), told)


def sayings(
    signs: Signs, news: News, health: Health, missed: Message | None, now: datetime
) -> Iterator[Told]:
    """Yield what is told of the news: the sentence the page shows, and counts."""
    counts = {
        "waiting": health.waiting,
        "failed": health.failed,
        "undecided": health.undecided,
        "unknown": health.unknown,
    }
    for kind in news.telling:
        yield Told(kind, _cause(signs, kind, news, now), _sentence(kind, signs, news, health, missed), counts)


def run_cause(signs: Signs) -> str:
    """Return what names the latest run as a cause."""
    return str(signs.latest.id) if signs.latest else "start"


def without_quotes(message: Message) -> Message:
    """Return a sentence without what another system said, for that may be about a person."""
    if _WORDS in message.values:
        return msg("The accounting system has given a reason. Open the page to read it.")
    values = {
        name: without_quotes(value) if isinstance(value, Message) else value
        for name, value in message.values.items()
    }
    return Message(message.template, values)


def _troubles(
    signs: Signs,
    was_open: frozenset[NoticeKind],
    *,
    missed: bool,
    told: Collection[NoticeKind] = (),
) -> frozenset[NoticeKind]:
    """Return what is wrong now. While an export is under way, or people keep it from running, the rest stays as it was."""
    integration = signs.integration
    if is_news(integration):
        return was_open | {NoticeKind.STOPPED}
    if integration.state is not IntegrationState.ACTIVE:
        return was_open
    found = {NoticeKind.NOTHING_HAPPENED} if missed else set()
    if signs.is_running:
        return was_open | found
    if _has_failed(signs, told):
        found.add(NoticeKind.FAILED)
    if signs.any_undecided or signs.any_refused_later or signs.asks_about_missed:
        found.add(NoticeKind.NEEDS_PERSON)
    return frozenset(found)


def _has_failed(signs: Signs, told: Collection[NoticeKind]) -> bool:
    """Tell whether records failed, the system cannot be reached, or the latest run failed for another reason.

    A run that ended because the credentials were refused failed too, and that was told already.
    """
    if signs.any_rejected or signs.integration.open_until is not None:
        return True
    run = signs.latest
    if run is None or run.state is not RunState.FAILED or NoticeKind.STOPPED in told:
        return False
    return not is_settled(run.rejected, run.unknown, any_open=signs.any_open)


def _caught_up(signs: Signs, now: datetime) -> bool:
    """Tell whether the latest run has made up for missed ones."""
    run = signs.latest
    if run is None or run.trigger is not Trigger.CATCH_UP or run.finished_at is None or signs.is_running:
        return False
    ended_well = run.state in {RunState.SUCCEEDED, RunState.PARTLY_FAILED}
    return ended_well and run.finished_at > now - LATE_NEWS


async def _too_often(unit: Unit, signs: Signs, kind: NoticeKind, now: datetime) -> bool:
    since = now - timedelta(hours=1)
    return await unit.notices.told_since(signs.integration.id, kind, since) >= MOST_IN_AN_HOUR


def _told_of(opened: Collection[NoticeKind], welcome: Collection[NoticeKind]) -> Iterator[NoticeKind]:
    """Yield which of the troubles that begin are told, preferring those somebody wants to hear of."""
    ranked = [kind for kind in _FIRST if kind in opened]
    yield from ([kind for kind in ranked if kind in welcome] or ranked)[:1]
    if NoticeKind.NOTHING_HAPPENED in opened:
        yield NoticeKind.NOTHING_HAPPENED


def _cause(signs: Signs, kind: NoticeKind, news: News, now: datetime) -> str:
    """Return what makes the notice one of its kind: the run it came of, else the moment."""
    of_run = kind in {NoticeKind.STOPPED, NoticeKind.FAILED, NoticeKind.CAUGHT_UP}
    return run_cause(signs) if of_run and kind not in news.told else now.isoformat()


def _sentence(kind: NoticeKind, signs: Signs, news: News, health: Health, missed: Message | None) -> Message:
    if kind is NoticeKind.NOTHING_HAPPENED and missed is not None:
        return missed
    if kind is NoticeKind.CAUGHT_UP and signs.latest is not None and signs.latest.message:
        return without_quotes(Message.from_json(signs.latest.message))
    if kind is NoticeKind.RECOVERED and health.status is not Status.ACTIVE:
        if NoticeKind.STOPPED in news.closed:
            return msg("The accounting system accepts the credentials again. Exports go on as planned.")
        return PUT_RIGHT
    return without_quotes(health.sentence)
