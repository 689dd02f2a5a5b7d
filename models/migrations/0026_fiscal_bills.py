from tortoise import migrations
from tortoise.migrations import operations as ops
from models.ids import uuid7
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0025_events')]

    initial = False

    operations = [
        ops.CreateModel(
            name='FiscalBill',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('order', fields.ForeignKeyField('models.PaymentOrder', source_field='order_id', db_constraint=True, to_field='id', related_name='bills', on_delete=OnDelete.RESTRICT)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_index=True, db_constraint=True, to_field='id', related_name='fiscal_bills', on_delete=OnDelete.RESTRICT)),
                ('refund', fields.OneToOneField('models.Refund', source_field='refund_id', null=True, db_constraint=True, to_field='id', related_name='bill', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(max_length=4)),
                ('code', fields.CharField(max_length=8)),
                ('number', fields.CharField(max_length=10)),
                ('check_code', fields.CharField(max_length=6)),
                ('amount_fen', fields.IntField()),
                ('url', fields.CharField(max_length=300)),
                ('issued_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'fiscal_bills', 'app': 'models', 'pk_attr': 'id', 'table_description': '财政电子票据: what the treasury issued for money that came in (``kind`` BLUE, one per order)'},
            bases=['Model'],
        ),
        ops.AddConstraint(
            model_name='FiscalBill',
            constraint=UniqueConstraint(fields=('code', 'number'), name='uq_fiscal_bills'),
        ),
        ops.AddConstraint(
            model_name='FiscalBill',
            constraint=UniqueConstraint(fields=('order_id',), name='uq_fiscal_bills_one_blue', condition="kind = 'BLUE'"),
        ),
        ops.AlterModelOptions(
            name='FiscalBill',
            options={'table': 'fiscal_bills', 'app': 'models', 'constraints': [UniqueConstraint(fields=('code', 'number'), name='uq_fiscal_bills'), UniqueConstraint(fields=('order_id',), name='uq_fiscal_bills_one_blue', condition="kind = 'BLUE'")], 'pk_attr': 'id', 'table_description': '财政电子票据: what the treasury issued for money that came in (``kind`` BLUE, one per order)'},
        ),
    ]
