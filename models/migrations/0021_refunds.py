from tortoise import migrations
from tortoise.migrations import operations as ops
from models.ids import uuid7
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0020_review')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Refund',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('order', fields.ForeignKeyField('models.PaymentOrder', source_field='order_id', db_constraint=True, to_field='id', related_name='refunds', on_delete=OnDelete.RESTRICT)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_index=True, db_constraint=True, to_field='id', related_name='refunds', on_delete=OnDelete.RESTRICT)),
                ('number', fields.CharField(unique=True, max_length=64)),
                ('track', fields.CharField(max_length=16)),
                ('reason', fields.CharField(max_length=24)),
                ('remark', fields.CharField(default='', max_length=300)),
                ('amount_fen', fields.IntField()),
                ('status', fields.CharField(max_length=20)),
                ('channel_refund_id', fields.CharField(null=True, unique=True, max_length=64)),
                ('requested_by', fields.CharField(max_length=80)),
                ('unit_by', fields.CharField(null=True, max_length=80)),
                ('unit_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('finance_by', fields.CharField(null=True, max_length=80)),
                ('finance_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('refused_by', fields.CharField(null=True, max_length=80)),
                ('refused_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('refusal', fields.CharField(null=True, max_length=300)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('sent_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('paid_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'refunds', 'app': 'models', 'pk_attr': 'id', 'table_description': "退费: money of one order on its way back; ``number`` is the channel's out_refund_no."},
            bases=['Model'],
        ),
        ops.AddConstraint(
            model_name='Refund',
            constraint=UniqueConstraint(fields=('order_id',), name='uq_refunds_one_automatic', condition="track = 'AUTOMATIC'"),
        ),
        ops.CreateModel(
            name='RefundEvent',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('refund', fields.ForeignKeyField('models.Refund', source_field='refund_id', null=True, db_constraint=True, to_field='id', related_name='events', on_delete=OnDelete.RESTRICT)),
                ('source', fields.CharField(max_length=12)),
                ('event_id', fields.CharField(unique=True, max_length=100)),
                ('status', fields.CharField(max_length=12)),
                ('outcome', fields.CharField(max_length=24)),
                ('channel_refund_id', fields.CharField(null=True, max_length=64)),
                ('amount_fen', fields.IntField(null=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'refund_events', 'app': 'models', 'pk_attr': 'id', 'table_description': 'What the channel said of a refund, in the order it was heard; never changed.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='PaymentOrder',
            name='channel',
            field=fields.CharField(default='WECHAT', db_default='WECHAT', max_length=12),
        ),
        ops.AddField(
            model_name='PaymentOrder',
            name='scene',
            field=fields.CharField(default='JSAPI', db_default='JSAPI', max_length=8),
        ),
    ]
