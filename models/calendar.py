"""The working-day calendar (工作日历): rows of our own, versioned."""

from tortoise import fields
from tortoise.models import Model


class WorkDay(Model):
    """One day. ``status`` is OFFICIAL (State Council notice) or PROVISIONAL."""

    date = fields.DateField(primary_key=True)
    is_workday = fields.BooleanField()
    status = fields.CharField(12)
    source = fields.CharField(60)
    version = fields.CharField(20)

    class Meta:
        table = "work_days"
