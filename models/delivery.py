"""Delivery of a result: by courier, at a window, or electronically."""

from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.case import Case
from models.ids import uuid7
from models.staff import Window


class Delivery(Model):
    """寄送单 or pick-up of one case; address and pick-up code are sealed.

    ``receipt_passed_at`` is when the signed receipt (送达回执) went to the department.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.OneToOneRelation[Case] = fields.OneToOneField(
        "models.Case", related_name="delivery", on_delete=fields.RESTRICT
    )
    case_id: UUID
    method = fields.CharField(12)
    address_sealed = fields.BinaryField(null=True)
    window: fields.ForeignKeyNullableRelation[Window] = fields.ForeignKeyField(
        "models.Window", null=True, on_delete=fields.RESTRICT
    )
    window_id: str | None
    status = fields.CharField(16, default="CHOSEN")
    pickup_code_sealed = fields.BinaryField(null=True)
    pickup_failures = fields.SmallIntField(default=0)
    waybill = fields.CharField(40, null=True, unique=True)
    posted_at = fields.DatetimeField(null=True)
    signed_at = fields.DatetimeField(null=True)
    receipt_passed_at = fields.DatetimeField(null=True)
    receipt_passed_by = fields.UUIDField(null=True)
    updated_at = fields.DatetimeField()

    class Meta:
        table = "deliveries"


class DeliveryTrack(Model):
    """One point of a parcel's way, told by the courier once or many times."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    delivery: fields.ForeignKeyRelation[Delivery] = fields.ForeignKeyField(
        "models.Delivery", related_name="track", on_delete=fields.CASCADE
    )
    delivery_id: UUID
    at = fields.DatetimeField()
    status = fields.CharField(12)
    text = fields.CharField(300)

    class Meta:
        table = "delivery_tracks"
        constraints = [
            UniqueConstraint(fields=("delivery_id", "at", "status"), name="uq_delivery_tracks"),
        ]
