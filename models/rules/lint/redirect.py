"""Items that are filed elsewhere (EXTERNAL_REDIRECT): where to, and whom people are sent to."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from models.rules.item_words import BackendMode
from models.rules.lint.finding import Body, Hit, Policy, Rule, Severity

_R = Severity.REFUSES


def external_unlisted(body: Body, policy: Policy) -> Iterator[Hit]:
    """People are sent to addresses that the county has looked at, and to no other."""
    url = (body.get("external") or {}).get("url")
    if url is None:
        return
    try:
        parts = urlsplit(url)
        host, plain = parts.hostname or "", parts.username is None and parts.port is None
    except ValueError:
        host, plain = "", False
    if not plain or parts.scheme != "https" or host not in policy.external_hosts:
        yield Hit("/external/url", url)


def external_unclear(body: Body, _: Policy) -> Iterator[Hit]:
    """An item is filed here or there: both would lose applications."""
    external = body.get("external")
    if external is None:
        return
    if body["flags"]["backend_mode"] != BackendMode.EXTERNAL_REDIRECT:
        yield Hit("/flags/backend_mode")
    for name in ("system", "url"):
        if name not in external:
            yield Hit(f"/external/{name}")


# fmt: off
RULES = (
    Rule("external_unlisted", _R, "外部办理地址“{}”不在允许的网站名单里,或者不是https地址。",
         "七星关方案: 自建系统三种模式", external_unlisted),
    Rule("external_unclear", _R,
         "写了外部办理地址的事项,对接方式应当是跳转办理,系统名称和地址都要写。",
         "七星关方案: 自建系统三种模式", external_unclear),
)
# fmt: on
