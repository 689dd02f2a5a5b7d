"""What an applicant promised: materials to come (容缺), conditions fulfilled (告知承诺)."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.case import Case
from models.ids import uuid7


class ShortfallItem(Model):
    """容缺材料: proposed by the window, confirmed by the department, promised for a day.

    ``status``: WANTED (by the applicant), PROPOSED, CONFIRMED, DECLINED, PROMISED, FULFILLED,
    OVERDUE. ``name`` is the material's in the case's item version; ``reason`` says why it was
    declined or defective, for the applicant to read.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="shortfalls", on_delete=fields.CASCADE
    )
    case_id: UUID
    code = fields.CharField(8)
    name = fields.CharField(200, db_default="", default="")
    status = fields.CharField(12)
    reason = fields.CharField(300, db_default="", default="")
    due_on = fields.DateField(null=True)
    proposed_by = fields.UUIDField(null=True)
    proposed_at = fields.DatetimeField(null=True)
    confirmed_by = fields.UUIDField(null=True)
    confirmed_at = fields.DatetimeField(null=True)
    fulfilled_at = fields.DatetimeField(null=True)
    # The version of the material that the department's system found defective, for ``reason``.
    defective_id = fields.UUIDField(null=True)

    class Meta:
        table = "shortfall_items"
        constraints = [UniqueConstraint(fields=("case_id", "code"), name="uq_shortfall_items")]


class SignedPromise(Model):
    """承诺书: SHORTFALL (容缺受理承诺书) or COMMITMENT (告知承诺书), as it was signed.

    ``digest`` is the SHA-256 of the canonical JSON of ``statements``: what the person saw.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="promises", on_delete=fields.CASCADE
    )
    case_id: UUID
    kind = fields.CharField(12)
    template_version = fields.CharField(20)
    statements: fields.Field[list[str]] = fields.JSONField[list[str]]()
    digest = fields.CharField(64)
    signed_by = fields.UUIDField()
    signed_at = fields.DatetimeField()
    withdrawn_at = fields.DatetimeField(null=True)

    class Meta:
        table = "signed_promises"
        constraints = [
            UniqueConstraint(
                fields=("case_id", "kind"),
                name="uq_signed_promises",
                condition="withdrawn_at IS NULL",
            )
        ]


class InlineFix(Model):
    """当场更正: a trivial error that the officer lets the applicant correct at once (T04).

    ``marks`` holds a blind index of each named field as it was, to tell whether it was changed.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="inline_fixes", on_delete=fields.CASCADE
    )
    case_id: UUID
    names: fields.Field[list[str]] = fields.JSONField[list[str]]()
    marks: fields.Field[dict[str, Any]] = fields.JSONField[dict[str, Any]](
        db_default="{}", default=dict
    )
    note = fields.CharField(300, default="")
    opened_by = fields.UUIDField()
    opened_at = fields.DatetimeField()
    fixed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "inline_fixes"
        constraints = [
            UniqueConstraint(
                fields=("case_id",), name="uq_inline_fixes_open", condition="fixed_at IS NULL"
            )
        ]
