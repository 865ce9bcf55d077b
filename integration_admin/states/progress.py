"""How far the export under way has come. Part of the states of an integration's page and of one export's page."""

import uuid

import reflex as rx

from integration_admin.services import container
from integration_admin.services.progress import Progress
from integration_admin.services.views import RunView
from integration_admin.states.reader import Reader
from integration_admin.states.speech import Speech

_LOOK_AGAIN_SECONDS = 0.7
_PAUSE_PER_LOOK = 4
"""A look that takes long is followed by a pause this many times as long, so that looking leaves the database in peace."""


def pause_after(seconds: float) -> float:
    """Return how many seconds to wait after a look that took `seconds`."""
    return max(_LOOK_AGAIN_SECONDS, _PAUSE_PER_LOOK * seconds)


class Progressing(rx.State, mixin=True):
    """Counts for a progress bar, and the same in sentences; all of it is read from the server at every look."""

    progress_done: int = 0
    progress_total: int = 0
    progress_counted: str = ""
    progress_pace: str = ""
    _quarter_told: int = 0

    async def _read_progress(self, reader: Reader, run_id: uuid.UUID) -> RunView:
        """Read how far a run has come and return it. Raises NotFound for one that is not kept any more."""
        run, progress = await container.current().history.progress(reader.actor, run_id)
        if progress is not None:
            self._show_progress(progress, reader.speech)
        return run

    def _show_progress(self, progress: Progress, speech: Speech) -> None:
        self.progress_done, self.progress_total = min(progress.done, progress.total), progress.total
        self.progress_counted = speech.say(progress.counted)
        said = (progress.pace, progress.left, progress.taken_up)
        self.progress_pace = " ".join(speech.say(one) for one in said if one)

    def _quarter_news(self) -> str:
        """Return what is to be read out: something each time a further quarter is done, and nothing in between."""
        quarter = 4 * self.progress_done // self.progress_total if self.progress_total else 0
        passed, self._quarter_told = quarter > self._quarter_told, quarter
        return self.progress_counted if passed and quarter < 4 else ""
