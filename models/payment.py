"""Payment orders (缴款单) and the log of everything the channel said."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
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
    # 减免: the published ground on which nothing of it is owed.
    waived_by = fields.CharField(200, null=True)
    breakdown: fields.Field[list[dict[str, Any]]] = fields.JSONField[list[dict[str, Any]]]()
    settled_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "fees"
        indexes = [Index(fields=["settled_at"], name="ix_fees_settled")]
        constraints = [UniqueConstraint(fields=("case_id", "stage"), name="uq_fees")]


class Waiver(Model):
    """减免申请: a published ground on which somebody asks to owe nothing of a fee.

    ``status``: OPEN, TAKEN_BACK, GRANTED, REFUSED (``refusal`` is what its applicant reads) or
    OVERTAKEN by a payment.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    fee: fields.ForeignKeyRelation[Fee] = fields.ForeignKeyField(
        "models.Fee", related_name="waivers", on_delete=fields.RESTRICT
    )
    fee_id: UUID
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="waivers", on_delete=fields.RESTRICT, db_index=True
    )
    case_id: UUID
    ground = fields.CharField(200)
    reason = fields.CharField(300, default="")
    status = fields.CharField(12)
    refusal = fields.CharField(300, null=True)
    asked_by = fields.CharField(80)
    asked_at = fields.DatetimeField()
    decided_by = fields.CharField(80, null=True)
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "fee_waivers"
        constraints = [
            UniqueConstraint(
                fields=("fee_id",), name="uq_fee_waivers_open", condition="status = 'OPEN'"
            ),
            UniqueConstraint(
                fields=("fee_id",), name="uq_fee_waivers_granted", condition="status = 'GRANTED'"
            ),
        ]


class PaymentOrder(Model):
    """缴款单: one attempt to settle a fee. ``number`` is the channel's out_trade_no.

    ``channel``: WECHAT or NONTAX (非税缴款); ``scene``: JSAPI, APP, H5 or PAGE (the channel's own
    page). ``payer`` is the openid of who alone can pay it, empty where anybody can. ``prepay_id``
    is the channel's handle of it: a prepay id, an address or a 缴款码.

    ``shipped_at``: when the mini-program's platform was told how the result goes to its owner
    (发货信息), and how (``shipped_as``: EXPRESS, VIRTUAL or PICKUP); ``reshipped_at``: told once
    more. ``unshippable``: the platform's code for why it takes no more.
    """

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
    channel = fields.CharField(12, default="WECHAT", db_default="WECHAT")
    scene = fields.CharField(8, default="JSAPI", db_default="JSAPI")
    amount_fen = fields.IntField()
    payer = fields.CharField(64)
    status = fields.CharField(12, default="CREATED")
    prepay_id = fields.CharField(512, null=True)
    transaction_id = fields.CharField(64, null=True, unique=True)
    expires_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    paid_at = fields.DatetimeField(null=True)
    shipped_at = fields.DatetimeField(null=True)
    shipped_as = fields.CharField(8, null=True)
    reshipped_at = fields.DatetimeField(null=True)
    unshippable = fields.CharField(20, null=True)

    class Meta:
        table = "payment_orders"
        indexes = [Index(fields=["paid_at"], name="ix_payment_orders_paid")]
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


class Refund(Model):
    """退费: money of one order on its way back; ``number`` is the channel's out_refund_no.

    ``track``: AUTOMATIC (nobody asks: what was paid twice, too late or for a refused case) or
    ADMINISTRATIVE (执收单位 checks, 财政 approves, then it is paid out). ``status``: REQUESTED,
    UNIT_APPROVED, FINANCE_APPROVED, SENDING, SENT, PAID, REFUSED, ABNORMAL, CLOSED. Whatever is
    sent again is sent under the same number; one that the channel closed has a REISSUED one in its
    place.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    order: fields.ForeignKeyRelation[PaymentOrder] = fields.ForeignKeyField(
        "models.PaymentOrder", related_name="refunds", on_delete=fields.RESTRICT
    )
    order_id: UUID
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="refunds", on_delete=fields.RESTRICT, db_index=True
    )
    case_id: UUID
    number = fields.CharField(64, unique=True)
    track = fields.CharField(16)
    reason = fields.CharField(24)
    remark = fields.CharField(300, default="")
    amount_fen = fields.IntField()
    status = fields.CharField(20)
    channel_refund_id = fields.CharField(64, null=True, unique=True)
    requested_by = fields.CharField(80)
    unit_by = fields.CharField(80, null=True)
    unit_at = fields.DatetimeField(null=True)
    finance_by = fields.CharField(80, null=True)
    finance_at = fields.DatetimeField(null=True)
    refused_by = fields.CharField(80, null=True)
    refused_at = fields.DatetimeField(null=True)
    refusal = fields.CharField(300, null=True)
    created_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    paid_at = fields.DatetimeField(null=True)

    class Meta:
        table = "refunds"
        indexes = [Index(fields=["sent_at"], name="ix_refunds_sent")]
        constraints = [
            UniqueConstraint(
                fields=("order_id",),
                name="uq_refunds_one_automatic",
                condition="track = 'AUTOMATIC'",
            ),
        ]


class RefundEvent(Model):
    """What the channel said of a refund, in the order it was heard; never changed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    refund: fields.ForeignKeyNullableRelation[Refund] = fields.ForeignKeyField(
        "models.Refund", null=True, related_name="events", on_delete=fields.RESTRICT
    )
    refund_id: UUID | None
    source = fields.CharField(12)
    event_id = fields.CharField(100, unique=True)
    status = fields.CharField(12)
    outcome = fields.CharField(24)
    channel_refund_id = fields.CharField(64, null=True)
    amount_fen = fields.IntField(null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "refund_events"


class FiscalBill(Model):
    """财政电子票据: what the treasury issued for money that came in (``kind`` BLUE, one per order)
    or went back (RED, 冲红, one per refund); ``url`` is its own page, where anybody downloads it.

    ``code`` (票据代码) has 8 digits, ``number`` (票据号码) 10, ``check_code`` is the 校验码. Never
    changed: a wrong bill is reversed by a red one.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    order: fields.ForeignKeyRelation[PaymentOrder] = fields.ForeignKeyField(
        "models.PaymentOrder", related_name="bills", on_delete=fields.RESTRICT
    )
    order_id: UUID
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="fiscal_bills", on_delete=fields.RESTRICT, db_index=True
    )
    case_id: UUID
    refund: fields.OneToOneNullableRelation[Refund] = fields.OneToOneField(
        "models.Refund", null=True, related_name="bill", on_delete=fields.RESTRICT
    )
    refund_id: UUID | None
    kind = fields.CharField(4)
    code = fields.CharField(8)
    number = fields.CharField(10)
    check_code = fields.CharField(6)
    amount_fen = fields.IntField()
    url = fields.CharField(300)
    issued_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "fiscal_bills"
        constraints = [
            UniqueConstraint(fields=("code", "number"), name="uq_fiscal_bills"),
            UniqueConstraint(
                fields=("order_id",),
                name="uq_fiscal_bills_one_blue",
                condition="kind = 'BLUE'",
            ),
        ]


class FeeAssessment(Model):
    """核定: what a back-office measured, waiting for the decision that the fee follows."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.OneToOneRelation[Case] = fields.OneToOneField(
        "models.Case", related_name="assessment", on_delete=fields.RESTRICT
    )
    case_id: UUID
    measured: fields.Field[dict[str, Any]] = fields.JSONField[dict[str, Any]]()
    source = fields.CharField(64)
    at = fields.DatetimeField()

    class Meta:
        table = "fee_assessments"
