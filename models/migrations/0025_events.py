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
    dependencies = [('models', '0024_handoff')]

    initial = False

    operations = [
        ops.RemoveConstraint(
            model_name='BackofficeEvent',
            name='uq_backoffice_events_seq',
            fields=None,
        ),
        ops.AddField(
            model_name='BackofficeEvent',
            name='alerted_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='BackofficeEvent',
            name='answer',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name='BackofficeEvent',
            name='code',
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name='BackofficeEvent',
            name='fate',
            field=fields.CharField(default='APPLIED', db_default='APPLIED', max_length=12),
        ),
        ops.AddField(
            model_name='BackofficeEvent',
            name='sealed',
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name='BackofficeEvent',
            name='settled_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddIndex(
            model_name='BackofficeEvent',
            index=Index(fields=['source', 'id'], name='ix_backoffice_events_source'),
        ),
        ops.AddIndex(
            model_name='BackofficeEvent',
            index=Index(fields=['case_id', 'fate'], name='ix_backoffice_events_case'),
        ),
        ops.RunSQL(
            "CREATE INDEX ix_backoffice_events_parked ON backoffice_events (case_id)"
            " WHERE fate = 'PARKED'",
            'DROP INDEX ix_backoffice_events_parked',
        ),
        ops.AddConstraint(
            model_name='BackofficeEvent',
            constraint=UniqueConstraint(fields=('case_id', 'seq'), name='uq_backoffice_events_seq', condition="fate <> 'REFUSED'"),
        ),
        ops.CreateModel(
            name='FeeAssessment',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.OneToOneField('models.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='assessment', on_delete=OnDelete.RESTRICT)),
                ('measured', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('source', fields.CharField(max_length=64)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'fee_assessments', 'app': 'models', 'pk_attr': 'id', 'table_description': '核定: what a back-office measured, waiting for the decision that the fee follows.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ImportedCase',
            fields=[
                ('case', fields.OneToOneField('models.Case', source_field='case_id', primary_key=True, db_index=True, db_constraint=True, to_field='id', related_name='imported', on_delete=OnDelete.RESTRICT)),
                ('agency_uscc', fields.CharField(max_length=18)),
                ('external_no', fields.CharField(max_length=100)),
                ('source', fields.CharField(max_length=64)),
                ('id_number_index', fields.CharField(max_length=64)),
                ('body_digest', fields.CharField(max_length=64)),
                ('claimed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('imported_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'imported_cases', 'app': 'models', 'indexes': [Index(fields=['id_number_index'], name='ix_imported_cases_person')], 'pk_attr': 'case_id', 'table_description': '外来办件: a case that was lodged elsewhere, once per agency and number there.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Reentry',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('package', fields.OneToOneField('models.HandoffPackage', source_field='package_id', db_constraint=True, to_field='id', related_name='reentry', on_delete=OnDelete.RESTRICT)),
                ('external_no', fields.CharField(max_length=100)),
                ('keyed_by', fields.UUIDField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'reentries', 'app': 'models', 'pk_attr': 'id', 'table_description': '人工转录: a package that somebody keyed into a system that cannot pull, and its number there.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ResultDeclaration',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='declarations', on_delete=OnDelete.RESTRICT)),
                ('agency_uscc', fields.CharField(max_length=18)),
                ('number', fields.CharField(max_length=100)),
                ('sha256', fields.CharField(max_length=64)),
                ('holder', fields.CharField(max_length=16)),
                ('valid_from', fields.DateField()),
                ('valid_until', fields.DateField(null=True)),
                ('source', fields.CharField(max_length=64)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'result_declarations', 'app': 'models', 'indexes': [Index(fields=['case_id', 'sha256'], name='ix_result_declarations_case')], 'pk_attr': 'id', 'table_description': '结果信息: what a result is, declared before its file and checked against the application.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Case',
            name='origin',
            field=fields.CharField(default='ONLINE', db_default='ONLINE', max_length=12),
        ),
        ops.AddField(
            model_name='ShortfallItem',
            name='defective_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddConstraint(
            model_name='ImportedCase',
            constraint=UniqueConstraint(fields=('agency_uscc', 'external_no'), name='uq_imported_cases'),
        ),
        ops.AddConstraint(
            model_name='ResultDeclaration',
            constraint=UniqueConstraint(fields=('agency_uscc', 'number'), name='uq_result_declarations'),
        ),
        ops.AlterModelOptions(
            name='ImportedCase',
            options={'table': 'imported_cases', 'app': 'models', 'constraints': [UniqueConstraint(fields=('agency_uscc', 'external_no'), name='uq_imported_cases')], 'indexes': [Index(fields=['id_number_index'], name='ix_imported_cases_person')], 'pk_attr': 'case_id', 'table_description': '外来办件: a case that was lodged elsewhere, once per agency and number there.'},
        ),
    ]
