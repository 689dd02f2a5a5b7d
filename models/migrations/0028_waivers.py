from tortoise import migrations
from tortoise.migrations import operations as ops
from models.ids import uuid7
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0027_pay_handles')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Waiver',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('fee', fields.ForeignKeyField('models.Fee', source_field='fee_id', db_constraint=True, to_field='id', related_name='waivers', on_delete=OnDelete.RESTRICT)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_index=True, db_constraint=True, to_field='id', related_name='waivers', on_delete=OnDelete.RESTRICT)),
                ('ground', fields.CharField(max_length=200)),
                ('reason', fields.CharField(default='', max_length=300)),
                ('status', fields.CharField(max_length=12)),
                ('refusal', fields.CharField(null=True, max_length=300)),
                ('asked_by', fields.CharField(max_length=80)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('decided_by', fields.CharField(null=True, max_length=80)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'fee_waivers', 'app': 'models', 'pk_attr': 'id', 'table_description': '减免申请: a published ground on which somebody asks to owe nothing of a fee.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Fee',
            name='waived_by',
            field=fields.CharField(null=True, max_length=200),
        ),
        ops.AddConstraint(
            model_name='Waiver',
            constraint=UniqueConstraint(fields=('fee_id',), name='uq_fee_waivers_open', condition="status = 'OPEN'"),
        ),
        ops.AddConstraint(
            model_name='Waiver',
            constraint=UniqueConstraint(fields=('fee_id',), name='uq_fee_waivers_granted', condition="status = 'GRANTED'"),
        ),
    ]
