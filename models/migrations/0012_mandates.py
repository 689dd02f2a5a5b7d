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
    dependencies = [('models', '0011_indexes')]

    initial = False

    operations = [
        ops.CreateModel(
            name='CoApplicant',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='co_applicants', on_delete=OnDelete.CASCADE)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', null=True, db_constraint=True, to_field='id', related_name='shared', on_delete=OnDelete.RESTRICT)),
                ('name_sealed', fields.BinaryField()),
                ('id_number_sealed', fields.BinaryField()),
                ('id_number_index', fields.CharField(max_length=64)),
                ('role', fields.CharField(max_length=20)),
                ('signed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('signed_digest', fields.CharField(null=True, max_length=64)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'co_applicants', 'app': 'models', 'constraints': [UniqueConstraint(fields=('case_id', 'id_number_index'), name='uq_co_applicants')], 'indexes': [Index(fields=['account_id'], name='ix_co_applicants_account'), Index(fields=['id_number_index'], name='ix_co_applicants_index')], 'pk_attr': 'id', 'table_description': '共同申请人: signs the form as it stands; a form that changed since is not signed.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Enterprise',
            fields=[
                ('account', fields.OneToOneField('models.Account', source_field='account_id', primary_key=True, db_index=True, db_constraint=True, to_field='id', related_name='enterprise', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=100)),
                ('uscc', fields.CharField(unique=True, max_length=18)),
                ('org_type', fields.CharField(max_length=24)),
                ('verified_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'enterprises', 'app': 'models', 'pk_attr': 'account_id', 'table_description': '法人和其他组织: whose account it is. Nobody logs in as one; people act for it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Mandate',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('principal', fields.ForeignKeyField('models.Account', source_field='principal_id', db_constraint=True, to_field='id', related_name='given', on_delete=OnDelete.RESTRICT)),
                ('agent', fields.ForeignKeyField('models.Account', source_field='agent_id', null=True, db_constraint=True, to_field='id', related_name='held', on_delete=OnDelete.RESTRICT)),
                ('agent_index', fields.CharField(max_length=64)),
                ('agent_name_sealed', fields.BinaryField()),
                ('kind', fields.CharField(max_length=24)),
                ('acts', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('item', fields.ForeignKeyField('models.Item', source_field='item_id', null=True, db_constraint=True, to_field='id', related_name='mandates', on_delete=OnDelete.RESTRICT)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', null=True, db_constraint=True, to_field='id', related_name='mandates', on_delete=OnDelete.RESTRICT)),
                ('status', fields.CharField(max_length=12)),
                ('basis', fields.CharField(max_length=200)),
                ('proof', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('granted_by', fields.UUIDField()),
                ('proven_by', fields.UUIDField(null=True)),
                ('valid_from', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('valid_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('accepted_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_by', fields.UUIDField(null=True)),
                ('ended_why', fields.CharField(default='', db_default='', max_length=100)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'mandates', 'app': 'models', 'constraints': [UniqueConstraint(fields=('principal_id',), name='uq_mandates_legal_representative', condition="kind = 'LEGAL_REPRESENTATIVE' AND status = 'ACTIVE'"), UniqueConstraint(fields=('principal_id', 'agent_id'), name='uq_mandates_guardian', condition="kind = 'GUARDIAN' AND status = 'ACTIVE'")], 'indexes': [Index(fields=['principal_id', 'agent_id'], name='ix_mandates_principal'), Index(fields=['agent_id'], name='ix_mandates_agent'), Index(fields=['agent_index'], name='ix_mandates_index'), Index(fields=['case_id'], name='ix_mandates_case')], 'pk_attr': 'id', 'table_description': '授权: ``agent`` may do ``acts`` for ``principal``; all items and cases where none is named.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ProxyAgent',
            fields=[
                ('account', fields.OneToOneField('models.Account', source_field='account_id', primary_key=True, db_index=True, db_constraint=True, to_field='id', related_name='proxy_agent', on_delete=OnDelete.RESTRICT)),
                ('unit', fields.CharField(max_length=100)),
                ('appointed_by', fields.UUIDField()),
                ('appointed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'proxy_agents', 'app': 'models', 'pk_attr': 'account_id', 'table_description': '代办员: a person whom a township appointed to act, free of charge, for who asks for it.'},
            bases=['Model'],
        ),
        # The primary key of these two is a relation: CreateModel alone forgets which.
        ops.AlterModelOptions(
            name='Enterprise',
            options={'table': 'enterprises', 'app': 'models', 'pk_attr': 'account_id', 'table_description': '法人和其他组织: whose account it is. Nobody logs in as one; people act for it.'},
        ),
        ops.AlterModelOptions(
            name='ProxyAgent',
            options={'table': 'proxy_agents', 'app': 'models', 'pk_attr': 'account_id', 'table_description': '代办员: a person whom a township appointed to act, free of charge, for who asks for it.'},
        ),
        ops.AlterModelOptions(
            name='Account',
            options={'table': 'accounts', 'app': 'models', 'pk_attr': 'id', 'table_description': '用户账号: one per person or organisation; ``level`` is the real-name level (实名等级).'},
        ),
        ops.AddField(
            model_name='Account',
            name='kind',
            field=fields.CharField(default='PERSON', db_default='PERSON', max_length=12),
        ),
        ops.AddField(
            model_name='Case',
            name='filed_by',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='Case',
            name='mandate_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='Case',
            name='mandate_kind',
            field=fields.CharField(null=True, max_length=24),
        ),
        ops.AlterField(
            model_name='Message',
            name='case',
            field=fields.ForeignKeyField('models.Case', source_field='case_id', null=True, db_constraint=True, to_field='id', related_name='messages', on_delete=OnDelete.CASCADE),
        ),
        ops.AddField(
            model_name='Message',
            name='account',
            field=fields.ForeignKeyField('models.Account', source_field='account_id', null=True, db_constraint=True, to_field='id', related_name='messages', on_delete=OnDelete.CASCADE),
        ),
        # CreateModel alone makes no constraint but the unique columns.
        ops.AddConstraint(
            model_name='CoApplicant',
            constraint=UniqueConstraint(fields=('case_id', 'id_number_index'), name='uq_co_applicants'),
        ),
        ops.AddConstraint(
            model_name='Mandate',
            constraint=UniqueConstraint(fields=('principal_id',), name='uq_mandates_legal_representative', condition="kind = 'LEGAL_REPRESENTATIVE' AND status = 'ACTIVE'"),
        ),
        ops.AddConstraint(
            model_name='Mandate',
            constraint=UniqueConstraint(fields=('principal_id', 'agent_id'), name='uq_mandates_guardian', condition="kind = 'GUARDIAN' AND status = 'ACTIVE'"),
        ),
    ]
