const api = require('../../utils/api')
const elder = require('../../utils/elder')
const itemWords = require('../../utils/item')
const problem = require('../../utils/problem')

Page({
  data: {
    rootFont: '16px',
    elder: false,
    status: 'loading',
    sentence: '',
    item: null,
    starting: false,
    fault: '',
  },

  onLoad(options) {
    this.code = options.code || ''
    this.load()
  },

  onShow() {
    elder.apply(this)
  },

  onElder(event) {
    elder.choose(this, event.detail.on)
  },

  onRetry() {
    this.load()
  },

  async load() {
    this.setData({ status: 'loading', sentence: '' })
    try {
      const item = await api.get(`/v1/items/${encodeURIComponent(this.code)}`, { open: true })
      this.setData({ status: 'ready', item: itemWords.whole(item) })
    } catch (error) {
      this.setData({ status: 'failure', sentence: problem.sentenceOf(error) })
    }
  },

  // Asked twice, the server answers with the draft that is there already.
  async onStart() {
    if (this.data.starting) return
    this.setData({ starting: true, fault: '' })
    try {
      const draft = await api.post('/v1/cases', { item_code: this.code })
      wx.navigateTo({ url: `/pages/progress/progress?case=${draft.id}` })
    } catch (error) {
      this.setData({ fault: problem.sentenceOf(error) })
    } finally {
      this.setData({ starting: false })
    }
  },
})
