from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint


PENDING = UniqueConstraint(
    fields=("case_id",), name="uq_original_checks_pending", condition="outcome = 'PENDING'"
)


def _list() -> "fields.Field[Any]":
    return fields.JSONField(db_default="[]", default=list, encoder=JSON_DUMPS, decoder=loads)


def _time() -> "fields.Field[Any]":
    return fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)


class Migration(migrations.Migration):
    dependencies = [("models", "0008_audit")]

    initial = False

    operations = [
        ops.AlterModelOptions(
            "OriginalCheck",
            {
                "table": "original_checks",
                "app": "models",
                "constraints": [PENDING],
                "pk_attr": "id",
                "table_description": "原件核验: one look at the originals; ``outcome`` is a "
                "``models.rules.originals.Outcome``.",
            },
        ),
        ops.AddField("Case", "visited_on", fields.DateField(null=True)),
        ops.AddField("OriginalCheck", "identity_matched", fields.BooleanField(null=True)),
        ops.AddField("OriginalCheck", "evidence", _list()),
        ops.AddField("OriginalCheck", "by_post", fields.BooleanField(db_default=False, default=False)),
        ops.AddField(
            "OriginalCheck",
            "second_opinion",
            fields.CharField(max_length=1000, db_default="", default=""),
        ),
        ops.AddField("ArchivePackage", "application_sealed", fields.BinaryField(null=True)),
        ops.AddField("CreditEvent", "proposed_by", _list()),
        ops.AddField("CreditEvent", "objection_due_at", _time()),
        ops.AddField("CreditEvent", "decided_by", fields.UUIDField(null=True)),
        ops.AddField("CreditEvent", "decided_at", _time()),
        ops.AddField(
            "CreditEvent", "decision", fields.CharField(max_length=500, db_default="", default="")
        ),
        ops.AddField("CreditEvent", "reported_at", _time()),
        ops.AddConstraint("OriginalCheck", PENDING),
    ]
