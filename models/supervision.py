"""Supervision (电子监察): alerts, and the log that shows every later edit."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model
from tortoise.queryset import QuerySet

from models.case import Case
from models.ids import uuid7


class MonitorAlert(Model):
    """监察预警: a limit that nears or is over (超时限), or a refused step (逆程序, 超权限).

    ``code`` names the clock or the refusal; ``data`` holds no personal data.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    kind = fields.CharField(16)
    light = fields.CharField(8)
    code = fields.CharField(64)
    case: fields.ForeignKeyNullableRelation[Case] = fields.ForeignKeyField(
        "models.Case", null=True, related_name="alerts", on_delete=fields.RESTRICT
    )
    case_id: UUID | None
    clock_id = fields.UUIDField(null=True)
    owner_role = fields.CharField(16)
    owner_unit = fields.CharField(100)
    actor_role = fields.CharField(16, null=True)
    actor_id = fields.CharField(64, null=True)
    data: fields.Field[dict[str, Any]] = fields.JSONField[dict[str, Any]](default=dict)
    raised_at = fields.DatetimeField()
    resolved_at = fields.DatetimeField(null=True)
    resolved_by = fields.CharField(64, null=True)
    resolution = fields.CharField(300, default="")

    class Meta:
        table = "monitor_alerts"
        indexes = [Index(fields=["raised_at", "id"], name="ix_alerts_raised")]
        constraints = [
            # A timer that runs twice says the same thing once.
            UniqueConstraint(
                fields=("clock_id", "light"),
                name="uq_alerts_clock",
                condition="clock_id IS NOT NULL",
            ),
        ]


class AuditEntry(Model):
    """审计: an act that is no step of a case. ``hash`` covers the row and the one before it."""

    seq = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField()
    actor_role = fields.CharField(16)
    actor_id = fields.CharField(64, null=True)
    action = fields.CharField(60)
    object_type = fields.CharField(40)
    object_id = fields.CharField(64)
    data: fields.Field[dict[str, Any]] = fields.JSONField[dict[str, Any]](default=dict)
    previous = fields.CharField(64)
    hash = fields.CharField(64)

    class Meta:
        table = "audit_log"

    @classmethod
    def of_others(cls, actor_id: str) -> "QuerySet[AuditEntry]":
        """Return what somebody else did, or nobody: the only way in for auditors."""
        return cls.filter(Q(actor_id__isnull=True) | ~Q(actor_id=actor_id))


class AuditHead(Model):
    """The end of the audit log: whoever appends holds this row, and a cut-off end shows."""

    name = fields.CharField(16, primary_key=True)
    seq = fields.BigIntField()
    hash = fields.CharField(64)

    class Meta:
        table = "audit_heads"
