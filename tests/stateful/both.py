"""What every part of the machine stands on: the cases of a run on both sides, and time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from services.events import Report
from tests.make import Filed
from tests.stateful.model import Case, Model, Order, Package
from tests.stateful.stage import Grip, Stage

ITEMS = {
    "ITEM10": ("ACCEPTED", None),
    "ITEM09": ("ACCEPTED", 8_000),
    "ITEM11": ("AWAIT_PREPAYMENT", 1_000),
}
MOST_CASES = 2
WHICH = st.integers(0, 7)
PAUSES = (1, 59, 61, 600, 3_600, 7_200)


class Both(RuleBasedStateMachine):
    """Cases on both sides; ``stage`` is set before the first run."""

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.stage.do(self.stage.begin())
        self.world = self.stage.world
        self.model = Model(self.world.clock.now())
        self.filed: list[Filed] = []
        self.grips: list[tuple[Case, Package, Grip, str]] = []
        self.reports: list[tuple[Case, str, Report, str]] = []
        self.leases = 0
        self.item = ""

    @precondition(lambda self: 0 < len(self.filed) < MOST_CASES)
    @rule()
    def file(self) -> None:
        filed = self.stage.do(self.stage.file(self.item))
        state, fee = ITEMS[self.item]
        case = Case(self.item, state, fee)
        self.filed.append(filed)
        self.model.cases.append(case)
        if state == "ACCEPTED":
            self.model.pack(case, "ACCEPTED")
            case.handed = "READY"

    def case(self, which: int) -> tuple[Case, Filed]:
        at = which % len(self.filed)
        return self.model.cases[at], self.filed[at]

    def order(self, which: int) -> tuple[Case, Filed, Order] | None:
        case, filed = self.case(which)
        return (case, filed, case.orders[which // 2 % len(case.orders)]) if case.orders else None

    # Time

    @rule(seconds=st.sampled_from(PAUSES))
    def time_goes_by(self, seconds: int) -> None:
        self.world.clock.advance(timedelta(seconds=seconds))
        self.model.now = self.world.clock.now()

    def jobs(self, name: str, by: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        return self.stage.do(self.stage.take_jobs(name, by, ids))
