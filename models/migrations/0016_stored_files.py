from tortoise import migrations
from tortoise.migrations import operations as ops
from models.ids import uuid7
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0015_rights')]

    initial = False

    operations = [
        ops.CreateModel(
            name='StoredFile',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('key', fields.CharField(unique=True, max_length=64)),
                ('place', fields.CharField(unique=True, max_length=128)),
                ('size', fields.BigIntField()),
                ('cipher', fields.CharField(max_length=16)),
                ('key_sealed', fields.BinaryField(null=True)),
                ('scan', fields.CharField(max_length=12)),
                ('scanned_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('found', fields.CharField(null=True, max_length=200)),
                ('touched_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('checked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('damaged_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'stored_files', 'app': 'models', 'indexes': [Index(fields=['checked_at', 'id'], name='ix_stored_files_checked'), Index(fields=['scan', 'id'], name='ix_stored_files_scan')], 'pk_attr': 'id', 'table_description': 'A file by its ``key``, the SHA-256 (hex) of its plain bytes; ``size`` counts them.'},
            bases=['Model'],
        ),
        ops.RunSQL(
            """
ALTER TABLE mandates
  ADD COLUMN proof_key varchar(64) GENERATED ALWAYS AS (proof ->> 'key') STORED,
  ADD COLUMN proof_original_key varchar(64) GENERATED ALWAYS AS (proof ->> 'original') STORED;
-- What was stored before there was a register lies open, under its own digest.
INSERT INTO stored_files
  (id, key, place, size, cipher, scan, touched_at, checked_at)
SELECT DISTINCT ON (key) gen_random_uuid(), key,
  'objects/' || left(key, 2) || '/' || substr(key, 3, 2) || '/' || key, size, 'NONE', scan, now(),
  'epoch' FROM (
    SELECT original_key AS key, size, 'UNSCANNED' AS scan FROM materials
    UNION ALL SELECT key, size, 'UNSCANNED' FROM result_documents
    UNION ALL SELECT proof ->> 'key', (proof ->> 'size')::bigint, 'UNSCANNED' FROM mandates
    UNION ALL SELECT working_key, working_size, 'MADE' FROM materials
    UNION ALL SELECT thumbnail_key, thumbnail_size, 'MADE' FROM materials
    UNION ALL SELECT file_key, size, 'MADE' FROM notices) AS known
WHERE key IS NOT NULL ORDER BY key, scan DESC;
CREATE INDEX ix_materials_original ON materials (original_key);
CREATE INDEX ix_materials_working ON materials (working_key);
CREATE INDEX ix_materials_thumbnail ON materials (thumbnail_key) WHERE thumbnail_key IS NOT NULL;
CREATE INDEX ix_result_documents_key ON result_documents (key);
CREATE INDEX ix_notices_file ON notices (file_key) WHERE file_key IS NOT NULL;
CREATE INDEX ix_mandates_proof ON mandates (proof_key) WHERE proof_key IS NOT NULL;
CREATE INDEX ix_mandates_original ON mandates (proof_original_key)
  WHERE proof_original_key IS NOT NULL;
-- Whatever refers to a file keeps it, whoever would delete it.
ALTER TABLE materials
  ADD CONSTRAINT fk_materials_original FOREIGN KEY (original_key) REFERENCES stored_files (key),
  ADD CONSTRAINT fk_materials_working FOREIGN KEY (working_key) REFERENCES stored_files (key),
  ADD CONSTRAINT fk_materials_thumbnail FOREIGN KEY (thumbnail_key) REFERENCES stored_files (key);
ALTER TABLE result_documents
  ADD CONSTRAINT fk_result_documents_key FOREIGN KEY (key) REFERENCES stored_files (key);
ALTER TABLE notices
  ADD CONSTRAINT fk_notices_file FOREIGN KEY (file_key) REFERENCES stored_files (key);
ALTER TABLE mandates
  ADD CONSTRAINT fk_mandates_proof FOREIGN KEY (proof_key) REFERENCES stored_files (key),
  ADD CONSTRAINT fk_mandates_original FOREIGN KEY (proof_original_key)
    REFERENCES stored_files (key);""",
            """
ALTER TABLE materials DROP CONSTRAINT fk_materials_original,
  DROP CONSTRAINT fk_materials_working, DROP CONSTRAINT fk_materials_thumbnail;
ALTER TABLE result_documents DROP CONSTRAINT fk_result_documents_key;
ALTER TABLE notices DROP CONSTRAINT fk_notices_file;
ALTER TABLE mandates DROP COLUMN proof_key, DROP COLUMN proof_original_key;
DROP INDEX ix_materials_original, ix_materials_working, ix_materials_thumbnail,
  ix_result_documents_key, ix_notices_file;""",
        ),
    ]
