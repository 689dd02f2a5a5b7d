// An item's fee in plain words.

const condition = require('./condition')

const STAGES = {
  BEFORE_ACCEPTANCE: '受理前缴纳',
  AFTER_ACCEPTANCE: '受理后缴纳',
  AFTER_DECISION: '作出决定后、领证前缴纳',
}

const yuan = (fen) => `${fen % 100 ? (fen / 100).toFixed(2) : fen / 100}元`

function text(fee) {
  if (typeof fee === 'string') return fee
  if (!fee || !fee.charged) return '不收费'
  const stage = STAGES[fee.stage] ? `,${STAGES[fee.stage]}` : ''
  return `收费:${fee.name || '按规定收费'}${stage}`
}

function amount(rule, properties) {
  const fixed = rule.amount_fen || rule.amount_cent
  const each = rule.amount_fen_each || rule.amount_cent_each
  if (!fixed && !each) return ''
  const money = fixed ? yuan(fixed) : `每份${yuan(each)}`
  const when = condition.words(rule.when, properties)
  return `${when ? `${when}时:` : ''}${money}${rule.note ? `(${rule.note})` : ''}`
}

// One line for each published amount, and who is exempt.
function lines(fee, properties) {
  if (!fee || !fee.charged) return []
  const amounts = (fee.rules || []).map((rule) => amount(rule, properties)).filter(Boolean)
  const set = fee.amount_set_by ? ['金额由审批部门按标准核定后告诉您。'] : []
  const free = (fee.waivers || []).length ? [`这些人可以减免:${fee.waivers.join('、')}`] : []
  return [...amounts, ...set, ...free]
}

module.exports = { text, lines }
