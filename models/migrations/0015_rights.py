from tortoise import migrations
from tortoise.migrations import operations as ops
from models.ids import uuid7
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0014_entrances')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Consent',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='consents', on_delete=OnDelete.RESTRICT)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', null=True, db_constraint=True, to_field='id', related_name='notices_shown', on_delete=OnDelete.RESTRICT)),
                ('purpose', fields.CharField(max_length=24)),
                ('version', fields.CharField(max_length=20)),
                ('kind', fields.CharField(max_length=12)),
                ('answer', fields.CharField(max_length=8)),
                ('digest', fields.CharField(max_length=64)),
                ('given_by', fields.UUIDField(null=True)),
                ('answered_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('withdrawn_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('superseded_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'consents', 'app': 'models', 'constraints': [UniqueConstraint(fields=('account_id', 'purpose'), name='uq_consents_standing', condition='superseded_at IS NULL AND case_id IS NULL'), UniqueConstraint(fields=('case_id', 'purpose'), name='uq_consents_case', condition='case_id IS NOT NULL')], 'pk_attr': 'id', 'table_description': '同意记录: an answer to one purpose in the words of one version; never changed but to end it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PersonalRequest',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='personal_requests', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(max_length=12)),
                ('status', fields.CharField(default='OPEN', max_length=12)),
                ('wish_sealed', fields.BinaryField(null=True)),
                ('answer_sealed', fields.BinaryField(null=True)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('handled_by', fields.UUIDField(null=True)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('export_sealed', fields.BinaryField(null=True)),
                ('export_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'personal_requests', 'app': 'models', 'indexes': [Index(fields=['status', 'due_at', 'id'], name='ix_personal_requests_open'), Index(fields=['account_id'], name='ix_personal_requests_account')], 'constraints': [UniqueConstraint(fields=('account_id', 'kind'), name='uq_personal_requests_open', condition="status = 'OPEN'")], 'pk_attr': 'id', 'table_description': '个人信息权利请求: what was asked, until when it has to be answered, and what came of it.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Account',
            name='closed_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Case',
            name='restricted_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        # What the models declare for their new tables is not made with them.
        ops.AddConstraint(
            model_name='Consent',
            constraint=UniqueConstraint(fields=('account_id', 'purpose'), name='uq_consents_standing', condition='superseded_at IS NULL AND case_id IS NULL'),
        ),
        ops.AddConstraint(
            model_name='Consent',
            constraint=UniqueConstraint(fields=('case_id', 'purpose'), name='uq_consents_case', condition='case_id IS NOT NULL'),
        ),
        ops.AddConstraint(
            model_name='PersonalRequest',
            constraint=UniqueConstraint(fields=('account_id', 'kind'), name='uq_personal_requests_open', condition="status = 'OPEN'"),
        ),
    ]
