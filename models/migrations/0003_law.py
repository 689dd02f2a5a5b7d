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
    dependencies = [('models', '0002_keys')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ArchivePackage',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.OneToOneField('models.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='archive', on_delete=OnDelete.RESTRICT)),
                ('manifest', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('digest', fields.CharField(max_length=64)),
                ('signature', fields.TextField(unique=False)),
                ('verify_later_mark', fields.BooleanField()),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'archive_packages', 'app': 'models', 'pk_attr': 'id', 'table_description': 'The manifest of a closed case: every document with its digest, and the permanent mark.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AuditEntry',
            fields=[
                ('seq', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('actor_role', fields.CharField(max_length=16)),
                ('actor_id', fields.CharField(null=True, max_length=64)),
                ('action', fields.CharField(max_length=60)),
                ('object_type', fields.CharField(max_length=40)),
                ('object_id', fields.CharField(max_length=64)),
                ('data', fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ('previous', fields.CharField(max_length=64)),
                ('hash', fields.CharField(max_length=64)),
            ],
            options={'table': 'audit_log', 'app': 'models', 'pk_attr': 'seq', 'table_description': '审计: an act that is no step of a case. ``hash`` covers the row and the one before it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CalendarVersion',
            fields=[
                ('version', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=20)),
                ('year', fields.SmallIntField(null=True)),
                ('source', fields.CharField(max_length=200)),
                ('imported_by', fields.CharField(null=True, max_length=64)),
                ('imported_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('moved', fields.IntField(default=0)),
            ],
            options={'table': 'calendar_versions', 'app': 'models', 'pk_attr': 'version', 'table_description': 'An edition of the calendar: what was imported, when, by whom, and what it moved.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ClockPause',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('clock', fields.ForeignKeyField('models.ClockInstance', source_field='clock_id', db_constraint=True, to_field='id', related_name='pauses', on_delete=OnDelete.CASCADE)),
                ('paused_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('resumed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('reason', fields.CharField(max_length=200)),
            ],
            options={'table': 'clock_pauses', 'app': 'models', 'pk_attr': 'id', 'table_description': '暂停: a stretch that does not count, and why (行政许可法45).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CreditEvent',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='credit_events', on_delete=OnDelete.RESTRICT)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='credit_events', on_delete=OnDelete.RESTRICT)),
                ('behaviour', fields.CharField(max_length=40)),
                ('basis', fields.CharField(max_length=200)),
                ('evidence', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('status', fields.CharField(max_length=12)),
                ('proposed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('confirmed_by', fields.UUIDField(null=True)),
                ('confirmed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('notified_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('objection_sealed', fields.BinaryField(null=True)),
                ('objected_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('closed_by', fields.UUIDField(null=True)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('outcome', fields.CharField(default='', max_length=500)),
                ('expires_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'credit_events', 'app': 'models', 'constraints': [UniqueConstraint(fields=('case_id', 'behaviour'), name='uq_credit_events')], 'pk_attr': 'id', 'table_description': '信用事件: PROPOSED, CONFIRMED, NOTIFIED, OBJECTED, CANCELLED, REPORTED, REPAIRED.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='InlineFix',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='inline_fixes', on_delete=OnDelete.CASCADE)),
                ('names', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('note', fields.CharField(default='', max_length=300)),
                ('opened_by', fields.UUIDField()),
                ('opened_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('fixed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'inline_fixes', 'app': 'models', 'constraints': [UniqueConstraint(fields=('case_id',), name='uq_inline_fixes_open', condition='fixed_at IS NULL')], 'pk_attr': 'id', 'table_description': '当场更正: a trivial error that the officer lets the applicant correct at once (T04).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ItemDraft',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('code', fields.CharField(db_index=True, max_length=40)),
                ('body', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('digest', fields.CharField(max_length=64)),
                ('findings', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('status', fields.CharField(default='DRAFT', max_length=12)),
                ('created_by', fields.CharField(max_length=64)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('updated_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('published_by', fields.CharField(null=True, max_length=64)),
                ('published_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'item_drafts', 'app': 'models', 'pk_attr': 'id', 'table_description': '事项草稿: a body on its way to publication, with what lint and simulation said of it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ItemQuestion',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('item', fields.ForeignKeyField('models.Item', source_field='item_id', null=True, db_constraint=True, to_field='id', related_name='questions', on_delete=OnDelete.CASCADE)),
                ('question', fields.CharField(max_length=300)),
                ('answer', fields.TextField(unique=False)),
                ('source', fields.CharField(max_length=100)),
                ('position', fields.IntField(default=0)),
            ],
            options={'table': 'item_questions', 'app': 'models', 'pk_attr': 'id', 'table_description': '咨询知识库: a question about an item and its answer, imported, read only.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MonitorAlert',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('kind', fields.CharField(max_length=16)),
                ('light', fields.CharField(max_length=8)),
                ('code', fields.CharField(max_length=64)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', null=True, db_constraint=True, to_field='id', related_name='alerts', on_delete=OnDelete.RESTRICT)),
                ('clock_id', fields.UUIDField(null=True)),
                ('owner_role', fields.CharField(max_length=16)),
                ('owner_unit', fields.CharField(max_length=100)),
                ('actor_role', fields.CharField(null=True, max_length=16)),
                ('actor_id', fields.CharField(null=True, max_length=64)),
                ('data', fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                ('raised_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('resolved_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('resolved_by', fields.CharField(null=True, max_length=64)),
                ('resolution', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'monitor_alerts', 'app': 'models', 'constraints': [UniqueConstraint(fields=('clock_id', 'light'), name='uq_alerts_clock', condition='clock_id IS NOT NULL')], 'indexes': [Index(fields=['raised_at', 'id'], name='ix_alerts_raised')], 'pk_attr': 'id', 'table_description': '监察预警: a limit that nears or is over (超时限), or a refused step (逆程序, 超权限).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='NoticeSerial',
            fields=[
                ('prefix', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=80)),
                ('serial', fields.IntField()),
            ],
            options={'table': 'notice_serials', 'app': 'models', 'pk_attr': 'prefix', 'table_description': "The newest number of an organ's kind of document in a year; ``prefix`` is all three."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='OriginalCheck',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='original_checks', on_delete=OnDelete.CASCADE)),
                ('outcome', fields.CharField(max_length=12)),
                ('items', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('opinion', fields.CharField(default='', max_length=1000)),
                ('officer_id', fields.UUIDField()),
                ('second_officer_id', fields.UUIDField(null=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('confirmed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'original_checks', 'app': 'models', 'pk_attr': 'id', 'table_description': '原件核验: one visit with the originals; ``outcome`` PASS, INCOMPLETE, MISMATCH or PENDING.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ShortfallItem',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='shortfalls', on_delete=OnDelete.CASCADE)),
                ('code', fields.CharField(max_length=8)),
                ('status', fields.CharField(max_length=12)),
                ('due_on', fields.DateField(null=True)),
                ('proposed_by', fields.UUIDField(null=True)),
                ('proposed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('confirmed_by', fields.UUIDField(null=True)),
                ('confirmed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('fulfilled_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'shortfall_items', 'app': 'models', 'constraints': [UniqueConstraint(fields=('case_id', 'code'), name='uq_shortfall_items')], 'pk_attr': 'id', 'table_description': '容缺材料: proposed by the window, confirmed by the department, promised for a day.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SignedPromise',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('models.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='promises', on_delete=OnDelete.CASCADE)),
                ('kind', fields.CharField(max_length=12)),
                ('template_version', fields.CharField(max_length=20)),
                ('statements', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('digest', fields.CharField(max_length=64)),
                ('signed_by', fields.UUIDField()),
                ('signed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('withdrawn_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'signed_promises', 'app': 'models', 'constraints': [UniqueConstraint(fields=('case_id', 'kind'), name='uq_signed_promises', condition='withdrawn_at IS NULL')], 'pk_attr': 'id', 'table_description': '承诺书: SHORTFALL (容缺受理承诺书) or COMMITMENT (告知承诺书), as it was signed.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Case',
            name='audit_head',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
        ops.AddField(
            model_name='Case',
            name='monitor_light',
            field=fields.CharField(default='GREEN', db_default='GREEN', max_length=8),
        ),
        ops.AddField(
            model_name='Case',
            name='parent',
            field=fields.ForeignKeyField('models.Case', source_field='parent_id', null=True, db_constraint=True, to_field='id', related_name='children', on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='Case',
            name='rating_status',
            field=fields.CharField(default='NOT_OPEN', db_default='NOT_OPEN', max_length=16),
        ),
        ops.AddField(
            model_name='Case',
            name='service_consent_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Case',
            name='shortfall_status',
            field=fields.CharField(default='NONE', db_default='NONE', max_length=16),
        ),
        ops.AddField(
            model_name='Case',
            name='visits',
            field=fields.SmallIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Case',
            name='wanted_mode',
            field=fields.CharField(default='NORMAL', db_default='NORMAL', max_length=16),
        ),
        ops.AddField(
            model_name='Case',
            name='withdraw_requested_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='CaseEvent',
            name='hash',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
        ops.AddField(
            model_name='CaseForm',
            name='saved_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='ClockInstance',
            name='first_from',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='ClockInstance',
            name='next_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='ClockInstance',
            name='total_unit',
            field=fields.CharField(null=True, max_length=20),
        ),
        ops.AddField(
            model_name='ClockInstance',
            name='total_value',
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name='Correction',
            name='override_by',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='Correction',
            name='override_reason',
            field=fields.CharField(null=True, max_length=500),
        ),
        ops.AddField(
            model_name='Material',
            name='verification',
            field=fields.CharField(default='NONE', db_default='NONE', max_length=16),
        ),
        ops.AddField(
            model_name='Material',
            name='verification_source',
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.AddField(
            model_name='Material',
            name='verified_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.RemoveConstraint(
            model_name='Notice',
            name='uq_notices',
            fields=None,
        ),
        ops.AlterModelOptions(
            name='Notice',
            options={'table': 'notices', 'app': 'models', 'constraints': [UniqueConstraint(fields=('case_id', 'kind', 'seq', 'edition'), name='uq_notices_edition')], 'pk_attr': 'id', 'table_description': '文书通知 of a kind N01-N21. ``seq`` is the step that owed it, with its facts.'},
        ),
        ops.AddField(
            model_name='Notice',
            name='data',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name='Notice',
            name='digest',
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name='Notice',
            name='doc_no',
            field=fields.CharField(null=True, unique=True, max_length=80),
        ),
        ops.AddField(
            model_name='Notice',
            name='edition',
            field=fields.SmallIntField(default=1, db_default=1),
        ),
        ops.AddField(
            model_name='Notice',
            name='file_key',
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name='Notice',
            name='served_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Notice',
            name='served_via',
            field=fields.CharField(null=True, max_length=12),
        ),
        ops.AddField(
            model_name='Notice',
            name='signature',
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name='Notice',
            name='size',
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name='Notice',
            name='supersedes',
            field=fields.ForeignKeyField('models.Notice', source_field='supersedes_id', null=True, db_constraint=True, to_field='id', related_name='superseded_by', on_delete=OnDelete.RESTRICT),
        ),
        ops.AddConstraint(
            model_name='Notice',
            constraint=UniqueConstraint(fields=('case_id', 'kind', 'seq', 'edition'), name='uq_notices_edition'),
        ),
        ops.AddField(
            model_name='WorkDay',
            name='kind',
            field=fields.CharField(default='NATIONAL', db_default='NATIONAL', max_length=12),
        ),
        ops.AddConstraint(
            model_name='CreditEvent',
            constraint=UniqueConstraint(fields=('case_id', 'behaviour'), name='uq_credit_events'),
        ),
        ops.AddConstraint(
            model_name='InlineFix',
            constraint=UniqueConstraint(fields=('case_id',), name='uq_inline_fixes_open', condition='fixed_at IS NULL'),
        ),
        ops.AddConstraint(
            model_name='MonitorAlert',
            constraint=UniqueConstraint(fields=('clock_id', 'light'), name='uq_alerts_clock', condition='clock_id IS NOT NULL'),
        ),
        ops.AddConstraint(
            model_name='ShortfallItem',
            constraint=UniqueConstraint(fields=('case_id', 'code'), name='uq_shortfall_items'),
        ),
        ops.AddConstraint(
            model_name='SignedPromise',
            constraint=UniqueConstraint(fields=('case_id', 'kind'), name='uq_signed_promises', condition='withdrawn_at IS NULL'),
        ),
        # A sweep finds what is due among any number of running clocks by this index alone.
        ops.RunSQL(
            "CREATE INDEX ix_clocks_next ON clock_instances (next_at) WHERE next_at IS NOT NULL",
            "DROP INDEX ix_clocks_next",
        ),
        ops.RunSQL(
            "CREATE INDEX ix_notices_unissued ON notices (issued_at) WHERE doc_no IS NULL",
            "DROP INDEX ix_notices_unissued",
        ),
        ops.RunSQL(
            "CREATE INDEX ix_alerts_open ON monitor_alerts (case_id) WHERE resolved_at IS NULL",
            "DROP INDEX ix_alerts_open",
        ),
        # What ran before there were timers is looked at by the first sweep.
        ops.RunSQL(
            "UPDATE clock_instances SET total_value = limit_value, total_unit = limit_unit,"
            " first_from = counted_from,"
            " next_at = CASE WHEN stopped_at IS NULL AND paused_at IS NULL THEN due_at END",
            ops.RunSQL.noop,
        ),
        ops.RunSQL(
            """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER case_events_append_only BEFORE UPDATE OR DELETE ON case_events
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER case_events_no_truncate BEFORE TRUNCATE ON case_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION keep_verify_later_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the mark of verifying later is permanent' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER cases_keep_mark BEFORE UPDATE OF verify_later_mark ON cases FOR EACH ROW
  WHEN (OLD.verify_later_mark AND NOT NEW.verify_later_mark)
  EXECUTE FUNCTION keep_verify_later_mark();
""",
            """
DROP TRIGGER cases_keep_mark ON cases;
DROP FUNCTION keep_verify_later_mark();
DROP TRIGGER audit_log_no_truncate ON audit_log;
DROP TRIGGER audit_log_append_only ON audit_log;
DROP TRIGGER case_events_no_truncate ON case_events;
DROP TRIGGER case_events_append_only ON case_events;
DROP FUNCTION refuse_change();
""",
        ),
    ]

