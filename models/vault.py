"""Not asked twice: what a person keeps for the next time, and what was asked of registers."""

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from models.account import Account
from models.case import Case
from models.ids import uuid7
from models.material import Material


class VaultEntry(Model):
    """我的材料库: a filed material that its owner may use again; the file stays the case's."""

    material: fields.OneToOneRelation[Material] = fields.OneToOneField(
        "models.Material", related_name="kept", primary_key=True, on_delete=fields.CASCADE
    )
    material_id: UUID
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="vault", on_delete=fields.RESTRICT
    )
    account_id: UUID
    kind = fields.CharField(100)
    kept_at = fields.DatetimeField()
    last_used_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "vault_entries"
        indexes = [Index(fields=["account_id", "kept_at"], name="ix_vault_entries_account")]


class CertificateQuery(Model):
    """A question to the e-certificate library (电子证照库): for which case, and what came of it.

    ``state`` is ASKED until there is an answer, then what it was, or DOWN. ``number_sealed`` is
    what the citizen typed, ``answer_sealed`` what the library certifies. ``asked_by`` is an
    account, ``material_id`` the version that the answer became.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="certificate_queries", on_delete=fields.RESTRICT
    )
    case_id: UUID
    code = fields.CharField(8)
    kind = fields.CharField(60)
    mode = fields.CharField(12)
    purpose = fields.CharField(200)
    state = fields.CharField(12)
    asked_by = fields.UUIDField()
    number_sealed = fields.BinaryField(null=True)
    answer_sealed = fields.BinaryField(null=True)
    source = fields.CharField(100, null=True)
    material_id = fields.UUIDField(null=True)
    asked_at = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "certificate_queries"
        indexes = [
            Index(fields=["case_id", "code"], name="ix_certificate_queries_case"),
            Index(fields=["material_id"], name="ix_certificate_queries_material"),
        ]
