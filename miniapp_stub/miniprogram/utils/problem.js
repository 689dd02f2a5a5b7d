// What went wrong, as the citizen is told it: one Chinese sentence, and the faults of single fields.

const OFFLINE = '网络不通,请检查手机网络后再试。'
const SLOW = '网络太慢,没有等到回应,请稍后再试。'
const BUSY = '系统繁忙,请稍后再试。'
const REFUSED = '这次操作没有成功,请稍后再试。'

class Problem extends Error {
  constructor(sentence, facts = {}) {
    super(sentence)
    this.name = 'Problem'
    this.sentence = sentence
    this.status = facts.status || 0 // 0: no answer came
    this.code = facts.code || ''
    this.fields = facts.fields || {}
    this.requestId = facts.requestId || ''
    this.retryAfter = facts.retryAfter || 0 // seconds
  }

  // A second try may go better: no answer, or a part of the server that is away for a moment.
  get passing() {
    return [0, 502, 503, 504].includes(this.status)
  }

  // Only an answer about the request itself says that it can never succeed.
  get final() {
    return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429
  }
}

// {"pointer": "/id_number", "detail": "..."} -> {id_number: "..."}
function fieldsOf(errors) {
  const fields = {}
  for (const fault of Array.isArray(errors) ? errors : []) {
    fields[String(fault.pointer).replace(/^#?\//, '')] = fault.detail
  }
  return fields
}

function retryAfterOf(headers) {
  const name = Object.keys(headers || {}).find((each) => each.toLowerCase() === 'retry-after')
  return name ? Number(headers[name]) || 0 : 0
}

// From an answer of wx.request outside 2xx and 304; a gateway may answer something that is no JSON.
function fromAnswer(answer) {
  const body = answer.data && typeof answer.data === 'object' ? answer.data : {}
  const sentence = body.detail || (answer.statusCode >= 500 ? BUSY : REFUSED)
  return new Problem(sentence, {
    status: answer.statusCode,
    code: body.code,
    fields: fieldsOf(body.errors),
    requestId: body.request_id,
    retryAfter: retryAfterOf(answer.header),
  })
}

// From the fail callback of wx.request.
function fromFailure(failure) {
  const slow = /timeout|timed out/i.test((failure && failure.errMsg) || '')
  return new Problem(slow ? SLOW : OFFLINE)
}

function loginNeeded() {
  return new Problem('请先登录。', { status: 401, code: 'unauthenticated' })
}

// What a page shows for whatever was thrown at it; a fault of ours goes on to the console.
function sentenceOf(error) {
  if (error instanceof Problem) return error.sentence
  console.error(error)
  return REFUSED
}

module.exports = { Problem, fromAnswer, fromFailure, loginNeeded, sentenceOf }
