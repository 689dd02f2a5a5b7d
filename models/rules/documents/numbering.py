"""文号: 机关简称 + 文种 +〔年份〕+ 顺序号, and the code by which anybody can check a document."""

from collections.abc import Mapping
from types import MappingProxyType

from models.rules.numbers import QUERY_ALPHABET

CHECK_LENGTH = 20
CHECK_BYTES = 16

# What a county's organs are called for short, the longer name first.
SHORT: Mapping[str, str] = MappingProxyType(
    {
        "市场监督管理": "市监",
        "卫生健康": "卫健",
        "住房和城乡建设": "住建",
        "自然资源和规划": "自然资",
        "自然资源": "自然资",
        "交通运输": "交",
        "农业农村": "农",
        "林业和草原": "林草",
        "林业": "林",
        "公安": "公",
        "民政": "民",
        "残疾人联合": "残联",
        "人力资源和社会保障": "人社",
        "生态环境": "环",
        "应急管理": "应急",
        "行政审批": "审批",
        "教育": "教",
        "水利": "水",
        "司法": "司",
        "财政": "财",
        "医疗保障": "医保",
        "文化和旅游": "文旅",
        "发展和改革": "发改",
    }
)
_PLACES = "县区市旗"
_BODIES = ("委员会", "局", "会", "办公室", "中心", "厅")


def organ_short(agency: str) -> str:
    """Return what an organ is called in its numbers: 示例县卫生健康局 is 示卫健.

    The first character of its place, then its line of work. A name of no known form stands for
    itself, so that two organs never share their numbers by accident.
    """
    place = next((at for at, c in enumerate(agency) if at and c in _PLACES), None)
    if place is None:
        return agency
    field = agency[place + 1 :]
    for body in _BODIES:
        if field.endswith(body) and len(field) > len(body):
            field = field.removesuffix(body)
            break
    return agency[0] + SHORT.get(field, field)


def serial_prefix(short: str, word: str, year: int) -> str:
    """Return what a series of numbers has in common: 示卫健补正〔2026〕."""
    return f"{short}{word}〔{year}〕"


def document_number(prefix: str, serial: int) -> str:
    """Return the 文号: 示卫健补正〔2026〕12号."""
    return f"{prefix}{serial}号"


def check_code(random: bytes) -> str:
    """Shape at least 16 random bytes into 20 characters that nobody confuses (95 bits)."""
    if len(random) < CHECK_BYTES:
        raise ValueError("a check code needs 16 random bytes")
    rest = int.from_bytes(random)
    code = ""
    for _ in range(CHECK_LENGTH):
        rest, place = divmod(rest, len(QUERY_ALPHABET))
        code += QUERY_ALPHABET[place]
    return code


def read_check_code(text: str) -> str | None:
    """Return a code as it is stored, or None for what is none; forgive case, blanks and dashes."""
    code = "".join(text.upper().replace("-", "").split())
    known = len(code) == CHECK_LENGTH and all(c in QUERY_ALPHABET for c in code)
    return code if known else None
