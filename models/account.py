"""Accounts, the persons behind them, the ways they came in, and their sessions."""

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.ids import uuid7


class Account(Model):
    """用户账号: one per person or organisation; ``level`` is the real-name level (实名等级).

    Somebody without a phone has an account too, with no way in: others act for them. Nobody comes
    in as an organisation (``kind`` ENTERPRISE): people do, by a mandate.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    kind = fields.CharField(12, db_default="PERSON", default="PERSON")
    level = fields.SmallIntField(default=0)
    phone_sealed = fields.BinaryField(null=True)
    phone_index = fields.CharField(64, null=True, db_index=True)
    elder_mode = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)

    person: fields.BackwardOneToOneRelation["Person"]

    class Meta:
        table = "accounts"


class Person(Model):
    """自然人: who a real-name check found behind an account."""

    account: fields.OneToOneRelation[Account] = fields.OneToOneField(
        "models.Account", related_name="person", primary_key=True, on_delete=fields.RESTRICT
    )
    account_id: UUID
    name_sealed = fields.BinaryField()
    id_number_sealed = fields.BinaryField()
    id_number_index = fields.CharField(64, unique=True)
    verified_at = fields.DatetimeField()

    class Meta:
        table = "persons"


class WechatIdentity(Model):
    """A WeChat user of one of our apps; only WeChat says who that is."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    appid = fields.CharField(64)
    openid = fields.CharField(64)
    unionid = fields.CharField(64, null=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="wechat_identities", on_delete=fields.RESTRICT
    )
    account_id: UUID
    created_at = fields.DatetimeField()

    class Meta:
        table = "wechat_identities"
        constraints = [
            UniqueConstraint(fields=("appid", "openid"), name="uq_wechat_identity"),
        ]


class Session(Model):
    """A family of refresh tokens: only the newest is good, an older one ends the family."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="sessions", on_delete=fields.CASCADE
    )
    account_id: UUID
    refresh_digest = fields.CharField(64)
    previous_digest = fields.CharField(64, null=True)
    rotated_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "sessions"

    def is_open(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at
