// One case's progress, kept up to date: pushed over a socket, asked for while the socket is down.

const api = require('./api')
const config = require('../config/index')
const session = require('./session')

const RECONNECT = [3000, 10000, 30000, 60000] // ms before the next try, the last one again and again

// A message that is no progress (a problem before the server closes, say) has no state.
function parsed(text) {
  try {
    return JSON.parse(text) || {}
  } catch (error) {
    return {}
  }
}

class Watch {
  // hear.progress(progress) on every change; hear.way('push' | 'poll' | 'offline') on how it comes.
  constructor(caseId, etag, hear) {
    this.caseId = caseId
    this.etag = etag
    this.hear = hear
    this.over = false
    this.task = null // the socket, open or opening
    this.failures = 0
    this.round = 0 // grows when polling starts or ends: a late answer of an older round is dropped
    this.polling = false
  }

  async connect() {
    let token
    try {
      token = await session.token()
    } catch (error) {
      this.lost(null)
      return
    }
    if (this.over) return
    const task = api.connect(`/v1/cases/${this.caseId}/live`)
    this.task = task
    task.onOpen(() => task.send({ data: JSON.stringify({ access_token: token }) }))
    task.onMessage((message) => this.pushed(task, parsed(message.data)))
    task.onClose(() => this.lost(task))
    task.onError(() => this.lost(task))
  }

  pushed(task, progress) {
    if (this.over || task !== this.task || !progress.state) return
    this.failures = 0
    this.etag = '' // it belonged to what was shown before
    this.stopPolling()
    this.hear.way('push')
    this.hear.progress(progress)
  }

  // onError and onClose may both report the one end of a socket.
  lost(task) {
    if (this.over || task !== this.task) return
    this.task = null
    if (!this.polling) this.startPolling()
    const wait = RECONNECT[Math.min(this.failures, RECONNECT.length - 1)]
    this.failures += 1
    this.retry = setTimeout(() => this.connect(), wait)
  }

  startPolling() {
    this.polling = true
    this.round += 1
    this.poll(this.round)
  }

  stopPolling() {
    this.polling = false
    this.round += 1
    clearTimeout(this.timer)
  }

  async poll(round) {
    try {
      const answer = await api.getIfChanged(`/v1/cases/${this.caseId}/progress`, this.etag)
      if (round !== this.round) return
      this.etag = answer.etag
      this.hear.way('poll')
      if (answer.changed) this.hear.progress(answer.data)
    } catch (error) {
      if (round !== this.round) return
      this.hear.way('offline')
      // Refused for good (signed out, case gone): asking again would not change it.
      if (error.final) {
        this.stop()
        return
      }
    }
    this.timer = setTimeout(() => this.poll(round), config.pollEvery)
  }

  stop() {
    this.over = true
    this.stopPolling()
    clearTimeout(this.retry)
    if (this.task) this.task.close({})
  }
}

// Returns a function that ends it.
function watch(caseId, etag, hear) {
  const one = new Watch(caseId, etag, hear)
  one.connect()
  return () => one.stop()
}

module.exports = { watch }
