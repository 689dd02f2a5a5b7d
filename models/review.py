"""Pre-review (预审): verdicts per material and the one-time correction notice (一次性告知)."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.case import Case
from models.ids import uuid7
from models.staff import StaffMember


class Verdict(Model):
    """预审意见 on one material in one round."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="verdicts", on_delete=fields.CASCADE
    )
    case_id: UUID
    round = fields.SmallIntField()
    code = fields.CharField(8)
    material_id = fields.UUIDField(null=True)
    verdict = fields.CharField(8)
    reason_code = fields.CharField(40, null=True)
    comment = fields.CharField(500, default="")
    # Which page of the material, counted from 1; null: the whole.
    page = fields.SmallIntField(null=True)
    reviewer: fields.ForeignKeyRelation[StaffMember] = fields.ForeignKeyField(
        "models.StaffMember", related_name="verdicts", on_delete=fields.RESTRICT
    )
    reviewer_id: UUID
    at = fields.DatetimeField()

    class Meta:
        table = "verdicts"
        constraints = [UniqueConstraint(fields=("case_id", "round", "code"), name="uq_verdicts")]


class Correction(Model):
    """补正材料通知: everything that is missing, at once (行政许可法32(四))."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="corrections", on_delete=fields.CASCADE
    )
    case_id: UUID
    round = fields.SmallIntField()
    opinion = fields.CharField(1000, default="")
    items: fields.Field[list[dict[str, Any]]] = fields.JSONField[list[dict[str, Any]]]()
    issued_by: fields.ForeignKeyRelation[StaffMember] = fields.ForeignKeyField(
        "models.StaffMember", related_name="corrections", on_delete=fields.RESTRICT
    )
    issued_by_id: UUID
    issued_at = fields.DatetimeField()
    # A later notice that goes beyond the first one, with who let it and why.
    override_reason = fields.CharField(500, null=True)
    override_by = fields.UUIDField(null=True)

    class Meta:
        table = "corrections"
        constraints = [UniqueConstraint(fields=("case_id", "round"), name="uq_corrections")]


class CorrectionOverride(Model):
    """越出一次性告知的许可: a supervisor lets one later notice go beyond the first.

    ``round`` is the round of the notice that it is for; ``used_at`` when that notice went out.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="correction_overrides", on_delete=fields.CASCADE
    )
    case_id: UUID
    round = fields.SmallIntField()
    reason = fields.CharField(500)
    granted_by = fields.UUIDField()
    granted_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "correction_overrides"
        constraints = [
            UniqueConstraint(fields=("case_id", "round"), name="uq_correction_overrides")
        ]
