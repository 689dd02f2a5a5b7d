"""归档信息包: what is kept of a case for good."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from models.case import Case
from models.ids import uuid7


class ArchivePackage(Model):
    """The manifest of a closed case: every document with its digest, and the permanent mark.

    ``application_sealed``: the application as it was archived, canonical JSON of person and form.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.OneToOneRelation[Case] = fields.OneToOneField(
        "models.Case", related_name="archive", on_delete=fields.RESTRICT
    )
    case_id: UUID
    application_sealed = fields.BinaryField(null=True)
    manifest: fields.Field[dict[str, Any]] = fields.JSONField[dict[str, Any]]()
    digest = fields.CharField(64)
    signature = fields.TextField()
    verify_later_mark = fields.BooleanField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "archive_packages"
