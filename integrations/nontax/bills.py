"""财政电子票据 over the wire: the port ``FiscalBills``."""

import re
from collections.abc import Mapping
from typing import Any

from integrations.nontax.client import NontaxPay, checked, plain_text
from integrations.nontax.wire import BILLS, read_bill
from services.errors import OutsideUnavailable
from services.ports.fiscal import BillKind, IssuedBill, RedWish

_DIGITS = re.compile(r"[0-9]{1,20}")


class NontaxBills:
    """Who issues electronic bills for what a unit was paid through the treasury."""

    def __init__(self, pay: NontaxPay) -> None:
        self._pay = pay

    async def issue(self, order_number: str, amount_fen: int) -> IssuedBill:
        content = {"order_no": checked(order_number), "amount_fen": amount_fen}
        bill = self._read(await self._pay.exchange.ask("POST", BILLS, content))
        said = (bill.kind, bill.order_number, bill.amount_fen)
        if said != (BillKind.BLUE, order_number, amount_fen):
            raise OutsideUnavailable
        return bill

    async def reverse(self, wish: RedWish) -> IssuedBill:
        content = {
            "refund_no": checked(wish.refund_number),
            "amount_fen": wish.amount_fen,
            "reason": plain_text(wish.reason),
        }
        target = f"{_target(wish.code, wish.number)}/red"
        bill = self._read(await self._pay.exchange.ask("POST", target, content))
        said = (bill.kind, bill.blue, bill.refund_number, bill.amount_fen)
        if said != (
            BillKind.RED,
            (wish.code, wish.number),
            wish.refund_number,
            wish.amount_fen,
        ):
            raise OutsideUnavailable
        return bill

    async def query(self, code: str, number: str) -> IssuedBill:
        bill = self._read(await self._pay.exchange.ask("GET", _target(code, number)))
        if (bill.code, bill.number) != (code, number):
            raise OutsideUnavailable
        return bill

    def _read(self, said: Mapping[str, Any]) -> IssuedBill:
        try:
            return read_bill(said, self._pay.merchant, self._pay.public_base)
        except (ValueError, KeyError) as error:
            raise OutsideUnavailable from error


def _target(code: str, number: str) -> str:
    if not (_DIGITS.fullmatch(code) and _DIGITS.fullmatch(number)):
        raise ValueError("the code and the number of a bill are digits")
    return f"{BILLS}/{code}/{number}"
