"""The outside world of Zhangban, as a program of its own, for development and tests.

It speaks the wire formats of WeChat, WeChat Pay v3, an SMS gateway, Tencent Cloud's real-name
check and a kuaidi100-style courier on one port of 127.0.0.1, under the paths that production uses,
so that the application reaches it by base URL alone. It imports nothing of the application, and
every number that it issues begins with ``wxsandbox``.

    python -m integrations.sandbox --port N --state-dir DIR [--credentials FILE]
        --notify-base-url http://127.0.0.1:8000 [--time-scale 0.01]

State is a SQLite file in the state directory: a killed process comes back with the same orders,
messages, parcels and pending callbacks. In tests: ``await make_app(SandboxConfig(...))``.

Providers
---------
WeChat: ``GET /sns/jscode2session`` (answers text/plain, as the real one), ``POST
/cgi-bin/stable_token``, ``POST /wxa/business/getuserphonenumber``, ``POST
/cgi-bin/message/subscribe/send``. A template id is anything like
``wxsandbox-template-<lower case words>``; its data keys follow WeChat's names (thing1, time2,
amount3, phrase4, character_string5 ...), and their kind decides the field rule.

WeChat Pay v3: ``POST /v3/pay/transactions/{jsapi,app,h5}``, ``GET .../out-trade-no/{no}?mchid=``,
``GET .../id/{transaction}?mchid=``, ``POST .../out-trade-no/{no}/close``, ``POST
/v3/refund/domestic/refunds``, ``GET .../refunds/{out_refund_no}``. A refund is PROCESSING for a
minute times the time scale, then SUCCESS, or ABNORMAL where the payer's account is frozen; its end
is called back. 2xx answers and callbacks are signed by the key ``PUB_KEY_ID_wxsandbox...`` if the
last request named it in ``Wechatpay-Serial``, else by the newest of ``GET /v3/certificates``;
``POST /phone/api/platform-certificates`` makes a newer one. ``notify_url`` has to be a
loopback address without query; http is allowed.

SMS: ``POST /sms/v1/messages`` with JSON ``{phone, template, params: {name: text}, request_id}``
answers 200 ``{message_id}``; the same request_id again gives the same message_id and sends nothing.
Headers: ``X-Access-Key``, ``X-Timestamp`` (Unix seconds, at most 5 minutes off) and ``X-Signature``
= lower-case hex of HMAC-SHA256(secret, timestamp + body) on the raw bytes. Errors are
``{code, message}``: 401 SIGNATURE_INVALID, 400 PARAM_INVALID, 409 REQUEST_ID_REUSED. A phone is
``13800000001`` or ``+8613800000001``. ``POST /sms/v1/calls`` takes the same and reads it out by a
voice call.

Real name: ``POST /`` with ``X-TC-Action: IdCardVerification``, ``X-TC-Version: 2018-03-01``, signed
by TC3-HMAC-SHA256 for service ``faceid``. Answers are HTTP 200 with ``{"Response": {"Result",
"Description", "RequestId"}}`` or ``{"Response": {"Error": {"Code", "Message"}, "RequestId"}}``.

``PhoneVerification`` compares three factors with the citizen's own phone. ``DetectAuth`` begins a
face check and answers ``{"BizToken", "Url"}``; the address is a page that passes or fails it.
``GetDetectInfoEnhanced`` with ``InfoType`` 1 answers ``{"Text": {"ErrCode": null|0|1004, ...}}``.

WeChat's face check: ``POST /cityservice/face/identify/getverifyid`` and ``.../queryverifyinfo``;
the result is decided on the phone. WeChat Pay's real-name check: ``POST
/intp/realname/checkrealnameinfo``, with a code of ``POST
/phone/api/citizens/<openid>/real-name-code``; the minor has no name there.

Unified identity: OpenID Connect under ``/oidc`` (issuer ``<base>/oidc``): discovery, ``jwks``,
``authorize`` (a page that lists the citizens; its buttons post ``citizen`` and ``level``) and
``token`` (client_secret_basic, PKCE S256, codes good once for a minute). The ID token (ES256) holds
``name``, ``id_number`` and ``acr``, the level. ``POST /phone/api/oidc/rotate`` -> ``{kid}`` changes
the key.

WeChat's OAuth2: ``/connect/oauth2/authorize`` (a page; its buttons post ``citizen``) and ``GET
/sns/oauth2/access_token`` for the official account and the mobile app; ``POST
/phone/api/citizens/<openid>/app-code`` -> ``{code, expires_in}`` is the app's. A user has another
openid in each app, and one unionid.

网号、网证: ``POST /netid/v1/verify`` with JSON ``{assertion, challenge, id_number?}``, signed as
SMS is, answers ``{result: PASS, net_number, name, id_matched?}`` or ``{result: INVALID}``. ``POST
/phone/api/citizens/<openid>/net-credential`` ``{challenge}`` -> ``{assertion}`` shows it.

Courier: forms with ``customer``, ``param`` (JSON) and ``sign`` = MD5(param + key + customer), upper
case. ``POST /order/borderapi.do`` with ``method=bOrder`` and param ``{kuaidicom, recManName,
recManMobile, recManPrintAddr, sendManName, sendManMobile, sendManPrintAddr, cargo, thirdOrderId,
callBackUrl?}`` answers ``{"result": true, "returnCode": "200", "message", "data": {"taskId",
"orderId", "kuaidinum"}}``; the same thirdOrderId is the same parcel. ``POST /poll/query.do`` with
param ``{com, num}`` answers ``{"message": "ok", "status": "200", "nu", "com", "state", "ischeck",
"condition", "data": [{"time", "ftime", "context", "status", "statusCode"}, ...]}``, newest first,
times in Asia/Shanghai. Before the parcel was collected there is nothing to tell:
``{"result": false, "returnCode": "500", "message"}``; a wrong signature is returnCode 503.
Each step is pushed to callBackUrl, or else to ``<notify-base-url>/callbacks/courier``: a form with
``param`` = ``{"status": "polling"|"shutdown", "message", "lastResult": <a query answer>}`` and
``sign`` = MD5(param + salt), upper case.

The treasury (统一公共支付/非税, an assumed format): ``POST /nontax/v1/notices``, ``GET
.../notices/{order_no}``, ``POST .../notices/{order_no}/cancel``, ``POST /nontax/v1/bills``, ``GET
.../bills/{code}/{number}``, ``POST .../bills/{code}/{number}/red``, ``POST /nontax/v1/refunds``,
``GET .../refunds/{refund_no}``. Headers ``X-Unit-Code``, ``X-Timestamp``, ``X-Nonce`` (good once)
and ``X-Signature``: HMAC-SHA256 in hex over ``REQUEST``, method, target, unit, timestamp, nonce and
SHA-256 of the body, each a line; answers are signed over ``ANSWER``, status and the request's
nonce, callbacks over ``CALLBACK`` and their path. ``/nontax/cashier/<缴款码>`` is the page to pay.

Callbacks are done when answered 200 or 204 within 5 s; otherwise they are repeated after 15 s,
15 s, 30 s, 3 min, 10 min, 20 min, 3 x 30 min, 1 h, 3 x 3 h, 2 x 6 h, each times the time scale.

The phone
---------
``GET /phone`` is the citizen's phone for a browser. All it does goes through this JSON API, errors
being ``{"error": sentence}`` with 400, 403, 404 or 409:

``GET  /phone/api/citizens`` -> ``{items: [{openid, name, id_number, phone, note}]}``
``POST /phone/api/citizens/<openid>/login-code`` -> ``{code, expires_in}``: a ``wx.login`` code
``POST /phone/api/citizens/<openid>/phone-code`` -> ``{code, expires_in}``: from getPhoneNumber
``GET  /phone/api/citizens/<openid>/subscriptions`` -> ``{items: [{template_id, left}]}``
``POST /phone/api/citizens/<openid>/subscriptions`` ``{template_id, times?}`` -> ``{template_id,
left}``: one acceptance allows one message
``GET  /phone/api/citizens/<openid>/orders`` -> ``{items: [{prepay_id, out_trade_no, description,
amount_fen, openid, status, expires_at, transaction_id, cancelled}]}``; status is OPEN, EXPIRED,
PAID or CLOSED; ``GET /phone/api/orders`` lists everybody's
``POST /phone/api/orders/<prepay_id>/pay`` ``{openid, invocation?, copies?, deliver?, signtest?}``
-> ``{errMsg, transaction_id, callbacks: [seq]}``. ``invocation`` is the argument of
``wx.requestPayment``; when given, its paySign is checked as the WeChat client does. ``copies``
sends the callback that many times, ``deliver: false`` never sends it, ``signtest: true`` first
sends a probe whose signature begins with ``WECHATPAY/SIGNTEST/``
``POST /phone/api/orders/<prepay_id>/cancel`` ``{openid}`` -> ``{errMsg}``: the cashier is closed,
the order stays unpaid
``GET  /phone/api/refunds?openid=`` -> ``{items: [{out_refund_no, refund_id, out_trade_no,
amount_fen, reason, status}]}``, the newest first
``POST /phone/api/refunds/<out_refund_no>/settle`` ``{status: SUCCESS|ABNORMAL|CLOSED}`` ->
``{status}``: ends a refund now, or anew when it brought no money (merchants do that by hand)
``POST /phone/api/citizens/<openid>/frozen`` ``{frozen}`` -> ``{frozen}``: money on its way back to
this payer cannot arrive
``GET  /phone/api/notices`` -> ``{items: [notice]}`` of the treasury, the newest first
``POST /phone/api/notices/<缴款码>/pay`` ``{copies?, deliver?, late?}`` -> ``{flow_no, callbacks}``;
``late`` arrives though the notice has ended
``GET  /phone/api/fiscal-bills``, ``GET /phone/api/treasury-refunds`` -> ``{items}``, newest first
``POST /phone/api/treasury-refunds/<refund_no>/settle`` ``{state: SUCCESS|FAILED}`` -> ``{state}``
``GET  /phone/api/outbox?openid=&phone=`` -> ``{items: [{id, channel: subscribe|sms|voice, to,
template, data, page, at}]}``, newest first
``GET  /phone/api/callbacks`` -> ``{items: [{seq, id, kind, url, state, next_at, attempts: [{at,
status, error}]}]}``, newest first; state is PENDING, DELIVERED, HELD, PROBED or GIVEN_UP
``POST /phone/api/callbacks/<seq>/redeliver`` -> ``{seq}``: one more copy, now
``GET  /phone/api/parcels`` -> ``{items: [{waybill, order_number, receiver, state, data}]}``
``POST /phone/api/parcels/<waybill>/advance`` ``{state?}`` -> ``{waybill, state}``: the next state,
or the named one (kuaidi100 code)
``GET  /phone/api/face-checks`` -> ``{items: [{token, kind, name, id_number, state, back}]}``, the
newest first
``POST /phone/api/face-checks/<token>`` ``{result: pass|fail}`` -> ``{token}``
``GET|POST|DELETE /phone/api/faults``; POST ``{path_prefix, times?, status?, code?, delay_ms?,
drop?, after?}`` -> ``{id}``: the next ``times`` requests under the prefix get this HTTP status, or
this provider error code in the provider's shape, or come late, or lose their connection; with
``after`` the request takes effect first and only its answer is spoiled. The prefix ``/`` means the
real-name check alone. The answer of a fault is never signed.
"""

from .app import make_app
from .config import RefusedToStart, SandboxConfig
from .credentials import Credentials, issue_credentials, read_credentials

__all__ = [
    "Credentials",
    "RefusedToStart",
    "SandboxConfig",
    "issue_credentials",
    "make_app",
    "read_credentials",
]
