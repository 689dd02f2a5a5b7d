from tortoise import migrations
from tortoise.migrations import operations as ops
from models.ids import uuid7
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0003_law')]

    initial = False

    operations = [
        ops.CreateModel(
            name='CorrectionOverride',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='correction_overrides', on_delete=OnDelete.CASCADE)),
                ('round', fields.SmallIntField()),
                ('reason', fields.CharField(max_length=500)),
                ('granted_by', fields.UUIDField()),
                ('granted_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'correction_overrides', 'app': 'models', 'constraints': [UniqueConstraint(fields=('case_id', 'round'), name='uq_correction_overrides')], 'pk_attr': 'id', 'table_description': '越出一次性告知的许可: a supervisor lets one later notice go beyond the first.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='InlineFix',
            name='marks',
            field=fields.JSONField(db_default='{}', default=dict, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name='ShortfallItem',
            name='name',
            field=fields.CharField(db_default='', default='', max_length=200),
        ),
        ops.AddField(
            model_name='ShortfallItem',
            name='reason',
            field=fields.CharField(db_default='', default='', max_length=300),
        ),
        ops.AddConstraint(
            model_name='CorrectionOverride',
            constraint=UniqueConstraint(fields=('case_id', 'round'), name='uq_correction_overrides'),
        ),
    ]
