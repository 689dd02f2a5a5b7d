"""Answers already given (Idempotency-Key), kept with the effect they belong to."""

from typing import Any

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.ids import uuid7


class GivenAnswer(Model):
    """The first answer to a key; written in the transaction of the effect."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    actor = fields.CharField(64)
    key = fields.CharField(255)
    request_digest = fields.CharField(64)
    answer: fields.Field[dict[str, Any]] = fields.JSONField[dict[str, Any]]()
    created_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "given_answers"
        constraints = [UniqueConstraint(fields=("actor", "key"), name="uq_given_answers")]
