"""The working-day calendar (工作日历): rows of our own, versioned."""

from tortoise import fields
from tortoise.models import Model


class WorkDay(Model):
    """One day. ``status`` is OFFICIAL (State Council notice) or PROVISIONAL.

    ``kind`` is NATIONAL, or LOCAL for a day that the county itself decided (a disaster).
    """

    date = fields.DateField(primary_key=True)
    is_workday = fields.BooleanField()
    status = fields.CharField(12)
    kind = fields.CharField(12, db_default="NATIONAL", default="NATIONAL")
    source = fields.CharField(60)
    version = fields.CharField(20)

    class Meta:
        table = "work_days"


class CalendarVersion(Model):
    """An edition of the calendar: what was imported, when, by whom, and what it moved."""

    version = fields.CharField(20, primary_key=True)
    year = fields.SmallIntField(null=True)
    source = fields.CharField(200)
    imported_by = fields.CharField(64, null=True)
    imported_at = fields.DatetimeField()
    moved = fields.IntField(default=0)

    class Meta:
        table = "calendar_versions"
