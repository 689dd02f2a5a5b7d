"""Limits: promised within statutory, statutory within the law, and none that nobody can keep."""

from collections.abc import Iterator
from datetime import date, timedelta

from models.rules.calendar import ONE_DAY, Limit, Unit, WorkCalendar, last_day
from models.rules.item_words import CaseType, ItemType, OnlineDepth
from models.rules.lint.finding import Body, Hit, Policy, Rule, Severity

_MONDAY = date(2026, 3, 2)
# Limits in different units are compared on weeks as they come, and around a long holiday.
_WEEKS = WorkCalendar.of({}, "weeks", date.max)
_HOLIDAY = WorkCalendar.of(
    {_MONDAY + timedelta(days=18 + n): False for n in range(9)}, "holiday", date.max
)
_SAYS_NOTHING = {"", "-", "/", "无", "略", "同上", "见上", "暂无", "另行规定"}


def limit_of(body: Body, name: str) -> Limit | None:
    """Return a limit of the item; None when it has none."""
    data = body["limits"].get(name)
    limit = None if data is None else Limit.of(data)
    return limit if limit is not None and limit.exists else None


def says_nothing(basis: str) -> bool:
    """Whether a basis names no rule; 同上 names one only where it was copied from."""
    return basis.strip() in _SAYS_NOTHING


def is_permit(body: Body) -> bool:
    """Whether 行政许可法 governs the item."""
    return bool(body["item_type"] == ItemType.PERMIT)


def ends_later(body: Body, calendar: WorkCalendar) -> bool:
    """Whether on some day the promised limit would end after the statutory one."""
    promised, statutory = limit_of(body, "promised"), limit_of(body, "statutory")
    if promised is None or statutory is None:
        return False
    starts = [body["limits"][name].get("clock_start") for name in ("promised", "statutory")]
    # Counted from acceptance, which may come as late as the notice (行政许可法32(四)).
    wait = (
        body["acceptance"]["notify_deadline_wd"] if starts == ["ON_ACCEPTED", "ON_RECEIVED"] else 0
    )
    on_workdays = starts[1] != "ON_RECEIVED"
    for day in (_MONDAY + n * ONE_DAY for n in range(35)):
        if on_workdays and not calendar.is_workday(day):
            continue
        begun = calendar.add_workdays(day, wait) if wait else day
        if last_day(begun, promised, calendar) > last_day(day, statutory, calendar):
            return True
    return False


def promised_over_statutory(body: Body, _: Policy) -> Iterator[Hit]:
    """Promised within statutory, whatever units they are in."""
    if ends_later(body, _WEEKS):
        yield Hit("/limits/promised")


def promised_over_statutory_at_holidays(body: Body, _: Policy) -> Iterator[Hit]:
    """Working days may end after calendar days only when a holiday lies between."""
    if ends_later(body, _HOLIDAY) and not ends_later(body, _WEEKS):
        yield Hit("/limits/promised")


def promised_over_half(body: Body, _: Policy) -> Iterator[Hit]:
    """贵安方案2017 asks for half of the statutory limit."""
    promised, statutory = limit_of(body, "promised"), limit_of(body, "statutory")
    if promised is None or statutory is None or promised.unit is Unit.SAME_WORKING_DAY:
        return
    if promised.unit is statutory.unit:
        over = promised.value * 2 > statutory.value
    else:
        spans = [(last_day(_MONDAY, each, _WEEKS) - _MONDAY) for each in (promised, statutory)]
        over = spans[0] * 2 > spans[1]
    if over:
        yield Hit("/limits/promised", f"{promised.text},法定{statutory.text}")


def no_promise(body: Body, _: Policy) -> Iterator[Hit]:
    """Every item promises a limit, even where the law sets none."""
    if limit_of(body, "promised") is None:
        yield Hit("/limits/promised")


def immediate_takes_longer(body: Body, _: Policy) -> Iterator[Hit]:
    """即办件 is decided on the spot or the same day; what is decided so is 即办件."""
    promised = limit_of(body, "promised")
    same_day = promised is not None and promised.unit is Unit.SAME_WORKING_DAY
    if (body["case_type"] == CaseType.IMMEDIATE) is not same_day:
        yield Hit("/limits/promised")


