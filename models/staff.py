"""Window staff, windows, and the machines of back-office systems."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.ids import uuid7
from models.rules.units import UnitKind


class OrgUnit(Model):
    """机构: the county's hall, an agency (by its 统一社会信用代码) or a township."""

    id = fields.CharField(32, primary_key=True)
    name = fields.CharField(100, unique=True)
    kind = fields.CharEnumField(UnitKind, max_length=16)
    uscc = fields.CharField(18, null=True, unique=True)
    region = fields.CharField(12)
    parent: fields.ForeignKeyNullableRelation["OrgUnit"] = fields.ForeignKeyField(
        "models.OrgUnit", null=True, related_name="children", on_delete=fields.RESTRICT
    )
    parent_id: str | None

    class Meta:
        table = "units"


class Window(Model):
    """综合窗口: where a person can hand in, be helped and pick up."""

    id = fields.CharField(32, primary_key=True)
    name = fields.CharField(100)
    unit: fields.ForeignKeyRelation[OrgUnit] = fields.ForeignKeyField(
        "models.OrgUnit", related_name="windows", on_delete=fields.RESTRICT
    )
    unit_id: str
    region = fields.CharField(12)
    address = fields.CharField(200)
    hours = fields.CharField(200)
    phone = fields.CharField(32)

    class Meta:
        table = "windows"


class StaffMember(Model):
    """工作人员. ``roles`` holds names of ``models.rules.events.Role``; a ``head`` leads the unit.

    A password that somebody else made serves once, until ``initial_until``. ``totp_sealed`` is the
    secret of the second factor, in use once ``totp_since`` is set; ``totp_step`` the newest time
    step that was used; ``recovery`` holds the indexes of the recovery codes that are left.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    username = fields.CharField(64, unique=True)
    name = fields.CharField(50)
    password_hash = fields.CharField(200)
    roles: fields.Field[list[str]] = fields.JSONField[list[str]]()
    unit: fields.ForeignKeyRelation[OrgUnit] = fields.ForeignKeyField(
        "models.OrgUnit", related_name="members", on_delete=fields.RESTRICT
    )
    unit_id: str
    window: fields.ForeignKeyNullableRelation[Window] = fields.ForeignKeyField(
        "models.Window", null=True, on_delete=fields.RESTRICT
    )
    window_id: str | None
    head = fields.BooleanField(default=False, db_default=False)
    active = fields.BooleanField(default=True)
    failures = fields.SmallIntField(default=0)
    locked_until = fields.DatetimeField(null=True)
    initial_until = fields.DatetimeField(null=True)
    totp_sealed = fields.BinaryField(null=True)
    totp_since = fields.DatetimeField(null=True)
    totp_step = fields.BigIntField(default=0, db_default=0)
    recovery: fields.Field[list[str]] = fields.JSONField[list[str]](default=list, db_default="[]")
    created_at = fields.DatetimeField()

    class Meta:
        table = "staff_members"

    def is_locked(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until


class StaffSession(Model):
    """会话: as long as it stands, its token is good. With ``setup`` it only sets up the login."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[StaffMember] = fields.ForeignKeyField(
        "models.StaffMember", related_name="sessions", on_delete=fields.CASCADE
    )
    member_id: UUID
    setup = fields.BooleanField(default=False)
    started_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "staff_sessions"
        indexes = [Index(fields=["member_id"], name="ix_staff_sessions_member")]


class FileApproval(Model):
    """查阅审批: that somebody may open a minor's or a medical file, and who allowed it.

    For one case, or (a supervisor's) for all cases of an item for a while. ``decided_by`` is None
    until somebody has answered; ``until`` is set when that was yes.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[StaffMember] = fields.ForeignKeyField(
        "models.StaffMember", related_name="approvals", on_delete=fields.RESTRICT
    )
    member_id: UUID
    case_id = fields.UUIDField(null=True)
    item_id = fields.UUIDField(null=True)
    purpose = fields.CharField(200)
    asked_at = fields.DatetimeField()
    decided_by = fields.UUIDField(null=True)
    decided_at = fields.DatetimeField(null=True)
    until = fields.DatetimeField(null=True)

    class Meta:
        table = "file_approvals"
        indexes = [
            Index(fields=["case_id"], name="ix_file_approvals_case"),
            Index(fields=["member_id", "until"], name="ix_file_approvals_member"),
        ]


class Reading(Model):
    """阅档: when somebody last had something shown, so that polling is recorded once a minute."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    reader = fields.CharField(64)
    object_type = fields.CharField(32)
    object_id = fields.CharField(64)
    at = fields.DatetimeField()

    class Meta:
        table = "readings"
        constraints = [
            UniqueConstraint(fields=("reader", "object_type", "object_id"), name="uq_readings")
        ]


class BackofficeClient(Model):
    """A back-office approval system (后台审批系统): what it may pull is its agency's.

    ``scopes`` holds words of ``models.rules.scopes.Scope``; ``networks`` the CIDRs that it calls
    from, none for anywhere; ``items`` the codes of the items that it handles, none for all of its
    agency's. ``contact_sealed`` is the phone of who looks after it.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    client_id = fields.CharField(64, unique=True)
    name = fields.CharField(100)
    agency_uscc = fields.CharField(18)
    scopes: fields.Field[list[str]] = fields.JSONField[list[str]](default=list, db_default="[]")
    networks: fields.Field[list[str]] = fields.JSONField[list[str]](default=list, db_default="[]")
    items: fields.Field[list[str]] = fields.JSONField[list[str]](default=list, db_default="[]")
    contact_sealed = fields.BinaryField(null=True)
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()

    keys: fields.ReverseRelation["MachineKey"]

    class Meta:
        table = "backoffice_clients"


class MachineKey(Model):
    """A public key (JWK) of a back-office system; two can be good at once, so that one follows
    the other without a pause."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    machine: fields.ForeignKeyRelation[BackofficeClient] = fields.ForeignKeyField(
        "models.BackofficeClient", related_name="keys", on_delete=fields.CASCADE
    )
    machine_id: UUID
    kid = fields.CharField(64)
    jwk: fields.Field[dict[str, Any]] = fields.JSONField[dict[str, Any]]()
    valid_from = fields.DatetimeField()
    valid_until = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    added_at = fields.DatetimeField()

    class Meta:
        table = "machine_keys"
        constraints = [UniqueConstraint(fields=("machine_id", "kid"), name="uq_machine_keys")]
