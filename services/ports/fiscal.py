"""财政电子票据: what the use-cases ask of the treasury that issues them, and what it says."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class BillKind(StrEnum):
    """BLUE (蓝字) says that money came in, RED (红字, 冲红) that some of it went back."""

    BLUE = "BLUE"
    RED = "RED"


@dataclass(frozen=True)
class RedWish:
    """A blue bill to be reversed in part or whole; ``refund_number`` makes it repeatable."""

    code: str
    number: str
    refund_number: str
    amount_fen: int
    reason: str


@dataclass(frozen=True)
class IssuedBill:
    """An electronic bill; ``blue`` is the code and number of what a red one reverses.

    ``url`` is the treasury's own page on which anybody can see and download it.
    """

    kind: BillKind
    order_number: str
    code: str
    number: str
    check_code: str
    amount_fen: int
    issued_at: datetime
    url: str
    blue: tuple[str, str] | None = None
    refund_number: str | None = None


class FiscalBills(Protocol):
    """Who issues bills for what was paid by one channel."""

    async def issue(self, order_number: str, amount_fen: int) -> IssuedBill:
        """Issue the blue bill of a paid order; the same order again is the same bill.

        Raise ``OutsideUnavailable`` for everything but an answer that is provably the issuer's.
        """
        ...

    async def reverse(self, wish: RedWish) -> IssuedBill:
        """Issue a red bill; the same refund again is the same bill. Raise the same."""
        ...

    async def query(self, code: str, number: str) -> IssuedBill:
        """Return a bill as the issuer has it; raise the same."""
        ...
