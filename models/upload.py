"""Uploads: files on their way, and files that are not in a slot of an application yet."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.account import Account
from models.case import Case
from models.ids import uuid7


class UploadState(StrEnum):
    """Where an upload stands; CHECKING is an OPEN one that has all its bytes."""

    OPEN = "OPEN"
    CHECKING = "CHECKING"
    STORED = "STORED"
    FILED = "FILED"
    REFUSED = "REFUSED"
    ENDED = "ENDED"

    @property
    def is_over(self) -> bool:
        """Tell whether nothing can become of it any more."""
        return self in (UploadState.REFUSED, UploadState.ENDED)


class Upload(Model):
    """A file that its owner sends; gone a day after its last byte.

    ``received`` bytes of ``size`` last, in parts sealed under keys made of ``key_sealed``. Who
    holds the ``lease`` may write. ``stored`` is what intake made of a whole file.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="uploads", on_delete=fields.RESTRICT
    )
    account_id: UUID
    case: fields.ForeignKeyNullableRelation[Case] = fields.ForeignKeyField(
        "models.Case", null=True, related_name="uploads", on_delete=fields.CASCADE
    )
    case_id: UUID | None
    code = fields.CharField(8, null=True)
    name_sealed = fields.BinaryField()
    key_sealed = fields.BinaryField()
    size = fields.BigIntField()
    received = fields.BigIntField(default=0)
    state = fields.CharEnumField(UploadState, max_length=12, default=UploadState.OPEN)
    lease = fields.UUIDField(null=True)
    leased_until = fields.DatetimeField(null=True)
    sha256 = fields.CharField(64, null=True)
    stored: Any = fields.JSONField(null=True)
    material_id = fields.UUIDField(null=True)
    refusal = fields.CharField(64, null=True)
    refusal_text = fields.CharField(300, null=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "uploads"
        indexes = [
            Index(fields=("account_id", "state"), name="ix_uploads_account"),
            Index(fields=("case_id",), name="ix_uploads_case"),
            Index(fields=("expires_at",), name="ix_uploads_expires"),
        ]

    @property
    def is_whole(self) -> bool:
        return bool(self.received == self.size)

    @property
    def shown_state(self) -> UploadState:
        """Return the state as its owner sees it."""
        checking = self.state is UploadState.OPEN and self.is_whole
        return UploadState.CHECKING if checking else self.state

    def is_leased(self, now: datetime) -> bool:
        return self.leased_until is not None and self.leased_until > now


class UploadPart(Model):
    """Some bytes of an upload that last: ``size`` of them from ``start`` on, in an own object."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    upload: fields.ForeignKeyRelation[Upload] = fields.ForeignKeyField(
        "models.Upload", related_name="parts", on_delete=fields.CASCADE
    )
    upload_id: UUID
    start = fields.BigIntField()
    size = fields.BigIntField()

    class Meta:
        table = "upload_parts"
        constraints = [UniqueConstraint(fields=("upload_id", "start"), name="uq_upload_parts")]
