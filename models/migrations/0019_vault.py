from tortoise import migrations
from tortoise.migrations import operations as ops
from models.ids import uuid7
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0018_readings')]

    initial = False

    operations = [
        ops.CreateModel(
            name='CertificateQuery',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='certificate_queries', on_delete=OnDelete.RESTRICT)),
                ('code', fields.CharField(max_length=8)),
                ('kind', fields.CharField(max_length=60)),
                ('mode', fields.CharField(max_length=12)),
                ('purpose', fields.CharField(max_length=200)),
                ('state', fields.CharField(max_length=12)),
                ('asked_by', fields.UUIDField()),
                ('number_sealed', fields.BinaryField(null=True)),
                ('answer_sealed', fields.BinaryField(null=True)),
                ('source', fields.CharField(null=True, max_length=100)),
                ('material_id', fields.UUIDField(null=True)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('answered_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'certificate_queries', 'app': 'models', 'indexes': [Index(fields=['case_id', 'code'], name='ix_certificate_queries_case'), Index(fields=['material_id'], name='ix_certificate_queries_material')], 'pk_attr': 'id', 'table_description': 'A question to the e-certificate library (电子证照库): for which case, and what came of it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='VaultEntry',
            fields=[
                ('material', fields.OneToOneField('models.Material', source_field='material_id', primary_key=True, db_index=True, db_constraint=True, to_field='id', related_name='kept', on_delete=OnDelete.CASCADE)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='vault', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(max_length=100)),
                ('kept_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('last_used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'vault_entries', 'app': 'models', 'indexes': [Index(fields=['account_id', 'kept_at'], name='ix_vault_entries_account')], 'pk_attr': 'material_id', 'table_description': "我的材料库: a filed material that its owner may use again; the file stays the case's."},
            bases=['Model'],
        ),
        ops.AlterModelOptions(name='VaultEntry', options={'table': 'vault_entries', 'app': 'models', 'indexes': [Index(fields=['account_id', 'kept_at'], name='ix_vault_entries_account')], 'pk_attr': 'material_id', 'table_description': "我的材料库: a filed material that its owner may use again; the file stays the case's."}),
        ops.AddField(
            model_name='Material',
            name='origin_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='Material',
            name='supply_mode',
            field=fields.CharField(default='UPLOAD', db_default='UPLOAD', max_length=12),
        ),
        ops.AddField(
            model_name='Material',
            name='trust_level',
            field=fields.CharField(default='C', db_default='C', max_length=1),
        ),
        ops.AddField(
            model_name='Material',
            name='valid_until',
            field=fields.DateField(null=True),
        ),
    ]
