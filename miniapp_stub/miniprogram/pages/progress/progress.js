const api = require('../../utils/api')
const elder = require('../../utils/elder')
const live = require('../../utils/live')
const problem = require('../../utils/problem')
const progressWords = require('../../utils/progress')
const session = require('../../utils/session')

const WAYS = {
  push: '有变化时会自动更新。',
  poll: '网络不太稳,正在定时查询。',
  offline: '网络不通,下面是上一次查到的进度。',
}

// Four digits, or three and the X that an ID number may end in.
const LAST4 = /^\d{3}[\dX]$/

Page({
  data: {
    rootFont: '16px',
    elder: false,
    signedIn: false,
    way: 'account', // account | code: how the case is found
    status: 'none', // none | loading | ready | empty | failure
    sentence: '',
    cases: [],
    cursor: null,
    draft: null,
    progress: null,
    liveText: '',
    queryCode: '',
    last4: '',
    faults: {},
    fault: '',
    busy: false,
  },

  onLoad(options) {
    this.wanted = options.case || ''
  },

  onShow() {
    elder.apply(this)
    const signedIn = session.exists()
    const changed = signedIn !== this.data.signedIn
    this.setData({ signedIn })
    if (this.data.way === 'code') return
    if (!signedIn) this.setData({ status: 'none', cases: [], draft: null, progress: null })
    else if (this.wanted) this.open(this.wanted)
    else if (changed || this.data.status === 'none') this.list()
  },

  onHide() {
    this.stopLive()
  },

  onUnload() {
    this.stopLive()
  },

  onElder(event) {
    elder.choose(this, event.detail.on)
  },

  onByAccount() {
    this.setData({ way: 'account', progress: null, draft: null, fault: '' })
    this.wanted = ''
    if (this.data.signedIn) this.list()
  },

  onByCode() {
    this.stopLive()
    this.wanted = ''
    this.asked = null
    this.setData({ way: 'code', progress: null, draft: null, fault: '', status: 'none' })
  },

  // Shows what `ask` brings, unless the citizen asked for something else meanwhile.
  async show(ask, asked) {
    this.asked = asked
    this.stopLive()
    this.setData({ status: 'loading', sentence: '', fault: '', progress: null, draft: null })
    try {
      const found = await ask()
      if (this.asked === asked) this.setData({ status: 'ready', ...found })
      return this.asked === asked
    } catch (error) {
      const sentence = problem.sentenceOf(error)
      if (this.asked === asked) this.setData({ status: 'failure', sentence })
      return false
    }
  },

  async list() {
    await this.show(async () => {
      const page = await api.get('/v1/cases')
      const cases = page.cases.map(progressWords.summary)
      const found = { cases, cursor: page.next_cursor }
      if (cases.length) return found
      return { ...found, status: 'empty', sentence: '您还没有办件。' }
    }, {})
  },

  async onMore() {
    const { cursor, cases, busy } = this.data
    if (!cursor || busy) return
    this.setData({ busy: true, fault: '' })
    try {
      const page = await api.get('/v1/cases', { query: { cursor } })
      const more = page.cases.map(progressWords.summary)
      this.setData({ cases: cases.concat(more), cursor: page.next_cursor })
    } catch (error) {
      this.setData({ fault: problem.sentenceOf(error) })
    } finally {
      this.setData({ busy: false })
    }
  },

  onOpen(event) {
    this.wanted = event.currentTarget.dataset.id
    this.open(this.wanted)
  },

  onRetry() {
    if (this.wanted) this.open(this.wanted)
    else this.list()
  },

  async open(id) {
    let etag = ''
    const shown = await this.show(async () => {
      const one = await api.get(`/v1/cases/${id}`)
      if (one.state === 'DRAFT') return { draft: progressWords.summary(one) }
      const answer = await api.getIfChanged(`/v1/cases/${id}/progress`, '')
      etag = answer.etag
      return { progress: progressWords.whole(answer.data) }
    }, {})
    if (shown && this.data.progress) this.startLive(id, etag)
  },

  startLive(id, etag) {
    this.stopLive()
    this.endLive = live.watch(id, etag, {
      progress: (news) => this.setData({ progress: progressWords.whole(news) }),
      way: (way) => this.setData({ liveText: WAYS[way] }),
    })
  },

  stopLive() {
    if (this.endLive) this.endLive()
    this.endLive = null
    this.setData({ liveText: '' })
  },

  // One change of a case by its owner; the list shows what came of it.
  async change(question, act) {
    if (this.data.busy || !(await confirmed(question))) return
    this.setData({ busy: true, fault: '' })
    try {
      await act(this.wanted)
      this.changeKey = ''
      this.onByAccount()
    } catch (error) {
      if (error.final) this.changeKey = ''
      this.setData({ fault: problem.sentenceOf(error) })
    } finally {
      this.setData({ busy: false })
    }
  },

  onWithdraw() {
    return this.change('撤回后这次申请就不再办理。确定要撤回吗?', (id) => {
      // Kept until there is a clear answer, so that trying again withdraws once.
      this.changeKey = this.changeKey || api.newKey()
      return api.post(`/v1/cases/${id}/withdraw`, undefined, { key: this.changeKey })
    })
  },

  onDelete() {
    return this.change('删除后草稿里填的内容就没有了。确定要删除吗?', (id) =>
      api.remove(`/v1/cases/${id}`),
    )
  },

  onQueryCode(event) {
    this.setData({ queryCode: event.detail.value })
  },

  onLast4(event) {
    this.setData({ last4: event.detail.value })
  },

  async onQuery() {
    const code = this.data.queryCode.trim().toUpperCase()
    const last4 = this.data.last4.trim().toUpperCase()
    const faults = {}
    if (!code) faults.query_code = '请填写查询码,就是提交申请后给您的那个码。'
    if (!LAST4.test(last4)) faults.id_last4 = '请填写身份证号的最后4位,最后一位可能是X。'
    this.setData({ faults })
    if (Object.keys(faults).length) return
    await this.show(async () => {
      try {
        const body = { query_code: code, id_last4: last4 }
        const progress = await api.post('/v1/progress', body, { open: true })
        return { progress: progressWords.whole(progress) }
      } catch (error) {
        this.setData({ faults: error.fields || {} })
        throw error
      }
    }, {})
  },
})

function confirmed(content) {
  return new Promise((resolve) => {
    wx.showModal({
      title: '请确认',
      content,
      confirmText: '确定',
      cancelText: '不了',
      success: (answer) => resolve(answer.confirm),
      fail: () => resolve(false),
    })
  })
}
