// Times as pages say them: how long ago or until when, with the exact moment on hover; and lengths of time in words. Drawn from a clock
// that is given, so that the same page always reads the same.

import { type Html, html } from './html.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** From how many seconds on a unit is spoken in. */
const units = [
  { from: 2 * DAY, size: DAY, name: 'd' },
  { from: HOUR, size: HOUR, name: 'h' },
  { from: MINUTE, size: MINUTE, name: 'min' },
] as const

/** "3 h 12 min", "2 d 4 h", "under a minute": two units at most, one from ten days on. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const at = units.findIndex(({ from }) => whole >= from)
  const unit = units[at]
  if (unit === undefined) return 'under a minute'
  const smaller = units[at + 1]
  const rest = smaller === undefined || whole >= 10 * DAY ? 0 : Math.floor((whole % unit.size) / smaller.size)
  const first = `${Math.floor(whole / unit.size)} ${unit.name}`
  return smaller === undefined || rest === 0 ? first : `${first} ${rest} ${smaller.name}`
}

/** "3 h ago", "in 3 h", "just now". */
export function time(moment: Date, now: Date): Html {
  const seconds = (moment.getTime() - now.getTime()) / 1000
  const far = span(Math.abs(seconds))
  const text = Math.abs(seconds) < MINUTE ? 'just now' : seconds < 0 ? `${far} ago` : `in ${far}`
  return html`<time datetime="${moment.toISOString()}" title="${exactly(moment)}">${text}</time>`
}

/** "29 Nov 2026, 05:42 UTC". */
export function exactly(moment: Date): string {
  return `${exact.format(moment)} UTC`
}

const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
