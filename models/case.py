"""Cases (办件): the row, its form, its events, its clocks, its serial numbers."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model
from tortoise.queryset import QuerySet

from models.account import Account
from models.ids import uuid7
from models.item import Item, ItemVersion
from models.rules.states import State
from models.staff import StaffMember, Window


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
    # ONLINE, or IMPORTED: lodged at a window or in another system, and shown here.
    origin = fields.CharField(12, db_default="ONLINE", default="ONLINE")
    # Where the applicant hands it in, when that is a township's window; the county's hall else.
    window: fields.ForeignKeyNullableRelation[Window] = fields.ForeignKeyField(
        "models.Window", null=True, related_name="cases", on_delete=fields.RESTRICT
    )
    window_id: str | None
    case_no = fields.CharField(50, null=True, unique=True)
    query_code = fields.CharField(16, null=True, unique=True)
    lookup_index = fields.CharField(64, null=True, unique=True)
    state = fields.CharEnumField(State, max_length=32, default=State.DRAFT)
    version = fields.IntField(default=0)
    extra_draft = fields.BooleanField(default=False)
    round = fields.SmallIntField(default=0)
    accept_mode = fields.CharField(16, null=True)
    wanted_mode = fields.CharField(16, db_default="NORMAL", default="NORMAL")
    shortfall_status = fields.CharField(16, db_default="NONE", default="NONE")
    handoff_status = fields.CharField(16, default="NONE")
    payment_status = fields.CharField(16, default="NOT_REQUIRED")
    rating_status = fields.CharField(16, db_default="NOT_OPEN", default="NOT_OPEN")
    monitor_light = fields.CharField(8, db_default="GREEN", default="GREEN")
    # A trigger refuses to take the mark back (先办后验标识, 随档案永久保存).
    verify_later_mark = fields.BooleanField(default=False)
    service_consent_at = fields.DatetimeField(null=True)
    # 跑动次数, and the last day that counted: what was done in one visit is one visit.
    visits = fields.SmallIntField(db_default=0, default=0)
    visited_on = fields.DateField(null=True)
    withdraw_requested_at = fields.DatetimeField(null=True)
    # 个人信息保护法47: kept because the law wants it, used for nothing else once the case is over.
    restricted_at = fields.DatetimeField(null=True)
    parent: fields.ForeignKeyNullableRelation["Case"] = fields.ForeignKeyField(
        "models.Case", null=True, related_name="children", on_delete=fields.RESTRICT
    )
    parent_id: UUID | None
    # Who filed it; by which mandate, and as what, when it was not the applicant.
    filed_by = fields.UUIDField(null=True)
    mandate_id = fields.UUIDField(null=True)
    mandate_kind = fields.CharField(24, null=True)
    audit_head = fields.CharField(64, db_default="", default="")
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
            Index(fields=["closed_at"], name="ix_cases_closed"),
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
        """Return the cases that belong to an account."""
        return cls.filter(account_id=account_id)


class CaseForm(Model):
    """表单数据: the whole form sealed, one key per field inside."""

    case: fields.OneToOneRelation[Case] = fields.OneToOneField(
        "models.Case", related_name="form", primary_key=True, on_delete=fields.CASCADE
    )
    case_id: UUID
    sealed = fields.BinaryField()
    revision = fields.IntField(default=0)
    saved_at = fields.DatetimeField(null=True)
    # The form as it was filed, while its applicant corrects it.
    filed_sealed = fields.BinaryField(null=True)
    # Which answers were taken over from a reading and confirmed: field to material id.
    prefilled: fields.Field[dict[str, str] | None] = fields.JSONField[dict[str, str] | None](
        null=True
    )

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
    hash = fields.CharField(64, db_default="", default="")

    class Meta:
        table = "case_events"
        constraints = [UniqueConstraint(fields=("case_id", "seq"), name="uq_case_events_seq")]


class ClockInstance(Model):
    """计时: a running or stopped clock of a case. ``due_at`` is 24:00 Shanghai of the due day.

    ``total_value``, ``total_unit`` and ``first_from`` are the limit as it was given; what is left
    after a pause stands in ``limit_value``, ``limit_unit`` and ``counted_from``. ``next_at`` is
    when a timer has to look at the clock: a warning or its end; None while nothing is to come.
    """

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
    total_value = fields.IntField(null=True)
    total_unit = fields.CharField(20, null=True)
    first_from = fields.DateField(null=True)
    remaining = fields.IntField(null=True)
    paused_at = fields.DatetimeField(null=True)
    stopped_at = fields.DatetimeField(null=True)
    next_at = fields.DatetimeField(null=True)
    calendar_version = fields.CharField(20)
    provisional = fields.BooleanField()

    pauses: fields.ReverseRelation["ClockPause"]

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


class ClockPause(Model):
    """暂停: a stretch that does not count, and why (行政许可法45)."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    clock: fields.ForeignKeyRelation[ClockInstance] = fields.ForeignKeyField(
        "models.ClockInstance", related_name="pauses", on_delete=fields.CASCADE
    )
    clock_id: UUID
    paused_at = fields.DatetimeField()
    resumed_at = fields.DatetimeField(null=True)
    reason = fields.CharField(200)

    class Meta:
        table = "clock_pauses"
