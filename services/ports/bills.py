"""The port of a channel's bills: what it says of a day that is over."""

from datetime import date
from typing import Protocol

from models.rules.bills import BillPayment, BillRefund, FundFlow, RefundState, TradeBill

__all__ = ["BillPayment", "BillRefund", "Bills", "FundFlow", "RefundState", "TradeBill"]


class Bills(Protocol):
    """Bills of one merchant. Each is believed whole or not at all.

    Both raise ``BillAbsent`` (the channel says that nothing happened: unproven), ``BillPending``
    (it is not made yet), ``BillDamaged`` and ``OutsideUnavailable``.
    """

    async def trades(self, day: date) -> TradeBill: ...

    async def flow(self, day: date) -> FundFlow: ...
