"""Pages of a material that was put together from photos: each photo as it came, in order."""

from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.ids import uuid7
from models.material import Material


class MaterialPage(Model):
    """A photo that is page ``no`` of a material, counted from 1; the original is evidence."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    material: fields.ForeignKeyRelation[Material] = fields.ForeignKeyField(
        "models.Material", related_name="sheets", on_delete=fields.CASCADE
    )
    material_id: UUID
    no = fields.SmallIntField()
    name_sealed = fields.BinaryField()
    original_key = fields.CharField(128)
    sha256 = fields.CharField(64)
    mime = fields.CharField(60)
    size = fields.BigIntField()
    working_key = fields.CharField(128)
    working_sha256 = fields.CharField(64)
    working_mime = fields.CharField(60)
    working_size = fields.BigIntField()
    thumbnail_key = fields.CharField(128, null=True)
    thumbnail_size = fields.BigIntField(null=True)
    width = fields.IntField(null=True)
    height = fields.IntField(null=True)

    class Meta:
        table = "material_pages"
        constraints = [UniqueConstraint(fields=("material_id", "no"), name="uq_material_pages")]
