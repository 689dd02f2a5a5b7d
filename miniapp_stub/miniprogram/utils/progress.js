// A case's progress in plain words.

const date = require('./date')

const ACTIONS = {
  submit: '填好表单、传齐材料后提交申请',
  resubmit: '按补正要求改好后,再次提交',
  withdraw: '不想办了,可以撤回申请',
  pay: '缴纳费用',
  payment: '缴纳费用',
  delivery: '选择证件怎么给您:邮寄、窗口领取或电子版',
  choose_delivery: '选择证件怎么给您:邮寄、窗口领取或电子版',
  bring_originals: '带上原件到窗口交件',
  pickup: '带上身份证和取件码到窗口领取',
  result: '查看或下载办理结果',
  rate: '给这次办事打个分',
}

// An action is a code, or {code, text} when the server has words for it.
function action(each) {
  const code = typeof each === 'string' ? each : each.code || each.action || ''
  return { code, text: each.text || ACTIONS[code] || '' }
}

function due(each) {
  const by = date.day(each.due_on) || date.moment(each.due_at)
  return { clock: each.clock, text: each.text, by: by ? `${by}前` : '' }
}

function correction(value) {
  if (!value) return null
  const items = (value.items || []).map((each, index) => ({
    key: index,
    name: each.name || each.title || '',
    text: each.requirement || each.reason || '',
  }))
  return { opinion: value.opinion || '', items }
}

// The newest step first: it is what people look for.
function timeline(values) {
  return (values || [])
    .map((each, index) => ({
      key: index,
      at: date.moment(each.at),
      text: each.text,
      unit: each.unit || '',
    }))
    .reverse()
}

function whole(progress) {
  const actions = (progress.actions || []).map(action)
  return {
    caseNo: progress.case_no || '',
    name: progress.item_name,
    stateText: progress.state_text,
    waitingFor: (progress.waiting_for || {}).text || '',
    due: (progress.due || []).map(due),
    actions: actions.filter((each) => each.text),
    canWithdraw: actions.some((each) => each.code === 'withdraw'),
    correction: correction(progress.correction),
    pickupCode: (progress.delivery || {}).pickup_code || '',
    waybill: (progress.delivery || {}).waybill || '',
    timeline: timeline(progress.timeline),
  }
}

function summary(one) {
  return {
    id: one.id,
    name: one.item_name,
    state: one.state,
    stateText: one.state_text,
    caseNo: one.case_no || '',
  }
}

module.exports = { summary, whole }
