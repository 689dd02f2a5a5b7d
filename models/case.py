"""Cases (办件): the row, its form, its events, its clocks, its serial numbers."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model
from tortoise.queryset import QuerySet

from models.account import Account
from models.database import rows
from models.ids import uuid7
from models.item import Item, ItemVersion
from models.rules.states import State
from models.staff import StaffMember

LOCKED = "SELECT * FROM cases WHERE id = $1 AND account_id = $2 FOR UPDATE"


class Case(Model):
    """办件. ``version`` grows with every step; a step compares and sets it with the state."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="cases", on_delete=fields.RESTRICT
    )
    account_id: UUID
    item: fields.ForeignKeyRelation[Item] = fields.ForeignKeyField(
        "models.Item", related_name="cases", on_delete=fields.RESTRICT
    )
    item_id: UUID
    item_version: fields.ForeignKeyRelation[ItemVersion] = fields.ForeignKeyField(
        "models.ItemVersion", related_name="cases", on_delete=fields.RESTRICT
    )
    item_version_id: UUID
    applicant_type = fields.CharField(24)
    case_no = fields.CharField(50, null=True, unique=True)
    query_code = fields.CharField(16, null=True, unique=True)
    lookup_index = fields.CharField(64, null=True, unique=True)
    state = fields.CharEnumField(State, max_length=32, default=State.DRAFT)
    version = fields.IntField(default=0)
    extra_draft = fields.BooleanField(default=False)
    round = fields.SmallIntField(default=0)
    accept_mode = fields.CharField(16, null=True)
    handoff_status = fields.CharField(16, default="NONE")
    payment_status = fields.CharField(16, default="NOT_REQUIRED")
    verify_later_mark = fields.BooleanField(default=False)
    claimed_by: fields.ForeignKeyNullableRelation[StaffMember] = fields.ForeignKeyField(
        "models.StaffMember", null=True, related_name="claimed", on_delete=fields.RESTRICT
    )
    claimed_by_id: UUID | None
    backoffice_seq = fields.IntField(default=0)
    decision = fields.CharField(16, null=True)
    submitted_at = fields.DatetimeField(null=True)
    received_at = fields.DatetimeField(null=True)
    accepted_at = fields.DatetimeField(null=True)
    decided_at = fields.DatetimeField(null=True)
    served_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    form: fields.BackwardOneToOneRelation["CaseForm"]
    events: fields.ReverseRelation["CaseEvent"]
    clocks: fields.ReverseRelation["ClockInstance"]

    class Meta:
        table = "cases"
        indexes = [
            Index(fields=["account_id", "id"], name="ix_cases_account"),
            Index(fields=["state", "received_at"], name="ix_cases_queue"),
        ]
        constraints = [
            # 4-5 drafts of the same thing is what users of other systems end up with.
            UniqueConstraint(
                fields=("account_id", "item_id"),
                name="uq_cases_one_draft",
                condition="state = 'DRAFT' AND NOT extra_draft",
            ),
        ]

    @classmethod
    def of(cls, account_id: UUID) -> "QuerySet[Case]":
        """Return the cases that belong to an account: the only way in for citizens."""
        return cls.filter(account_id=account_id)

    @classmethod
    async def locked(cls, account_id: UUID, case_id: UUID) -> "Case | None":
        """Return an account's case with its row held; every use-case that writes begins so."""
        found = await rows(LOCKED, [case_id, account_id])
        return cls._init_from_db(**found[0]) if found else None


class CaseForm(Model):
    """表单数据: the whole form sealed, one key per field inside."""

    case: fields.OneToOneRelation[Case] = fields.OneToOneField(
        "models.Case", related_name="form", primary_key=True, on_delete=fields.CASCADE
    )
    case_id: UUID
    sealed = fields.BinaryField()
    revision = fields.IntField(default=0)

    class Meta:
        table = "case_forms"


class CaseEvent(Model):
    """办理进度: one applied row of the transition table; ``seq`` is the case's version after it."""

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="events", on_delete=fields.CASCADE
    )
    case_id: UUID
    seq = fields.IntField()
    at = fields.DatetimeField()
    row = fields.CharField(4)
    event = fields.CharField(40)
    from_state = fields.CharField(32)
    to_state = fields.CharField(32)
    actor_role = fields.CharField(16)
    actor_id = fields.CharField(64, null=True)
    unit = fields.CharField(100, null=True)
    data: fields.Field[dict[str, Any]] = fields.JSONField[dict[str, Any]](default=dict)

    class Meta:
        table = "case_events"
        constraints = [UniqueConstraint(fields=("case_id", "seq"), name="uq_case_events_seq")]


class ClockInstance(Model):
    """计时: a running or stopped clock of a case. ``due_at`` is 24:00 Shanghai of the due day."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="clocks", on_delete=fields.CASCADE
    )
    case_id: UUID
    name = fields.CharField(32)
    started_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    limit_value = fields.IntField()
    limit_unit = fields.CharField(20)
    counted_from = fields.DateField()
    remaining = fields.IntField(null=True)
    paused_at = fields.DatetimeField(null=True)
    stopped_at = fields.DatetimeField(null=True)
    calendar_version = fields.CharField(20)
    provisional = fields.BooleanField()

    class Meta:
        table = "clock_instances"
        constraints = [
            UniqueConstraint(
                fields=("case_id", "name"),
                name="uq_clock_running",
                condition="stopped_at IS NULL",
            ),
        ]


class CaseSerial(Model):
    """The newest serial of an implementation code and day; ``prefix`` is both together."""

    prefix = fields.CharField(40, primary_key=True)
    serial = fields.IntField()

    class Meta:
        table = "case_serials"


class Notice(Model):
    """文书通知: what was told to the applicant, by kind N01-N21."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="notices", on_delete=fields.CASCADE
    )
    case_id: UUID
    kind = fields.CharField(3)
    seq = fields.IntField()
    issued_at = fields.DatetimeField()
    read_at = fields.DatetimeField(null=True)

    class Meta:
        table = "notices"
        constraints = [UniqueConstraint(fields=("case_id", "kind", "seq"), name="uq_notices")]
