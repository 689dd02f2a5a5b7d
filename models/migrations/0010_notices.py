from tortoise import migrations
from tortoise.migrations import operations as ops
from models.ids import uuid7
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0009_originals')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ServiceConsent',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='service_consents', on_delete=OnDelete.CASCADE)),
                ('statement', fields.CharField(max_length=20)),
                ('address', fields.CharField(max_length=12)),
                ('given_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('withdrawn_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'service_consents', 'app': 'models', 'constraints': [UniqueConstraint(fields=('case_id',), name='uq_service_consents_standing', condition='withdrawn_at IS NULL')], 'pk_attr': 'id', 'table_description': '同意电子送达: given for one case with the address it goes to, withdrawn for what comes later.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Notice',
            name='check_code',
            field=fields.CharField(null=True, unique=True, max_length=20),
        ),
        ops.AddField(
            model_name='Notice',
            name='content_sealed',
            field=fields.BinaryField(null=True),
        ),
        ops.AddConstraint(
            model_name='ServiceConsent',
            constraint=UniqueConstraint(fields=('case_id',), name='uq_service_consents_standing', condition='withdrawn_at IS NULL'),
        ),
        # A notice that has its number and not its file is as unfinished as one without a number.
        ops.RunSQL(
            "DROP INDEX ix_notices_unissued;"
            " CREATE INDEX ix_notices_unissued ON notices (issued_at) WHERE digest IS NULL",
            "DROP INDEX ix_notices_unissued;"
            " CREATE INDEX ix_notices_unissued ON notices (issued_at) WHERE doc_no IS NULL",
        ),
    ]
