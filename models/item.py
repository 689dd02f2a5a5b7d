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
