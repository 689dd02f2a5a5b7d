// 长辈版: text sizes are rem everywhere, so one root size makes a page large.
// 2.75rem is 44 px at the standard root and 60 px at the elder root: the two touch target sizes.

const STORED = 'elder'
const STANDARD = 16 // px
const ELDER = 22 // px
const CARE = 1.35 // from here on the phone itself is set to large type (微信关怀模式)

function phoneScale() {
  const info = wx.getAppBaseInfo ? wx.getAppBaseInfo() : {}
  return info.fontSizeScaleFactor || 1
}

function isOn() {
  const chosen = wx.getStorageSync(STORED)
  return typeof chosen === 'boolean' ? chosen : phoneScale() >= CARE
}

// Puts {elder, rootFont} on the page; call it in onShow, for another page may have switched.
function apply(page) {
  const elder = isOn()
  const wanted = STANDARD * phoneScale()
  page.setData({ elder, rootFont: `${Math.max(elder ? ELDER : STANDARD, wanted)}px` })
}

function choose(page, on) {
  wx.setStorageSync(STORED, on)
  apply(page)
}

// The account may have been set to elder mode on another phone; a choice made here wins.
function suggest(on) {
  if (on && typeof wx.getStorageSync(STORED) !== 'boolean') wx.setStorageSync(STORED, true)
}

module.exports = { apply, choose, suggest }
