"""Accounts, the persons behind them, the ways they came in, and their sessions."""

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.ids import uuid7


class Account(Model):
    """用户账号: one per person or organisation; ``level`` is the real-name level (实名等级).

    Levels are those of ``models.rules.levels``. An account that turned out to be the same
    person's as another has joined it and is empty.
    Somebody without a phone has an account too, with no way in: others act for them. Nobody comes
    in as an organisation (``kind`` ENTERPRISE): people do, by a mandate.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    kind = fields.CharField(12, db_default="PERSON", default="PERSON")
    level = fields.SmallIntField(default=0)
    phone_sealed = fields.BinaryField(null=True)
    phone_index = fields.CharField(64, null=True, db_index=True)
    elder_mode = fields.BooleanField(default=False)
    joined_id = fields.UUIDField(null=True)
    created_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)

    person: fields.BackwardOneToOneRelation["Person"]

    class Meta:
        table = "accounts"


class Person(Model):
    """自然人: who a real-name check found behind an account.

    Who showed a 网号/网证 need not have told their ID number: ``assertion_index`` finds them.
    """

    account: fields.OneToOneRelation[Account] = fields.OneToOneField(
        "models.Account", related_name="person", primary_key=True, on_delete=fields.RESTRICT
    )
    account_id: UUID
    name_sealed = fields.BinaryField()
    id_number_sealed = fields.BinaryField(null=True)
    id_number_index = fields.CharField(64, null=True, unique=True)
    assertion_type = fields.CharField(16, null=True)
    assertion_index = fields.CharField(64, null=True, unique=True)
    verified_at = fields.DatetimeField()

    class Meta:
        table = "persons"


class WechatIdentity(Model):
    """A WeChat user of one of our apps; only WeChat says who that is.

    ``app`` tells which kind of app the appid is: MINI, H5 or APP.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    app = fields.CharField(8, db_default="MINI", default="MINI")
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
        indexes = [
            Index(fields=["account_id"], name="ix_wechat_identities_account"),
            Index(fields=["unionid"], name="ix_wechat_identities_unionid"),
        ]
        constraints = [
            UniqueConstraint(fields=("appid", "openid"), name="uq_wechat_identity"),
        ]


class LoginIdentity(Model):
    """Another way in: a phone number, or a subject of a unified identity (统一身份认证).

    ``subject`` is a blind index; ``sealed`` is the phone number, to be shown masked.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    kind = fields.CharField(8)
    issuer = fields.CharField(200)
    subject = fields.CharField(64)
    sealed = fields.BinaryField(null=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="login_identities", on_delete=fields.RESTRICT
    )
    account_id: UUID
    created_at = fields.DatetimeField()
    used_at = fields.DatetimeField()

    class Meta:
        table = "login_identities"
        indexes = [Index(fields=["account_id"], name="ix_login_identities_account")]
        constraints = [
            UniqueConstraint(fields=("kind", "issuer", "subject"), name="uq_login_identity"),
        ]


class Session(Model):
    """A family of refresh tokens: only the newest is good, an older one ends the family.

    ``way`` is the kind of way that opened it and ``way_id`` which one; ``device`` is a short name
    of the phone or browser, for its owner.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="sessions", on_delete=fields.CASCADE
    )
    account_id: UUID
    way = fields.CharField(12, db_default="WECHAT_MINI", default="WECHAT_MINI")
    way_id = fields.UUIDField(null=True)
    device = fields.CharField(60, db_default="", default="")
    refresh_digest = fields.CharField(64)
    previous_digest = fields.CharField(64, null=True)
    rotated_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "sessions"
        indexes = [Index(fields=["account_id"], name="ix_sessions_account")]

    def is_open(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


class FaceCheck(Model):
    """核身: one face check that was begun; of its pictures nothing is ever asked for or kept."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="face_checks", on_delete=fields.CASCADE
    )
    account_id: UUID
    provider = fields.CharField(12)
    token_sealed = fields.BinaryField()
    return_digest = fields.CharField(64, null=True)
    openid = fields.CharField(64, null=True)
    name_sealed = fields.BinaryField()
    id_number_sealed = fields.BinaryField()
    status = fields.CharField(8, default="PENDING")
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "face_checks"
        indexes = [Index(fields=["account_id"], name="ix_face_checks_account")]


class JoinOffer(Model):
    """An offer to join ``account`` to ``target``: the register says that they are one person's.

    It is good once and for a while, and only with a proof that the asker controls both.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="join_offers", on_delete=fields.CASCADE
    )
    account_id: UUID
    target: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="join_targets", on_delete=fields.CASCADE
    )
    target_id: UUID
    proof = fields.CharField(8, null=True)
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "join_offers"
        indexes = [
            Index(fields=["account_id"], name="ix_join_offers_account"),
            Index(fields=["target_id"], name="ix_join_offers_target"),
        ]
