"""Notices (文书): numbered, signed documents that a case owes its applicant."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.case import Case
from models.ids import uuid7


class Notice(Model):
    """文书通知 of a kind N01-N21. ``seq`` is the step that owed it, with its facts.

    It gets ``doc_no`` (文号), ``check_code`` and its words (``content_sealed``, canonical JSON) at
    once, then ``digest`` (SHA-256 of the PDF), ``signature`` and ``file_key`` with its file.
    ``data`` holds facts that whoever superseded it gave (no personal data).
    ``served_via`` and ``served_at`` tell how and when it counts as served (送达).
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="notices", on_delete=fields.CASCADE
    )
    case_id: UUID
    kind = fields.CharField(3)
    seq = fields.IntField()
    edition = fields.SmallIntField(db_default=1, default=1)
    issued_at = fields.DatetimeField()
    doc_no = fields.CharField(80, null=True, unique=True)
    check_code = fields.CharField(20, null=True, unique=True)
    content_sealed = fields.BinaryField(null=True)
    digest = fields.CharField(64, null=True)
    signature = fields.TextField(null=True)
    file_key = fields.CharField(64, null=True)
    size = fields.IntField(null=True)
    data: Any = fields.JSONField(null=True)
    served_via = fields.CharField(12, null=True)
    served_at = fields.DatetimeField(null=True)
    read_at = fields.DatetimeField(null=True)
    supersedes: fields.ForeignKeyNullableRelation["Notice"] = fields.ForeignKeyField(
        "models.Notice", null=True, related_name="superseded_by", on_delete=fields.RESTRICT
    )
    supersedes_id: UUID | None

    class Meta:
        table = "notices"
        constraints = [
            UniqueConstraint(
                fields=("case_id", "kind", "seq", "edition"), name="uq_notices_edition"
            )
        ]


class NoticeSerial(Model):
    """The newest number of an organ's kind of document in a year; ``prefix`` is all three."""

    prefix = fields.CharField(80, primary_key=True)
    serial = fields.IntField()

    class Meta:
        table = "notice_serials"


class ServiceConsent(Model):
    """同意电子送达: given for one case with the address it goes to, withdrawn for what comes later.

    ``statement`` is the version of the words that the person agreed to, ``address`` where it
    arrives (INBOX).
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="service_consents", on_delete=fields.CASCADE
    )
    case_id: UUID
    statement = fields.CharField(20)
    address = fields.CharField(12)
    given_at = fields.DatetimeField()
    withdrawn_at = fields.DatetimeField(null=True)

    class Meta:
        table = "service_consents"
        constraints = [
            UniqueConstraint(
                fields=("case_id",),
                name="uq_service_consents_standing",
                condition="withdrawn_at IS NULL",
            )
        ]
