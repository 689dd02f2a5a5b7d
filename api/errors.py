"""Where errors become HTTP: the only place that knows status numbers (RFC 9457)."""

from asyncio import CancelledError
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from sanic import Request
from sanic.exceptions import RequestCancelled, SanicException
from sanic.response import HTTPResponse

from api.answers import Answer
from models.database import DatabaseLost, Duplicate, is_lost
from services import errors

STATUS: Mapping[type[errors.Problem], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    errors.Unsupported: 415,
    errors.Invalid: 422,
    errors.Busy: 423,
    errors.TooMany: 429,
    errors.ChecksumWrong: 460,  # the number that tus gave it
    errors.Unavailable: 503,
}
# What Sanic itself refuses, before a handler of ours is asked.
FRAMEWORK: Mapping[int, tuple[str, str]] = {
    400: ("malformed", "请求格式不正确。"),
    404: ("not_found", "没有找到您要的内容。"),
    405: ("method_not_allowed", "不支持这种操作。"),
    408: ("request_timeout", "网络太慢,请求没有传完,请重试。"),
    413: ("too_large", "内容太大。"),
    416: ("range_not_satisfiable", "请求的文件范围不存在。"),
    417: ("expectation_failed", "请求格式不正确。"),
    503: ("unavailable", "系统繁忙,请稍后再试。"),
}

# Not registered; what nginx writes into its log for a client that hung up.
CLIENT_LEFT = 499

log = structlog.get_logger("zhangban.api")


def status_of(problem: type[errors.Problem]) -> int:
    """Return the HTTP status of a kind of problem, by its family."""
    return next(STATUS[family] for family in problem.__mro__ if family in STATUS)


def problem_response(
    request: Request,
    status: int,
    code: str,
    sentence: str,
    *,
    faults: list[dict[str, str]] | None = None,
    facts: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HTTPResponse:
    """Return an ``application/problem+json`` answer."""
    body: dict[str, Any] = {
        "type": f"urn:zhangban:problem:{code}",
        "title": code,
        "status": status,
        "detail": sentence,
        "code": code,
        "request_id": str(request.id),
    }
    if faults:
        body["errors"] = faults
    if facts:
        body.update(facts)
    return Answer(
        orjson.dumps(body),
        status=status,
        content_type="application/problem+json; charset=utf-8",
        headers=dict(headers or {}),
    )


def answer_problem(request: Request, problem: errors.Problem) -> HTTPResponse:
    status = status_of(type(problem))
    headers: dict[str, str] = {}
    if isinstance(problem, errors.TooMany | errors.Unavailable):
        headers["Retry-After"] = str(problem.retry_after)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    faults = [{"pointer": fault.pointer, "detail": fault.detail} for fault in problem.faults]
    return problem_response(
        request,
        status,
        problem.code,
        problem.text,
        faults=faults,
        facts=problem.facts,
        headers=headers,
    )


def answer_error(request: Request, error: BaseException) -> HTTPResponse:
    """Turn whatever a handler raised into an answer; nothing of ours leaks into it."""
    if isinstance(error, CancelledError):
        return _answer_interrupted(request, error)
    if isinstance(error, errors.Problem):
        return answer_problem(request, error)
    if isinstance(error, DatabaseLost) or is_lost(error):
        log.warning("database.lost", error=type(error.__cause__ or error).__name__)
        return answer_problem(request, errors.Unavailable())
    if isinstance(error, Duplicate):
        log.warning("database.duplicate", constraint=error.constraint)
        return answer_problem(request, errors.Conflict())
    if isinstance(error, SanicException):
        return _answer_framework(request, error)
    log.error("request.crashed", error=type(error).__name__, exc_info=error)
    return problem_response(request, 500, "internal", "系统出错了,请稍后再试。")


def _answer_interrupted(request: Request, error: CancelledError) -> HTTPResponse:
    if isinstance(error, RequestCancelled):
        # Nobody reads it; the log and the metrics must not count a phone in a lift as a crash.
        return problem_response(request, CLIENT_LEFT, "client_left", "连接已断开。")
    return answer_problem(request, errors.Unavailable())


def _answer_framework(request: Request, error: SanicException) -> HTTPResponse:
    status = error.status_code if error.status_code in FRAMEWORK else 400
    if error.status_code == 500:
        status = 503
    code, sentence = FRAMEWORK[status]
    headers = {str(key): str(value) for key, value in (error.headers or {}).items()}
    if status == 503:
        headers["Retry-After"] = "2"
    return problem_response(request, status, code, sentence, headers=headers)
