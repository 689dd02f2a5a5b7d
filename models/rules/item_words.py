"""The words that an item's data is written in; each is a closed list."""

from enum import StrEnum

from models.rules.named import Named


class ItemType(StrEnum):
    """依申请六类权力事项, and public services (七星关方案)."""

    PERMIT = "行政许可"
    GRANT = "行政给付"
    CONFIRMATION = "行政确认"
    REWARD = "行政奖励"
    RULING = "行政裁决"
    OTHER_POWER = "其他行政权力"
    PUBLIC_SERVICE = "公共服务"


class CaseType(StrEnum):
    """即办件, 承诺件, 联办件 (青神方案2018)."""

    IMMEDIATE = "即办件"
    PROMISED = "承诺件"
    JOINT = "联办件"


class Tag(StrEnum):
    """What an item promises people (新乡方案2018); the linter sees that it is true."""

    AT_ONCE = "马上办"
    ONLINE = "网上办"
    NEARBY = "就近办"
    ONE_VISIT = "一次办"


class ApplicantType(StrEnum):
    """Who can apply."""

    NATURAL_PERSON = "NATURAL_PERSON"
    ENTERPRISE = "ENTERPRISE"
    INDIVIDUAL_BUSINESS = "INDIVIDUAL_BUSINESS"
    COOPERATIVE = "COOPERATIVE"
    SOCIAL_ORG = "SOCIAL_ORG"
    VILLAGE_COLLECTIVE = "VILLAGE_COLLECTIVE"


class OnlineDepth(StrEnum):
    """How far an item can be handled without a visit (网办深度)."""

    FULL_ONLINE = "FULL_ONLINE"
    FULL_ONLINE_AUTO = "FULL_ONLINE_AUTO"
    PRE_REVIEW_THEN_WINDOW = "PRE_REVIEW_THEN_WINDOW"


class IncompletePolicy(StrEnum):
    """What the item's law says of an application that is not complete."""

    CORRECTION_NOTICE = "CORRECTION_NOTICE"
    NOT_ACCEPT_WITH_LIST = "NOT_ACCEPT_WITH_LIST"
    RETURN_WITH_LIST = "RETURN_WITH_LIST"


class DeliveryMode(StrEnum):
    """How a result reaches the applicant."""

    POST = "POST"
    WINDOW = "WINDOW"
    TOWNSHIP_PICKUP = "TOWNSHIP_PICKUP"
    ELECTRONIC = "ELECTRONIC"


class Till(StrEnum):
    """Where a fee is paid: by WeChat Pay, or straight into the treasury (非税缴款)."""

    WECHAT = "WECHAT"
    NONTAX = "NONTAX"


class BackendMode(StrEnum):
    """Where the approval itself is done (七星关方案: 自建系统三种模式)."""

    PULL_API = "PULL_API"
    MANUAL_REENTRY = "MANUAL_REENTRY"
    EXTERNAL_REDIRECT = "EXTERNAL_REDIRECT"


class MaterialSource(StrEnum):
    """Where a material comes from; what is shared need not be brought."""

    APPLICANT = "APPLICANT"
    E_CERT_SHARED = "E_CERT_SHARED"
    DATA_SHARED = "DATA_SHARED"
    ONLINE_FORM = "ONLINE_FORM"


class MaterialKind(StrEnum):
    """What a material is for the phone."""

    ONLINE_FORM = "ONLINE_FORM"
    ELECTRONIC_COPY = "ELECTRONIC_COPY"
    PHOTO = "PHOTO"


class Paper(Named):
    """What a person can take home to write a material (贵安方案2017)."""

    BLANK = "blank", "格式文本"
    SAMPLE = "sample", "示范文本"


class DraftStatus(StrEnum):
    """Where a draft of an item stands."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    DISCARDED = "DISCARDED"
