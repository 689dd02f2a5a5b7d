"""What a deadline says of itself; days and sentences worked out by hand on a wall calendar."""

from datetime import date, datetime

import pytest

from models.rules.calendar import SHANGHAI, Limit, Unit, WorkCalendar, end_of
from models.rules.clock_table import ClockName
from models.rules.clock_words import CLOCK_WORDS
from models.rules.clocks import CaseClock, Pause, start, until
from models.rules.explain import Explained, explain
from models.rules.states import MonitorLight

PROMISED = ClockName.DECISION_PROMISED
STATUTORY = ClockName.DECISION_STATUTORY


def at(month: int, day: int, hour: int = 9, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


def wd(value: int) -> Limit:
    return Limit(value, Unit.WORKING_DAY)


def told(clock: CaseClock, now: datetime, calendar: WorkCalendar, *pauses: Pause) -> Explained:
    return explain(clock, pauses, now, calendar, CLOCK_WORDS[clock.name].first)


def paused(clock: CaseClock, calendar: WorkCalendar, *pauses: Pause) -> CaseClock:
    for pause in pauses:
        clock = clock.pause(pause.paused_at, calendar)
        if pause.resumed_at is not None:
            clock = clock.resume(pause.resumed_at, calendar)
    return clock


REVIEW = Pause(at(7, 8), at(7, 20), "专家评审")


def test_a_plain_limit(calendar: WorkCalendar) -> None:
    clock = start(PROMISED, at(7, 6), wd(5), calendar)
    found = told(clock, at(7, 9), calendar)
    assert found.sentence == (
        "受理日2026年7月6日不算,从7月7日起数5个工作日,到2026年7月13日24点为止。"
    )
    assert (found.day_one, found.due_on) == (date(2026, 7, 7), date(2026, 7, 13))
    assert found.due_at == end_of(date(2026, 7, 13))
    assert found.left == 3  # Thursday the 9th, Friday the 10th, Monday the 13th
    assert (found.light, found.provisional) == (MonitorLight.GREEN, False)


@pytest.mark.parametrize(
    ("limit", "last", "due"),
    [(5, "2026年7月24日", date(2026, 7, 24)), (20, "2026年8月14日", date(2026, 8, 14))],
)
def test_the_pause_of_the_rules(calendar: WorkCalendar, limit: int, last: str, due: date) -> None:
    clock = paused(start(PROMISED, at(7, 6), wd(limit), calendar), calendar, REVIEW)
    found = told(clock, at(7, 20, 10), calendar, REVIEW)
    assert found.sentence == (
        f"受理日2026年7月6日不算,从7月7日起数{limit}个工作日;"
        f"7月8日到7月20日因专家评审停了,不算在内;所以到{last}24点为止。"
    )
    assert found.due_on == due
    assert found.left == limit - 1  # only the 7th is gone; the 20th itself does not count


def test_while_it_is_paused_nobody_knows_the_end(calendar: WorkCalendar) -> None:
    open_ = Pause(at(7, 8), None, "专家评审")
    clock = paused(start(PROMISED, at(7, 6), wd(5), calendar), calendar, open_)
    found = told(clock, at(7, 15), calendar, open_)
    assert found.sentence == (
        "受理日2026年7月6日不算,从7月7日起数5个工作日;"
        "7月8日起因专家评审停了,还剩4个工作日,恢复办理的第二天起接着数。"
    )
    assert (found.due_on, found.due_at, found.left) == (None, None, 4)


def test_paused_when_it_was_over_already(calendar: WorkCalendar) -> None:
    open_ = Pause(at(7, 15), None, "听证")
    clock = paused(start(PROMISED, at(7, 6), wd(5), calendar), calendar, open_)
    assert told(clock, at(7, 16), calendar, open_).sentence == (
        "受理日2026年7月6日不算,从7月7日起数5个工作日;"
        "7月15日起因听证停了,停下以前期限2026年7月13日已经过了。"
    )


def test_a_pause_that_cost_nothing_is_not_told(calendar: WorkCalendar) -> None:
    at_once = Pause(at(7, 6, 10), at(7, 6, 11), "听证")
    clock = paused(start(PROMISED, at(7, 6), wd(5), calendar), calendar, at_once)
    assert told(clock, at(7, 7), calendar, at_once).sentence == (
        "受理日2026年7月6日不算,从7月7日起数5个工作日,到2026年7月13日24点为止。"
    )


def test_an_extension_waits_for_the_end_that_it_goes_on_from(calendar: WorkCalendar) -> None:
    last = at(8, 3, 0)
    extension = start(ClockName.EXTENSION, at(7, 30), wd(10), calendar, counted_from=last)
    assert told(extension, at(7, 30), calendar).sentence == (
        "原来期限的最后一天2026年8月3日不算,从8月4日起数10个工作日,到2026年8月17日24点为止。"
    )
    open_ = Pause(at(7, 31), None, "听证")
    waiting = extension.pause(at(7, 31), calendar)
    assert told(waiting, at(8, 1), calendar, open_).sentence == (
        "原来期限的最后一天2026年8月3日不算,从8月4日起数10个工作日;"
        "7月31日起因听证停了,原来的期限会往后移,等它到期再数。"
    )


def test_several_pauses_and_a_long_reason(calendar: WorkCalendar) -> None:
    one_day = Pause(at(7, 22, 9), at(7, 22, 15), "审批做完了,请带材料原件来核对。")
    clock = paused(start(PROMISED, at(7, 6), wd(5), calendar), calendar, REVIEW, one_day)
    found = told(clock, at(7, 23), calendar, REVIEW, one_day)
    assert found.sentence == (
        "受理日2026年7月6日不算,从7月7日起数5个工作日;"
        "7月8日到7月20日因专家评审停了,不算在内;"
        "7月22日停了(审批做完了,请带材料原件来核对),不算在内;"
        "所以到2026年7月27日24点为止。"
    )
    assert found.left == 3  # the 23rd, the 24th and Monday the 27th


def test_scenario_2_a_saturday_on_which_people_work(calendar: WorkCalendar) -> None:
    notify = start(ClockName.NOTIFY_5WD, at(4, 29, 15), wd(5), calendar)
    assert told(notify, at(4, 29, 16), calendar).sentence == (
        "收件日2026年4月29日不算,从4月30日起数5个工作日,"
        "到2026年5月9日24点为止(这天是星期六,但安排了上班)。"
    )
    promised = start(PROMISED, at(4, 30), wd(3), calendar)
    assert told(promised, at(4, 30), calendar).sentence == (
        "受理日2026年4月30日不算,从5月6日起数3个工作日,到2026年5月8日24点为止。"
    )
    originals = start(ClockName.ORIGINALS_3WD, at(5, 11), wd(3), calendar)
    assert told(originals, at(5, 11), calendar).sentence == (
        "通知补原件那天2026年5月11日不算,从5月12日起数3个工作日,到2026年5月14日24点为止。"
    )


def test_scenario_4_spring_festival_between(calendar: WorkCalendar) -> None:
    correction = start(ClockName.CORRECTION, at(2, 11), wd(15), calendar)
    found = told(correction, at(3, 5), calendar)
    assert found.sentence == (
        "发出补正通知那天2026年2月11日不算,从2月12日起数15个工作日,到2026年3月10日24点为止。"
    )
    assert found.left == 4  # 5, 6, 9 and 10 March
    assert found.light is MonitorLight.YELLOW  # three working days before


def test_after_the_end(calendar: WorkCalendar) -> None:
    clock = start(PROMISED, at(7, 6), wd(5), calendar)
    found = told(clock, at(7, 14, 0), calendar)
    assert found.sentence.endswith("到2026年7月13日24点为止;这个期限已经过了。")
    assert (found.left, found.light) == (0, MonitorLight.RED)


@pytest.mark.parametrize(
    ("stopped", "words"),
    [
        (at(7, 10), "到2026年7月13日24点为止;已经在2026年7月10日结束。"),
        (at(7, 15), "到2026年7月13日24点为止;已经在2026年7月15日结束,超过了期限。"),
    ],
)
def test_once_it_has_stopped(calendar: WorkCalendar, stopped: datetime, words: str) -> None:
    clock = start(PROMISED, at(7, 6), wd(5), calendar).stop(stopped)
    found = told(clock, at(8, 1), calendar)
    assert found.sentence.endswith(words)
    assert found.left is None


def test_stopped_while_it_was_paused(calendar: WorkCalendar) -> None:
    open_ = Pause(at(7, 8), None, "专家评审")
    clock = paused(start(PROMISED, at(7, 6), wd(5), calendar), calendar, open_).stop(at(7, 9))
    assert told(clock, at(8, 1), calendar, open_).sentence.endswith(
        "7月8日起因专家评审停了;已经在2026年7月9日结束。"
    )


def test_an_authoritys_end_beyond_what_was_announced(calendar: WorkCalendar) -> None:
    clock = start(PROMISED, at(12, 28), wd(5), calendar)
    found = told(clock, at(12, 28), calendar)
    # By the weekdays alone: 29, 30, 31 December, 1 and 4 January.
    assert found.sentence == (
        "受理日2026年12月28日不算,从12月29日起数5个工作日,到2027年1月4日24点为止。"
        "国务院还没有公布2027年的放假安排,这个日期可能会变。"
    )
    assert found.provisional


def test_an_applicants_end_beyond_what_was_announced(calendar: WorkCalendar) -> None:
    clock = start(ClockName.CORRECTION, at(12, 28), wd(5), calendar)
    assert told(clock, at(12, 28), calendar).sentence.endswith(
        "国务院还没有公布2027年的放假安排,这个日期可能会往后,不会提前。"
    )
    end = start(ClockName.DRAFT_TTL, at(12, 28), Limit(30, Unit.CALENDAR_DAY), calendar)
    found = told(end, at(12, 28), calendar)
    assert found.sentence == (
        "建草稿那天2026年12月28日不算,从12月29日起数30天(周末和节假日也算),"
        "到2027年1月27日24点为止。"
    )
    assert not found.provisional


def test_a_date_that_was_told_stands(calendar: WorkCalendar) -> None:
    closed = WorkCalendar.of({date(2026, 7, 9): False}, "flood", date(2026, 12, 31))
    told_then = start(ClockName.CORRECTION, at(7, 6), wd(5), closed)
    found = told(told_then, at(7, 7), calendar)
    assert found.sentence == (
        "发出补正通知那天2026年7月6日不算,从7月7日起数5个工作日,到2026年7月14日24点为止。"
        "按现在的放假安排会早一些,已经告诉您的日期不提前。"
    )
    assert found.due_on == date(2026, 7, 14)


def test_other_units(calendar: WorkCalendar) -> None:
    today = start(PROMISED, at(7, 6), Limit(0, Unit.SAME_WORKING_DAY), calendar)
    assert told(today, at(7, 6), calendar).sentence == (
        "受理日2026年7月6日当天就要办完,到2026年7月6日24点为止。"
    )
    saturday = start(PROMISED, at(7, 11), Limit(0, Unit.SAME_WORKING_DAY), calendar)
    found = told(saturday, at(7, 11), calendar)
    assert found.sentence == (
        "受理日2026年7月11日不上班,顺延到下一个工作日就要办完,到2026年7月13日24点为止。"
    )
    assert (found.day_one, found.left) == (date(2026, 7, 13), 1)
    order = start(ClockName.PAY_ORDER, at(7, 6, 10, 30), Limit(24, Unit.HOUR), calendar)
    found = told(order, at(7, 6, 11), calendar)
    assert found.sentence == "从2026年7月6日10:30起24小时,到2026年7月7日10:30为止。"
    assert (found.day_one, found.left) == (None, None)


def test_a_promise_is_a_day(calendar: WorkCalendar) -> None:
    clock = until(ClockName.SHORTFALL, at(3, 3), date(2026, 3, 10), calendar)
    assert told(clock, at(3, 3), calendar).sentence == (
        "承诺书上写好了日子,到2026年3月10日24点为止。"
    )


def test_every_clock_has_words() -> None:
    assert set(CLOCK_WORDS) == set(ClockName)
    assert all(words.first and words.basis for words in CLOCK_WORDS.values())
