"""Service items (政务服务事项) and their immutable published versions."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.ids import uuid7


class Item(Model):
    """政务服务事项; ``code`` is the 业务办理项编码, ``impl_code`` the 实施编码."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    code = fields.CharField(40, unique=True)
    impl_code = fields.CharField(31)
    name = fields.CharField(200)
    agency = fields.CharField(100)
    agency_uscc = fields.CharField(18, db_index=True)
    current_version_id = fields.UUIDField(null=True)

    class Meta:
        table = "items"


class ItemVersion(Model):
    """事项版本: never changed once published, so a case keeps the version it was filed under."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    item: fields.ForeignKeyRelation[Item] = fields.ForeignKeyField(
        "models.Item", related_name="versions", on_delete=fields.RESTRICT
    )
    item_id: UUID
    version = fields.CharField(20)
    digest = fields.CharField(64)
    body: fields.Field[dict[str, Any]] = fields.JSONField[dict[str, Any]]()
    published_at = fields.DatetimeField()

    class Meta:
        table = "item_versions"
        constraints = [UniqueConstraint(fields=("item_id", "digest"), name="uq_item_version")]


class ItemDraft(Model):
    """事项草稿: a body on its way to publication, with what lint and simulation said of it.

    ``based_on`` is the published version that it starts from (None for a new item); ``writers``
    are all who wrote in it, none of whom publishes it; ``revision`` counts how often it was
    written.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    code = fields.CharField(40, db_index=True)
    agency = fields.CharField(100, default="", db_default="", db_index=True)
    based_on = fields.CharField(20, null=True)
    revision = fields.IntField(default=1, db_default=1)
    writers: fields.Field[list[str]] = fields.JSONField[list[str]](default=list, db_default="[]")
    body: fields.Field[dict[str, Any]] = fields.JSONField[dict[str, Any]]()
    digest = fields.CharField(64)
    findings: fields.Field[list[dict[str, Any]]] = fields.JSONField[list[dict[str, Any]]](
        default=list
    )
    status = fields.CharField(12, default="DRAFT")
    created_by = fields.CharField(64)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    published_by = fields.CharField(64, null=True)
    published_at = fields.DatetimeField(null=True)

    class Meta:
        table = "item_drafts"


class ItemQuestion(Model):
    """咨询知识库: a question about an item and its answer, imported, read only."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    item: fields.ForeignKeyNullableRelation[Item] = fields.ForeignKeyField(
        "models.Item", null=True, related_name="questions", on_delete=fields.CASCADE
    )
    item_id: UUID | None
    question = fields.CharField(300)
    answer = fields.TextField()
    source = fields.CharField(100)
    position = fields.IntField(default=0)

    class Meta:
        table = "item_questions"
