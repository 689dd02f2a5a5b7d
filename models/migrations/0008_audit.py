from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0007_after_acceptance')]

    initial = False

    operations = [
        ops.CreateModel(
            name='AuditHead',
            fields=[
                ('name', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ('seq', fields.BigIntField()),
                ('hash', fields.CharField(max_length=64)),
            ],
            options={'table': 'audit_heads', 'app': 'models', 'pk_attr': 'name', 'table_description': 'The end of the audit log: whoever appends holds this row, and a cut-off end shows.'},
            bases=['Model'],
        ),
        # SHA-256 of zhangban:audit_log, see models/rules/chain.py.
        ops.RunSQL(
            "INSERT INTO audit_heads (name, seq, hash) VALUES ('log', 0,"
            " encode(sha256('zhangban:audit_log'), 'hex'))",
            "DELETE FROM audit_heads",
        ),
        # What a job records may come twice.
        ops.RunSQL(
            "CREATE UNIQUE INDEX uq_audit_log_late ON audit_log ((data ->> 'late'))"
            " WHERE data ->> 'late' IS NOT NULL",
            "DROP INDEX uq_audit_log_late",
        ),
        ops.RunSQL(
            "CREATE INDEX ix_audit_anchors ON audit_log (seq) WHERE action = 'audit.anchor'",
            "DROP INDEX ix_audit_anchors",
        ),
        ops.RunSQL(
            "CREATE INDEX ix_alerts_kinds ON monitor_alerts (kind, light, owner_unit)"
            " WHERE resolved_at IS NULL",
            "DROP INDEX ix_alerts_kinds",
        ),
        ops.RunSQL(
            "CREATE INDEX ix_alerts_owner ON monitor_alerts (owner_unit, owner_role, raised_at, id)",
            "DROP INDEX ix_alerts_owner",
        ),
        # Counts of what is late, and statistics of a month, read no more than they count.
        ops.RunSQL(
            "CREATE INDEX ix_clocks_due ON clock_instances (due_at)"
            " WHERE stopped_at IS NULL AND paused_at IS NULL",
            "DROP INDEX ix_clocks_due",
        ),
        ops.RunSQL(
            "CREATE INDEX ix_cases_submitted ON cases (submitted_at)"
            " WHERE submitted_at IS NOT NULL",
            "DROP INDEX ix_cases_submitted",
        ),
        ops.RunSQL(
            "CREATE INDEX ix_cases_accepted ON cases (accepted_at) WHERE accepted_at IS NOT NULL",
            "DROP INDEX ix_cases_accepted",
        ),
        ops.RunSQL(
            "CREATE INDEX ix_cases_decided ON cases (decided_at) WHERE decided_at IS NOT NULL",
            "DROP INDEX ix_cases_decided",
        ),
        ops.RunSQL(
            "CREATE INDEX ix_cases_served ON cases (served_at) WHERE served_at IS NOT NULL",
            "DROP INDEX ix_cases_served",
        ),
        ops.RunSQL(
            "CREATE INDEX ix_ratings_at ON ratings (at)",
            "DROP INDEX ix_ratings_at",
        ),
    ]
