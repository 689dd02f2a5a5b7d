"""What a channel says of a whole day: its trade bill and its fund-flow bill. Integer fen."""

from dataclasses import dataclass
from enum import StrEnum


class RefundState(StrEnum):
    """What a bill says of a refund; it is what was true when the bill was made."""

    PENDING = "PENDING"
    PAID = "PAID"
    FAILED = "FAILED"


@dataclass(frozen=True)
class BillPayment:
    """An order that was paid on the day; ``number`` is ours, ``transaction_id`` the channel's."""

    number: str
    transaction_id: str
    amount_fen: int


@dataclass(frozen=True)
class BillRefund:
    """A refund that the channel accepted on the day; ``order`` is the number of its order."""

    number: str
    order: str
    refund_id: str
    amount_fen: int
    state: RefundState


@dataclass(frozen=True)
class TradeBill:
    """交易账单. ``digest`` is of the file that it was read from, empty for a day without one."""

    payments: tuple[BillPayment, ...] = ()
    refunds: tuple[BillRefund, ...] = ()
    digest: str = ""

    @property
    def paid_fen(self) -> int:
        return sum(each.amount_fen for each in self.payments)

    @property
    def refunded_fen(self) -> int:
        """Return what went back, or is on its way."""
        back = [each for each in self.refunds if each.state is not RefundState.FAILED]
        return sum(each.amount_fen for each in back)


@dataclass(frozen=True)
class FundFlow:
    """资金账单: what came into the merchant's account as payments, and left it as refunds."""

    received_fen: int = 0
    returned_fen: int = 0
    digest: str = ""
