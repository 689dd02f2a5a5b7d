"""Inquiries (说明): questions of a back-office that the applicant may answer."""

from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.case import Case
from models.ids import uuid7


class Inquiry(Model):
    """说明: ``seq`` is the back-office event that asked; the answer is sealed, and voluntary."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="inquiries", on_delete=fields.CASCADE
    )
    case_id: UUID
    seq = fields.IntField()
    question = fields.CharField(500)
    asked_at = fields.DatetimeField()
    answer_sealed = fields.BinaryField(null=True)
    answered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "inquiries"
        constraints = [UniqueConstraint(fields=("case_id", "seq"), name="uq_inquiries")]
