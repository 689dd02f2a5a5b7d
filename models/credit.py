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
    """原件核验: one look at the originals; ``outcome`` is a ``models.rules.originals.Outcome``.

    A MISMATCH counts when a second officer has confirmed it; until then it is PENDING, and
    DISMISSED when that officer saw it otherwise. ``items`` holds code, name, finding and note.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="original_checks", on_delete=fields.CASCADE
    )
    case_id: UUID
    outcome = fields.CharField(12)
    items: fields.Field[list[dict[str, Any]]] = fields.JSONField[list[dict[str, Any]]]()
    # None: nobody looked, because nothing to compare the person with was there.
    identity_matched = fields.BooleanField(null=True)
    evidence: fields.Field[list[str]] = fields.JSONField[list[str]](db_default="[]", default=list)
    by_post = fields.BooleanField(db_default=False, default=False)
    opinion = fields.CharField(1000, default="")
    officer_id = fields.UUIDField()
    second_officer_id = fields.UUIDField(null=True)
    second_opinion = fields.CharField(1000, db_default="", default="")
    at = fields.DatetimeField()
    confirmed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "original_checks"
        constraints = [
            UniqueConstraint(
                fields=("case_id",),
                name="uq_original_checks_pending",
                condition="outcome = 'PENDING'",
            )
        ]


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
    # Officers whose own finding this is: they do not confirm it.
    proposed_by: fields.Field[list[str]] = fields.JSONField[list[str]](
        db_default="[]", default=list
    )
    proposed_at = fields.DatetimeField()
    confirmed_by = fields.UUIDField(null=True)
    confirmed_at = fields.DatetimeField(null=True)
    notified_at = fields.DatetimeField(null=True)
    # Until then the person may object; nothing is reported before.
    objection_due_at = fields.DatetimeField(null=True)
    objection_sealed = fields.BinaryField(null=True)
    objected_at = fields.DatetimeField(null=True)
    decided_by = fields.UUIDField(null=True)
    decided_at = fields.DatetimeField(null=True)
    decision = fields.CharField(500, db_default="", default="")
    reported_at = fields.DatetimeField(null=True)
    closed_by = fields.UUIDField(null=True)
    closed_at = fields.DatetimeField(null=True)
    outcome = fields.CharField(500, default="")
    expires_at = fields.DatetimeField(null=True)

    class Meta:
        table = "credit_events"
        constraints = [UniqueConstraint(fields=("case_id", "behaviour"), name="uq_credit_events")]
