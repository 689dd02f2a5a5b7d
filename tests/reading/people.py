"""Invented people and organisations of the drawn documents; region 511499 does not exist."""

from dataclasses import dataclass

from models.rules import identity

REGION = "511499"


def id_number(born: str, serial: str) -> str:
    """Return a number with a right check digit; ``born`` is 8 digits, ``serial`` 3."""
    first = f"{REGION}{born}{serial}"
    return first + identity.id_check_digit(first)


def uscc(kind: str, serial: str) -> str:
    first = f"{kind}{REGION}{serial}"
    return first + identity.uscc_check_digit(first)


@dataclass(frozen=True)
class Someone:
    """A person as documents show them."""

    name: str
    sex: str
    born: str
    serial: str
    address: str
    nation: str = "汉"

    @property
    def number(self) -> str:
        return id_number(self.born, self.serial)

    @property
    def birthday(self) -> str:
        return f"{self.born[:4]}年{int(self.born[4:6])}月{int(self.born[6:])}日"


@dataclass(frozen=True)
class Firm:
    """A business as its licence shows it."""

    name: str
    code: str
    owner: str
    premises: str


LIN = Someone("林小满", "女", "19900307", "024", "示例省示例县城关镇人民路218号2栋3单元501室")
ZHOU = Someone("周启明", "男", "19851122", "317", "示例省示例县河口乡石桥村四组26号")
HE = Someone("何雨桐", "女", "19980615", "148", "示例省示例县城关镇学府街9号", "彝")
QIN = Someone("秦志远", "男", "19720229", "051", "示例省示例县白云镇新华村二组8号")
SHOP = Firm(
    "示例县小满面馆",
    uscc("92", "MA6A1B2C3"),
    "林小满",
    "示例省示例县城关镇人民路220号一层",
)
FARM = Firm(
    "示例县河口种植专业合作社",
    uscc("93", "MA6D4E5F6"),
    "周启明",
    "示例省示例县河口乡石桥村四组",
)
