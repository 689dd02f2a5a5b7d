from tortoise import migrations
from tortoise.migrations import operations as ops
from models.ids import uuid7
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0021_refunds')]

    initial = False

    operations = [
        ops.CreateModel(
            name='PaymentDifference',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('key', fields.CharField(unique=True, max_length=120)),
                ('channel', fields.CharField(max_length=12)),
                ('day', fields.DateField()),
                ('code', fields.CharField(max_length=32)),
                ('light', fields.CharField(max_length=8)),
                ('order_number', fields.CharField(null=True, max_length=64)),
                ('refund_number', fields.CharField(null=True, max_length=64)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', null=True, db_constraint=True, to_field='id', related_name='differences', on_delete=OnDelete.RESTRICT)),
                ('facts', fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ('status', fields.CharField(default='OPEN', max_length=12)),
                ('found_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('alert_id', fields.UUIDField(null=True)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('closed_by', fields.CharField(null=True, max_length=80)),
                ('reason', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'payment_differences', 'app': 'models', 'indexes': [Index(fields=['status', 'day'], name='ix_payment_differences_open'), Index(fields=['case_id'], name='ix_payment_differences_case')], 'pk_attr': 'id', 'table_description': 'What differed: found once by its ``key``. ``status``: OPEN, MENDED or RESOLVED.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ReconciliationRun',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('channel', fields.CharField(max_length=12)),
                ('day', fields.DateField()),
                ('started_by', fields.CharField(max_length=80)),
                ('started_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('finished_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('outcome', fields.CharField(max_length=12)),
                ('trade_digest', fields.CharField(default='', max_length=40)),
                ('flow_digest', fields.CharField(default='', max_length=40)),
                ('payments', fields.IntField(default=0)),
                ('paid_fen', fields.BigIntField(default=0)),
                ('refunds', fields.IntField(default=0)),
                ('refunded_fen', fields.BigIntField(default=0)),
                ('found', fields.IntField(default=0)),
                ('mended', fields.IntField(default=0)),
                ('left_open', fields.IntField(default=0)),
            ],
            options={'table': 'reconciliation_runs', 'app': 'models', 'indexes': [Index(fields=['channel', 'day'], name='ix_reconciliation_runs_day')], 'pk_attr': 'id', 'table_description': 'One attempt at one day. ``outcome``: DONE, EMPTY, WAITING, UNREACHABLE, DAMAGED.'},
            bases=['Model'],
        ),
        ops.AddIndex(
            model_name='Case',
            index=Index(fields=['closed_at'], name='ix_cases_closed'),
        ),
        ops.AddIndex(
            model_name='Fee',
            index=Index(fields=['settled_at'], name='ix_fees_settled'),
        ),
        ops.AddField(
            model_name='PaymentOrder',
            name='reshipped_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='PaymentOrder',
            name='shipped_as',
            field=fields.CharField(null=True, max_length=8),
        ),
        ops.AddField(
            model_name='PaymentOrder',
            name='shipped_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='PaymentOrder',
            name='unshippable',
            field=fields.CharField(null=True, max_length=20),
        ),
        ops.AddIndex(
            model_name='PaymentOrder',
            index=Index(fields=['paid_at'], name='ix_payment_orders_paid'),
        ),
        ops.AddIndex(
            model_name='Refund',
            index=Index(fields=['sent_at'], name='ix_refunds_sent'),
        ),
    ]
