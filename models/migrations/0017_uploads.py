from tortoise import migrations
from tortoise.migrations import operations as ops
from models.ids import uuid7
from models.upload import UploadState
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0016_stored_files')]

    initial = False

    operations = [
        ops.CreateModel(
            name='MaterialPage',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('material', fields.ForeignKeyField('models.Material', source_field='material_id', db_constraint=True, to_field='id', related_name='sheets', on_delete=OnDelete.CASCADE)),
                ('no', fields.SmallIntField()),
                ('name_sealed', fields.BinaryField()),
                ('original_key', fields.CharField(max_length=128)),
                ('sha256', fields.CharField(max_length=64)),
                ('mime', fields.CharField(max_length=60)),
                ('size', fields.BigIntField()),
                ('working_key', fields.CharField(max_length=128)),
                ('working_sha256', fields.CharField(max_length=64)),
                ('working_mime', fields.CharField(max_length=60)),
                ('working_size', fields.BigIntField()),
                ('thumbnail_key', fields.CharField(null=True, max_length=128)),
                ('thumbnail_size', fields.BigIntField(null=True)),
                ('width', fields.IntField(null=True)),
                ('height', fields.IntField(null=True)),
            ],
            options={'table': 'material_pages', 'app': 'models', 'constraints': [UniqueConstraint(fields=('material_id', 'no'), name='uq_material_pages')], 'pk_attr': 'id', 'table_description': 'A photo that is page ``no`` of a material, counted from 1; the original is evidence.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Upload',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='uploads', on_delete=OnDelete.RESTRICT)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', null=True, db_constraint=True, to_field='id', related_name='uploads', on_delete=OnDelete.CASCADE)),
                ('code', fields.CharField(null=True, max_length=8)),
                ('name_sealed', fields.BinaryField()),
                ('key_sealed', fields.BinaryField()),
                ('size', fields.BigIntField()),
                ('received', fields.BigIntField(default=0)),
                ('state', fields.CharEnumField(default=UploadState.OPEN, description='OPEN: OPEN\nCHECKING: CHECKING\nSTORED: STORED\nFILED: FILED\nREFUSED: REFUSED\nENDED: ENDED', enum_type=UploadState, max_length=12)),
                ('lease', fields.UUIDField(null=True)),
                ('leased_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('sha256', fields.CharField(null=True, max_length=64)),
                ('stored', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('material_id', fields.UUIDField(null=True)),
                ('refusal', fields.CharField(null=True, max_length=64)),
                ('refusal_text', fields.CharField(null=True, max_length=300)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'uploads', 'app': 'models', 'indexes': [Index(fields=['account_id', 'state'], name='ix_uploads_account'), Index(fields=['case_id'], name='ix_uploads_case'), Index(fields=['expires_at'], name='ix_uploads_expires')], 'pk_attr': 'id', 'table_description': 'A file that its owner sends; gone a day after its last byte.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='UploadPart',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('upload', fields.ForeignKeyField('models.Upload', source_field='upload_id', db_constraint=True, to_field='id', related_name='parts', on_delete=OnDelete.CASCADE)),
                ('start', fields.BigIntField()),
                ('size', fields.BigIntField()),
            ],
            options={'table': 'upload_parts', 'app': 'models', 'constraints': [UniqueConstraint(fields=('upload_id', 'start'), name='uq_upload_parts')], 'pk_attr': 'id', 'table_description': 'Some bytes of an upload that last: ``size`` of them from ``start`` on, in an own object.'},
            bases=['Model'],
        ),
        # What the models declare for their new tables is not made with them.
        ops.AddConstraint(
            model_name='MaterialPage',
            constraint=UniqueConstraint(fields=('material_id', 'no'), name='uq_material_pages'),
        ),
        ops.AddConstraint(
            model_name='UploadPart',
            constraint=UniqueConstraint(fields=('upload_id', 'start'), name='uq_upload_parts'),
        ),
        # Whatever refers to a file keeps it, whoever would delete it.
        ops.RunSQL(
            """
CREATE INDEX ix_material_pages_original ON material_pages (original_key);
CREATE INDEX ix_material_pages_working ON material_pages (working_key);
CREATE INDEX ix_material_pages_thumbnail ON material_pages (thumbnail_key)
  WHERE thumbnail_key IS NOT NULL;
ALTER TABLE material_pages
  ADD CONSTRAINT fk_material_pages_original FOREIGN KEY (original_key)
    REFERENCES stored_files (key),
  ADD CONSTRAINT fk_material_pages_working FOREIGN KEY (working_key)
    REFERENCES stored_files (key),
  ADD CONSTRAINT fk_material_pages_thumbnail FOREIGN KEY (thumbnail_key)
    REFERENCES stored_files (key);""",
            """
ALTER TABLE material_pages DROP CONSTRAINT fk_material_pages_original,
  DROP CONSTRAINT fk_material_pages_working, DROP CONSTRAINT fk_material_pages_thumbnail;
DROP INDEX ix_material_pages_original, ix_material_pages_working, ix_material_pages_thumbnail;""",
        ),
    ]
