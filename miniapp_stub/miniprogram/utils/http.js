// One request, one answer. No login and no second try here: see api.js.

const config = require('../config/index')
const problem = require('./problem')

function queryString(query = {}) {
  const pairs = Object.keys(query)
    .filter((name) => query[name] !== undefined && query[name] !== null && query[name] !== '')
    .map((name) => `${name}=${encodeURIComponent(query[name])}`)
  return pairs.length ? `?${pairs.join('&')}` : ''
}

// Resolves with {status, data, etag}; rejects with a Problem.
function send(method, path, { data, query, headers } = {}) {
  return new Promise((resolve, reject) => {
    wx.request({
      url: config.baseUrl + path + queryString(query),
      method,
      data,
      dataType: 'json',
      timeout: config.timeout,
      header: { 'content-type': 'application/json', ...headers },
      success(answer) {
        const good = answer.statusCode >= 200 && answer.statusCode < 300
        if (!good && answer.statusCode !== 304) {
          reject(problem.fromAnswer(answer))
          return
        }
        const names = Object.keys(answer.header || {})
        const etag = names.find((name) => name.toLowerCase() === 'etag')
        resolve({
          status: answer.statusCode,
          data: answer.data,
          etag: etag ? answer.header[etag] : '',
        })
      },
      fail(failure) {
        reject(problem.fromFailure(failure))
      },
    })
  })
}

const post = (path, data) => send('POST', path, { data })

module.exports = { send, post }
