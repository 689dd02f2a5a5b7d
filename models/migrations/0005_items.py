from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0004_before_acceptance")]

    initial = False

    operations = [
        ops.AddField(
            model_name="ItemDraft",
            name="agency",
            field=fields.CharField(db_default="", default="", db_index=True, max_length=100),
        ),
        ops.AddField(
            model_name="ItemDraft",
            name="based_on",
            field=fields.CharField(null=True, max_length=20),
        ),
        ops.AddField(
            model_name="ItemDraft",
            name="revision",
            field=fields.IntField(db_default=1, default=1),
        ),
        ops.AddField(
            model_name="ItemDraft",
            name="writers",
            field=fields.JSONField(
                db_default="[]", default=list, encoder=JSON_DUMPS, decoder=loads
            ),
        ),
    ]
