// A service item in plain words.

const condition = require('./condition')
const fee = require('./fee')

const APPLICANTS = {
  NATURAL_PERSON: '个人',
  ENTERPRISE: '企业',
  INDIVIDUAL_BUSINESS: '个体工商户',
  COOPERATIVE: '农民专业合作社',
  SOCIAL_ORG: '社会组织',
  VILLAGE_COLLECTIVE: '村集体',
}

const DEPTHS = {
  FULL_ONLINE: '全程网上办',
  FULL_ONLINE_AUTO: '全程网上办,系统自动办理',
  PRE_REVIEW_THEN_WINDOW: '网上预审,再到窗口交原件',
}

const DELIVERIES = {
  POST: '邮政寄送',
  WINDOW: '到窗口领取',
  TOWNSHIP_PICKUP: '到乡镇窗口领取',
  ELECTRONIC: '电子版(手机上查看)',
}

const SOURCES = {
  E_CERT_SHARED: '电子证照核验通过的,不用上传',
  DATA_SHARED: '部门共享数据能查到的,不用上传',
}

const LIMITS = { promised: '承诺办结', statutory: '法定办结', extension: '可延长', serve: '送达' }
const STARTS = { ON_ACCEPTED: '受理之日', ON_RECEIVED: '收到申请之日', ON_DECISION: '作出决定之日' }
const UNITS = { WORKING_DAY: '个工作日', CALENDAR_DAY: '天' }

// {value, unit} -> '5个工作日'; '' when the law sets none.
function limit(value) {
  if (!value) return ''
  if (typeof value === 'string') return value
  if (value.unit === 'SAME_WORKING_DAY') return '当天办结'
  return UNITS[value.unit] ? `${value.value}${UNITS[value.unit]}` : ''
}

function limits(values) {
  return Object.keys(LIMITS)
    .map((kind) => ({ kind, name: LIMITS[kind], value: (values || {})[kind] }))
    .filter((row) => limit(row.value))
    .map(({ kind, name, value }) => ({
      kind,
      name,
      text: limit(value),
      start: STARTS[value.clock_start] ? `从${STARTS[value.clock_start]}起算` : '',
      basis: value.basis || '',
    }))
}

function need(material, properties) {
  if (material.required) return '必须提供'
  const when = condition.words(material.condition, properties)
  return when ? `${when}时需要` : '可以不提供'
}

function materials(values, schema) {
  const properties = (schema || {}).properties
  return (values || []).map((each) => ({
    code: each.code,
    name: each.name,
    need: need(each, properties),
    shortfall: Boolean(each.shortfall_allowed),
    source: SOURCES[each.source] || '',
    files:
      each.kind === 'ONLINE_FORM'
        ? '网上填写,不用上传文件'
        : `${(each.formats || []).join('、')},每个不超过${each.max_size_mb} MB`,
    note: each.note || '',
  }))
}

const GUIDE = {
  basis: '设立依据',
  conditions: '受理条件',
  eligibility: '申请条件',
  procedure: '办理流程',
  steps: '办理流程',
  process: '办理流程',
  rules: '特别说明',
  contact: '咨询电话',
  supervision: '监督电话',
}

function linesOf(value) {
  if (Array.isArray(value)) return value.map(String)
  return String(value)
    .split('\n')
    .filter((line) => line)
}

// The guide is a text, or an object of named parts.
function guide(value) {
  if (!value) return []
  if (typeof value === 'string' || Array.isArray(value)) {
    return [{ title: '办事指南', lines: linesOf(value) }]
  }
  return Object.keys(GUIDE)
    .filter((part) => value[part] && value[part].length)
    .map((part) => ({ title: GUIDE[part], lines: linesOf(value[part]) }))
}

function result(value) {
  if (!value) return ''
  const forms = [value.paper && '纸质', value.electronic && '电子'].filter(Boolean).join('和')
  const validity = value.validity && value.validity !== '-' ? `,有效期:${value.validity}` : ''
  return `${value.name}${forms ? `(${forms})` : ''}${validity}`
}

const named = (names, codes) => (codes || []).map((code) => names[code] || code).join('、')

function summary(item) {
  return {
    code: item.code,
    name: item.name,
    agency: item.agency,
    kinds: [item.item_type, item.case_type].filter(Boolean).join(' · '),
    promised: limit(item.promised),
    fee: fee.text(item.fee),
    depth: DEPTHS[item.online_depth] || '',
  }
}

function whole(item) {
  return {
    code: item.code,
    name: item.name,
    agency: item.agency,
    version: item.version,
    guide: guide(item.guide),
    applicants: named(APPLICANTS, item.applicant_types),
    depth: DEPTHS[(item.flags || {}).online_depth] || '',
    limits: limits(item.limits),
    fee: fee.text(item.fee),
    feeLines: fee.lines(item.fee, (item.form_schema || {}).properties),
    feeBasis: (item.fee || {}).basis || '',
    materials: materials(item.materials, item.form_schema),
    result: result(item.result),
    delivery: named(DELIVERIES, item.delivery),
  }
}

module.exports = { APPLICANTS, summary, whole }
