// The languages that there are. Another is one file beside these, a line here, and what the policy says in `policies/translations/`.
import { DE } from './de.ts'
import { EN } from './en.ts'
import { FR } from './fr.ts'
import type { Speech } from './speech.ts'

/** The first is the language of the records. */
export const SPEECHES: readonly Speech[] = [EN, DE, FR]

export function speechOf(language: string): Speech | undefined {
  return SPEECHES.find((speech) => speech.language === language)
}

/** The best of an Accept-Language header (RFC 9110 section 12.5.4): by its weights, by the first part of each tag; else English. */
export function preferredSpeech(acceptLanguage: string | undefined): Speech {
  const wishes = (acceptLanguage ?? '')
    .slice(0, 500)
    .split(',')
    .map((wish, order) => {
      const [tag = '', ...parameters] = wish.trim().toLowerCase().split(';')
      const weight = parameters.map((one) => /^\s*q=([\d.]+)\s*$/.exec(one)?.[1]).find((one) => one !== undefined)
      return { language: tag.split('-')[0] ?? '', weight: weight === undefined ? 1 : Number(weight), order }
    })
    .filter(({ weight }) => weight > 0)
    .sort((one, other) => other.weight - one.weight || one.order - other.order)
  for (const { language } of wishes) {
    const speech = speechOf(language)
    if (speech !== undefined) return speech
  }
  return EN
}
