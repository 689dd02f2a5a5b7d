from tortoise import migrations
from tortoise.migrations import operations as ops
from models.ids import uuid7
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0006_calendar')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Inquiry',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='inquiries', on_delete=OnDelete.CASCADE)),
                ('seq', fields.IntField()),
                ('question', fields.CharField(max_length=500)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('answer_sealed', fields.BinaryField(null=True)),
                ('answered_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'inquiries', 'app': 'models', 'constraints': [UniqueConstraint(fields=('case_id', 'seq'), name='uq_inquiries')], 'pk_attr': 'id', 'table_description': '说明: ``seq`` is the back-office event that asked; the answer is sealed, and voluntary.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Withdrawal',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='withdrawals', on_delete=OnDelete.CASCADE)),
                ('status', fields.CharField(default='OPEN', max_length=12)),
                ('answer', fields.CharField(default='', max_length=1000)),
                ('requested_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('answered_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'withdrawals', 'app': 'models', 'indexes': [Index(fields=['case_id', 'requested_at'], name='ix_withdrawals_case')], 'constraints': [UniqueConstraint(fields=('case_id',), name='uq_withdrawals_open', condition="status = 'OPEN'")], 'pk_attr': 'id', 'table_description': '撤回请求: at most one waits per case. ``answer`` is what its applicant reads.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Delivery',
            name='receipt_passed_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Delivery',
            name='receipt_passed_by',
            field=fields.UUIDField(null=True),
        ),
        ops.AddConstraint(
            model_name='Inquiry',
            constraint=UniqueConstraint(fields=('case_id', 'seq'), name='uq_inquiries'),
        ),
        ops.AddConstraint(
            model_name='Withdrawal',
            constraint=UniqueConstraint(fields=('case_id',), name='uq_withdrawals_open', condition="status = 'OPEN'"),
        ),
    ]
