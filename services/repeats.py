"""Repetitions: what a channel says again of an order that was paid, kept by one statement.

A channel repeats itself for a day, and most of what it says is this. Nothing undoes PAID, and an
order's transaction never changes, so no lock is needed to see that nothing more is to be done.
"""

from datetime import datetime

from models.database import rows
from models.ids import uuid7
from services.ports import ChannelPayment, Settlement

CURRENCY = "CNY"

KEEP = """
INSERT INTO payment_events
  (id, order_id, source, event_id, settlement, outcome, transaction_id, amount_fen, at)
SELECT $1, id, $2, $3, 'PAID', 'REPEATED', transaction_id, amount_fen, $4 FROM payment_orders
WHERE number = $5 AND status = 'PAID' AND transaction_id = $6 AND amount_fen = $7 AND payer = $8
ON CONFLICT (event_id) DO NOTHING
RETURNING id"""


async def keep_repeated(event_id: str, source: str, payment: ChannelPayment, now: datetime) -> bool:
    """Keep a report whose merchant and appid are right, if it only repeats what was paid.

    False when it may say more, or when the very same report was kept before.
    """
    if payment.settlement is not Settlement.PAID or payment.currency != CURRENCY:
        return False
    said = (payment.number, payment.transaction_id, payment.amount_fen, payment.payer)
    return bool(await rows(KEEP, [uuid7(), source, event_id, now, *said]))
