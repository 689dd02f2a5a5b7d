"""决定、领取、送达、信用、撤回: the notices of how a case ends, N15 to N21."""

from models.rules.clock_table import ClockName
from models.rules.documents.closing import REMEDY, REMEDY_BASIS
from models.rules.documents.intake import CASE, REPLACES, WHO_TO_ASK
from models.rules.documents.template import Listed, Template, When
from models.rules.notices import NoticeKind

APPROVAL = Template(
    kind=NoticeKind.N15,
    word="准",
    title="办结通知书",
    subtitle="（准予决定告知）",
    body=(
        *REPLACES,
        "您申请办理的“{item}”，{organ}已经作出准予的决定。",
        CASE,
        When("document_no", "决定书文号：{document_no}。"),
        When("originals_pass", "您带来的原件已经核对一致。"),
        When("result", "您会拿到：{result}。"),
        Listed("deadlines", "我们会在这个期限里把结果交给您"),
        When("owes", "发证之前请您先缴费，金额和办法写在缴费通知书里。"),
        "这份通知书告诉您决定的结果，它不是决定书，也不是证件。"
        "决定书和证件由{organ}制作，会按您选的方式交给您。",
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第三十八条第一款、第四十四条",
    clocks=(ClockName.SERVE_10WD,),
)

REJECTION = Template(
    kind=NoticeKind.N16,
    word="不准",
    title="办结通知书",
    subtitle="（不予批准决定告知）",
    body=(
        *REPLACES,
        "您申请办理的“{item}”，{organ}作出了不予批准的决定。",
        CASE,
        When("document_no", "决定书文号：{document_no}。"),
        When("reason", "不予批准的理由：{reason}。"),
        "这份通知书告诉您决定的结果和理由，它不是决定书。"
        "决定书由{organ}制作，会按您选的方式交给您。",
        Listed("deadlines", "我们会在这个期限里把决定书交给您"),
        *REMEDY,
        "条件具备以后，您也可以重新申请。",
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第七条、第三十八条第二款、第四十四条",
    basis=REMEDY_BASIS,
    clocks=(ClockName.SERVE_10WD,),
)

READY = Template(
    kind=NoticeKind.N17,
    word="取",
    title="取件通知书",
    subtitle="（领取、邮寄、核对原件）",
    body=(
        *REPLACES,
        When(
            "review_complete",
            "您用先办后验的办法申请的“{item}”，审批已经做完。请您带原件来核对，"
            "核对一致就作出决定、当场发证。",
        ),
        When("route_result", "您申请办理的“{item}”，结果已经做好。"),
        When("post_handover", "您申请办理的“{item}”，结果已经在{at}交给邮政寄出。"),
        When(
            "post_returned",
            "您申请办理的“{item}”，结果寄出以后没有送到，已经退回窗口。"
            "请您到窗口来领，或者联系窗口重新寄。",
        ),
        CASE,
        When("waybill", "邮件号码：{waybill}。"),
        Listed("originals", "请带这些原件"),
        When("pickup place", "到哪里领：{place}，地址是{address}。"),
        When("review_complete place", "到哪里核对：{place}，地址是{address}。"),
        When("pickup hours", "办公时间：{hours}。"),
        When(
            "pickup",
            "来的时候请带身份证，并告诉工作人员手机上显示的领取码。别人代领的，还要带授权委托书。",
        ),
        When("by_post route_result", "您选的是邮寄，我们会交给邮政寄到您填的地址，您不用来。"),
        Listed("deadlines", "请在这个期限里来"),
        When(
            "review_complete",
            "原件不齐的，我们会给您3个工作日补齐。一直没有来核对的，办理会终止，不算失信。",
        ),
        When("phone", "有不明白的地方，请打电话{phone}问。"),
    ),
    permit_basis="《中华人民共和国行政许可法》第四十四条",
    basis="《中华人民共和国邮政法》第五十五条",
    clocks=(ClockName.PICKUP_REMIND, ClockName.ORIGINALS_PRESENT),
)

DELIVERY = Template(
    kind=NoticeKind.N18,
    word="送",
    title="送达回执",
    body=(
        *REPLACES,
        "您申请办理的“{item}”，办理结果已经送达。",
        CASE,
        When("result", "送达的文件：{result}。"),
        When("document_no", "文号：{document_no}。"),
        When("result_digest", "文件的校验值：{result_digest}。"),
        When("serve_electronic", "送达方式：您同意电子送达，文件在{at}到达您的手机。"),
        When("window_pickup", "送达方式：在窗口当面领取，工作人员核对了身份。领取时间：{at}。"),
        When("post_signed", "送达方式：邮政寄送，在{at}签收。"),
        When("waybill", "邮件号码：{waybill}。"),
        When("served", "法律上的送达时间：{served}。"),
        "事情办完了。您愿意的话，可以给这次服务打个分。",
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第四十四条",
    basis="《国务院关于在线政务服务的若干规定》（国务院令第716号）第九条至第十一条",
)

ORIGINALS = Template(
    kind=NoticeKind.N19,
    word="原补",
    title="原件补齐通知书",
    subtitle="（3个工作日）",
    body=(
        *REPLACES,
        "您带来的“{item}”的原件，我们在{at}核对过了，还差一些。",
        CASE,
        Listed("corrections", "要补的全部原件"),
        When("opinion", "另外说明：{opinion}。"),
        Listed("deadlines", "请在这个期限里补齐"),
        When(
            "due_originals_3wd",
            "到{due_originals_3wd}24时还没有补齐的，办理会终止，并且可能作为失信信息提出。"
            "提出以后要先告诉您，您有权申辩。",
        ),
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第三十一条",
    basis="本地政务服务先办后验的规定",
    clocks=(ClockName.ORIGINALS_3WD,),
)

CREDIT = Template(
    kind=NoticeKind.N20,
    word="信",
    title="失信信息记录告知书",
    subtitle="（含异议权告知）",
    body=(
        *REPLACES,
        "您办理“{item}”时发生了下面的情况，我们打算把它作为失信信息记录。",
        CASE,
        When("behaviour", "情况：{behaviour}。"),
        When("cause", "经过：{cause}。"),
        When("credit_basis", "依据：{credit_basis}。"),
        Listed("evidence", "我们掌握的证据"),
        "现在还没有记录，也没有对外公布。要先由工作人员复核确认，您的意见会一起考虑。",
        "您有权提出异议：在手机上打开这个办件，点提出异议，写明理由，可以附上证据；"
        "也可以到窗口当面说。提出异议以后，查清之前不会上报。",
        "记录以后，您改正了，可以申请信用修复。",
        WHO_TO_ASK,
    ),
    basis="国务院办公厅《关于进一步完善失信约束制度构建诚信建设长效机制的指导意见》"
    "（国办发〔2020〕49号）",
)

WITHDRAWAL = Template(
    kind=NoticeKind.N21,
    word="撤",
    title="撤回申请确认书",
    body=(
        *REPLACES,
        When("withdraw", "您在{at}撤回了“{item}”的申请。"),
        When(
            "withdraw_confirmed",
            "您要求撤回“{item}”的申请，审批部门已经同意，在{at}撤回。",
        ),
        CASE,
        "撤回以后，我们停止办理，不会作出决定。",
        When("refund", "您已经缴的费用，会按规定退给您，不用您另外申请。"),
        "您可以随时重新申请，已经交过的材料可以接着用。",
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第七条",
)

TEMPLATES = (APPROVAL, REJECTION, READY, DELIVERY, ORIGINALS, CREDIT, WITHDRAWAL)
