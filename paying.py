"""The composition of paying: money on its way in, and on its way back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from adapters import Adapters
from integrations.jobs import Handler
from integrations.nontax.bills import NontaxBills
from integrations.nontax.refunds import NontaxRefunds
from integrations.wechatpay.refunds import WechatRefunds
from services.audit import Audit
from services.automatic_refunds import SEND, TELL_REFUND
from services.cases import Cases
from services.fees import Fees
from services.fiscal_bills import BILL, FiscalBilling
from services.orders import SWEEP as PAYMENT_SWEEP
from services.payments import Payments
from services.ports import NONTAX, WECHAT
from services.ports.fiscal import FiscalBills
from services.ports.refunds import RefundChannel
from services.refund_desk import RefundDesk
from services.refund_requests import RefundRequests
from services.refunds import SWEEP, Refunds
from services.reissues import Reissues
from services.waiver_desk import WaiverDesk
from services.waivers import Waivers
from settings import Settings


@dataclass(frozen=True)
class Paying:
    """What handlers reach, and what the worker runs."""

    payments: Payments
    refunds: Refunds
    refund_requests: RefundRequests
    refund_desk: RefundDesk
    billing: FiscalBilling
    waivers: Waivers
    waiver_desk: WaiverDesk
    reissues: Reissues

    @property
    def shown(self) -> dict[str, Any]:
        """Return what the context takes over under these names."""
        return {
            "payments": self.payments,
            "refund_requests": self.refund_requests,
            "refund_desk": self.refund_desk,
            "waivers": self.waivers,
            "waiver_desk": self.waiver_desk,
            "reissues": self.reissues,
        }

    @property
    def handlers(self) -> dict[str, Handler]:
        return {
            PAYMENT_SWEEP: self.payments.sweep,
            SEND: self.refunds.send,
            SWEEP: self.refunds.sweep,
            TELL_REFUND: self.refunds.tell,
            BILL: self.billing.issue,
        }

    @property
    def schedules(self) -> dict[str, tuple[str, Callable[[], Awaitable[object]]]]:
        """Each order and each refund has a sweep of its own: nothing is done by the hour."""
        return {}


def compose_paying(
    settings: Settings,
    made: Adapters,
    payments: Payments,
    *,
    cases: Cases,
    fees: Fees,
    audit: Audit,
) -> Paying:
    notify_url = f"{settings.notify_base_url}/callbacks/wechatpay"
    channels: dict[str, RefundChannel] = {WECHAT: WechatRefunds(made.channel, notify_url)}
    issuers: dict[str, FiscalBills] = {}
    if made.treasury is not None:
        channels[NONTAX] = NontaxRefunds(made.treasury)
        issuers[NONTAX] = NontaxBills(made.treasury)
    refunds = Refunds(channels, payments.refund_statements)
    desk = RefundDesk(cases, audit, settings.finance_uscc)
    return Paying(
        payments=payments,
        refunds=refunds,
        refund_requests=RefundRequests(cases, fees, audit),
        refund_desk=desk,
        billing=FiscalBilling(issuers, payments.items, payments.transitions),
        waivers=Waivers(cases, audit),
        waiver_desk=WaiverDesk(cases, fees, payments.settlements, audit),
        reissues=Reissues(desk, refunds),
    )