def permit_without_limit(body: Body, _: Policy) -> Iterator[Hit]:
    """行政许可法42: 20 working days where nothing else is said; never no limit at all."""
    if is_permit(body) and limit_of(body, "statutory") is None:
        yield Hit("/limits/statutory")


def permit_over_the_law(body: Body, _: Policy) -> Iterator[Hit]:
    """Over 20 working days (45 for joint handling) another law has to say so."""
    statutory = limit_of(body, "statutory")
    if not is_permit(body) or statutory is None:
        return
    most = 45 if body["flags"]["joint_departments"] else 20
    other_law = not _cites_42(body, "statutory")
    too_long = statutory.unit is Unit.WORKING_DAY and statutory.value > most
    if (too_long or statutory.unit is Unit.CALENDAR_DAY) and not other_law:
        yield Hit("/limits/statutory", str(most))


def extension_over_the_law(body: Body, _: Policy) -> Iterator[Hit]:
    """行政许可法42: ten working days (15 for joint handling), once."""
    extension = limit_of(body, "extension")
    most = 15 if body["flags"]["joint_departments"] else 10
    if extension is None or not is_permit(body) or not _cites_42(body, "extension"):
        return
    if extension.value > most or extension.unit is not Unit.WORKING_DAY:
        yield Hit("/limits/extension", str(most))


def _cites_42(body: Body, name: str) -> bool:
    basis = body["limits"][name].get("basis", "")
    return says_nothing(basis) or "行政许可法42" in basis or "行政许可法第四十二条" in basis


def extension_without_basis(body: Body, _: Policy) -> Iterator[Hit]:
    """Who extends must be able to say by which rule."""
    if limit_of(body, "extension") and says_nothing(body["limits"]["extension"].get("basis", "")):
        yield Hit("/limits/extension/basis")


def statutory_without_basis(body: Body, _: Policy) -> Iterator[Hit]:
    """A statutory limit that names no statute."""
    if limit_of(body, "statutory") and says_nothing(body["limits"]["statutory"].get("basis", "")):
        yield Hit("/limits/statutory/basis")


def serving_too_long(body: Body, _: Policy) -> Iterator[Hit]:
    """行政许可法44: issued and served within ten working days of the decision."""
    serve = limit_of(body, "serve")
    most = Limit(10, Unit.WORKING_DAY)
    if serve is None or not is_permit(body):
        return
    if last_day(_MONDAY, serve, _WEEKS) > last_day(_MONDAY, most, _WEEKS):
        yield Hit("/limits/serve")


def notice_too_late(body: Body, _: Policy) -> Iterator[Hit]:
    """行政许可法32(四): on the spot or within five working days, once."""
    if body["acceptance"]["notify_deadline_wd"] > 5 and is_permit(body):
        yield Hit("/acceptance/notify_deadline_wd")


def notice_late_for_a_service(body: Body, _: Policy) -> Iterator[Hit]:
    """青神方案2018 gives all items the five days that the law gives permits."""
    if body["acceptance"]["notify_deadline_wd"] > 5 and not is_permit(body):
        yield Hit("/acceptance/notify_deadline_wd")


def permit_not_deemed(body: Body, _: Policy) -> Iterator[Hit]:
    """行政许可法32(四): 逾期不告知的,自收到申请材料之日起即为受理."""
    if is_permit(body) and not body["acceptance"]["deemed_acceptance"]:
        yield Hit("/acceptance/deemed_acceptance")


def no_time_to_tell(body: Body, _: Policy) -> Iterator[Hit]:
    """Online, nobody stands at the window: zero days would mean accepted unseen at midnight."""
    acceptance = body["acceptance"]
    at_once = acceptance["notify_deadline_wd"] == 0 and acceptance["deemed_acceptance"]
    if at_once and acceptance["legal_clock_start"] == "ON_SUBMIT":
        yield Hit("/acceptance/notify_deadline_wd")


def pre_review_after_notice(body: Body, _: Policy) -> Iterator[Hit]:
    """What is promised for the pre-review must not be later than what the law allows."""
    acceptance = body["acceptance"]
    if acceptance["legal_clock_start"] != "ON_SUBMIT":
        return
    if acceptance["pre_review_sla_wd"] > acceptance["notify_deadline_wd"]:
        yield Hit("/acceptance/pre_review_sla_wd")


