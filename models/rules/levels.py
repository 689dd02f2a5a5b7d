"""Real-name levels (实名等级): how sure it is who holds an account."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """国办函〔2016〕108号 asks for the ID number and at least two more for full trust."""

    NONE = 0
    TWO_FACTORS = 1
    THREE_FACTORS = 2
    FACE = 3
    CA = 4

    @property
    def zh(self) -> str:
        return _ZH[self]


_ZH = {
    Level.NONE: "未实名",
    Level.TWO_FACTORS: "姓名和身份证号核验",
    Level.THREE_FACTORS: "姓名、身份证号和手机号核验",
    Level.FACE: "人脸核验或网证",
    Level.CA: "数字证书",
}


@dataclass(frozen=True)
class StepUp:
    """A way to a level: a code for the phone's screens and a sentence for the person."""

    code: str
    level: Level
    text: str


STEPS = (
    StepUp("REAL_NAME", Level.TWO_FACTORS, "填写姓名和身份证号核验"),
    StepUp("REAL_NAME_PHONE", Level.THREE_FACTORS, "核验手机号是不是本人实名办理"),
    StepUp("REAL_NAME_WECHAT", Level.THREE_FACTORS, "用微信支付的实名信息核验"),
    StepUp("FACE", Level.FACE, "在手机上做人脸核验"),
    # 人脸识别技术应用安全管理办法: the face must not be the only way.
    StepUp("NET_CREDENTIAL", Level.FACE, "出示国家网络身份认证(网号、网证)"),
    StepUp("OIDC", Level.FACE, "用国家或省统一身份认证的高等级账号登录并绑定"),
    StepUp("WINDOW", Level.FACE, "带身份证到办事窗口办理"),
)


def steps_to(needed: int) -> Sequence[StepUp]:
    """Return the ways by which a level can be reached."""
    return [step for step in STEPS if step.level >= needed]
