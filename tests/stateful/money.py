"""Acts of the money: orders, payments, what the channel tells, refunds."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.stateful.both import WHICH, Both
from tests.stateful.model import OK, Case, Order
from tests.stateful.stage import QUERY


class Money(Both):
    @rule(which=WHICH)
    def open_order(self, which: int) -> None:
        case, filed = self.case(which)
        assert self.stage.do(self.stage.open_order(filed)) == self.model.open_order(case)

    @rule(which=WHICH, lost=st.sampled_from(["before", "after"]))
    def open_order_and_lose_it(self, which: int, lost: str) -> None:
        case, filed = self.case(which)
        if self.model.will_prepay(case):
            said = self.stage.do(self.stage.open_order(filed, lost))
            assert said == self.model.open_order(case, lost=lost)

    @rule(which=WHICH)
    def pay(self, which: int) -> None:
        found = self.order(which)
        if found is not None and found[2].bank:
            can = self.model.can_pay(found[2])
            assert self.stage.do(self.stage.pay(found[2].number)) == (200 if can else 409)
            found[2].bank = "SUCCESS" if can else found[2].bank

    @rule(which=WHICH, copies=st.integers(1, 3), new=st.booleans())
    def call_back(self, which: int, copies: int, new: bool) -> None:
        found = self.order(which)
        if found is not None and found[2].bank == "SUCCESS":
            for copy in range(copies):
                notice = f"{found[2].number}-{copy if new else 0}"
                assert self.stage.do(self.stage.hear(found[2].number, notice)) == 204
            self.model.hear(found[0], found[2])

    @rule(which=WHICH)
    def check(self, which: int) -> None:
        case, filed = self.case(which)
        assert self.stage.do(self.stage.check(filed)) == OK
        self.model.check(case)

    @rule(which=WHICH, blind=st.booleans())
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

    @rule(which=WHICH)
    def send_refunds(self, which: int) -> None:
        case, _ = self.case(which)
        for order, job in self.refunds(case, "refund.send"):
            self.stage.do(self.stage.run_job("refund.send", job))
            self.model.send_refund(order)

    @rule(which=WHICH)
    def sweep_refunds(self, which: int) -> None:
        case, _ = self.case(which)
        for order, job in self.refunds(case, "refund.sweep"):
            self.stage.do(self.stage.run_job("refund.sweep", job))
            self.model.sweep_refund(case, order)

    @rule(which=WHICH, copies=st.integers(1, 2))
    def call_back_of_refund(self, which: int, copies: int) -> None:
        found = self.order(which)
        if found is not None and (self.model.has_arrived(found[2]) or found[2].refund == "PAID"):
            for copy in range(copies):
                notice = f"R{found[2].number[1:]}-{copy}"
                assert self.stage.do(self.stage.hear_back(found[2].number, notice)) == 204
            self.model.sweep_refund(found[0], found[2])

    def refunds(self, case: Case, name: str) -> list[tuple[Order, dict[str, Any]]]:
        numbers = self.stage.do(self.stage.refund_numbers([o.number for o in case.orders]))
        orders = {order.number: order for order in case.orders}
        jobs = self.jobs(name, "number", list(numbers))
        return [(orders[numbers[job["number"]]], job) for job in jobs]
