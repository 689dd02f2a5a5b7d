const api = require('../../utils/api')
const elder = require('../../utils/elder')
const problem = require('../../utils/problem')
const session = require('../../utils/session')

// The server checks everything; this only saves a round trip for what is plainly unfinished.
function unfinished(name, idNumber, consent) {
  const faults = {}
  if (!name) faults.name = '请填写姓名。'
  if (!/^\d{17}[\dX]$/.test(idNumber)) faults.id_number = '请填写18位身份证号,最后一位可能是X。'
  if (!consent) faults.consent = '请先阅读说明,同意的话请在方框里打勾。'
  return faults
}

Page({
  data: {
    rootFont: '16px',
    elder: false,
    account: null,
    busy: false,
    fault: '', // about the page as a whole
    name: '',
    idNumber: '',
    consent: false,
    faults: {}, // by field
    phoneFault: '',
  },

  onShow() {
    elder.apply(this)
    if (session.exists() && !this.data.account && !this.data.busy) this.load()
  },

  onElder(event) {
    elder.choose(this, event.detail.on)
  },

  // Runs one action at a time; what goes wrong is shown by `tell`.
  async run(action, tell) {
    if (this.data.busy) return
    this.setData({ busy: true, fault: '', faults: {}, phoneFault: '' })
    try {
      await action()
    } catch (error) {
      tell(error)
    } finally {
      this.setData({ busy: false })
    }
  },

  showFault(error) {
    this.setData({ fault: problem.sentenceOf(error) })
    if (!session.exists()) this.setData({ account: null })
  },

  load() {
    return this.run(
      async () => {
        this.setData({ account: await api.get('/v1/me') })
      },
      (error) => this.showFault(error),
    )
  },

  onEnter() {
    return this.run(
      async () => {
        const account = await session.enter()
        elder.suggest(account.elder_mode)
        elder.apply(this)
        this.setData({ account })
      },
      (error) => this.showFault(error),
    )
  },

  onName(event) {
    this.setData({ name: event.detail.value })
  },

  onIdNumber(event) {
    this.setData({ idNumber: event.detail.value })
  },

  onConsent(event) {
    this.setData({ consent: event.detail.value.includes('agree') })
  },

  onRealName() {
    const name = this.data.name.trim()
    const idNumber = this.data.idNumber.trim().toUpperCase()
    const faults = unfinished(name, idNumber, this.data.consent)
    if (Object.keys(faults).length) {
      this.setData({ faults, fault: '' })
      return undefined
    }
    return this.run(
      async () => {
        const account = await api.post('/v1/me/real-name', { name, id_number: idNumber })
        // The number is not needed any more, so the page forgets it.
        this.setData({ account, name: '', idNumber: '', consent: false })
      },
      (error) => {
        this.showFault(error)
        this.setData({ faults: error.fields || {} })
      },
    )
  },

  onPhone(event) {
    const { code } = event.detail
    if (!code) {
      this.setData({ phoneFault: '没有拿到手机号。不绑定也能办事。' })
      return undefined
    }
    return this.run(
      async () => {
        this.setData({ account: await api.post('/v1/me/phone', { code }) })
      },
      (error) => this.setData({ phoneFault: problem.sentenceOf(error) }),
    )
  },

  onLeave() {
    return this.run(
      async () => {
        try {
          await api.post('/v1/logout')
        } finally {
          // Signed out on this phone in any case.
          session.clear()
          this.setData({ account: null })
        }
      },
      (error) => this.showFault(error),
    )
  },

  onDone() {
    if (getCurrentPages().length > 1) wx.navigateBack()
    else wx.reLaunch({ url: '/pages/items/items' })
  },
})
