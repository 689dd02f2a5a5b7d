"""The machine of the stateful test: acts on both sides, drawn by hypothesis, compared each time."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from tests.make import Filed
from tests.stateful.both import ITEMS
from tests.stateful.model import Case
from tests.stateful.money import Money
from tests.stateful.office import Office


class Counter(Money, Office):
    """A counter where cases are paid and handed over."""

    @initialize(item=st.sampled_from(sorted(ITEMS)), handed=st.booleans())
    def begin(self, item: str, handed: bool) -> None:
        """Begin with a case; left to chance, few would ever be handed over and go on from there."""
        self.item = item
        self.file()
        if handed:
            self.take_over(0)

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
            if f"{order.number} PAID {order.amount}" in found:
                self.model.sweep_refund(case, order)

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
