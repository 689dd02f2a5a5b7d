const api = require('../../utils/api')
const elder = require('../../utils/elder')
const itemWords = require('../../utils/item')
const problem = require('../../utils/problem')

const PAGE = 20
const TYPES = ['', ...Object.keys(itemWords.APPLICANTS)]

Page({
  data: {
    rootFont: '16px',
    elder: false,
    q: '',
    typeNames: ['不限', ...Object.values(itemWords.APPLICANTS)],
    type: 0,
    status: 'loading', // loading | ready | empty | failure
    sentence: '',
    items: [],
    cursor: null,
    loadingMore: false,
    moreFault: '',
  },

  onLoad() {
    this.search()
  },

  onShow() {
    elder.apply(this)
  },

  onElder(event) {
    elder.choose(this, event.detail.on)
  },

  onTyping(event) {
    this.setData({ q: event.detail.value })
  },

  onType(event) {
    this.setData({ type: Number(event.detail.value) })
    this.search()
  },

  onSearch() {
    this.search()
  },

  onReachBottom() {
    this.onMore()
  },

  list(cursor) {
    const query = {
      q: this.data.q.trim(),
      applicant_type: TYPES[this.data.type],
      limit: PAGE,
      cursor,
    }
    return api.get('/v1/items', { query, open: true })
  },

  async search() {
    // Answers may overtake each other: only the last question counts.
    const asked = (this.asked || 0) + 1
    this.asked = asked
    this.setData({ status: 'loading', sentence: '', moreFault: '', loadingMore: false })
    try {
      const page = await this.list(null)
      if (asked !== this.asked) return
      const items = page.items.map(itemWords.summary)
      this.setData({
        items,
        cursor: page.next_cursor,
        status: items.length ? 'ready' : 'empty',
        sentence: items.length ? '' : '没有找到这样的事项,换个词再试试,比如“许可”“补贴”。',
      })
    } catch (error) {
      if (asked !== this.asked) return
      this.setData({ status: 'failure', sentence: problem.sentenceOf(error) })
    }
  },

  async onMore() {
    const { cursor, loadingMore, status, items } = this.data
    if (!cursor || loadingMore || status !== 'ready') return
    const asked = this.asked
    this.setData({ loadingMore: true, moreFault: '' })
    try {
      const page = await this.list(cursor)
      if (asked !== this.asked) return
      this.setData({
        items: items.concat(page.items.map(itemWords.summary)),
        cursor: page.next_cursor,
        loadingMore: false,
      })
    } catch (error) {
      if (asked !== this.asked) return
      this.setData({ loadingMore: false, moreFault: problem.sentenceOf(error) })
    }
  },
})
