"""The trend of an integration's exports as its page draws it. Part of the state of that page."""

from collections.abc import Sequence
from typing import TypedDict

import reflex as rx

from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission
from integration_admin.services.trend import TrendDay
from integration_admin.states.access import requires
from integration_admin.states.speech import Speech

_LEAST = 3.0
"""How many hundredths of the chart's height the smallest bar has, so that it is seen beside a large one."""


class TrendLine(TypedDict):
    """One day: counts in words, and how high its bars are, in hundredths of the highest one."""

    key: str
    day: str
    delivered: str
    failed: str
    delivered_size: float
    failed_size: float


class Trending(rx.State, mixin=True):
    """The last thirty days."""

    trend: list[TrendLine] = []  # noqa: RUF012, Reflex copies defaults
    trend_told: str = ""
    trend_most: str = ""
    trend_in_figures: bool = False
    """Whether the table is drawn as one, for who wants to see the figures."""

    @rx.event
    @requires(Permission.VIEW)
    async def turn_trend(self) -> None:
        """Draw the trend as figures, or as a chart again."""
        self.trend_in_figures = not self.trend_in_figures

    def _show_trend(self, days: Sequence[TrendDay], speech: Speech) -> None:
        delivered, failed = sum(day.delivered for day in days), sum(day.failed for day in days)
        if not any(day.runs for day in days):
            self.trend, self.trend_most = [], ""
            self.trend_told = speech.say(msg("There was no export in the last 30 days."))
            return
        most = max(1, *(max(day.delivered, day.failed) for day in days))
        told = msg(
            "In the last 30 days: exported {delivered}, not exported {failed}.",
            delivered=speech.number(delivered),
            failed=speech.number(failed),
        )
        self.trend_told, self.trend_most = speech.say(told), speech.number(most)
        lines = [_line(day, most, speech) for day in days]
        if lines != self.trend:
            self.trend = lines


def _line(day: TrendDay, most: int, speech: Speech) -> TrendLine:
    return {
        "key": day.day.isoformat(),
        "day": speech.day(day.day),
        "delivered": speech.number(day.delivered),
        "failed": speech.number(day.failed),
        "delivered_size": _size(day.delivered, most),
        "failed_size": _size(day.failed, most),
    }


def _size(count: int, most: int) -> float:
    return max(_LEAST, round(100 * count / most, 1)) if count else 0.0
