"""The public check of a document: a page for people, JSON for programs, nothing about a person."""

import base64
import hashlib
from html import escape
from pathlib import Path
from string import Template

from pydantic import BaseModel, ConfigDict, Field
from sanic import Request
from sanic.response import HTTPResponse

from api.auth import PUBLIC
from api.call import Call
from api.routes import Routes
from services.notices import Checked, NoticeUnknown

verification = Routes("verification", "/verify", PUBLIC)
ROUTES = (verification,)

FOLDER = Path(__file__).parent
PAGE = Template((FOLDER / "verification.html").read_text(encoding="utf-8"))
STYLE = (FOLDER / "verification.css").read_text(encoding="utf-8")
SCRIPT = (FOLDER / "verification.js").read_text(encoding="utf-8")
UNKNOWN = """<p class="bad">没有查到这份文书。</p>
<p>可能是核对码输错了,也可能这份文书是假的。请不要按它缴费或者交出证件。
可以拿着它到政务服务中心的窗口问一问。</p>"""


class CheckQuery(BaseModel):
    """``digest``: the SHA-256 (hex) of a file, to be compared with the document's."""

    # Whoever passes a link on may add to it.
    model_config = ConfigDict(extra="ignore")

    digest: str | None = Field(None, max_length=200)


class CheckView(BaseModel):
    """A document as anybody may know it; ``same`` tells of a digest that was given."""

    valid: bool
    title: str
    number: str
    organ: str
    dated: str
    digest: str
    superseded: bool
    superseded_by: str | None
    same: bool | None

    @classmethod
    def of(cls, found: Checked, digest: str | None) -> "CheckView":
        given = None if digest is None else "".join(digest.split()).lower()
        return cls(
            valid=not found.superseded,
            title=found.title,
            number=found.number,
            organ=found.organ,
            dated=found.dated,
            digest=found.digest,
            superseded=found.superseded,
            superseded_by=found.newer,
            same=None if given is None else given == found.digest,
        )


@verification.add(
    "GET", "/<check:str>", query=CheckQuery, answer=CheckView, errors=(NoticeUnknown,), page=True
)
async def check_document(call: Call[None], check: str) -> CheckView | HTTPResponse:
    """Check a document by the code on it: whether it is real, in force, and the same file."""
    await call.ctx.limiter.hit("verify_address", call.address)
    query = call.query(CheckQuery)
    if not _wants_page(call.request):
        return CheckView.of(await call.ctx.notices.check(check), query.digest)
    try:
        found = CheckView.of(await call.ctx.notices.check(check), query.digest)
    except NoticeUnknown:
        return _page(UNKNOWN, 404)
    return _page(_body(found), 200)


def _wants_page(request: Request) -> bool:
    """Tell whether a browser asks: it names HTML before anything else."""
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted.split(";")[0]


def _page(body: str, status: int) -> HTTPResponse:
    page = PAGE.substitute(style=STYLE, script=SCRIPT, body=body)
    # Nothing is loaded, nothing else runs: what the page consists of is named by its hash.
    policy = (
        f"default-src 'none'; style-src '{_hash(STYLE)}'; script-src '{_hash(SCRIPT)}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept",
    }
    return HTTPResponse(
        page, status=status, headers=headers, content_type="text/html; charset=utf-8"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _body(found: CheckView) -> str:
    facts = {
        "文书名称": found.title,
        "文号": found.number,
        "发文机关": found.organ,
        "日期": found.dated,
    }
    lines = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts.items())
    return f"""{_verdict(found)}
<dl>{lines}<dt>文件校验值(SHA-256)</dt><dd id="digest">{escape(found.digest)}</dd></dl>
<h2>您手里的文件是不是这一份</h2>
<p id="answer"{_compared(found)}</p>
<p id="choose" hidden><label>选一下您手里的文件,文件不会传出去:<br>
<input type="file" id="file" accept="application/pdf"></label></p>
<form method="get"><label>或者填文件的校验值:<br>
<input type="text" name="digest" autocomplete="off" maxlength="64"></label>
<button>比一比</button></form>
<p>这里只能核对文书的真假,看不到当事人的任何信息。</p>"""


def _verdict(found: CheckView) -> str:
    if not found.superseded:
        return '<p class="good">这份文书是真的,现在有效。</p>'
    newer = f",新的文号是{escape(found.superseded_by)}" if found.superseded_by else ""
    return f'<p class="bad">这份文书是真的,但是已经被新的文书代替{newer}。请以新的为准。</p>'


def _compared(found: CheckView) -> str:
    if found.same is None:
        return ">"
    if found.same:
        return ' class="good">一致:您手里的文件就是这份文书,一个字也没有改过。'
    return ' class="bad">不一致:您手里的文件不是这份文书,或者被改过。'
