"""What a channel says again of a fee that is settled: kept by one statement.

A channel tells of a payment until it is answered, copies come within a second, and nothing undoes
an order that was paid: whatever fits such an order in every part changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from models.database import rows
from models.ids import uuid7
from services.ports import ChannelPayment, PayChannel, Settlement

# An order is PAID for good. Its row comes first all the same, as in every step on money: the event
# points to it, and who waited for it with the event's name in hand would keep its holder waiting.
KEEP = """
WITH settled AS (
  SELECT id FROM payment_orders WHERE number = $1 AND status = 'PAID' AND transaction_id = $2
    AND amount_fen = $3 AND channel = $4 AND scene = ANY($5::text[]) AND payer IN ('', $6)
  FOR KEY SHARE
), kept AS (
  INSERT INTO payment_events
    (id, order_id, source, event_id, settlement, outcome, transaction_id, amount_fen, at)
  SELECT $7, id, $8, $9, $10, $11, $2, $3, $12 FROM settled
  ON CONFLICT (event_id) DO NOTHING RETURNING outcome
)
SELECT outcome FROM kept UNION ALL SELECT outcome FROM payment_events WHERE event_id = $9"""


@dataclass(frozen=True)
class Told:
    """What is kept of it: ``outcome`` is that of a repetition, ``event_id`` the channel's own."""

    channel: str
    source: str
    event_id: str
    outcome: str
    at: datetime


async def keep(till: PayChannel, payment: ChannelPayment, told: Told) -> str | None:
    """Keep it and return the outcome; None for what has to be looked at.

    That the money is of the currency that is taken is for the caller to compare.
    """
    if payment.settlement is not Settlement.PAID or payment.transaction_id is None:
        return None
    if payment.merchant != till.merchant:
        return None
    scenes = [scene for scene in till.scenes if till.appid_of(scene) == payment.appid]
    order = [payment.number, payment.transaction_id, payment.amount_fen, told.channel, scenes]
    event = [uuid7(), told.source, told.event_id, payment.settlement.value, told.outcome]
    found = await rows(KEEP, [*order, payment.payer or "", *event, told.at])
    return str(found[0]["outcome"]) if found else None
