"""The whole engine against a model: whatever befalls it, in whatever order, no claim is lost or booked twice.

Hypothesis draws stories of claims, people, faults and crashes, and checks the books after every step. The
same stories are drawn each time; for others, and more of them, raise EXAMPLES and STEPS, or run with
`--hypothesis-seed=...` and DERANDOMIZED = False. A failing story is printed as the steps to repeat.
"""

import asyncio

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.fakes import FakeClock
from tests.services.far_side import LATEST_BOOKING, FarSide, Mishap, Question
from tests.services.losing_locks import LosingLocks
from tests.services.story import NewEngine, Story, make_template

EXAMPLES = 12
STEPS = 20
DERANDOMIZED = True
PROFILE = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    derandomize=DERANDOMIZED,
    database=None,
    deadline=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
NEW = st.integers(0, 5)
HOW_LATE = st.integers(1, LATEST_BOOKING)
MISHAPS = st.lists(st.tuples(st.sampled_from(Mishap), HOW_LATE), max_size=3)
MEANWHILE = st.lists(
    st.sampled_from(
        ["cancel", "pause", "revise", "revise", "withdraw", "receive", "rival", "retry", "decide"]
    ),
    max_size=2,
)
QUESTIONS = st.lists(st.sampled_from(Question), max_size=2)
SECONDS = st.sampled_from([1, 31, 61, 61, 300, 901, 3600, 100_000])
CALM = st.sampled_from([True, True, True, False])


class EngineMachine(Story, RuleBasedStateMachine):
    """Draws what happens next, and checks the books after it."""

    @initialize(
        batch_size=st.sampled_from([1, 3, 10]),
        in_flight=st.sampled_from([1, 3]),
        lookup=st.sampled_from([True, True, False]),
    )
    def connect(self, batch_size: int, in_flight: int, lookup: bool) -> None:  # noqa: FBT001, hypothesis passes by name
        self.far.capabilities = FarSide(self.clock, batch_size, in_flight, lookup=lookup).capabilities

    @rule(new=NEW, mishaps=MISHAPS, meanwhile=MEANWHILE, calm=CALM)
    def sync(self, new: int, mishaps: list[tuple[Mishap, int]], meanwhile: list[str], calm: bool) -> None:  # noqa: FBT001, hypothesis passes by name
        self.begin(new, mishaps, meanwhile, calm=calm)
        self.do(self.export())

    @rule(new=NEW, mishaps=MISHAPS, meanwhile=MEANWHILE, questions=QUESTIONS, seconds=SECONDS, calm=CALM)
    def wait_and_tick(
        self,
        new: int,
        mishaps: list[tuple[Mishap, int]],
        meanwhile: list[str],
        questions: list[Question],
        seconds: int,
        calm: bool,  # noqa: FBT001, hypothesis passes by name
    ) -> None:
        self.begin(new, mishaps, meanwhile, calm=calm)
        self.far.questions.extend(questions)
        self.clock.advance(seconds)
        self.do(self.tick_and_work(self.engine))

    @rule(
        mishap=st.sampled_from([Mishap.DIED_BEFORE, Mishap.DIED_AFTER, Mishap.DIED_LATE]),
        seconds=SECONDS,
        how_late=HOW_LATE,
    )
    def die_and_recover(self, mishap: Mishap, seconds: int, how_late: int) -> None:
        self.begin(2, [(mishap, how_late)], [], calm=True)
        self.do(self.export())
        self.clock.advance(seconds)
        self.do(self.tick_and_work(self.engine))

    @rule(mishap=st.sampled_from([Mishap.DROPPED, Mishap.LOST_BEFORE, Mishap.LOST_AFTER]), seconds=SECONDS)
    def suffer_an_outage(self, mishap: Mishap, seconds: int) -> None:
        self.begin(6, [(mishap, 1)] * 6, [], calm=True)
        self.do(self.export())
        self.clock.advance(seconds)
        self.do(self.tick_and_work(self.engine))

    @rule(new=NEW, mishaps=MISHAPS, lasts=st.integers(1, 3), taken=st.booleans())
    def lose_lock(self, new: int, mishaps: list[tuple[Mishap, int]], lasts: int, taken: bool) -> None:  # noqa: FBT001, hypothesis passes by name
        async def nobody() -> None:
            """Let the lock lie."""

        self.begin(new, mishaps, [], calm=True)
        engine = self.engine
        engine.runner._locks = LosingLocks(engine.locks, lasts, self.take_over if taken else nobody)
        self.do(self.export())
        engine.runner._locks = engine.locks

    @precondition(lambda self: self.claims)
    @rule(which=st.integers(0, 99), approved=st.sampled_from([True, True, False]), amount=st.integers(1, 999))
    def revise(self, which: int, approved: bool, amount: int) -> None:  # noqa: FBT001, hypothesis passes by name
        self.do(self.revised(which, approved=approved, amount=amount))

    @rule(seconds=SECONDS)
    def restart_later(self, seconds: int) -> None:
        self.restart()
        self.clock.advance(seconds)

    @rule(what=st.sampled_from(["retry", "decide", "cancel", "pause"]))
    def act(self, what: str) -> None:
        self.do(self.actions(0)[what]())
        self.do(self.engine.work_off())

    @invariant()
    def books_are_right(self) -> None:
        self.far.catch_up()
        self.do(self.check())

    def teardown(self) -> None:
        try:
            self.do(self.come_to_rest())
        finally:
            self.close()


def test_no_claim_is_lost_or_booked_twice_whatever_befalls_the_engine(
    sqlite_url: str, new_engine: NewEngine, clock: FakeClock
) -> None:
    template = asyncio.run(make_template(sqlite_url, new_engine, clock))
    run_state_machine_as_test(lambda: EngineMachine(template), settings=PROFILE)  # type: ignore[no-untyped-call]  # hypothesis has no types here
