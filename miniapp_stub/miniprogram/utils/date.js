// Times as people read them, always in Asia/Shanghai, wherever the phone is.

const SHANGHAI = 8 * 3600 * 1000 // ms east of UTC; no summer time

const two = (number) => String(number).padStart(2, '0')

// '2026-07-13' -> '2026年7月13日'
function day(text) {
  const found = /^(\d{4})-(\d{2})-(\d{2})/.exec(text || '')
  return found ? `${found[1]}年${Number(found[2])}月${Number(found[3])}日` : ''
}

// RFC 3339 with an offset -> '2026年7月13日 09:05'
function moment(text) {
  // Some phones refuse more than three digits of a second.
  const instant = Date.parse(String(text || '').replace(/(\.\d{3})\d+/, '$1'))
  if (Number.isNaN(instant)) return ''
  const local = new Date(instant + SHANGHAI)
  const clock = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`
  return `${day(local.toISOString())} ${clock}`
}

module.exports = { day, moment }
