"""Payment orders (缴款单) and the log of everything the channel said."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.case import Case
from models.ids import uuid7


class Fee(Model):
    """What a case has to pay, once known; ``amount_fen`` is integer fen."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="fees", on_delete=fields.RESTRICT
    )
    case_id: UUID
    stage = fields.CharField(20)
    name = fields.CharField(100)
    basis = fields.CharField(200)
    amount_fen = fields.IntField()
    breakdown: fields.Field[list[dict[str, Any]]] = fields.JSONField[list[dict[str, Any]]]()
    settled_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "fees"
        constraints = [UniqueConstraint(fields=("case_id", "stage"), name="uq_fees")]


class PaymentOrder(Model):
    """缴款单: one attempt to settle a fee. ``number`` is the channel's out_trade_no."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    fee: fields.ForeignKeyRelation[Fee] = fields.ForeignKeyField(
        "models.Fee", related_name="orders", on_delete=fields.RESTRICT
    )
    fee_id: UUID
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="payment_orders", on_delete=fields.RESTRICT
    )
    case_id: UUID
    number = fields.CharField(32, unique=True)
    amount_fen = fields.IntField()
    payer = fields.CharField(64)
    status = fields.CharField(12, default="CREATED")
    prepay_id = fields.CharField(80, null=True)
    transaction_id = fields.CharField(64, null=True, unique=True)
    expires_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    paid_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payment_orders"
        constraints = [
            UniqueConstraint(
                fields=("fee_id",),
                name="uq_payment_orders_one_open",
                condition="status IN ('CREATED', 'PAYING', 'PAID')",
            ),
        ]


class PaymentEvent(Model):
    """What the channel said of an order, in the order it was heard; never changed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    order: fields.ForeignKeyNullableRelation[PaymentOrder] = fields.ForeignKeyField(
        "models.PaymentOrder", null=True, related_name="events", on_delete=fields.RESTRICT
    )
    order_id: UUID | None
    source = fields.CharField(12)
    event_id = fields.CharField(64, unique=True)
    settlement = fields.CharField(12)
    outcome = fields.CharField(24)
    transaction_id = fields.CharField(64, null=True)
    amount_fen = fields.IntField(null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "payment_events"
