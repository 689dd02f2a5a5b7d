"""The machine of the stateful test: acts on both sides, drawn by hypothesis, compared each time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from models.rules.handoff import ReturnCode
from services.events import Report
from tests.make import Filed
from tests.stateful import reports
from tests.stateful.model import OK, STEPS, Case, Model, Order, Package
from tests.stateful.stage import QUERY, Grip, Stage

ITEMS = {
    "ITEM10": ("ACCEPTED", None),
    "ITEM09": ("ACCEPTED", 8_000),
    "ITEM11": ("AWAIT_PREPAYMENT", 1_000),
}
MOST_CASES = 2
WHICH = st.integers(0, 7)
HOLDER = st.integers(0, 1)
PAUSES = (1, 59, 61, 600, 3_600, 7_200)


class Counter(RuleBasedStateMachine):
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

    @initialize(item=st.sampled_from(sorted(ITEMS)))
    def begin(self, item: str) -> None:
        self.item = item
        self.file()

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

    # Money

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
            self.model.sweep_refund(order)

    @rule(which=WHICH, copies=st.integers(1, 2))
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

    # Hand-off

    @rule(holder=HOLDER, limit=st.integers(1, 3), seconds=st.sampled_from([60, 600, 3_600]))
    def lease(self, holder: int, limit: int, seconds: int) -> None:
        due = self.model.waiting()[:limit]
        self.leases += 1
        found = self.stage.do(self.stage.lease(holder, limit, seconds))
        owners = {(str(grip.package.case_no), grip.package.seq): grip for grip in found}
        assert len(found) == len(due)
        for package in due:
            case, filed = next(
                (c, f)
                for c, f in zip(self.model.cases, self.filed, strict=True)
                if package in c.packages
            )
            number = str(self.stage.do(filed.case()).case_no)
            key = f"lease {self.leases}"
            self.model.lease(case, package, holder, seconds, key)
            self.grips.append((case, package, owners[number, package.seq], key))

    @precondition(lambda self: self.grips)
    @rule(
        which=WHICH,
        back=st.integers(0, 3),
        wrong=st.sampled_from(["", "", "", "code", "digest", "token"]),
    )
    def acknowledge(self, which: int, back: int, wrong: str) -> None:
        case, package, grip, key = self.grips[-1 - back % len(self.grips)]
        holder = grip.holder if which else 1 - grip.holder
        said = self.stage.do(self.stage.acknowledge(grip, holder, wrong))
        if wrong in ("code", "digest"):
            assert said == {"code": "receipt_code_wrong", "digest": "digest_mismatch"}[wrong]
        elif wrong:
            assert said == "lease_lost"
        else:
            assert said == self.model.acknowledge(case, package, holder, key)

    @precondition(lambda self: self.grips)
    @rule(back=st.integers(0, 3), seconds=st.sampled_from([30, 3_600]), mine=st.booleans())
    def extend(self, back: int, seconds: int, mine: bool) -> None:
        _, package, grip, key = self.grips[-1 - back % len(self.grips)]
        holder = grip.holder if mine else 1 - grip.holder
        said = self.stage.do(self.stage.extend(grip, holder, seconds))
        assert said == self.model.extend(package, holder, key, seconds)

    @precondition(lambda self: self.grips)
    @rule(back=st.integers(0, 3), code=st.sampled_from(sorted(ReturnCode)))
    def give_back(self, back: int, code: ReturnCode) -> None:
        case, package, grip, key = self.grips[-1 - back % len(self.grips)]
        said = self.stage.do(self.stage.give_back(grip, grip.holder, code))
        assert said == self.model.give_back(case, package, grip.holder, key)

    @rule(which=WHICH)
    def resend(self, which: int) -> None:
        case, filed = self.case(which)
        if case.packages:
            at = which // 2 % len(case.packages)
            ids = self.stage.do(self.stage.package_ids(filed))
            assert self.stage.do(self.stage.resend(ids[at])) == OK
            self.model.resend(case, case.packages[at])

    @rule(holder=HOLDER)
    def take_over(self, holder: int) -> None:
        """Lease and acknowledge what there is, as a back-office does all day."""
        self.lease(holder, 3, 600)
        for case, package, grip, key in self.grips:
            if key == f"lease {self.leases}":
                assert self.stage.do(self.stage.acknowledge(grip, holder)) == OK
                assert self.model.acknowledge(case, package, holder, key) == OK

    # Events

    @rule(
        which=WHICH,
        kind=st.sampled_from(sorted(STEPS)),
        ahead=st.sampled_from([0, 0, 0, 1, 1, 2, -1]),
    )
    def report(self, which: int, kind: str, ahead: int) -> None:
        case, filed = self.case(which)
        seq = max(1, case.seq + 1 + ahead)
        name = f"{seq}-{len(self.reports)}"
        written = self.stage.do(self.stage.written(filed, name, seq, kind))
        self.reports.append((case, name, written, kind))
        self._send(case, name, written, kind)

    @precondition(lambda self: self.reports)
    @rule(back=st.integers(0, 5))
    def report_again(self, back: int) -> None:
        self._send(*self.reports[-1 - back % len(self.reports)])

    def _send(self, case: Case, name: str, written: Report, kind: str) -> None:
        filed = self.filed[self.model.cases.index(case)]
        said = self.stage.do(self.stage.report(filed, written))
        known = case.fates.get(name)
        if known in ("applied", "parked"):
            assert said == {"applied": "duplicate", "parked": "parked"}[known]
        else:
            assert said == reports.report(self.model, case, name, written.seq, kind)

    @rule(which=WHICH)
    def settle_parked(self, which: int) -> None:
        case, filed = self.case(which)
        due = case.seq + 1 in case.parked
        jobs = self.jobs("events.apply", "case_id", [str(filed.case_id)])
        assert jobs or not due, "whose turn has come is not forgotten"
        for job in jobs:
            self.stage.do(self.stage.run_job("events.apply", job))
            reports.settle_parked(self.model, case)

    @rule(which=WHICH)
    def withdraw(self, which: int) -> None:
        case, filed = self.case(which)
        early = case.state == "AWAIT_PREPAYMENT"
        act = self.stage.withdraw if early else self.stage.request_withdrawal
        want = reports.withdraw if early else reports.request_withdrawal
        assert self.stage.do(act(filed)) == want(self.model, case)

    # What always holds

    @invariant()
    def both_sides_agree(self) -> None:
        for case, filed in zip(self.model.cases, self.filed, strict=True):
            found = self.stage.do(self.stage.standing(filed))
            self._name(case, found["orders"])
            self._adopt(case, found["refunds"])
            assert found.pop("payment_status") in case.payment_status
            swept = set(found.pop("swept"))
            assert {o.number for o in case.orders if o.is_open} <= swept, (
                "an order nobody looks after"
            )
            assert found == case.standing()
            assert sum(o.ours == "PAID" for o in case.orders) <= 1

    def _name(self, case: Case, found: Sequence[str]) -> None:
        """Numbers are drawn by the product: a new order has the one that is new."""
        if case.orders and not case.orders[-1].number:
            case.orders[-1].number = found[-1].split()[0]

    def _adopt(self, case: Case, found: Sequence[str]) -> None:
        """The channel itself may have told of a refund that has arrived."""
        for order in case.orders:
            if self.model.has_arrived(order) and f"{order.number} PAID {order.amount}" in found:
                order.refund = "PAID"

    def teardown(self) -> None:
        if self.filed:
            self._settle()
            for case, filed in zip(self.model.cases, self.filed, strict=True):
                self._balance(case)
                self._acknowledged_once(filed)

    def _settle(self) -> None:
        """Let everything that is on its way arrive."""
        self.time_goes_by(7_200)
        for which in range(len(self.filed)):
            for _ in range(3):
                self.sweep(which, blind=False)
            for order in self.model.cases[which].orders:
                if order.bank == "SUCCESS":
                    assert self.stage.do(self.stage.hear(order.number, f"{order.number}-z")) == 204
                    self.model.hear(self.model.cases[which], order)
            self.send_refunds(which)
            self.time_goes_by(1)
            self.sweep_refunds(which)
        self.both_sides_agree()

    def _balance(self, case: Case) -> None:
        """To the fen: what the channel took is kept for the fee, or went back whole."""
        ledger = self.stage.ledger([order.number for order in case.orders])
        kept = [number for number, (taken, back) in ledger.items() if taken != back]
        assert all(ledger[number][1] == 0 for number in kept), ledger
        fee = case.paid_by if case.paid_by is not None and not case.paid_by.refund else None
        assert kept == ([] if fee is None else [fee.number])
        assert set(ledger) == {order.number for order in case.orders if order.bank == "SUCCESS"}

    def _acknowledged_once(self, filed: Filed) -> None:
        held: dict[int, Any] = {}
        for seq, act, by, at, until in self.stage.do(self.stage.history(filed)):
            if act in ("LEASED", "EXTENDED"):
                held[seq] = (by, until)
            elif act == "ACKED":
                assert held[seq][0] == by and held[seq][1] > at, "only by a lease that lives"
                held[seq] = None
            else:
                held[seq] = None
