"""Hand-off (交接): packages for the back-office to pull, events it reports."""

from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.case import Case
from models.ids import uuid7


class HandoffPackage(Model):
    """移交包: sealed body, its digest (SHA-256 of the canonical JSON), and who has it leased."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="packages", on_delete=fields.RESTRICT
    )
    case_id: UUID
    seq = fields.IntField()
    kind = fields.CharField(24)
    agency_uscc = fields.CharField(18)
    schema_version = fields.CharField(8)
    sealed = fields.BinaryField()
    digest = fields.CharField(64)
    receipt_digest = fields.CharField(64)
    status = fields.CharField(12, default="READY")
    lease_digest = fields.CharField(64, null=True)
    leased_by = fields.CharField(64, null=True)
    leased_until = fields.DatetimeField(null=True)
    leases = fields.IntField(default=0)
    acked_at = fields.DatetimeField(null=True)
    acked_by = fields.CharField(64, null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "handoff_packages"
        indexes = [Index(fields=["agency_uscc", "status", "id"], name="ix_packages_ready")]
        constraints = [UniqueConstraint(fields=("case_id", "seq"), name="uq_packages_seq")]


class BackofficeEvent(Model):
    """后台事件: what a back-office reported, once per source and event id."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    source = fields.CharField(64)
    event_id = fields.CharField(64)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="backoffice_events", on_delete=fields.RESTRICT
    )
    case_id: UUID
    seq = fields.IntField()
    type = fields.CharField(40)
    body_digest = fields.CharField(64)
    occurred_at = fields.DatetimeField()
    received_at = fields.DatetimeField()

    class Meta:
        table = "backoffice_events"
        constraints = [
            UniqueConstraint(fields=("source", "event_id"), name="uq_backoffice_events"),
            UniqueConstraint(fields=("case_id", "seq"), name="uq_backoffice_events_seq"),
        ]
