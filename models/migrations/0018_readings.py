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
    dependencies = [('models', '0017_uploads')]

    initial = False

    operations = [
        ops.CreateModel(
            name='FindingAnswer',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('material', fields.ForeignKeyField('models.Material', source_field='material_id', db_constraint=True, to_field='id', related_name='finding_answers', on_delete=OnDelete.CASCADE)),
                ('code', fields.CharField(max_length=30)),
                ('page', fields.SmallIntField()),
                ('word', fields.CharField(max_length=12)),
                ('reason_sealed', fields.BinaryField(null=True)),
                ('said_by', fields.UUIDField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'finding_answers', 'app': 'models', 'constraints': [UniqueConstraint(fields=('material_id', 'code', 'page', 'word'), name='uq_finding_answers')], 'indexes': [Index(fields=['word', 'at'], name='ix_finding_answers_word')], 'pk_attr': 'id', 'table_description': 'What a person said to a finding: INSISTED (applicant, against a warning), LOOK_ASKED'},
            bases=['Model'],
        ),
        ops.AddConstraint(
            model_name='FindingAnswer',
            constraint=UniqueConstraint(fields=('material_id', 'code', 'page', 'word'), name='uq_finding_answers'),
        ),
        ops.CreateModel(
            name='MaterialReading',
            fields=[
                ('material', fields.OneToOneField('models.Material', source_field='material_id', primary_key=True, db_index=True, db_constraint=True, to_field='id', related_name='reading', on_delete=OnDelete.CASCADE)),
                ('state', fields.CharField(max_length=12)),
                ('engine', fields.CharField(null=True, max_length=60)),
                ('sealed', fields.BinaryField(null=True)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('read_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'material_readings', 'app': 'models', 'indexes': [Index(fields=['state', 'asked_at'], name='ix_material_readings_state')], 'pk_attr': 'material_id', 'table_description': 'What the machine read of one version of a material: WAITING, READ, or UNREADABLE.'},
            bases=['Model'],
        ),
        ops.AlterModelOptions(name='MaterialReading', options={'table': 'material_readings', 'app': 'models', 'indexes': [Index(fields=['state', 'asked_at'], name='ix_material_readings_state')], 'pk_attr': 'material_id', 'table_description': 'What the machine read of one version of a material: WAITING, READ, or UNREADABLE.'}),
        ops.AddField(
            model_name='CaseForm',
            name='prefilled',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name='Material',
            name='blocked',
            field=fields.BooleanField(default=False, db_default=False),
        ),
    ]
