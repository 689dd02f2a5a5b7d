from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0026_fiscal_bills')]

    initial = False

    operations = [
        ops.AlterField(
            model_name='PaymentOrder',
            name='prepay_id',
            field=fields.CharField(null=True, max_length=512),
        ),
    ]
