"""Acts of the back-offices: packages that are taken over, and events that are reported."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from models.rules.handoff import ReturnCode
from services.events import Report
from tests.stateful import reports
from tests.stateful.both import WHICH, Both
from tests.stateful.model import OK, STEPS, Case

HOLDER = st.integers(0, 1)


class Office(Both):
    # Hand-off

    @rule(holder=HOLDER, limit=st.integers(1, 3), seconds=st.sampled_from([60, 600, 3_600]))
    def lease(self, holder: int, limit: int, seconds: int) -> None:
        due = self.model.waiting()[:limit]
        self.leases += 1
        found = self.stage.do(self.stage.lease(holder, limit, seconds))
        owners = {(str(grip.package.case_no), grip.package.seq): grip for grip in found}
        assert len(found) == len(due)
        for package in due:
            case, filed = next(
                (c, f)
                for c, f in zip(self.model.cases, self.filed, strict=True)
                if package in c.packages
            )
            number = str(self.stage.do(filed.case()).case_no)
            key = f"lease {self.leases}"
            self.model.lease(case, package, holder, seconds, key)
            self.grips.append((case, package, owners[number, package.seq], key))

    @precondition(lambda self: self.grips)
    @rule(
        which=WHICH,
        back=st.integers(0, 3),
        wrong=st.sampled_from(["", "", "", "code", "digest", "token"]),
    )
    def acknowledge(self, which: int, back: int, wrong: str) -> None:
        case, package, grip, key = self.grips[-1 - back % len(self.grips)]
        holder = grip.holder if which else 1 - grip.holder
        said = self.stage.do(self.stage.acknowledge(grip, holder, wrong))
        if wrong in ("code", "digest"):
            assert said == {"code": "receipt_code_wrong", "digest": "digest_mismatch"}[wrong]
        elif wrong:
            assert said == "lease_lost"
        else:
            assert said == self.model.acknowledge(case, package, holder, key)

    @precondition(lambda self: self.grips)
    @rule(back=st.integers(0, 3), seconds=st.sampled_from([30, 3_600]), mine=st.booleans())
    def extend(self, back: int, seconds: int, mine: bool) -> None:
        _, package, grip, key = self.grips[-1 - back % len(self.grips)]
        holder = grip.holder if mine else 1 - grip.holder
        said = self.stage.do(self.stage.extend(grip, holder, seconds))
        assert said == self.model.extend(package, holder, key, seconds)

    @precondition(lambda self: self.grips)
    @rule(back=st.integers(0, 3), code=st.sampled_from(sorted(ReturnCode)))
    def give_back(self, back: int, code: ReturnCode) -> None:
        case, package, grip, key = self.grips[-1 - back % len(self.grips)]
        said = self.stage.do(self.stage.give_back(grip, grip.holder, code))
        assert said == self.model.give_back(case, package, grip.holder, key)

    @rule(which=WHICH)
    def resend(self, which: int) -> None:
        case, filed = self.case(which)
        if case.packages:
            at = which // 2 % len(case.packages)
            ids = self.stage.do(self.stage.package_ids(filed))
            assert self.stage.do(self.stage.resend(ids[at])) == OK
            self.model.resend(case, case.packages[at])

    @rule(holder=HOLDER)
    def take_over(self, holder: int) -> None:
        """Lease and acknowledge what there is, as a back-office does all day."""
        self.lease(holder, 3, 600)
        for case, package, grip, key in self.grips:
            if key == f"lease {self.leases}":
                assert self.stage.do(self.stage.acknowledge(grip, holder)) == OK
                assert self.model.acknowledge(case, package, holder, key) == OK

    # Events

    @rule(
        which=WHICH,
        kind=st.sampled_from(sorted(STEPS)),
        ahead=st.sampled_from([0, 0, 0, 1, 1, 2, -1]),
    )
    def report(self, which: int, kind: str, ahead: int) -> None:
        case, filed = self.case(which)
        seq = max(1, case.seq + 1 + ahead)
        name = f"{seq}-{len(self.reports)}"
        written = self.stage.do(self.stage.written(filed, name, seq, kind))
        self.reports.append((case, name, written, kind))
        self._send(case, name, written, kind)

    @precondition(lambda self: self.reports)
    @rule(back=st.integers(0, 5))
    def report_again(self, back: int) -> None:
        self._send(*self.reports[-1 - back % len(self.reports)])

    def _send(self, case: Case, name: str, written: Report, kind: str) -> None:
        filed = self.filed[self.model.cases.index(case)]
        said = self.stage.do(self.stage.report(filed, written))
        known = case.fates.get(name)
        if known in ("applied", "parked"):
            assert said == {"applied": "duplicate", "parked": "parked"}[known]
        else:
            assert said == reports.report(self.model, case, name, written.seq, kind)

    @rule(which=WHICH)
    def settle_parked(self, which: int) -> None:
        case, filed = self.case(which)
        due = case.seq + 1 in case.parked
        jobs = self.jobs("events.apply", "case_id", [str(filed.case_id)])
        assert jobs or not due, "whose turn has come is not forgotten"
        for job in jobs:
            self.stage.do(self.stage.run_job("events.apply", job))
            reports.settle_parked(self.model, case)

    @rule(which=WHICH)
    def withdraw(self, which: int) -> None:
        case, filed = self.case(which)
        early = case.state == "AWAIT_PREPAYMENT"
        act = self.stage.withdraw if early else self.stage.request_withdrawal
        want = reports.withdraw if early else reports.request_withdrawal
        assert self.stage.do(act(filed)) == want(self.model, case)
