"""Window staff, windows, and the machines of back-office systems."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model

from models.ids import uuid7


class Window(Model):
    """综合窗口: where a person can hand in, be helped and pick up."""

    id = fields.CharField(32, primary_key=True)
    name = fields.CharField(100)
    unit = fields.CharField(100)
    region = fields.CharField(12)
    address = fields.CharField(200)
    hours = fields.CharField(200)
    phone = fields.CharField(32)

    class Meta:
        table = "windows"


class StaffMember(Model):
    """工作人员. ``roles`` holds names of ``models.rules.lifecycle.Role``."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    username = fields.CharField(64, unique=True)
    name = fields.CharField(50)
    password_hash = fields.CharField(200)
    roles: fields.Field[list[str]] = fields.JSONField[list[str]]()
    unit = fields.CharField(100)
    window: fields.ForeignKeyNullableRelation[Window] = fields.ForeignKeyField(
        "models.Window", null=True, on_delete=fields.RESTRICT
    )
    window_id: str | None
    active = fields.BooleanField(default=True)
    failures = fields.SmallIntField(default=0)
    locked_until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "staff_members"

    def is_locked(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until


class BackofficeClient(Model):
    """A back-office approval system (后台审批系统): what it may pull is its agency's."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    client_id = fields.CharField(64, unique=True)
    name = fields.CharField(100)
    agency_uscc = fields.CharField(18)
    secret_hash = fields.CharField(200)
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "backoffice_clients"
