"""The ways in (登录方式)."""

from enum import StrEnum


class Way(StrEnum):
    """By what somebody came in."""

    WECHAT_MINI = "WECHAT_MINI"
    WECHAT_H5 = "WECHAT_H5"
    WECHAT_APP = "WECHAT_APP"
    PHONE = "PHONE"
    OIDC = "OIDC"

    @property
    def is_wechat(self) -> bool:
        return self.value.startswith("WECHAT_")

    @property
    def app(self) -> str:
        """Return which kind of WeChat app it is: MINI, H5 or APP."""
        return self.value.removeprefix("WECHAT_")

    @property
    def zh(self) -> str:
        return _ZH[self]


_ZH = {
    Way.WECHAT_MINI: "微信小程序",
    Way.WECHAT_H5: "微信网页",
    Way.WECHAT_APP: "手机应用(微信)",
    Way.PHONE: "手机号",
    Way.OIDC: "统一身份认证",
}
