// The tokens of the signed-in citizen: the only thing about a person that the phone stores.

const http = require('./http')
const problem = require('./problem')

const STORED = 'tokens'
const MARGIN = 30000 // ms: a token this close to its end is not sent any more

let renewal = null // the one refresh under way

function tokens() {
  return wx.getStorageSync(STORED) || null
}

function keep(answer) {
  wx.setStorageSync(STORED, {
    access_token: answer.access_token,
    refresh_token: answer.refresh_token,
    expires_at: Date.now() + answer.expires_in * 1000,
  })
}

function clear() {
  wx.removeStorageSync(STORED)
}

function wechatCode() {
  return new Promise((resolve, reject) => {
    wx.login({
      success: (answer) => resolve(answer.code),
      fail: () => reject(new problem.Problem('微信登录没有成功,请稍后再试。')),
    })
  })
}

// Signs in with WeChat and resolves with the account.
async function enter() {
  const code = await wechatCode()
  const { data } = await http.post('/v1/login/wechat', { code })
  keep(data)
  return data.account
}

async function renew(sent) {
  try {
    const { data } = await http.post('/v1/login/refresh', { refresh_token: sent.refresh_token })
    const now = tokens()
    // Signed out, or signed in anew, while the answer was on its way: that choice stands.
    if (now && now.refresh_token === sent.refresh_token) keep(data)
  } catch (error) {
    if (error.final) clear()
    throw error
  }
}

// A token to send. `refused` is one that the server no longer takes. All callers share one refresh,
// because a refresh token is good once: a second use would end the session.
async function token(refused = '') {
  const now = tokens()
  if (!now) throw problem.loginNeeded()
  const fresh = now.expires_at - MARGIN > Date.now()
  if (fresh && now.access_token !== refused) return now.access_token
  if (!renewal) {
    renewal = renew(now).finally(() => {
      renewal = null
    })
  }
  await renewal
  const renewed = tokens()
  if (!renewed) throw problem.loginNeeded()
  return renewed.access_token
}

module.exports = { enter, token, clear, exists: () => tokens() !== null }
