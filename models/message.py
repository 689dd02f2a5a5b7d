"""Messages to people (订阅消息, 短信): recorded before they are sent."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from models.account import Account
from models.case import Case
from models.ids import uuid7


class Message(Model):
    """消息: ``key`` makes the same occasion one message however often its job runs.

    It goes to ``account`` or, where none is named, to whose case it is.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyNullableRelation[Case] = fields.ForeignKeyField(
        "models.Case", null=True, related_name="messages", on_delete=fields.CASCADE
    )
    case_id: UUID | None
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", null=True, related_name="messages", on_delete=fields.CASCADE
    )
    account_id: UUID | None
    key = fields.CharField(120, unique=True)
    template = fields.CharField(40)
    data: fields.Field[dict[str, Any]] = fields.JSONField[dict[str, Any]]()
    status = fields.CharField(16, default="PENDING")
    channel = fields.CharField(12, null=True)
    created_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "messages"
