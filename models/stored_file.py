"""Stored files: the register of what lies in the object store, and under which keys."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from models.ids import uuid7


class StoredFile(Model):
    """A file by its ``key``, the SHA-256 (hex) of its plain bytes; ``size`` counts them.

    Without ``key_sealed`` nobody can read the object at ``place`` any more; NONE as ``cipher`` is
    what was stored before sealing began. ``touched_at`` is when somebody last wanted to refer to
    it, ``checked_at`` when its bytes were last seen to be right, ``scanned_at`` when the scanner
    last answered. ``damaged_at``: what lies there is not what was stored.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    key = fields.CharField(64, unique=True)
    place = fields.CharField(128, unique=True)
    size = fields.BigIntField()
    cipher = fields.CharField(16)
    key_sealed = fields.BinaryField(null=True)
    scan = fields.CharField(12)
    scanned_at = fields.DatetimeField(null=True)
    found = fields.CharField(200, null=True)
    touched_at = fields.DatetimeField()
    checked_at = fields.DatetimeField()
    damaged_at = fields.DatetimeField(null=True)

    class Meta:
        table = "stored_files"
        indexes = [
            Index(fields=["checked_at", "id"], name="ix_stored_files_checked"),
            Index(fields=["scan", "id"], name="ix_stored_files_scan"),
        ]
