"""Reconciliation (对账): each time a day's bill was compared, and what differed."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from models.case import Case
from models.ids import uuid7


class ReconciliationRun(Model):
    """One attempt at one day. ``outcome``: DONE, EMPTY, WAITING, UNREACHABLE, DAMAGED.

    ``found`` counts what no run had found before, ``mended`` what is gone since it was asked for.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    channel = fields.CharField(12)
    day = fields.DateField()
    started_by = fields.CharField(80)
    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField()
    outcome = fields.CharField(12)
    trade_digest = fields.CharField(40, default="")
    flow_digest = fields.CharField(40, default="")
    payments = fields.IntField(default=0)
    paid_fen = fields.BigIntField(default=0)
    refunds = fields.IntField(default=0)
    refunded_fen = fields.BigIntField(default=0)
    found = fields.IntField(default=0)
    mended = fields.IntField(default=0)
    left_open = fields.IntField(default=0)

    class Meta:
        table = "reconciliation_runs"
        indexes = [Index(fields=["channel", "day"], name="ix_reconciliation_runs_day")]


class PaymentDifference(Model):
    """What differed: found once by its ``key``. ``status``: OPEN, MENDED or RESOLVED.

    MENDED: a later look no longer saw it; RESOLVED: an operator wrote down why it stays so.
    ``facts`` holds amounts and numbers, no personal data.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    key = fields.CharField(120, unique=True)
    channel = fields.CharField(12)
    day = fields.DateField()
    code = fields.CharField(32)
    light = fields.CharField(8)
    order_number = fields.CharField(64, null=True)
    refund_number = fields.CharField(64, null=True)
    case: fields.ForeignKeyNullableRelation[Case] = fields.ForeignKeyField(
        "models.Case", null=True, related_name="differences", on_delete=fields.RESTRICT
    )
    case_id: UUID | None
    facts: fields.Field[dict[str, Any]] = fields.JSONField[dict[str, Any]](default=dict)
    status = fields.CharField(12, default="OPEN")
    found_at = fields.DatetimeField()
    alert_id = fields.UUIDField(null=True)
    closed_at = fields.DatetimeField(null=True)
    closed_by = fields.CharField(80, null=True)
    reason = fields.CharField(300, default="")

    class Meta:
        table = "payment_differences"
        indexes = [
            Index(fields=["status", "day"], name="ix_payment_differences_open"),
            Index(fields=["case_id"], name="ix_payment_differences_case"),
        ]
