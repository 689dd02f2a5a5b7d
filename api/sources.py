"""The sources of a slot, as a phone shows them: what to call, and what there is to choose from."""

from uuid import UUID

from pydantic import BaseModel

from models.rules.supply import SourceKind
from services.reusable import Reusable
from services.sources import Source

_TITLES = {
    SourceKind.E_CERT: "直接用电子证照({}),不用上传",
    SourceKind.DATA_SHARED: "由有关部门共享({}),不用上传",
    SourceKind.VAULT: "从我的材料库里选",
    SourceKind.EARLIER: "用以前办事交过的",
    SourceKind.CERT_NUMBER: "只填证照编号({}),不用上传",
    SourceKind.UPLOAD: "拍照或者选文件上传",
}
_CALLS = {
    SourceKind.E_CERT: ("POST", "/certificate"),
    SourceKind.DATA_SHARED: ("POST", "/certificate"),
    SourceKind.VAULT: ("POST", "/reuse"),
    SourceKind.EARLIER: ("POST", "/reuse"),
    SourceKind.CERT_NUMBER: ("POST", "/certificate"),
    SourceKind.UPLOAD: ("POST", ""),
}


class ChoiceView(BaseModel):
    """A filed material to choose; its case is named to who may see that case."""

    material_id: UUID
    kind: str
    trust: str
    valid_until: str | None
    filed_at: str
    case_no: str | None
    item_name: str | None

    @classmethod
    def of(cls, found: Reusable) -> "ChoiceView":
        return cls(
            material_id=found.material_id,
            kind=found.kind,
            trust=found.trust.value,
            valid_until=found.valid_until.isoformat() if found.valid_until else None,
            filed_at=found.filed_at.isoformat(),
            case_no=found.case_no,
            item_name=found.item_name,
        )


class SourceView(BaseModel):
    """Where a material could come from, and the request that gets it.

    E_CERT and DATA_SHARED send ``{"number": null}``, CERT_NUMBER the typed number, VAULT and
    EARLIER ``{"material_id": ...}`` of one of ``choices``, UPLOAD the file.
    """

    source: str
    title: str
    method: str
    path: str
    choices: list[ChoiceView]

    @classmethod
    def of(cls, source: Source, case_id: UUID, code: str) -> "SourceView":
        method, ending = _CALLS[source.kind]
        return cls(
            source=source.kind.value,
            title=_TITLES[source.kind].format(source.paper),
            method=method,
            path=f"/v1/cases/{case_id}/materials/{code}{ending}",
            choices=[ChoiceView.of(each) for each in source.entries],
        )
