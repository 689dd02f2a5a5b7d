from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [('models', '0019_vault')]

    initial = False

    operations = [
        ops.AddField(
            model_name='CaseForm',
            name='filed_sealed',
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name='Verdict',
            name='page',
            field=fields.SmallIntField(null=True),
        ),
    ]
