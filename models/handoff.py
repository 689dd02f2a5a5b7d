"""Hand-off (交接): packages for the back-office to pull, events it reports."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.case import Case
from models.ids import uuid7
from models.staff import BackofficeClient


class HandoffPackage(Model):
    """移交包: sealed body, its digest (SHA-256 of the canonical JSON), and who has it leased.

    ``signature`` is a detached JWS over the body (None before schema 3). ``pull_by`` is until when
    it has to be acknowledged, ``lease_began_at`` when the present lease did; ``returns`` counts how
    often it came back with the technical reason ``return_code`` and ``return_text``.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="packages", on_delete=fields.RESTRICT
    )
    case_id: UUID
    seq = fields.IntField()
    kind = fields.CharField(24)
    agency_uscc = fields.CharField(18)
    item_code = fields.CharField(40, default="", db_default="")
    schema_version = fields.CharField(8)
    sealed = fields.BinaryField()
    digest = fields.CharField(64)
    receipt_digest = fields.CharField(64)
    signature = fields.TextField(null=True)
    status = fields.CharField(12, default="READY")
    lease_digest = fields.CharField(64, null=True)
    leased_by = fields.CharField(64, null=True)
    leased_until = fields.DatetimeField(null=True)
    lease_began_at = fields.DatetimeField(null=True)
    leases = fields.IntField(default=0)
    returns = fields.IntField(default=0, db_default=0)
    return_code = fields.CharField(24, null=True)
    return_text = fields.CharField(300, null=True)
    pull_by = fields.DatetimeField(null=True)
    acked_at = fields.DatetimeField(null=True)
    acked_by = fields.CharField(64, null=True)
    created_at = fields.DatetimeField()

    class Meta:
        # What is not acknowledged has partial indexes, which the migration writes in SQL.
        table = "handoff_packages"
        constraints = [UniqueConstraint(fields=("case_id", "seq"), name="uq_packages_seq")]


class HandoffLog(Model):
    """移交记录: what happened to a package, when and by whom; never changed.

    ``act``: LEASED, EXTENDED, RETURNED, ACKED, RESENT or ESCALATED. ``by`` is a client, a member
    of staff or nobody; ``code`` and ``text`` are why; ``until`` is the lease's end.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    package: fields.ForeignKeyRelation[HandoffPackage] = fields.ForeignKeyField(
        "models.HandoffPackage", related_name="log", on_delete=fields.CASCADE
    )
    package_id: UUID
    at = fields.DatetimeField()
    act = fields.CharField(12)
    by = fields.CharField(80, null=True)
    code = fields.CharField(24, null=True)
    text = fields.CharField(300, null=True)
    until = fields.DatetimeField(null=True)

    class Meta:
        table = "handoff_log"
        indexes = [Index(fields=["package_id", "id"], name="ix_handoff_log_package")]


class HandoffEscalation(Model):
    """升级: that somebody was told of a package that does not arrive, once for each step.

    ``reason``: LATE, UNACKED or RETURNED; ``step``: 1 the back-office, 2 supervision.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    package: fields.ForeignKeyRelation[HandoffPackage] = fields.ForeignKeyField(
        "models.HandoffPackage", related_name="escalations", on_delete=fields.CASCADE
    )
    package_id: UUID
    reason = fields.CharField(12)
    step = fields.SmallIntField()
    at = fields.DatetimeField()

    class Meta:
        table = "handoff_escalations"
        constraints = [
            UniqueConstraint(fields=("package_id", "reason", "step"), name="uq_handoff_escalations")
        ]


class WakeUp(Model):
    """唤醒: where a back-office wants to hear that something waits, and the call under way.

    ``due_at`` is when the next try is, None when there is nothing to say; ``told_until`` is up to
    when everything that came was told of. ``disabled_at``: the address answered 410, or an
    administrator stopped it.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    machine: fields.OneToOneRelation[BackofficeClient] = fields.OneToOneField(
        "models.BackofficeClient", related_name="wake_up", on_delete=fields.CASCADE
    )
    machine_id: UUID
    url = fields.CharField(300)
    secret_sealed = fields.BinaryField()
    message_id = fields.UUIDField(null=True)
    attempt = fields.SmallIntField(default=0)
    due_at = fields.DatetimeField(null=True)
    begun_at = fields.DatetimeField(null=True)
    told_until = fields.DatetimeField(null=True)
    last_outcome = fields.CharField(24, null=True)
    disabled_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "handoff_wake_ups"


class BackofficeEvent(Model):
    """后台事件: what a back-office reported, once per source and event id.

    ``fate``: APPLIED; PARKED while an earlier number is missing, its content ``sealed``; REFUSED
    when its turn came, with ``code`` and the ``answer`` that its sender reads. ``settled_at`` is
    when it was applied or refused; ``alerted_at`` when supervision heard of the gap before it.
    """

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
    fate = fields.CharField(12, default="APPLIED", db_default="APPLIED")
    sealed = fields.BinaryField(null=True)
    code = fields.CharField(64, null=True)
    answer: fields.Field[dict[str, Any] | None] = fields.JSONField[dict[str, Any] | None](null=True)
    settled_at = fields.DatetimeField(null=True)
    alerted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "backoffice_events"
        # What waits has a partial index, which the migration writes in SQL.
        indexes = [
            Index(fields=["source", "id"], name="ix_backoffice_events_source"),
            Index(fields=["case_id", "fate"], name="ix_backoffice_events_case"),
        ]
        constraints = [
            UniqueConstraint(fields=("source", "event_id"), name="uq_backoffice_events"),
            # What was refused used up no number.
            UniqueConstraint(
                fields=("case_id", "seq"),
                name="uq_backoffice_events_seq",
                condition="fate <> 'REFUSED'",
            ),
        ]


class Reentry(Model):
    """人工转录: a package that somebody keyed into a system that cannot pull, and its number there.

    ``keyed_by`` is the member of staff.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    package: fields.OneToOneRelation[HandoffPackage] = fields.OneToOneField(
        "models.HandoffPackage", related_name="reentry", on_delete=fields.RESTRICT
    )
    package_id: UUID
    external_no = fields.CharField(100)
    keyed_by = fields.UUIDField()
    at = fields.DatetimeField()

    class Meta:
        table = "reentries"


class ImportedCase(Model):
    """外来办件: a case that was lodged elsewhere, once per agency and number there.

    ``id_number_index`` finds its applicant when they come; ``claimed_at`` is when they did, and
    ``body_digest`` what the import said.
    """

    case: fields.OneToOneRelation[Case] = fields.OneToOneField(
        "models.Case", related_name="imported", primary_key=True, on_delete=fields.RESTRICT
    )
    case_id: UUID
    agency_uscc = fields.CharField(18)
    external_no = fields.CharField(100)
    source = fields.CharField(64)
    id_number_index = fields.CharField(64)
    body_digest = fields.CharField(64)
    claimed_at = fields.DatetimeField(null=True)
    imported_at = fields.DatetimeField()

    class Meta:
        table = "imported_cases"
        indexes = [Index(fields=["id_number_index"], name="ix_imported_cases_person")]
        constraints = [
            UniqueConstraint(fields=("agency_uscc", "external_no"), name="uq_imported_cases")
        ]