def pre_review_slow(body: Body, _: Policy) -> Iterator[Hit]:
    """安阳条例42: online applications are looked at within one working day."""
    if body["acceptance"]["pre_review_sla_wd"] > 1:
        yield Hit("/acceptance/pre_review_sla_wd")


def no_time_to_correct(body: Body, _: Policy) -> Iterator[Hit]:
    """Nobody can put anything right in no time."""
    if body["acceptance"]["correction_deadline_wd"] == 0:
        yield Hit("/acceptance/correction_deadline_wd")


def legal_clock_contradicts(body: Body, _: Policy) -> Iterator[Hit]:
    """A legal clock that starts with paper needs paper; one that never runs needs no days."""
    acceptance = body["acceptance"]
    on_paper = acceptance["legal_clock_start"] == "ON_PAPER_RECEIVED"
    brings_paper = body["flags"]["online_depth"] == OnlineDepth.PRE_REVIEW_THEN_WINDOW
    if on_paper and not brings_paper:
        yield Hit("/acceptance/legal_clock_start")
    if on_paper and acceptance["notify_deadline_wd"] > 0:
        yield Hit("/acceptance/notify_deadline_wd")


_R, _W = Severity.REFUSES, Severity.WARNS
# fmt: off
RULES = (
    Rule("promised_missing", _R, "没有写承诺办结时限。", "青神方案2018 承诺时限", no_promise),
    Rule("promised_over_statutory", _R, "承诺时限比法定时限长。",
         "行政许可法42; 青神方案2018 承诺件", promised_over_statutory),
    Rule("promised_over_statutory_at_holidays", _W, "遇到长假,承诺时限会比法定时限长。",
         "行政许可法82", promised_over_statutory_at_holidays),
    Rule("promised_over_half", _W, "承诺时限超过法定时限的一半:{}。",
         "贵安方案2017: 压缩法定办结时限50%", promised_over_half),
    Rule("immediate_not_same_day", _R, "即办件应当当天办结,当天办结的应当是即办件。",
         "青神方案2018 即办件", immediate_takes_longer),
    Rule("statutory_missing", _R, "行政许可没有写法定办结时限。", "行政许可法42",
         permit_without_limit),
    Rule("statutory_over_the_law", _R, "行政许可的法定时限超过{}个工作日,没有写明另有规定的法律。",
         "行政许可法42,82", permit_over_the_law),
    Rule("statutory_without_basis", _W, "没有写法定时限的依据。", "行政许可法42",
         statutory_without_basis),
    Rule("extension_without_basis", _R, "延长期限没有写依据,不能写“同上”。", "行政许可法42",
         extension_without_basis),
    Rule("extension_over_the_law", _R, "延长期限超过{}个工作日。", "行政许可法42",
         extension_over_the_law),
    Rule("serving_over_the_law", _R, "作出决定后10个工作日内应当送达。", "行政许可法44",
         serving_too_long),
    Rule("notice_over_the_law", _R, "补正应当在5个工作日内一次告知。", "行政许可法32(四)",
         notice_too_late),
    Rule("notice_late", _W, "补正宜在5个工作日内一次告知。", "青神方案2018 附件1三(三)3",
         notice_late_for_a_service),
    Rule("notice_at_once_online", _R, "网上申请的告知期限是0天,当晚12点就会视为受理,来不及看。",
         "行政许可法32(四)", no_time_to_tell),
    Rule("deemed_acceptance_missing", _R, "行政许可逾期不告知的,应当视为受理。",
         "行政许可法32(四)", permit_not_deemed),
    Rule("pre_review_after_notice", _R, "预审承诺期限比一次性告知的期限还长。",
         "行政许可法32(四)", pre_review_after_notice),
    Rule("pre_review_slow", _W, "网上申请宜在1个工作日内预审。", "安阳条例42", pre_review_slow),
    Rule("correction_in_no_time", _R, "补正期限是0天,申请人来不及补。", "安阳条例36",
         no_time_to_correct),
    Rule("legal_clock_contradicts", _R, "期限从收到纸质材料起算,和网办深度或告知期限对不上。",
         "不动产登记暂行条例17; 电子签名法11", legal_clock_contradicts),
)
# fmt: on
