from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from models.ids import uuid7


def _id() -> "fields.Field[Any]":
    return fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)


def _time() -> "fields.Field[Any]":
    return fields.DatetimeField(auto_now=False, auto_now_add=False)


def _maybe_time() -> "fields.Field[Any]":
    return fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)


def _account(
    related_name: str, column: str = "account_id", on_delete: OnDelete = OnDelete.CASCADE
) -> Any:
    return fields.ForeignKeyField(
        "models.Account",
        source_field=column,
        db_constraint=True,
        to_field="id",
        related_name=related_name,
        on_delete=on_delete,
    )


class Migration(migrations.Migration):
    dependencies = [("models", "0013_staff")]

    initial = False

    operations = [
        ops.AlterModelOptions(
            "Account",
            {
                "table": "accounts",
                "app": "models",
                "pk_attr": "id",
                "table_description": "用户账号: one per person or organisation; ``level`` is the "
                "real-name level (实名等级).",
            },
        ),
        ops.AddField("Account", "joined_id", fields.UUIDField(null=True)),
        ops.AlterField("Person", "id_number_sealed", fields.BinaryField(null=True)),
        ops.AlterField(
            "Person", "id_number_index", fields.CharField(null=True, unique=True, max_length=64)
        ),
        ops.AddField("Person", "assertion_type", fields.CharField(null=True, max_length=16)),
        ops.AddField(
            "Person", "assertion_index", fields.CharField(null=True, unique=True, max_length=64)
        ),
        ops.AddField(
            "WechatIdentity",
            "app",
            fields.CharField(db_default="MINI", default="MINI", max_length=8),
        ),
        ops.AddField(
            "Session",
            "way",
            fields.CharField(db_default="WECHAT_MINI", default="WECHAT_MINI", max_length=12),
        ),
        ops.AddField("Session", "way_id", fields.UUIDField(null=True)),
        ops.AddField(
            "Session", "device", fields.CharField(db_default="", default="", max_length=60)
        ),
        ops.CreateModel(
            name="LoginIdentity",
            fields=[
                ("id", _id()),
                ("kind", fields.CharField(max_length=8)),
                ("issuer", fields.CharField(max_length=200)),
                ("subject", fields.CharField(max_length=64)),
                ("sealed", fields.BinaryField(null=True)),
                ("account", _account("login_identities", on_delete=OnDelete.RESTRICT)),
                ("created_at", _time()),
                ("used_at", _time()),
            ],
            options={
                "table": "login_identities",
                "app": "models",
                "indexes": [Index(fields=["account_id"], name="ix_login_identities_account")],
                "constraints": [
                    UniqueConstraint(
                        fields=("kind", "issuer", "subject"), name="uq_login_identity"
                    )
                ],
                "pk_attr": "id",
                "table_description": "Another way in: a phone number, or a subject of a unified "
                "identity (统一身份认证).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FaceCheck",
            fields=[
                ("id", _id()),
                ("account", _account("face_checks")),
                ("provider", fields.CharField(max_length=12)),
                ("token_sealed", fields.BinaryField()),
                ("return_digest", fields.CharField(null=True, max_length=64)),
                ("openid", fields.CharField(null=True, max_length=64)),
                ("name_sealed", fields.BinaryField()),
                ("id_number_sealed", fields.BinaryField()),
                ("status", fields.CharField(default="PENDING", max_length=8)),
                ("expires_at", _time()),
                ("ended_at", _maybe_time()),
                ("created_at", _time()),
            ],
            options={
                "table": "face_checks",
                "app": "models",
                "indexes": [Index(fields=["account_id"], name="ix_face_checks_account")],
                "pk_attr": "id",
                "table_description": "核身: one face check that was begun; of its pictures nothing "
                "is ever asked for or kept.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="JoinOffer",
            fields=[
                ("id", _id()),
                ("account", _account("join_offers")),
                ("target", _account("join_targets", "target_id")),
                ("proof", fields.CharField(null=True, max_length=8)),
                ("expires_at", _time()),
                ("used_at", _maybe_time()),
                ("created_at", _time()),
            ],
            options={
                "table": "join_offers",
                "app": "models",
                "indexes": [
                    Index(fields=["account_id"], name="ix_join_offers_account"),
                    Index(fields=["target_id"], name="ix_join_offers_target"),
                ],
                "pk_attr": "id",
                "table_description": "An offer to join ``account`` to ``target``: the register "
                "says that they are one person's.",
            },
            bases=["Model"],
        ),
        ops.AddConstraint(
            "LoginIdentity",
            UniqueConstraint(fields=("kind", "issuer", "subject"), name="uq_login_identity"),
        ),
        ops.AddIndex("Session", Index(fields=["account_id"], name="ix_sessions_account")),
        ops.AddIndex(
            "WechatIdentity", Index(fields=["account_id"], name="ix_wechat_identities_account")
        ),
        ops.AddIndex(
            "WechatIdentity", Index(fields=["unionid"], name="ix_wechat_identities_unionid")
        ),
    ]
