"""Materials (材料): each upload is a version; verdicts and corrections speak of them."""

from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.case import Case
from models.ids import uuid7


class Material(Model):
    """A version of a material of a case; the current one is the highest ``no`` not removed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="materials", on_delete=fields.RESTRICT
    )
    case_id: UUID
    code = fields.CharField(8)
    no = fields.IntField()
    name_sealed = fields.BinaryField()
    original_key = fields.CharField(128)
    sha256 = fields.CharField(64)
    mime = fields.CharField(60)
    size = fields.BigIntField()
    working_key = fields.CharField(128)
    working_sha256 = fields.CharField(64)
    working_mime = fields.CharField(60)
    working_size = fields.BigIntField()
    thumbnail_key = fields.CharField(128, null=True)
    thumbnail_size = fields.BigIntField(null=True)
    pages = fields.IntField()
    width = fields.IntField(null=True)
    height = fields.IntField(null=True)
    # NONE, DB_MATCHED (数据库核对一致) or ORIGINAL_SEEN (与原件一致).
    verification = fields.CharField(16, db_default="NONE", default="NONE")
    verification_source = fields.CharField(100, null=True)
    verified_at = fields.DatetimeField(null=True)
    # How it came and how far it can be trusted (models/rules/supply.py); ``origin_id`` is the
    # earlier version whose bytes these are.
    supply_mode = fields.CharField(12, db_default="UPLOAD", default="UPLOAD")
    trust_level = fields.CharField(1, db_default="C", default="C")
    origin_id = fields.UUIDField(null=True)
    valid_until = fields.DateField(null=True)
    # What the machine read keeps it from being filed, and no person has overruled that.
    blocked = fields.BooleanField(db_default=False, default=False)
    created_at = fields.DatetimeField()
    replaced_at = fields.DatetimeField(null=True)

    class Meta:
        table = "materials"
        constraints = [
            UniqueConstraint(fields=("case_id", "code", "no"), name="uq_materials_no"),
            UniqueConstraint(
                fields=("case_id", "code"),
                name="uq_materials_current",
                condition="replaced_at IS NULL",
            ),
        ]


class ResultDocument(Model):
    """A result (办理结果) that the back-office delivered: shown only once fees are settled."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="results", on_delete=fields.RESTRICT
    )
    case_id: UUID
    key = fields.CharField(128)
    sha256 = fields.CharField(64)
    size = fields.BigIntField()
    mime = fields.CharField(60)
    source = fields.CharField(64)
    created_at = fields.DatetimeField()

    class Meta:
        table = "result_documents"
        constraints = [UniqueConstraint(fields=("case_id", "sha256"), name="uq_result_documents")]


class ResultDeclaration(Model):
    """结果信息: what a result is, declared before its file and checked against the application.

    ``holder`` tells who of the application holds it: APPLICANT, CO_APPLICANT or FORM.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "models.Case", related_name="declarations", on_delete=fields.RESTRICT
    )
    case_id: UUID
    agency_uscc = fields.CharField(18)
    number = fields.CharField(100)
    sha256 = fields.CharField(64)
    holder = fields.CharField(16)
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    source = fields.CharField(64)
    created_at = fields.DatetimeField()

    class Meta:
        table = "result_declarations"
        indexes = [Index(fields=["case_id", "sha256"], name="ix_result_declarations_case")]
        constraints = [
            UniqueConstraint(fields=("agency_uscc", "number"), name="uq_result_declarations")
        ]
