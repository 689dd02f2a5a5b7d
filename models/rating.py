"""Ratings (好差评): one per case and stage."""

from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.case import Case
from models.ids import uuid7


class Rating(Model):
    """评价: 1 to 5 stars; ``stage`` is ACCEPT (受理) or RESULT (办结)."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="ratings", on_delete=fields.RESTRICT
    )
    case_id: UUID
    stage = fields.CharField(8)
    stars = fields.SmallIntField()
    options: fields.Field[list[str]] = fields.JSONField[list[str]]()
    text = fields.CharField(500, default="")
    anonymous = fields.BooleanField(default=False)
    indicator_version = fields.CharField(12)
    at = fields.DatetimeField()

    class Meta:
        table = "ratings"
        constraints = [UniqueConstraint(fields=("case_id", "stage"), name="uq_ratings")]
