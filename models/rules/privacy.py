"""What personal data is used for, in words for everybody (个人信息处理规则): data, not code.

A purpose has one text per version. A new version is a new question; an answer to an old one, given
or refused, holds until then and is not asked for again (网络数据安全管理条例22(五)).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

MINOR_YEARS = 14  # 个人信息保护法31: under 14 a guardian consents


class ConsentKind(StrEnum):
    """NOTICE informs (17, 35); CONSENT asks (13); SEPARATE asks for itself (单独同意, 23, 29);
    GUARDIAN asks the guardian of a child (31)."""

    NOTICE = "NOTICE"
    CONSENT = "CONSENT"
    SEPARATE = "SEPARATE"
    GUARDIAN = "GUARDIAN"


class Purpose(StrEnum):
    CASE_HANDLING = "CASE_HANDLING"
    SAVED_MATERIALS = "SAVED_MATERIALS"
    MESSAGES = "MESSAGES"
    COURIER = "COURIER"
    PAYMENT_CHANNEL = "PAYMENT_CHANNEL"
    MEDICAL = "MEDICAL"
    FINANCIAL = "FINANCIAL"
    CHILD = "CHILD"


@dataclass(frozen=True)
class Statement:
    """A purpose as it is told. ``otherwise`` says what remains possible for who refuses."""

    purpose: Purpose
    kind: ConsentKind
    version: str
    title: str
    text: str
    categories: tuple[str, ...]
    recipients: tuple[str, ...]
    otherwise: str
    basis: str

    @property
    def digest(self) -> str:
        """Return the SHA-256 (hex) of everything that was told."""
        told = (self.purpose, self.kind, self.version, self.title, self.text, self.otherwise)
        whole = "\n".join((*told, *self.categories, *self.recipients, self.basis))
        return hashlib.sha256(whole.encode()).hexdigest()


_LAW = "个人信息保护法"
_S, _K, _P = Statement, ConsentKind, Purpose
# fmt: off
STATEMENTS: Mapping[Purpose, Statement] = MappingProxyType({each.purpose: each for each in (
    _S(_P.CASE_HANDLING, _K.NOTICE, "2026.2", "办理这件事要用到的信息",
       "为了依法办理您的申请,我们要用您的姓名、身份证号、联系方式、填写的内容和上传的材料。"
       "受理窗口和审批部门的工作人员会看到,谁看过都有记录。办完以后按档案规定保存,到期销毁。"
       "您上传的照片先由系统自动检查清不清楚、对不对,您不认可检查结果的,可以请工作人员复核。"
       "这是依法履行职责,不用您同意,但应当让您知道。您可以查看、复制、更正自己的信息,"
       "也可以要求删除、注销账号,或者请我们说明。",
       ("姓名", "身份证号", "联系方式", "表单内容", "申请材料"),
       ("受理这个事项的窗口", "办理这个事项的审批部门"),
       "不想在手机上办的,可以带材料到窗口办。", f"{_LAW}13(三)、17、24、35"),
    _S(_P.SAVED_MATERIALS, _K.CONSENT, "2026.1", "保存材料,下次办事再用",
       "您同意的话,这次上传的材料会替您存着,下次办别的事时不用再拍。别人看不到。",
       ("申请材料",), (), "不同意也一样办事,只是下次要重新上传。", f"{_LAW}13(一)、14"),
    _S(_P.MESSAGES, _K.CONSENT, "2026.1", "用微信通知办事进展",
       "您同意的话,办事有进展时,我们通过微信给您发消息,消息里有事项名称和查询码。",
       ("微信用户标识", "事项名称", "查询码"), ("微信(深圳市腾讯计算机系统有限公司)",),
       "不同意也一样办事,要您知道的事改发短信,也可以自己打开查看。", f"{_LAW}13(一)、23"),
    _S(_P.COURIER, _K.SEPARATE, "2026.1", "把收件信息交给邮政",
       "您选邮寄的话,我们要把收件人的姓名、电话和地址交给邮政,用来送这一件邮件。",
       ("收件人姓名", "收件人电话", "收件地址"), ("中国邮政", "快递下单服务商"),
       "不同意的,可以自己到窗口领,或者选电子结果。", f"{_LAW}23"),
    _S(_P.PAYMENT_CHANNEL, _K.SEPARATE, "2026.1", "把缴费信息交给微信支付",
       "您在手机上缴费的话,我们要把微信用户标识、金额和事项名称交给微信支付,用来收这一笔钱。",
       ("微信用户标识", "金额", "事项名称"), ("微信支付(财付通支付科技有限公司)",),
       "不同意的,可以到窗口缴费。", f"{_LAW}23、29"),
    _S(_P.MEDICAL, _K.SEPARATE, "2026.1", "使用医疗健康信息",
       "这个事项依法要看体检、病历、残疾评定这一类材料。这是敏感信息,泄露了会影响您的生活,"
       "所以单独问您。只有办这件事的工作人员能看到。",
       ("医疗健康信息",), ("受理这个事项的窗口", "办理这个事项的审批部门"),
       "不同意在网上交的,可以带材料到窗口办。", f"{_LAW}28、29"),
    _S(_P.FINANCIAL, _K.SEPARATE, "2026.1", "使用银行账户信息",
       "这个事项要把钱发到您的银行账户,所以要用您的账号。这是敏感信息,所以单独问您。"
       "只用来发这一笔钱,只有办这件事的工作人员能看到。",
       ("银行账号",), ("受理这个事项的窗口", "办理这个事项的审批部门"),
       "不同意在网上交的,可以带银行卡到窗口办。", f"{_LAW}28、29"),
    _S(_P.CHILD, _K.GUARDIAN, "2026.1", "使用不满14岁孩子的信息",
       "孩子不满14岁,他的信息要由监护人同意才能用。我们只用来办您替孩子申请的事,"
       "看过的人都要经过批准并有记录。",
       ("孩子的姓名", "孩子的身份证号", "申请材料"),
       ("受理这个事项的窗口", "办理这个事项的审批部门"),
       "不同意在网上办的,可以带材料到窗口办。",
       f"{_LAW}31;未成年人网络保护条例36"),
)})
# fmt: on


# What a material of a sensitive category needs beside the notice (个人信息保护法29).
SEPARATELY: Mapping[str, Purpose] = MappingProxyType(
    {"医疗健康": Purpose.MEDICAL, "金融账户": Purpose.FINANCIAL}
)


def asked_of_adults() -> tuple[Statement, ...]:
    """Return what a person answers for themselves: all but the notice and a child's."""
    kinds = (ConsentKind.CONSENT, ConsentKind.SEPARATE)
    return tuple(each for each in STATEMENTS.values() if each.kind in kinds)
