"""What payment and hand-off promise, told once more in as few words as will do.

Nothing of the product is imported here: a mistake would have to be made twice to go unseen. Acts
return "ok" or the code of the refusal that is due; times are those of the test's clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LIFE = timedelta(hours=2)
LAST_CALL = timedelta(minutes=1)
LONGEST_LEASE = timedelta(hours=4)
ARRIVES = timedelta(seconds=0.6)  # the sandbox's minute, a hundred times as fast
MOST_PARKED, MOST_REQUESTS = 20, 3

OK, UNAVAILABLE, REFUSED = "ok", "outside_unavailable", "step_not_allowed"
ENDED = ("WITHDRAWN", "TERMINATED")
HANDLED = ("ACCEPTED", "UNDER_REVIEW", "SUSPENDED")
# What an event does: from which states, to which.
STEPS: dict[str, tuple[tuple[str, ...], str]] = {
    "review_started": (("ACCEPTED",), "UNDER_REVIEW"),
    "special_started": (("ACCEPTED", "UNDER_REVIEW"), "SUSPENDED"),
    # Not in the list of 行政许可法45: it stops the time only where the item's rules say so.
    "site_visited": (("ACCEPTED", "UNDER_REVIEW"), "SUSPENDED"),
    "special_ended": (("SUSPENDED",), "UNDER_REVIEW"),
    "approved": (("ACCEPTED", "UNDER_REVIEW"), "RESULT_READY"),
    "rejected": (("ACCEPTED", "UNDER_REVIEW"), "RESULT_READY"),
    "terminated": (HANDLED, "TERMINATED"),
    "confirmed": (HANDLED, "WITHDRAWN"),
    "declined": (HANDLED, ""),
}


@dataclass
class Order:
    """``ours`` is what we keep of it, ``bank`` what the channel does; "" is nothing."""

    amount: int
    ends: datetime
    number: str = ""
    ours: str = "CREATED"
    bank: str = ""
    refund: str = ""
    sent: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.ours in ("CREATED", "PAYING")


@dataclass
class Package:
    seq: int
    kind: str
    age: int
    status: str = "READY"
    key: str = ""
    """Which lease holds it: its token may be used for this package alone."""
    holder: int = -1
    until: datetime | None = None
    began: datetime | None = None


@dataclass
class Case:
    """``fee`` is None until it is known, in fen."""

    item: str
    state: str
    fee: int | None
    settled: bool = False
    rejected: bool = False
    seq: int = 0
    handed: str = "NONE"
    wants_out: bool = False
    requests: int = 0
    orders: list[Order] = field(default_factory=list)
    packages: list[Package] = field(default_factory=list)
    parked: dict[int, str] = field(default_factory=dict)
    fates: dict[str, str] = field(default_factory=dict)

    @property
    def owes_nothing(self) -> bool:
        return self.state in ENDED or self.rejected

    @property
    def open_order(self) -> Order | None:
        return next((each for each in self.orders if each.is_open), None)

    @property
    def paid_by(self) -> Order | None:
        """The order that settled the fee."""
        return next((o for o in self.orders if o.ours == "PAID"), None) if self.settled else None

    @property
    def payment_status(self) -> set[str]:
        if self.paid_by is None:
            return {"UNPAID", "NOT_REQUIRED"}
        back = self.paid_by.refund
        return {"PAID" if not back else "REFUNDED" if back == "PAID" else "REFUNDING"}

    def standing(self) -> dict[str, object]:
        """Return what is compared with the database."""
        return {
            "state": self.state,
            "seq": self.seq,
            "handed": self.handed,
            "settled": int(self.settled),
            "orders": [f"{o.number} {o.ours}" for o in self.orders],
            "refunds": sorted(f"{o.number} {o.refund} {o.amount}" for o in self.orders if o.refund),
            "packages": [f"{p.seq} {p.kind} {p.status}" for p in self.packages],
            "parked": sorted(self.parked),
        }


@dataclass
class Model:
    now: datetime
    cases: list[Case] = field(default_factory=list)
    made: int = 0

    # Money

    def refusal(self, case: Case) -> str:
        if case.settled:
            return "already_paid"
        return "nothing_to_pay" if case.fee is None or case.owes_nothing else ""

    def is_late(self, order: Order) -> bool:
        return self.now + LAST_CALL >= order.ends

    def will_prepay(self, case: Case) -> bool:
        """Tell whether opening an order now would go to the channel for a new prepay id."""
        order = case.open_order
        fresh = order is None or (order.ours == "CREATED" and not self.is_late(order))
        return fresh and not self.refusal(case)

    def open_order(self, case: Case, *, lost: str = "") -> str:
        """``lost``: the request ("before") or its answer ("after") goes astray."""
        if code := self.refusal(case):
            return code
        order = case.open_order
        if order is not None and self.is_late(order):
            if code := self.retire(case, order):
                return code
            if code := self.refusal(case):
                return code
            order = case.open_order
        if order is None:
            order = Order(case.fee or 0, self.now + LIFE)
            case.orders.append(order)
        return self._prepay(order, lost) if order.ours == "CREATED" else OK

    def _prepay(self, order: Order, lost: str) -> str:
        if lost == "before" or order.bank in ("SUCCESS", "CLOSED"):
            return UNAVAILABLE
        order.bank = "NOTPAY"
        if lost == "after":
            return UNAVAILABLE
        order.ours = "PAYING"
        return OK

    def can_pay(self, order: Order) -> bool:
        return order.bank == "NOTPAY" and self.now < order.ends

    def hear(self, case: Case, order: Order) -> None:
        """The channel proves that an order was paid, for the first time or again."""
        if order.ours == "PAID":
            return
        if order.is_open and not case.settled and not case.owes_nothing:
            order.ours, case.settled = "PAID", True
            self._go_on(case)
            return
        if order.is_open:
            order.ours = "PAID"
        order.refund = order.refund or "REQUESTED"

    def _go_on(self, case: Case) -> None:
        if case.state == "AWAIT_PREPAYMENT":
            case.state, case.handed = "ACCEPTED", "READY"
            self.pack(case, "ACCEPTED")
            return
        self.pack(case, "PAYMENT")
        if case.state == "AWAIT_PAYMENT":
            case.state = "RESULT_READY"

    def follow(self, case: Case, order: Order) -> None:
        if order.bank == "SUCCESS":
            self.hear(case, order)
        elif order.bank == "CLOSED":
            order.ours = "CLOSED"

    def check(self, case: Case) -> None:
        if case.orders and case.orders[-1].is_open:
            self.follow(case, case.orders[-1])

    def sweep(self, case: Case, order: Order, *, blind: bool = False) -> None:
        if not order.is_open:
            return
        if self.is_late(order) or case.owes_nothing:
            self.retire(case, order, blind=blind)
        elif not blind:
            self.follow(case, order)

    def retire(self, case: Case, order: Order, *, blind: bool = False) -> str:
        """``blind``: the channel says that it knows no such order, which proves nothing."""
        if blind or not order.bank:
            if order.ours == "PAYING":
                return "channel_order_unknown"
            order.ours = "CLOSED"
        elif order.bank == "NOTPAY":
            order.bank = order.ours = "CLOSED"
        else:
            self.follow(case, order)
        return ""

    def send_refund(self, order: Order) -> None:
        if order.refund == "REQUESTED":
            order.refund, order.sent = "SENT", self.now

    def has_arrived(self, order: Order) -> bool:
        there = order.sent is not None and self.now >= order.sent + ARRIVES
        return order.refund == "SENT" and there

    def sweep_refund(self, case: Case, order: Order) -> None:
        if self.has_arrived(order):
            order.refund = "PAID"
            # Whoever has the case is told that its money went back.
            if any(each.kind == "ACCEPTED" for each in case.packages):
                self.pack(case, "PAYMENT")

    def end(self, case: Case, state: str) -> None:
        case.state = state
        if case.paid_by is not None:
            case.paid_by.refund = case.paid_by.refund or "REQUESTED"

    # Hand-off

    def pack(self, case: Case, kind: str) -> None:
        self.made += 1
        case.packages.append(Package(len(case.packages) + 1, kind, self.made))

    def waiting(self) -> list[Package]:
        """Return what a lease could take now, oldest first: of each case what is next."""
        return sorted(self._next_ones(), key=lambda each: each.age)

    def _next_ones(self) -> Iterator[Package]:
        for case in self.cases:
            package = next((p for p in case.packages if p.status != "ACKED"), None)
            if package and (package.status == "READY" or not self.is_live(package)):
                yield package

    def is_live(self, package: Package) -> bool:
        return package.until is not None and package.until > self.now

    def lease(self, case: Case, package: Package, holder: int, seconds: int, key: str) -> None:
        if package.kind == "ACCEPTED" and case.handed != "ACKED":
            case.handed = "LEASED"
        package.status, package.holder, package.key = "LEASED", holder, key
        package.began, package.until = self.now, self.now + timedelta(seconds=seconds)

    def holds(self, package: Package, holder: int, key: str) -> bool:
        return bool(package.key) and (package.holder, package.key) == (holder, key)

    def extend(self, package: Package, holder: int, key: str, seconds: int) -> str:
        if not self._has(package, holder, key):
            return "lease_lost"
        assert package.until is not None and package.began is not None
        wanted = min(self.now + timedelta(seconds=seconds), package.began + LONGEST_LEASE)
        package.until = max(package.until, wanted)
        return OK

    def _has(self, package: Package, holder: int, key: str) -> bool:
        held = package.status == "LEASED" and self.is_live(package)
        return held and self.holds(package, holder, key)

    def acknowledge(self, case: Case, package: Package, holder: int, key: str) -> str:
        if package.status == "ACKED" and self.holds(package, holder, key):
            return OK
        if not self._has(package, holder, key):
            return "lease_lost"
        package.status = "ACKED"
        if package.kind == "ACCEPTED":
            case.handed = "ACKED"
        return OK

    def give_back(self, case: Case, package: Package, holder: int, key: str) -> str:
        if not self._has(package, holder, key):
            return "lease_lost"
        self.resend(case, package)
        return OK

    def resend(self, case: Case, package: Package) -> None:
        """A case that was handed over once stays so."""
        package.status, package.key, package.until = "READY", "", None
        if package.kind == "ACCEPTED" and case.handed != "ACKED":
            case.handed = "READY"
