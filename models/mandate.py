"""Enterprises, and who may act for whom: one table of powers, never changed but to end them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.account import Account
from models.case import Case
from models.ids import uuid7
from models.item import Item
from models.rules.mandates import MandateStatus


class Enterprise(Model):
    """法人和其他组织: whose account it is. Nobody logs in as one; people act for it."""

    account: fields.OneToOneRelation[Account] = fields.OneToOneField(
        "models.Account", related_name="enterprise", primary_key=True, on_delete=fields.RESTRICT
    )
    account_id: UUID
    name = fields.CharField(100)
    uscc = fields.CharField(18, unique=True)
    org_type = fields.CharField(24)
    verified_at = fields.DatetimeField()

    class Meta:
        table = "enterprises"


class Mandate(Model):
    """授权: ``agent`` may do ``acts`` for ``principal``; all items and cases where none is named.

    ``agent_index`` is the blind index of the agent's ID number: who has no account yet is found
    by it once they are known. ``basis`` says who saw that it is true.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    principal: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="given", on_delete=fields.RESTRICT
    )
    principal_id: UUID
    agent: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", null=True, related_name="held", on_delete=fields.RESTRICT
    )
    agent_id: UUID | None
    agent_index = fields.CharField(64)
    agent_name_sealed = fields.BinaryField()
    kind = fields.CharField(24)
    acts: fields.Field[list[str]] = fields.JSONField[list[str]]()
    item: fields.ForeignKeyNullableRelation[Item] = fields.ForeignKeyField(
        "models.Item", null=True, related_name="mandates", on_delete=fields.RESTRICT
    )
    item_id: UUID | None
    case: fields.ForeignKeyNullableRelation[Case] = fields.ForeignKeyField(
        "models.Case", null=True, related_name="mandates", on_delete=fields.RESTRICT
    )
    case_id: UUID | None
    status = fields.CharField(12)
    basis = fields.CharField(200)
    proof: fields.Field[dict[str, Any] | None] = fields.JSONField[dict[str, Any] | None](null=True)
    granted_by = fields.UUIDField()
    proven_by = fields.UUIDField(null=True)
    valid_from = fields.DatetimeField()
    valid_until = fields.DatetimeField(null=True)
    accepted_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    ended_by = fields.UUIDField(null=True)
    ended_why = fields.CharField(100, db_default="", default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "mandates"
        indexes = [
            Index(fields=["principal_id", "agent_id"], name="ix_mandates_principal"),
            Index(fields=["agent_id"], name="ix_mandates_agent"),
            Index(fields=["agent_index"], name="ix_mandates_index"),
            Index(fields=["case_id"], name="ix_mandates_case"),
        ]
        constraints = [
            UniqueConstraint(
                fields=("principal_id",),
                name="uq_mandates_legal_representative",
                condition="kind = 'LEGAL_REPRESENTATIVE' AND status = 'ACTIVE'",
            ),
            UniqueConstraint(
                fields=("principal_id", "agent_id"),
                name="uq_mandates_guardian",
                condition="kind = 'GUARDIAN' AND status = 'ACTIVE'",
            ),
        ]

    def is_good(self, now: datetime) -> bool:
        """Tell whether somebody may act by it now."""
        in_time = self.valid_from <= now and (self.valid_until is None or now < self.valid_until)
        return self.status == MandateStatus.ACTIVE and in_time


class ProxyAgent(Model):
    """代办员: a person whom a township appointed to act, free of charge, for who asks for it."""

    account: fields.OneToOneRelation[Account] = fields.OneToOneField(
        "models.Account", related_name="proxy_agent", primary_key=True, on_delete=fields.RESTRICT
    )
    account_id: UUID
    unit = fields.CharField(100)
    appointed_by = fields.UUIDField()
    appointed_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "proxy_agents"


class CoApplicant(Model):
    """共同申请人: signs the form as it stands; a form that changed since is not signed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="co_applicants", on_delete=fields.CASCADE
    )
    case_id: UUID
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", null=True, related_name="shared", on_delete=fields.RESTRICT
    )
    account_id: UUID | None
    name_sealed = fields.BinaryField()
    id_number_sealed = fields.BinaryField()
    id_number_index = fields.CharField(64)
    role = fields.CharField(20)
    signed_at = fields.DatetimeField(null=True)
    signed_digest = fields.CharField(64, null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "co_applicants"
        indexes = [
            Index(fields=["account_id"], name="ix_co_applicants_account"),
            Index(fields=["id_number_index"], name="ix_co_applicants_index"),
        ]
        constraints = [
            UniqueConstraint(fields=("case_id", "id_number_index"), name="uq_co_applicants")
        ]
