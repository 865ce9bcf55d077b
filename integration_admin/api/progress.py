"""How far a run under way has come, as /api/v1 tells it."""

from pydantic import BaseModel

from integration_admin.services.progress import Progress


class ProgressBody(BaseModel):
    """`done` of `total` records are dealt with, whatever became of them; `sentence` says all of it.

    `at_most` says that some may stay where they are, because an expense category is left out. `per_minute` and
    `seconds_left` are null as long as nothing can be said.
    """

    done: int
    total: int
    at_most: bool
    per_minute: int | None
    seconds_left: float | None
    sentence: str


def progress_body(progress: Progress, language: str) -> ProgressBody:
    """Turn progress into what is answered."""
    return ProgressBody(
        done=progress.done,
        total=progress.total,
        at_most=progress.at_most,
        per_minute=progress.per_minute,
        seconds_left=progress.seconds_left,
        sentence=" ".join(said.translate(language) for said in progress.sentences),
    )
