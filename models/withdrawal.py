"""Withdrawals (撤回请求): asked for after acceptance, answered by the back-office."""

from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.case import Case
from models.ids import uuid7


class Withdrawal(Model):
    """撤回请求: at most one waits per case. ``answer`` is what its applicant reads.

    ``status``: OPEN, TAKEN_BACK by the applicant, CONFIRMED, DECLINED with a reason, or OVERTAKEN
    by a decision or another end that came first.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="withdrawals", on_delete=fields.CASCADE
    )
    case_id: UUID
    status = fields.CharField(12, default="OPEN")
    answer = fields.CharField(1000, default="")
    requested_at = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "withdrawals"
        indexes = [Index(fields=["case_id", "requested_at"], name="ix_withdrawals_case")]
        constraints = [
            UniqueConstraint(
                fields=("case_id",), name="uq_withdrawals_open", condition="status = 'OPEN'"
            )
        ]
