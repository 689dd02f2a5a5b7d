"""Messages to people (订阅消息, 短信): recorded before they are sent."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from models.case import Case
from models.ids import uuid7


class Message(Model):
    """消息: ``key`` makes the same occasion one message however often its job runs."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="messages", on_delete=fields.CASCADE
    )
    case_id: UUID
    key = fields.CharField(120, unique=True)
    template = fields.CharField(40)
    data: fields.Field[dict[str, Any]] = fields.JSONField[dict[str, Any]]()
    status = fields.CharField(16, default="PENDING")
    channel = fields.CharField(12, null=True)
    created_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "messages"
