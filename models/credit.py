"""Checks of originals (先办后验) and credit events, which are proposals until due process ends."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.account import Account
from models.case import Case
from models.ids import uuid7


class OriginalCheck(Model):
    """原件核验: one visit with the originals; ``outcome`` PASS, INCOMPLETE, MISMATCH or PENDING.

    A MISMATCH counts when a second officer has confirmed it (PENDING until then).
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="original_checks", on_delete=fields.CASCADE
    )
    case_id: UUID
    outcome = fields.CharField(12)
    items: fields.Field[list[dict[str, Any]]] = fields.JSONField[list[dict[str, Any]]]()
    opinion = fields.CharField(1000, default="")
    officer_id = fields.UUIDField()
    second_officer_id = fields.UUIDField(null=True)
    at = fields.DatetimeField()
    confirmed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "original_checks"


class CreditEvent(Model):
    """信用事件: PROPOSED, CONFIRMED, NOTIFIED, OBJECTED, CANCELLED, REPORTED, REPAIRED.

    Only what was confirmed and not cancelled or repaired counts as bad credit; the objection is
    sealed (国办发〔2020〕49号: due process, objection, repair).
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="credit_events", on_delete=fields.RESTRICT
    )
    account_id: UUID
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="credit_events", on_delete=fields.RESTRICT
    )
    case_id: UUID
    behaviour = fields.CharField(40)
    basis = fields.CharField(200)
    evidence: fields.Field[list[str]] = fields.JSONField[list[str]](default=list)
    status = fields.CharField(12)
    proposed_at = fields.DatetimeField()
    confirmed_by = fields.UUIDField(null=True)
    confirmed_at = fields.DatetimeField(null=True)
    notified_at = fields.DatetimeField(null=True)
    objection_sealed = fields.BinaryField(null=True)
    objected_at = fields.DatetimeField(null=True)
    closed_by = fields.UUIDField(null=True)
    closed_at = fields.DatetimeField(null=True)
    outcome = fields.CharField(500, default="")
    expires_at = fields.DatetimeField(null=True)

    class Meta:
        table = "credit_events"
        constraints = [UniqueConstraint(fields=("case_id", "behaviour"), name="uq_credit_events")]
