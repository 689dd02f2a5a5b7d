from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [('models', '0010_notices')]

    initial = False

    # One operation: each one costs seconds at a first start.
    operations = [
        ops.RunSQL(
            # What belongs to a case, ended or not, is found by the case.
            "CREATE INDEX ix_clocks_case ON clock_instances (case_id);"
            " CREATE INDEX ix_cases_parent ON cases (parent_id) WHERE parent_id IS NOT NULL;"
            " CREATE INDEX ix_payment_orders_case ON payment_orders (case_id);"
            " CREATE INDEX ix_original_checks_case ON original_checks (case_id);"
            " CREATE INDEX ix_signed_promises_case ON signed_promises (case_id);"
            " CREATE INDEX ix_inline_fixes_case ON inline_fixes (case_id);"
            " CREATE INDEX ix_service_consents_case ON service_consents (case_id);"
            " CREATE INDEX ix_messages_case ON messages (case_id);"
            " CREATE INDEX ix_alerts_case ON monitor_alerts (case_id);"
            # The queue asks for these two among all that were ever promised.
            " CREATE INDEX ix_shortfall_items_proposed ON shortfall_items (case_id)"
            " WHERE status = 'PROPOSED';"
            " CREATE INDEX ix_shortfall_items_promised ON shortfall_items (case_id)"
            " WHERE status = 'PROMISED';"
            # Open alerts, newest first, are few among years of resolved ones.
            " CREATE INDEX ix_alerts_unresolved ON monitor_alerts (raised_at, id)"
            " WHERE resolved_at IS NULL",
            "DROP INDEX ix_clocks_case, ix_cases_parent, ix_payment_orders_case,"
            " ix_original_checks_case, ix_signed_promises_case, ix_inline_fixes_case,"
            " ix_service_consents_case, ix_messages_case, ix_alerts_case,"
            " ix_shortfall_items_proposed, ix_shortfall_items_promised, ix_alerts_unresolved",
        ),
    ]
