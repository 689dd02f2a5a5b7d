from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0001_initial')]

    initial = False

    operations = [
        ops.AddConstraint(
            model_name='BackofficeEvent',
            constraint=UniqueConstraint(fields=('source', 'event_id'), name='uq_backoffice_events'),
        ),
        ops.AddConstraint(
            model_name='BackofficeEvent',
            constraint=UniqueConstraint(fields=('case_id', 'seq'), name='uq_backoffice_events_seq'),
        ),
        ops.AddConstraint(
            model_name='Case',
            constraint=UniqueConstraint(fields=('account_id', 'item_id'), name='uq_cases_one_draft', condition="state = 'DRAFT' AND NOT extra_draft"),
        ),
        ops.AddConstraint(
            model_name='CaseEvent',
            constraint=UniqueConstraint(fields=('case_id', 'seq'), name='uq_case_events_seq'),
        ),
        ops.AlterModelOptions(
            name='CaseForm',
            options={'table': 'case_forms', 'app': 'models', 'pk_attr': 'case_id', 'table_description': '表单数据: the whole form sealed, one key per field inside.'},
        ),
        ops.AddConstraint(
            model_name='ClockInstance',
            constraint=UniqueConstraint(fields=('case_id', 'name'), name='uq_clock_running', condition='stopped_at IS NULL'),
        ),
        ops.AddConstraint(
            model_name='Correction',
            constraint=UniqueConstraint(fields=('case_id', 'round'), name='uq_corrections'),
        ),
        ops.AddConstraint(
            model_name='DeliveryTrack',
            constraint=UniqueConstraint(fields=('delivery_id', 'at', 'status'), name='uq_delivery_tracks'),
        ),
        ops.AddConstraint(
            model_name='Fee',
            constraint=UniqueConstraint(fields=('case_id', 'stage'), name='uq_fees'),
        ),
        ops.AddConstraint(
            model_name='GivenAnswer',
            constraint=UniqueConstraint(fields=('actor', 'key'), name='uq_given_answers'),
        ),
        ops.AddConstraint(
            model_name='HandoffPackage',
            constraint=UniqueConstraint(fields=('case_id', 'seq'), name='uq_packages_seq'),
        ),
        ops.AddConstraint(
            model_name='ItemVersion',
            constraint=UniqueConstraint(fields=('item_id', 'digest'), name='uq_item_version'),
        ),
        ops.AddConstraint(
            model_name='Material',
            constraint=UniqueConstraint(fields=('case_id', 'code', 'no'), name='uq_materials_no'),
        ),
        ops.AddConstraint(
            model_name='Material',
            constraint=UniqueConstraint(fields=('case_id', 'code'), name='uq_materials_current', condition='replaced_at IS NULL'),
        ),
        ops.AddConstraint(
            model_name='Notice',
            constraint=UniqueConstraint(fields=('case_id', 'kind', 'seq'), name='uq_notices'),
        ),
        ops.AddConstraint(
            model_name='PaymentOrder',
            constraint=UniqueConstraint(fields=('fee_id',), name='uq_payment_orders_one_open', condition="status IN ('CREATED', 'PAYING', 'PAID')"),
        ),
        ops.AlterModelOptions(
            name='Person',
            options={'table': 'persons', 'app': 'models', 'pk_attr': 'account_id', 'table_description': '自然人: who a real-name check found behind an account.'},
        ),
        ops.AddConstraint(
            model_name='Rating',
            constraint=UniqueConstraint(fields=('case_id', 'stage'), name='uq_ratings'),
        ),
        ops.AddConstraint(
            model_name='ResultDocument',
            constraint=UniqueConstraint(fields=('case_id', 'sha256'), name='uq_result_documents'),
        ),
        ops.AddConstraint(
            model_name='Verdict',
            constraint=UniqueConstraint(fields=('case_id', 'round', 'code'), name='uq_verdicts'),
        ),
        ops.AddConstraint(
            model_name='WechatIdentity',
            constraint=UniqueConstraint(fields=('appid', 'openid'), name='uq_wechat_identity'),
        ),
    ]
