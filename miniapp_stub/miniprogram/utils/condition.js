// The structured conditions of an item in plain words:
// {field, op, value}, {all: [...]} or {any: [...]} -> '“面积”大于15'

const OPERATORS = {
  eq: '是',
  ne: '不是',
  gt: '大于',
  ge: '不小于',
  lt: '小于',
  le: '不大于',
  in: '是',
}

const SUBJECTS = { 'applicant.age': '申请人年龄' }

function plain(value) {
  if (value === true) return '“是”'
  if (value === false) return '“否”'
  if (Array.isArray(value)) return value.map(plain).join('或')
  return typeof value === 'number' ? String(value) : `“${value}”`
}

// `properties` are those of the form's JSON Schema: the citizen knows a field by its title.
function subject(field, properties) {
  const known = (properties || {})[String(field).replace(/^form\./, '')]
  return SUBJECTS[field] || (known && known.title ? `“${known.title}”` : '表单中的相应一项')
}

function words(rule, properties) {
  if (!rule) return ''
  if (typeof rule === 'string') return rule
  if (rule.all) return rule.all.map((each) => words(each, properties)).join(',并且')
  if (rule.any) return rule.any.map((each) => words(each, properties)).join(',或者')
  if (rule.field === 'agent') return rule.op === 'not_null' ? '委托他人代办' : '本人办理'
  const name = subject(rule.field, properties)
  if (rule.op === 'not_null') return `填写了${name}`
  return `${name}${OPERATORS[rule.op] || '符合'}${plain(rule.value)}`
}

module.exports = { words }
