// Everything that pages ask of the server goes through here:
//   api.get(`/v1/items/${code}`)            api.post('/v1/cases', { item_code })
// The path is always written out at the call, query values go into options.query, so that a test
// can compare every path with the server's routes.
// options: query; open (true: nobody has to be signed in); key (an Idempotency-Key).

const config = require('../config/index')
const http = require('./http')
const problem = require('./problem')
const session = require('./session')

const PAUSES = [600, 1800] // ms before the second and third try
const LONGEST_PAUSE = 5000

let leaving = false

// Sends the citizen to the login page once, however many requests were refused together.
function toLogin() {
  const pages = getCurrentPages()
  const top = pages[pages.length - 1]
  if (leaving || (top && top.route === 'pages/login/login')) return
  leaving = true
  wx.navigateTo({
    url: '/pages/login/login',
    complete() {
      leaving = false
    },
  })
}

async function sendSigned(method, path, options) {
  const send = (token) =>
    http.send(method, path, {
      ...options,
      headers: { ...options.headers, Authorization: `Bearer ${token}` },
    })
  const token = await session.token()
  try {
    return await send(token)
  } catch (error) {
    if (error.status !== 401) throw error
  }
  return send(await session.token(token))
}

async function sendOnce(method, path, options) {
  if (options.open) return http.send(method, path, options)
  try {
    return await sendSigned(method, path, options)
  } catch (error) {
    if (error.status === 401 || !session.exists()) {
      session.clear()
      toLogin()
      throw problem.loginNeeded()
    }
    throw error
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

// Weak network: reading, and writing under a key that the server knows again, may be tried again.
// Anything else could happen twice.
async function request(method, path, options = {}) {
  const repeatable = method === 'GET' || Boolean(options.key)
  const headers = { ...options.headers }
  if (options.key) headers['Idempotency-Key'] = options.key
  for (let turn = 0; ; turn += 1) {
    try {
      return await sendOnce(method, path, { ...options, headers })
    } catch (error) {
      if (!repeatable || !error.passing || turn === PAUSES.length) throw error
      const asked = Math.min(error.retryAfter * 1000, LONGEST_PAUSE)
      await pause(Math.max(PAUSES[turn], asked))
    }
  }
}

const dataOf = (answer) => answer.data

const get = (path, options) => request('GET', path, options).then(dataOf)
const post = (path, data, options) => request('POST', path, { ...options, data }).then(dataOf)
const put = (path, data, options) => request('PUT', path, { ...options, data }).then(dataOf)
const remove = (path, options) => request('DELETE', path, options).then(dataOf)

// {changed, data, etag}: `etag` is what the last answer came with, '' for the first question.
async function getIfChanged(path, etag) {
  const headers = etag ? { 'If-None-Match': etag } : {}
  const answer = await request('GET', path, { headers })
  if (answer.status === 304) return { changed: false, data: null, etag }
  return { changed: true, data: answer.data, etag: answer.etag }
}

// The socket task; the first message has to be {"access_token": ...}.
function connect(path) {
  return wx.connectSocket({
    url: config.baseUrl.replace(/^http/, 'ws') + path,
    timeout: config.timeout,
    fail() {}, // also reported to onError, where it is dealt with
  })
}

// One key per intention: keep it while the citizen tries the same thing again.
function newKey() {
  const part = () => Math.random().toString(36).slice(2, 12)
  return `${Date.now().toString(36)}-${part()}-${part()}`
}

module.exports = { get, post, put, remove, getIfChanged, connect, newKey }
