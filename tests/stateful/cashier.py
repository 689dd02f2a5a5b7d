"""The cashier of the stateful test: cases, and every way in which their money comes and goes."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from services.events import Report
from tests.make import Filed
from tests.stateful.model import OK, Case, Model, Order, Package
from tests.stateful.stage import QUERY, Grip, Stage

ITEMS = {
    "ITEM10": ("ACCEPTED", None),
    "ITEM09": ("ACCEPTED", 8_000),
    "ITEM11": ("AWAIT_PREPAYMENT", 1_000),
}
MOST_CASES = 2
WHICH = range(8)
HOLDER = range(2)
PAUSES = (1, 59, 61, 600, 3_600, 7_200)

ACTS: list[tuple[str, dict[str, Sequence[Any]]]] = []
Act = TypeVar("Act", bound=Callable[..., None])


def act(often: int = 1, **choices: Sequence[Any]) -> Callable[[Act], Act]:
    """Let a method be chosen as a step, with one of these values for each argument."""

    def add(method: Act) -> Act:
        ACTS.extend([(method.__name__, choices)] * often)
        return method

    return add


class Cashier(RuleBasedStateMachine):
    """A counter where cases are paid and handed over; ``stage`` is set before the first run."""

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

    @act()
    def file_another(self) -> None:
        if len(self.filed) < MOST_CASES:
            self.file()

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

    @act(seconds=PAUSES)
    def time_goes_by(self, seconds: int) -> None:
        self.world.clock.advance(timedelta(seconds=seconds))
        self.model.now = self.world.clock.now()

    # Money

    @act(3, which=WHICH)
    def open_order(self, which: int) -> None:
        case, filed = self.case(which)
        assert self.stage.do(self.stage.open_order(filed)) == self.model.open_order(case)

    @act(which=WHICH, lost=["before", "after"])
    def open_order_and_lose_it(self, which: int, lost: str) -> None:
        case, filed = self.case(which)
        if self.model.will_prepay(case):
            said = self.stage.do(self.stage.open_order(filed, lost))
            assert said == self.model.open_order(case, lost=lost)

    @act(3, which=WHICH)
    def pay(self, which: int) -> None:
        found = self.order(which)
        if found is not None and found[2].bank:
            can = self.model.can_pay(found[2])
            assert self.stage.do(self.stage.pay(found[2].number)) == (200 if can else 409)
            found[2].bank = "SUCCESS" if can else found[2].bank

    @act(2, which=WHICH, copies=range(1, 4), new=(False, True))
    def call_back(self, which: int, copies: int, new: bool) -> None:
        found = self.order(which)
        if found is not None and found[2].bank == "SUCCESS":
            for copy in range(copies):
                notice = f"{found[2].number}-{copy if new else 0}"
                assert self.stage.do(self.stage.hear(found[2].number, notice)) == 204
            self.model.hear(found[0], found[2])

    @act(which=WHICH)
    def check(self, which: int) -> None:
        case, filed = self.case(which)
        assert self.stage.do(self.stage.check(filed)) == OK
        self.model.check(case)

    @act(which=WHICH, blind=(False, True))
    def sweep(self, which: int, blind: bool) -> None:
        case, _ = self.case(which)
        orders = {order.number: order for order in case.orders}
        for job in self.jobs("payment.sweep", "number", list(orders)):
            order = orders[job["number"]]
            # Only where somebody would ask, or the fault would wait for somebody else.
            blinded = blind and order.is_open
            if blinded:
                fault = {"status": 404, "code": "ORDER_NOT_EXIST"}
                self.stage.do(self.stage.fault(f"{QUERY}/{order.number}", **fault))
            self.stage.do(self.stage.run_job("payment.sweep", job))
            self.model.sweep(case, order, blind=blinded)

    @act(which=WHICH)
    def send_refunds(self, which: int) -> None:
        case, _ = self.case(which)
        for order, job in self.refunds(case, "refund.send"):
            self.stage.do(self.stage.run_job("refund.send", job))
            self.model.send_refund(order)

    @act(which=WHICH)
    def sweep_refunds(self, which: int) -> None:
        case, _ = self.case(which)
        for order, job in self.refunds(case, "refund.sweep"):
            self.stage.do(self.stage.run_job("refund.sweep", job))
            self.model.sweep_refund(order)

    @act(which=WHICH, copies=range(1, 3))
    def call_back_of_refund(self, which: int, copies: int) -> None:
        found = self.order(which)
        if found is not None and (self.model.has_arrived(found[2]) or found[2].refund == "PAID"):
            for copy in range(copies):
                notice = f"R{found[2].number[1:]}-{copy}"
                assert self.stage.do(self.stage.hear_back(found[2].number, notice)) == 204
            self.model.sweep_refund(found[2])

    def jobs(self, name: str, by: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        return self.stage.do(self.stage.take_jobs(name, by, ids))

    def refunds(self, case: Case, name: str) -> list[tuple[Order, dict[str, Any]]]:
        numbers = self.stage.do(self.stage.refund_numbers([o.number for o in case.orders]))
        orders = {order.number: order for order in case.orders}
        jobs = self.jobs(name, "number", list(numbers))
        return [(orders[numbers[job["number"]]], job) for job in jobs]
