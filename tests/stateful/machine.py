"""The machine of the stateful test: acts on both sides, drawn by hypothesis, compared each time."""

import random
from collections.abc import Sequence
from typing import Any

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from models.rules.handoff import ReturnCode
from services.events import Report
from tests.make import Filed
from tests.stateful import reports
from tests.stateful.cashier import ACTS, HOLDER, ITEMS, WHICH, Cashier, act
from tests.stateful.model import OK, STEPS, Case


class Counter(Cashier):
    """A counter where cases are paid and handed over, and back-offices report on them."""

    @initialize(seed=st.integers(0, 2**64 - 1))
    def begin(self, seed: int) -> None:
        """Begin at the acceptance, or with the case taken over, reported on, and paid for.

        One number is drawn for all of a run: hypothesis makes most runs by copying parts of an
        earlier one, and a case that does the same again and again comes nowhere.
        """
        self.chance = random.Random(seed)
        self.item = item = self.chance.choice(sorted(ITEMS))
        far = self.chance.randrange(4)
        self.file()
        if far >= 1 and item != "ITEM11":
            self.take_over(0)
        if far >= 2:
            self.report(0, "approved" if item == "ITEM10" else "review_started", 0)
        if far >= 3:
            self.open_order(0)
            self.both_sides_agree()
            self.pay(0)

    # Hand-off

    @act(holder=HOLDER, limit=range(1, 4), seconds=[60, 600, 3_600])
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

    @act(
        2,
        which=WHICH,
        back=range(4),
        wrong=["", "", "", "code", "digest", "token"],
    )
    def acknowledge(self, which: int, back: int, wrong: str) -> None:
        if not self.grips:
            return
        case, package, grip, key = self.grips[-1 - back % len(self.grips)]
        holder = grip.holder if which else 1 - grip.holder
        said = self.stage.do(self.stage.acknowledge(grip, holder, wrong))
        if wrong in ("code", "digest"):
            assert said == {"code": "receipt_code_wrong", "digest": "digest_mismatch"}[wrong]
        elif wrong:
            assert said == "lease_lost"
        else:
            assert said == self.model.acknowledge(case, package, holder, key)

    @act(back=range(4), seconds=[30, 3_600], mine=(False, True))
    def extend(self, back: int, seconds: int, mine: bool) -> None:
        if not self.grips:
            return
        _, package, grip, key = self.grips[-1 - back % len(self.grips)]
        holder = grip.holder if mine else 1 - grip.holder
        said = self.stage.do(self.stage.extend(grip, holder, seconds))
        assert said == self.model.extend(package, holder, key, seconds)

    @act(back=range(4), code=sorted(ReturnCode))
    def give_back(self, back: int, code: ReturnCode) -> None:
        if not self.grips:
            return
        case, package, grip, key = self.grips[-1 - back % len(self.grips)]
        said = self.stage.do(self.stage.give_back(grip, grip.holder, code))
        assert said == self.model.give_back(case, package, grip.holder, key)

    @act(which=WHICH)
    def resend(self, which: int) -> None:
        case, filed = self.case(which)
        if case.packages:
            at = which // 2 % len(case.packages)
            ids = self.stage.do(self.stage.package_ids(filed))
            assert self.stage.do(self.stage.resend(ids[at])) == OK
            self.model.resend(case, case.packages[at])

    @act(2, holder=HOLDER)
    def take_over(self, holder: int) -> None:
        """Lease and acknowledge what there is, as a back-office does all day."""
        self.lease(holder, 3, 600)
        for case, package, grip, key in self.grips:
            if key == f"lease {self.leases}":
                assert self.stage.do(self.stage.acknowledge(grip, holder)) == OK
                assert self.model.acknowledge(case, package, holder, key) == OK

    # Events

    @act(
        4,
        which=WHICH,
        kind=sorted(STEPS),
        ahead=[0, 0, 0, 1, 1, 2, -1],
    )
    def report(self, which: int, kind: str, ahead: int) -> None:
        case, filed = self.case(which)
        seq = max(1, case.seq + 1 + ahead)
        name = f"{seq}-{len(self.reports)}"
        written = self.stage.do(self.stage.written(filed, name, seq, kind))
        self.reports.append((case, name, written, kind))
        self._send(case, name, written, kind)

    @act(back=range(6))
    def report_again(self, back: int) -> None:
        if self.reports:
            self._send(*self.reports[-1 - back % len(self.reports)])

    def _send(self, case: Case, name: str, written: Report, kind: str) -> None:
        filed = self.filed[self.model.cases.index(case)]
        said = self.stage.do(self.stage.report(filed, written))
        known = case.fates.get(name)
        if known in ("applied", "parked"):
            assert said == {"applied": "duplicate", "parked": "parked"}[known]
        else:
            assert said == reports.report(self.model, case, name, written.seq, kind)

    @act(which=WHICH)
    def settle_parked(self, which: int) -> None:
        case, filed = self.case(which)
        due = case.seq + 1 in case.parked
        jobs = self.jobs("events.apply", "case_id", [str(filed.case_id)])
        assert jobs or not due, "whose turn has come is not forgotten"
        for job in jobs:
            self.stage.do(self.stage.run_job("events.apply", job))
            reports.settle_parked(self.model, case)

    @act(which=WHICH)
    def withdraw(self, which: int) -> None:
        case, filed = self.case(which)
        early = case.state == "AWAIT_PREPAYMENT"
        act = self.stage.withdraw if early else self.stage.request_withdrawal
        want = reports.withdraw if early else reports.request_withdrawal
        assert self.stage.do(act(filed)) == want(self.model, case)

    @rule()
    def step(self) -> None:
        name, choices = self.chance.choice(ACTS)
        chosen = {key: self.chance.choice(values) for key, values in choices.items()}
        note(f"{name} {chosen}")
        getattr(self, name)(**chosen)

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
        for seq, did, by, at, until in self.stage.do(self.stage.history(filed)):
            if did in ("LEASED", "EXTENDED"):
                held[seq] = (by, until)
            elif did == "ACKED":
                assert held[seq][0] == by and held[seq][1] > at, "only by a lease that lives"
                held[seq] = None
            else:
                held[seq] = None
