"""The form of a case: sealed at rest, checked against the item version's JSON Schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import orjson
from jsonschema.exceptions import ValidationError

from models.case import CaseForm
from models.database import rows
from services.errors import FieldFault, Invalid, NotFound
from services.items import PublishedItem
from services.ports import Crypto
from services.schemas import form_validator

PURPOSE = "case.form"
MAX_BYTES = 64 * 1024

SENTENCES = {
    "required": "这一项必须填写。",
    "additionalProperties": "没有这一项。",
    "enum": "请从给出的选项里选择。",
    "const": "请从给出的选项里选择。",
    "type": "填写的内容类型不对。",
    "minLength": "填写的内容太短。",
    "maxLength": "填写的内容太长。",
    "minimum": "数值太小。",
    "exclusiveMinimum": "数值太小。",
    "maximum": "数值太大。",
    "pattern": "格式不正确。",
    "format": "格式不正确。",
    "multipleOf": "小数位数太多。",
    "x-check": "身份证号有一位填错了,请检查。",
}


class FieldUnknown(NotFound):
    """The form of this item has no such field."""

    code = "field_unknown"
    sentence = "表单里没有这一项。"


class FormInvalid(Invalid):
    """The form does not fit the item's schema; each fault names its field."""

    code = "form_invalid"
    sentence = "表单有内容没有填对,请检查后再提交。"


@dataclass(frozen=True)
class Form:
    """The answers so far; ``read`` says which of them were read off a material, and off which."""

    values: Mapping[str, Any]
    revision: int
    read: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Forms:
    crypto: Crypto

    async def read(self, case_id: UUID) -> Form:
        return await self._read("sealed", case_id)

    def open(self, sealed: bytes) -> Mapping[str, Any]:
        values: Mapping[str, Any] = orjson.loads(self.crypto.open(sealed, PURPOSE))
        return values

    def seal(self, values: Mapping[str, Any]) -> bytes:
        plain = orjson.dumps(dict(values))
        if len(plain) > MAX_BYTES:
            raise FormInvalid("表单内容太多,请精简后再提交。")
        return self.crypto.seal(plain, PURPOSE)

    async def create(self, case_id: UUID) -> None:
        await CaseForm.create(case_id=case_id, sealed=self.seal({}))

    async def read_filed(self, case_id: UUID) -> Form:
        """Return the form as it was filed last, which its applicant may be correcting."""
        filed = await self._read("coalesce(filed_sealed, sealed)", case_id)
        now = await self.read(case_id)
        # A mark speaks of the answer that stands there now.
        read = {
            name: of
            for name, of in filed.read.items()
            if filed.values.get(name) == now.values.get(name)
        }
        return replace(filed, read=read)

    async def _read(self, which: str, case_id: UUID) -> Form:
        # One of the two expressions above, never anybody's input.
        sql = f"SELECT {which} AS sealed, revision, prefilled FROM case_forms WHERE case_id = $1"  # noqa: S608
        [row] = await rows(sql, [case_id])
        read = orjson.loads(row["prefilled"]) if row["prefilled"] else {}
        return Form(self.open(row["sealed"]), row["revision"], read)

    async def put(
        self,
        case_id: UUID,
        item: PublishedItem,
        field: str,
        value: Any,
        *,
        now: datetime,
        correcting: bool = False,
    ) -> Form:
        """Save one field; None clears it. The caller holds the case's row.

        While a case is ``correcting`` the form as it was filed is kept beside.
        """
        check_field(item, field, value)
        row = await CaseForm.get(case_id=case_id)
        if correcting and row.filed_sealed is None:
            row.filed_sealed = row.sealed
        values = {**self.open(row.sealed), field: value}
        if value is None:
            del values[field]
        row.sealed = self.seal(values)
        row.revision += 1
        row.saved_at = now
        # What its owner has written anew was not read off anything.
        row.prefilled = {key: of for key, of in (row.prefilled or {}).items() if key != field}
        changed = ["sealed", "filed_sealed", "revision", "saved_at", "prefilled"]
        await row.save(update_fields=changed)
        return Form(values, row.revision, row.prefilled or {})

    async def file(self, case_id: UUID) -> None:
        """Take note that the form as it stands is filed."""
        await CaseForm.filter(case_id=case_id, filed_sealed__isnull=False).update(filed_sealed=None)

    async def refit(self, case_id: UUID, item: PublishedItem) -> Form:
        """Keep the answers that another version of the item still asks for and would take."""
        row = await CaseForm.get(case_id=case_id)
        values = self.open(row.sealed)
        kept = {name: value for name, value in values.items() if _fits(item, name, value)}
        if kept != values:
            row.sealed = self.seal(kept)
            row.revision += 1
            row.prefilled = {key: of for key, of in (row.prefilled or {}).items() if key in kept}
            await row.save(update_fields=["sealed", "revision", "prefilled"])
        return Form(kept, row.revision)


def _fits(item: PublishedItem, field: str, value: Any) -> bool:
    try:
        check_field(item, field, value)
    except (FieldUnknown, FormInvalid):
        return False
    return True


def check_field(item: PublishedItem, field: str, value: Any) -> None:
    """Check one field alone; whether the whole is complete is asked at submission."""
    properties = item.form_schema["properties"]
    if field not in properties:
        raise FieldUnknown
    if value is None:
        return
    validator = form_validator(properties[field])
    faults = [_fault(error, f"/{field}") for error in validator.iter_errors(value)]
    if faults:
        raise FormInvalid(faults[0].detail, faults=faults)


def check_form(item: PublishedItem, values: Mapping[str, Any]) -> None:
    """Check the whole form; raise ``FormInvalid`` with every fault at once."""
    faults = [fault for error in item.form.iter_errors(values) for fault in _faults(error)]
    if faults:
        raise FormInvalid(faults=sorted(faults, key=lambda fault: fault.pointer))


def _faults(error: ValidationError) -> list[FieldFault]:
    if error.validator == "required":
        # One error per missing name: each is told once, by the name in its message.
        names = cast("list[str]", error.validator_value)
        return [
            FieldFault(f"/{name}", SENTENCES["required"])
            for name in names
            if repr(name) in error.message
        ]
    return [_fault(error, "")]


def _fault(error: ValidationError, prefix: str) -> FieldFault:
    pointer = prefix + "".join(f"/{part}" for part in error.absolute_path)
    return FieldFault(pointer, SENTENCES.get(str(error.validator), "填写的内容不正确。"))
