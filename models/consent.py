"""Consents (同意记录) and what a person may ask of whoever handles their data (个人信息保护法)."""

from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.account import Account
from models.case import Case
from models.ids import uuid7


class Consent(Model):
    """同意记录: an answer to one purpose in the words of one version; never changed but to end it.

    ``digest`` is the SHA-256 of the words that were shown. A notice (kind NOTICE) is of one case.
    ``given_by`` is the guardian's account where a guardian answered.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="consents", on_delete=fields.RESTRICT
    )
    account_id: UUID
    case: fields.ForeignKeyNullableRelation[Case] = fields.ForeignKeyField(
        "models.Case", null=True, related_name="notices_shown", on_delete=fields.RESTRICT
    )
    case_id: UUID | None
    purpose = fields.CharField(24)
    version = fields.CharField(20)
    kind = fields.CharField(12)
    answer = fields.CharField(8)
    digest = fields.CharField(64)
    given_by = fields.UUIDField(null=True)
    answered_at = fields.DatetimeField()
    withdrawn_at = fields.DatetimeField(null=True)
    superseded_at = fields.DatetimeField(null=True)

    class Meta:
        table = "consents"
        constraints = [
            UniqueConstraint(
                fields=("account_id", "purpose"),
                name="uq_consents_standing",
                condition="superseded_at IS NULL AND case_id IS NULL",
            ),
            UniqueConstraint(
                fields=("case_id", "purpose"),
                name="uq_consents_case",
                condition="case_id IS NOT NULL",
            ),
        ]


class PersonalRequest(Model):
    """个人信息权利请求: what was asked, until when it has to be answered, and what came of it.

    ``wish_sealed`` and ``answer_sealed`` are free text of the person and to them; ``export_sealed``
    is a copy of everything, kept until ``export_until``.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="personal_requests", on_delete=fields.RESTRICT
    )
    account_id: UUID
    kind = fields.CharField(12)
    status = fields.CharField(12, default="OPEN")
    wish_sealed = fields.BinaryField(null=True)
    answer_sealed = fields.BinaryField(null=True)
    asked_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    handled_by = fields.UUIDField(null=True)
    ended_at = fields.DatetimeField(null=True)
    export_sealed = fields.BinaryField(null=True)
    export_until = fields.DatetimeField(null=True)

    class Meta:
        table = "personal_requests"
        indexes = [
            Index(fields=["status", "due_at", "id"], name="ix_personal_requests_open"),
            Index(fields=["account_id"], name="ix_personal_requests_account"),
        ]
        constraints = [
            UniqueConstraint(
                fields=("account_id", "kind"),
                name="uq_personal_requests_open",
                condition="status = 'OPEN'",
            )
        ]
