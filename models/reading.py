"""Automatic pre-review (自动预审): what was read of a material, what people said to findings."""

from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.ids import uuid7
from models.material import Material


class MaterialReading(Model):
    """What the machine read of one version of a material: WAITING, READ, or UNREADABLE.

    Findings are not kept: they follow from the reading, the item and the form, at any time.
    """

    material: fields.OneToOneRelation[Material] = fields.OneToOneField(
        "models.Material", related_name="reading", primary_key=True, on_delete=fields.CASCADE
    )
    material_id: UUID
    state = fields.CharField(12)
    engine = fields.CharField(60, null=True)
    sealed = fields.BinaryField(null=True)
    asked_at = fields.DatetimeField()
    read_at = fields.DatetimeField(null=True)

    class Meta:
        table = "material_readings"
        indexes = [Index(fields=["state", "asked_at"], name="ix_material_readings_state")]


class FindingAnswer(Model):
    """What a person said to a finding: INSISTED (applicant, against a warning), LOOK_ASKED
    (applicant, for a person's look), OVERRULED or UPHELD (officer; 个人信息保护法24).

    ``page`` is 0 for the material as a whole; ``said_by`` an account's or an officer's id.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    material: fields.ForeignKeyRelation[Material] = fields.ForeignKeyField(
        "models.Material", related_name="finding_answers", on_delete=fields.CASCADE
    )
    material_id: UUID
    code = fields.CharField(30)
    page = fields.SmallIntField()
    word = fields.CharField(12)
    reason_sealed = fields.BinaryField(null=True)
    said_by = fields.UUIDField()
    at = fields.DatetimeField()

    class Meta:
        table = "finding_answers"
        constraints = [
            UniqueConstraint(
                fields=("material_id", "code", "page", "word"), name="uq_finding_answers"
            )
        ]
        indexes = [Index(fields=["word", "at"], name="ix_finding_answers_word")]
