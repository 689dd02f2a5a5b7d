from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0005_items')]

    initial = False

    operations = [
        ops.CreateModel(
            name='LocalDay',
            fields=[
                ('date', fields.DateField(primary_key=True, unique=True, db_index=True)),
                ('is_workday', fields.BooleanField()),
                ('reason', fields.CharField(max_length=200)),
                ('decided_by', fields.CharField(max_length=64)),
                ('decided_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('version', fields.CharField(max_length=20)),
            ],
            options={'table': 'local_days', 'app': 'models', 'pk_attr': 'date', 'table_description': 'A day on which the county itself decided otherwise (a disaster, a holiday of its own).'},
            bases=['Model'],
        ),
        ops.AlterModelOptions(
            name='CalendarVersion',
            options={'table': 'calendar_versions', 'app': 'models', 'constraints': [UniqueConstraint(fields=('number',), name='uq_calendar_versions_number')], 'pk_attr': 'version', 'table_description': 'An edition of the calendar: what was imported, when, by whom, and how many clocks it moved.'},
        ),
        ops.AddField(
            model_name='CalendarVersion',
            name='number',
            field=fields.IntField(default=0, db_default=0),
        ),
        # Days that were seeded before there were editions belong to the first one.
        ops.RunSQL(
            "INSERT INTO calendar_versions (version, source, imported_at, moved)"
            " SELECT max(version), max(source), now(), 0 FROM work_days"
            " HAVING count(*) > 0 AND NOT EXISTS (SELECT FROM calendar_versions)",
            ops.RunSQL.noop,
        ),
        ops.RunSQL(
            "UPDATE calendar_versions SET number = place FROM (SELECT version AS name,"
            " row_number() OVER (ORDER BY imported_at, version) AS place FROM calendar_versions)"
            " AS known WHERE name = version",
            ops.RunSQL.noop,
        ),
        ops.AddConstraint(
            model_name='CalendarVersion',
            constraint=UniqueConstraint(fields=('number',), name='uq_calendar_versions_number'),
        ),
        ops.AlterModelOptions(
            name='WorkDay',
            options={'table': 'work_days', 'app': 'models', 'pk_attr': 'date', 'table_description': 'One day as the State Council has it; ``version`` is the edition that brought it.'},
        ),
        ops.AddField(
            model_name='WorkDay',
            name='note',
            field=fields.CharField(default='', db_default='', max_length=40),
        ),
        ops.RemoveField(model_name='WorkDay', name='kind'),
        # A recount finds what an older edition counted by this index alone.
        ops.RunSQL(
            "CREATE INDEX ix_clocks_edition ON clock_instances (calendar_version, case_id)"
            " WHERE stopped_at IS NULL AND limit_unit IN ('WORKING_DAY', 'SAME_WORKING_DAY')",
            "DROP INDEX ix_clocks_edition",
        ),
        # Days that are all alike do not wait for an announcement.
        ops.RunSQL(
            "UPDATE clock_instances SET provisional = false"
            " WHERE limit_unit IN ('CALENDAR_DAY', 'HOUR')",
            ops.RunSQL.noop,
        ),
        # A clock that was paused before pauses were kept has one all the same.
        ops.RunSQL(
            "INSERT INTO clock_pauses (id, clock_id, paused_at, reason)"
            " SELECT gen_random_uuid(), k.id, k.paused_at, '' FROM clock_instances k"
            " WHERE k.paused_at IS NOT NULL AND k.stopped_at IS NULL AND NOT EXISTS"
            " (SELECT FROM clock_pauses p WHERE p.clock_id = k.id AND p.resumed_at IS NULL)",
            ops.RunSQL.noop,
        ),
    ]
