from tortoise import migrations
from tortoise.migrations import operations as ops
from models.ids import uuid7
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0023_reconciliation')]

    initial = False

    operations = [
        ops.CreateModel(
            name='HandoffEscalation',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('package', fields.ForeignKeyField('models.HandoffPackage', source_field='package_id', db_constraint=True, to_field='id', related_name='escalations', on_delete=OnDelete.CASCADE)),
                ('reason', fields.CharField(max_length=12)),
                ('step', fields.SmallIntField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'handoff_escalations', 'app': 'models', 'pk_attr': 'id', 'table_description': '升级: that somebody was told of a package that does not arrive, once for each step.'},
            bases=['Model'],
        ),
        ops.AddConstraint(
            model_name='HandoffEscalation',
            constraint=UniqueConstraint(fields=('package_id', 'reason', 'step'), name='uq_handoff_escalations'),
        ),
        ops.CreateModel(
            name='HandoffLog',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('package', fields.ForeignKeyField('models.HandoffPackage', source_field='package_id', db_constraint=True, to_field='id', related_name='log', on_delete=OnDelete.CASCADE)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('act', fields.CharField(max_length=12)),
                ('by', fields.CharField(null=True, max_length=80)),
                ('code', fields.CharField(null=True, max_length=24)),
                ('text', fields.CharField(null=True, max_length=300)),
                ('until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'handoff_log', 'app': 'models', 'indexes': [Index(fields=['package_id', 'id'], name='ix_handoff_log_package')], 'pk_attr': 'id', 'table_description': '移交记录: what happened to a package, when and by whom; never changed.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WakeUp',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('machine', fields.OneToOneField('models.BackofficeClient', source_field='machine_id', db_constraint=True, to_field='id', related_name='wake_up', on_delete=OnDelete.CASCADE)),
                ('url', fields.CharField(max_length=300)),
                ('secret_sealed', fields.BinaryField()),
                ('message_id', fields.UUIDField(null=True)),
                ('attempt', fields.SmallIntField(default=0)),
                ('due_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('begun_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('told_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('last_outcome', fields.CharField(null=True, max_length=24)),
                ('disabled_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'handoff_wake_ups', 'app': 'models', 'pk_attr': 'id', 'table_description': '唤醒: where a back-office wants to hear that something waits, and the call under way.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='BackofficeClient',
            name='contact_sealed',
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name='BackofficeClient',
            name='items',
            field=fields.JSONField(default=list, db_default='[]', encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.RemoveIndex(
            model_name='HandoffPackage',
            name='ix_packages_ready',
            fields=None,
        ),
        ops.AddField(
            model_name='HandoffPackage',
            name='item_code',
            field=fields.CharField(default='', db_default='', max_length=40),
        ),
        ops.AddField(
            model_name='HandoffPackage',
            name='lease_began_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='HandoffPackage',
            name='pull_by',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='HandoffPackage',
            name='return_code',
            field=fields.CharField(null=True, max_length=24),
        ),
        ops.AddField(
            model_name='HandoffPackage',
            name='return_text',
            field=fields.CharField(null=True, max_length=300),
        ),
        ops.AddField(
            model_name='HandoffPackage',
            name='returns',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='HandoffPackage',
            name='signature',
            field=fields.TextField(null=True, unique=False),
        ),
        # What is not acknowledged is found by these alone, however many packages there are.
        ops.RunSQL(
            "CREATE INDEX ix_packages_open ON handoff_packages (agency_uscc, id) WHERE status <> 'ACKED';"
            "CREATE INDEX ix_packages_pull_by ON handoff_packages (pull_by) WHERE status <> 'ACKED';"
            "CREATE INDEX ix_packages_trouble ON handoff_packages (id)"
            " WHERE status <> 'ACKED' AND (leases > 2 OR returns > 1)",
            "DROP INDEX ix_packages_open, ix_packages_pull_by, ix_packages_trouble",
        ),
        ops.RunSQL(
            "UPDATE handoff_packages p SET item_code = i.code FROM cases c"
            " JOIN items i ON i.id = c.item_id WHERE c.id = p.case_id;"
            "UPDATE handoff_packages p SET pull_by = k.due_at FROM clock_instances k"
            " WHERE k.case_id = p.case_id AND k.name = 'PAPER_HANDOVER' AND k.stopped_at IS NULL"
            " AND p.status <> 'ACKED'",
            ops.RunSQL.noop,
        ),
    ]
