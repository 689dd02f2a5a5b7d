"""缴费、中止、延期、终止: the notices while a case is handled, N09 to N14."""

from models.rules.clock_table import ClockName
from models.rules.documents.closing import REMEDY, REMEDY_BASIS
from models.rules.documents.intake import CASE, REPLACES, WHO_TO_ASK
from models.rules.documents.template import Listed, Template, When
from models.rules.notices import NoticeKind

PAYMENT = Template(
    kind=NoticeKind.N09,
    word="缴",
    title="缴费通知书",
    body=(
        *REPLACES,
        When(
            "request_prepayment",
            "您申请办理的“{item}”，材料齐了。按规定要先缴费，缴费以后就受理。",
        ),
        When(
            "request_payment",
            "您申请办理的“{item}”已经批准。请您缴费，缴费以后就发证。",
        ),
        When(
            "payment_overdue",
            "您申请办理的“{item}”已经批准，缴费的日期已经过了。批准仍然有效，"
            "您什么时候缴费，我们就什么时候发证。",
        ),
        CASE,
        When("amount", "应缴金额：{amount}。收费项目：{fee_name}。收费依据：{fee_basis}。"),
        Listed("charges", "金额是这样算的"),
        Listed("deadlines", "请在这个期限里缴费"),
        When(
            "request_prepayment due_pay_case",
            "到{due_pay_case}24时没有缴费的，这次申请按撤回处理。您可以重新申请。",
        ),
        "怎样缴：在手机上打开这个办件，点缴费。也可以到窗口缴。"
        "钱直接进财政账户，工作人员不会要您把钱转给个人。",
        "对收费有疑问的，可以要求我们说明收费的依据和标准。",
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第五十八条、第五十九条",
    clocks=(ClockName.PAY_CASE,),
)

BILL = Template(
    kind=NoticeKind.N10,
    word="票",
    title="缴费到账告知书",
    subtitle="（财政电子票据另行开具）",
    body=(
        *REPLACES,
        "您为“{item}”缴的费用已经到账。",
        CASE,
        When("amount", "缴费金额：{amount}。收费项目：{fee_name}。收费依据：{fee_basis}。"),
        Listed("charges", "金额是这样算的"),
        When("paid", "缴费时间：{paid}。缴款单号：{order_no}。"),
        "这是到账的告知，不是票据。财政电子票据由财政部门的票据系统开具，"
        "开好以后可以在手机上下载，并且可以在财政部门的网站查验真伪。",
        "请您保存好。需要退费的时候，凭缴款单号办理。",
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第五十九条",
    basis="《财政票据管理办法》",
)

TERMINATION = Template(
    kind=NoticeKind.N11,
    word="终",
    title="终止办理告知书",
    body=(
        *REPLACES,
        "您申请办理的“{item}”，在{at}终止办理。",
        CASE,
        When("cause", "终止的原因：{cause}。"),
        When("reason", "具体情况：{reason}。"),
        When("ended", "这件事的最后日期是{ended}。"),
        "终止办理以后，我们不会作出准予的决定。您上传的材料会保存在您的名下，重新申请时可以接着用。",
        When("again", "您可以随时重新申请。"),
        *REMEDY,
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第七条",
    basis=REMEDY_BASIS,
)

DEEMED_WITHDRAWAL = Template(
    kind=NoticeKind.N12,
    word="视撤",
    title="视为撤回申请告知书",
    body=(
        *REPLACES,
        "您申请办理的“{item}”，从{at}起按撤回申请处理。",
        CASE,
        When("cause", "原因：{cause}。"),
        When("ended", "这件事的最后日期是{ended}。"),
        "按撤回处理不是处罚，也不影响您以后申请。您可以马上重新申请，已经交过的材料可以接着用。",
        *REMEDY,
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第七条",
    basis=REMEDY_BASIS,
)

SPECIAL = Template(
    kind=NoticeKind.N13,
    word="特",
    title="特别程序所需时间告知书",
    body=(
        *REPLACES,
        "您申请办理的“{item}”，依法需要先做专门程序，从{at}开始。",
        CASE,
        When("procedure", "要做的程序：{procedure}。"),
        When("reason", "为什么要做：{reason}。"),
        When("planned", "需要的时间：{planned}。"),
        When("planned_until", "预计做到{planned_until}。"),
        "这段时间不算在办理期限里。程序做完以后，期限接着算，没有用完的天数一天也不会少。",
        "做这些程序，除了法律、行政法规另有规定的以外，不收费。",
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第四十五条",
)

EXTENSION = Template(
    kind=NoticeKind.N14,
    word="延",
    title="延长办理期限告知书",
    body=(
        *REPLACES,
        "您申请办理的“{item}”，在规定的期限里办不完。",
        CASE,
        When("approver", "经{approver}批准，办理期限延长一次。"),
        When("limit_extension", "延长{limit_extension}，接着法律规定的最后一天往后算。"),
        When("reason", "延长的理由：{reason}。"),
        Listed("deadlines", "延长以后的期限"),
        "期限只能延长这一次。您不用再做什么。",
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第四十二条",
    clocks=(ClockName.EXTENSION,),
)

TEMPLATES = (PAYMENT, BILL, TERMINATION, DEEMED_WITHDRAWAL, SPECIAL, EXTENSION)
