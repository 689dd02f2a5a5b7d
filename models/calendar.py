"""The working-day calendar (工作日历): rows of our own, in editions."""

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model


class WorkDay(Model):
    """One day as the State Council has it; ``version`` is the edition that brought it.

    ``status`` is OFFICIAL (from its notice) or PROVISIONAL (worked out from the statutory
    holidays, without 调休). ``note`` names the holiday, if it is one.
    """

    date = fields.DateField(primary_key=True)
    is_workday = fields.BooleanField()
    status = fields.CharField(12)
    note = fields.CharField(40, db_default="", default="")
    source = fields.CharField(60)
    version = fields.CharField(20)

    class Meta:
        table = "work_days"


class LocalDay(Model):
    """A day on which the county itself decided otherwise (a disaster, a holiday of its own).

    It stands above the ``WorkDay``, and stays when a year is imported.
    """

    date = fields.DateField(primary_key=True)
    is_workday = fields.BooleanField()
    reason = fields.CharField(200)
    decided_by = fields.CharField(64)
    decided_at = fields.DatetimeField()
    version = fields.CharField(20)

    class Meta:
        table = "local_days"


class CalendarVersion(Model):
    """An edition of the calendar: what was imported, when, by whom, and how many clocks it moved.

    ``number`` is the order in which editions came into force, from 1; names do not sort.
    """

    version = fields.CharField(20, primary_key=True)
    number = fields.IntField(db_default=0, default=0)
    year = fields.SmallIntField(null=True)
    source = fields.CharField(200)
    imported_by = fields.CharField(64, null=True)
    imported_at = fields.DatetimeField()
    moved = fields.IntField(default=0)

    class Meta:
        table = "calendar_versions"
        constraints = [UniqueConstraint(fields=("number",), name="uq_calendar_versions_number")]
