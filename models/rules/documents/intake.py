"""收件、补正、受理: the notices up to acceptance, N01 to N08."""

from models.rules.clock_table import ClockName
from models.rules.documents.closing import REMEDY, REMEDY_BASIS
from models.rules.documents.template import Listed, Template, When
from models.rules.notices import NoticeKind

WHO_TO_ASK = When("phone", "有不明白的地方，请打电话{phone}问，或者到{place}问，地址是{address}。")
REPLACES = (
    When("replaced", "这份文书代替{replaced}，原来的那份不再有效。"),
    When("replaced_why", "换发的原因：{replaced_why}。"),
)
CASE = "办件编号：{case_no}。"
DECISIONS = (ClockName.DECISION_PROMISED, ClockName.DECISION_STATUTORY)
PAUSES = (
    "办理中如果依法需要听证、检验、检测、检疫、鉴定、专家评审，所需的时间不算在办理期限里，"
    "我们会书面告诉您需要多长时间。"
)
FINAL = "受理以后，除了这份通知书上写明的以外，不会再要您补材料。办得怎么样，您可以随时在手机上查。"

RECEIPT = Template(
    kind=NoticeKind.N01,
    word="收",
    title="申请材料接收凭证",
    subtitle="（收件凭证）",
    body=(
        *REPLACES,
        When(
            "submit",
            "您申请办理“{item}”的材料，我们在{received}收到了。这个时间就是收到申请的时间。",
        ),
        When(
            "resubmit",
            "您按补正材料通知书补的“{item}”的材料，我们在{received}收到了。"
            "收到申请的时间按这一次算。",
        ),
        When(
            "shortfall_fulfil",
            "您办理“{item}”时承诺后补的材料，我们在{at}核对完毕，已经全部补齐。",
        ),
        CASE,
        When(
            "query_code",
            "查询码：{query_code}。凭查询码和您身份证号码的后四位，可以查办理进度。",
        ),
        Listed("materials", "我们收到了下面这些材料"),
        Listed("deadlines", "我们会在下面的期限里答复您"),
        When(
            "limit_notify_5wd",
            "材料不齐或者不符合规定的，我们会一次告诉您全部要补的内容。",
        ),
        When(
            "silence limit_notify_5wd",
            "超过{due_notify_5wd}没有告诉您的，从收到申请那天起就算受理了。",
        ),
        "这份凭证说明我们收到了材料，不表示已经受理。",
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第二十九条、第三十二条",
    basis="《中华人民共和国电子签名法》第十一条",
    clocks=(ClockName.PRE_REVIEW_SLA, ClockName.NOTIFY_5WD),
)

CORRECTION = Template(
    kind=NoticeKind.N02,
    word="补正",
    title="补正材料通知书",
    subtitle="（一次性告知书）",
    body=(
        *REPLACES,
        "您在{received}提交的“{item}”申请，我们看过了。还有下面这些内容要补。",
        CASE,
        When("paper_defect", "这些问题是在窗口核对原件的时候发现的。"),
        Listed("corrections", "要补的全部内容"),
        When("opinion", "另外说明：{opinion}。"),
        "要补的内容这一次全部告诉您了。您补齐以后，我们不会再要您补这份清单以外的材料。",
        Listed("deadlines", "请在这个期限里补齐"),
        When(
            "due_correction withdrawn_if_late",
            "到{due_correction}24时还没有补齐的，这次申请按撤回处理。"
            "按撤回处理以后，您可以马上重新申请，已经交过的材料可以接着用。",
        ),
        "怎样补：在手机上打开这个办件，按清单逐项补好，再点提交。也可以带着材料到窗口，请工作人员帮您办。",
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第三十二条第一款第四项",
    clocks=(ClockName.CORRECTION,),
)

NOT_ACCEPTED = Template(
    kind=NoticeKind.N03,
    word="不受",
    title="不予受理通知书",
    body=(
        *REPLACES,
        "您在{received}提交的“{item}”申请，我们看过了，决定不予受理。",
        CASE,
        When("reason", "不予受理的原因：{reason}。"),
        When("explanation", "具体情况：{explanation}。"),
        When("redirect", "这件事归{redirect}管，请您到{redirect}申请。"),
        Listed("corrections", "需要补的全部内容"),
        When(
            "incomplete",
            "把上面列的内容补齐以后，您可以重新申请，已经交过的材料可以接着用。",
        ),
        *REMEDY,
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第三十二条",
    basis=REMEDY_BASIS,
)

ACCEPTANCE = Template(
    kind=NoticeKind.N04,
    word="受",
    title="受理通知书",
    body=(
        *REPLACES,
        "您申请办理的“{item}”，材料齐全、符合法定形式，我们在{accepted}决定受理。",
        CASE,
        When(
            "mode_shortfall",
            "这次是容缺受理：还差的材料，请您按容缺受理通知书写明的日期补上。",
        ),
        When(
            "mode_verify_later",
            "这次是先办后验：我们先按您上传的材料办理，办好以后请您带原件来核对，"
            "核对一致才作出决定。原件和上传的材料不一致的，办理会终止。",
        ),
        When("mode_commitment", "这次按告知承诺办理：您签的告知承诺书是受理的依据，请照承诺去做。"),
        Listed("originals", "核对时请带这些原件"),
        Listed("deadlines", "办理期限"),
        PAUSES,
        When("amount", "办这件事要缴费{amount}，收费依据：{fee_basis}。请按缴费通知书缴费。"),
        When("free", "办这件事不收费。"),
        FINAL,
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第三十二条第一款第五项、第四十二条、第四十五条",
    clocks=DECISIONS,
)

SHORTFALL = Template(
    kind=NoticeKind.N05,
    word="容缺",
    title="容缺受理通知书",
    subtitle="（附您签的容缺受理承诺）",
    body=(
        *REPLACES,
        "您申请办理的“{item}”，主要材料齐了，还差的材料可以后补。"
        "审批部门已经确认，我们在{accepted}先受理。",
        CASE,
        Listed("promised", "您承诺补上的材料"),
        Listed("deadlines", "最后的日期"),
        When("withdrawn_if_late", "到期没有补齐的，这次申请按撤回处理。您可以重新申请。"),
        When("terminated_if_late", "到期没有补齐的，这次办理会终止。您可以重新申请。"),
        "材料没有补齐之前，我们不会作出决定，也不会发证。",
        Listed("statements", "您签字承诺的内容"),
        When("signed", "您在{signed}签了这份承诺，承诺内容的校验值是{signed_digest}。"),
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第三十二条",
    basis="本地政务服务容缺受理的规定",
    clocks=(ClockName.SHORTFALL,),
)

COMMITMENT = Template(
    kind=NoticeKind.N06,
    word="承诺",
    title="告知承诺书",
    body=(
        *REPLACES,
        "您办理“{item}”，自己选择了告知承诺的办法：我们把条件和后果一次告诉您，"
        "您书面承诺符合条件，有关的证明就不用再交。",
        CASE,
        Listed("statements", "您签字承诺的内容"),
        When("signed", "您在{signed}签了这份承诺书，承诺内容的校验值是{signed_digest}。"),
        "作出决定之前，您可以收回承诺，改为按一般的办法办理，收回承诺不影响您的权利。",
        "办好以后我们会核查。承诺与事实不符的，会要求您限期改正；"
        "不改正或者情节严重的，会依法撤销决定。",
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第三十一条、第六十九条",
    basis="国务院办公厅《关于全面推行证明事项和涉企经营许可事项告知承诺制的指导意见》"
    "（国办发〔2020〕42号）",
)

DEEMED = Template(
    kind=NoticeKind.N07,
    word="视受",
    title="视为受理告知书",
    body=(
        *REPLACES,
        "您在{received}提交的“{item}”申请，我们没有在规定的期限里告诉您材料是否齐全。",
        CASE,
        "按照法律规定，您的申请从收到材料那天，也就是{accepted}起，就算已经受理。您不用再做什么。",
        Listed("deadlines", "办理期限从收到申请那天算起"),
        "审批部门和综合受理窗口已经同时收到这个告知。以后不能再以材料不齐为理由不受理您的申请。",
        PAUSES,
        "没有按时答复您，是我们的责任，给您添了麻烦，请您谅解。",
        WHO_TO_ASK,
    ),
    permit_basis="《中华人民共和国行政许可法》第三十二条第一款第四项、第四十二条",
    clocks=DECISIONS,
)

PRE_REVIEW_PASSED = Template(
    kind=NoticeKind.N08,
    word="预审",
    title="网上预审通过告知书",
    subtitle="（含需要带的原件清单）",
    body=(
        *REPLACES,
        "您在{received}提交的“{item}”申请，网上预审已经通过。请您带上原件到窗口交一次。",
        CASE,
        Listed("originals", "请带这些原件"),
        When("place", "到哪里交：{place}，地址是{address}。"),
        When("hours", "办公时间：{hours}。"),
        Listed("deadlines", "请在这个期限里来"),
        When(
            "due_paper_submit",
            "到{due_paper_submit}24时没有来交的，这次申请按撤回处理。您可以重新申请。",
        ),
        "原件和您上传的一致，当场受理，当场给您受理通知书。",
        When("phone", "有不明白的地方，请打电话{phone}问。"),
    ),
    permit_basis="《中华人民共和国行政许可法》第三十二条",
    clocks=(ClockName.PAPER_SUBMIT,),
)

TEMPLATES = (
    RECEIPT,
    CORRECTION,
    NOT_ACCEPTED,
    ACCEPTANCE,
    SHORTFALL,
    COMMITMENT,
    DEEMED,
    PRE_REVIEW_PASSED,
)
