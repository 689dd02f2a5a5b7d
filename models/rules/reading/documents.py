"""The kinds of document that are told apart by reading."""

from enum import StrEnum


class DocumentKind(StrEnum):
    """A kind of document; ``zh`` is its name. An ID card has two sides, each a kind."""

    ID_CARD_PORTRAIT = "ID_CARD_PORTRAIT"
    ID_CARD_EMBLEM = "ID_CARD_EMBLEM"
    BUSINESS_LICENCE = "BUSINESS_LICENCE"
    HOUSEHOLD_COVER = "HOUSEHOLD_COVER"
    HOUSEHOLD_MEMBER = "HOUSEHOLD_MEMBER"
    DRIVING_LICENCE = "DRIVING_LICENCE"
    TRANSPORT_QUALIFICATION = "TRANSPORT_QUALIFICATION"
    PROPERTY_CERTIFICATE = "PROPERTY_CERTIFICATE"
    RESIDENCE_PERMIT = "RESIDENCE_PERMIT"
    SOCIAL_SECURITY_CARD = "SOCIAL_SECURITY_CARD"
    HEALTH_CERTIFICATE = "HEALTH_CERTIFICATE"
    DIAGNOSIS = "DIAGNOSIS"
    INSPECTION_REPORT = "INSPECTION_REPORT"
    SALE_CONTRACT = "SALE_CONTRACT"
    TAX_RECEIPT = "TAX_RECEIPT"
    APPLICATION_FORM = "APPLICATION_FORM"
    PORTRAIT = "PORTRAIT"

    @property
    def zh(self) -> str:
        return _NAMES[self]


_K = DocumentKind
_NAMES = {
    _K.ID_CARD_PORTRAIT: "身份证人像面",
    _K.ID_CARD_EMBLEM: "身份证国徽面",
    _K.BUSINESS_LICENCE: "营业执照",
    _K.HOUSEHOLD_COVER: "户口簿首页",
    _K.HOUSEHOLD_MEMBER: "户口簿本人页",
    _K.DRIVING_LICENCE: "机动车驾驶证",
    _K.TRANSPORT_QUALIFICATION: "从业资格证",
    _K.PROPERTY_CERTIFICATE: "不动产权证书",
    _K.RESIDENCE_PERMIT: "居住证",
    _K.SOCIAL_SECURITY_CARD: "社会保障卡",
    _K.HEALTH_CERTIFICATE: "健康证明",
    _K.DIAGNOSIS: "诊断证明",
    _K.INSPECTION_REPORT: "检测报告",
    _K.SALE_CONTRACT: "买卖合同",
    _K.TAX_RECEIPT: "完税凭证",
    _K.APPLICATION_FORM: "申请表",
    _K.PORTRAIT: "免冠照片",
}
