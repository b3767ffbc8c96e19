// Statements and answers in another language than they were decided in. A record holds finished sentences, so a sentence is known again by
// the templates that could have made it, its places are translated one by one, and the translated template is filled with them. What
// was not made by words that have a translation (an earlier policy, a language nobody translated) is left as it was decided and
// named, never guessed. The record and its digest stay what they are.
import { Fault } from '../kernel/fault.ts'
import type { Sentences, Translations } from '../policy/translations.ts'
import { OWN, type OwnSentences } from './own-words.ts'
import { EN } from './speech/en.ts'
import { SPEECHES, speechOf } from './speech/languages.ts'
import type { Speech } from './speech/speech.ts'
import type { Statement } from './statement.ts'

/** How one language says what was decided. */
export type Tongue = {
  readonly speech: Speech
  /** A sentence of a record or of an answer; null where it cannot be said. */
  readonly say: (sentence: string) => string | null
}
export type Tongues = (language: string) => Tongue

/** Fault: policy_invalid, for a translation into a language that the service itself does not speak. */
export function openTongues(translations: Translations): Tongues {
  for (const language of translations.keys())
    if (speechOf(language) === undefined)
      throw new Fault('policy_invalid', {
        field: `translations/${language}.yaml`,
        detail: `translations/${language}.yaml: the service speaks ${SPEECHES.map((one) => one.language).join(', ')}`,
      })
  const tongues = new Map(
    SPEECHES.map((speech) => [speech.language, tongueOf(speech, translations.get(speech.language) ?? new Map())]),
  )
  const original: Tongue = { speech: EN, say: (sentence) => sentence }
  return (language) => (language === EN.language ? original : (tongues.get(language) ?? original))
}

type Say = Tongue['say']
/** Texts and places in turns, as they alternate in a template. */
type Pattern = { readonly source: readonly Part[]; readonly translation: readonly Part[] }
type Part = string | { readonly place: string }

function tongueOf(speech: Speech, sentences: Sentences): Tongue {
  const plain = new Map<string, string>()
  const patterns: Pattern[] = []
  for (const [sentence, translation] of [...ownSentences(speech.own), ...sentences])
    if (/\{\w+\}/.test(sentence)) patterns.push({ source: partsOf(sentence), translation: partsOf(translation) })
    else plain.set(sentence, translation)
  const say: Say = (sentence) => {
    const known = plain.get(sentence)
    if (known !== undefined) return known
    for (const pattern of patterns) {
      const said = refill(pattern, sentence, (place, value) => sayPlace(speech, say, place, value))
      if (said !== null) return said
    }
    return null
  }
  return { speech, say }
}

function ownSentences(own: OwnSentences): [string, string][] {
  return Object.entries(OWN).map(([name, sentence]) => [sentence, String(Reflect.get(own, name))])
}

function partsOf(template: string): Part[] {
  return template
    .split(/(\{\w+\})/)
    .filter((part) => part !== '')
    .map((part) => (/^\{\w+\}$/.test(part) ? { place: part.slice(1, -1) } : part))
}

type SayValue = (place: string, value: string) => string | null

function refill({ source, translation }: Pattern, sentence: string, sayValue: SayValue): string | null {
  const values = valuesIn(source, sentence, sayValue)
  if (values === null) return null
  return translation.map((part) => (typeof part === 'string' ? part : values.get(part.place))).join('')
}

/** What fills the places, said; where a text between two places stands more than once, the first cut whose values can all be said. */
function valuesIn(source: readonly Part[], rest: string, sayValue: SayValue): Map<string, string> | null {
  const [part, ...parts] = source
  if (part === undefined) return rest === '' ? new Map() : null
  if (typeof part === 'string') return rest.startsWith(part) ? valuesIn(parts, rest.slice(part.length), sayValue) : null
  const [next] = parts
  const ends = typeof next === 'string' ? placesOf(next, rest) : [rest.length]
  for (const end of ends) {
    const said = sayValue(part.place, rest.slice(0, end))
    if (said === null) continue
    const values = valuesIn(parts, rest.slice(end), sayValue)
    if (values !== null) return values.set(part.place, said)
  }
  return null
}

function* placesOf(text: string, within: string): Generator<number> {
  for (let at = within.indexOf(text, 1); at > 0; at = within.indexOf(text, at + 1)) yield at
}

const CLAUSE = /^[a-z][a-z-]*(\/[a-z][a-z-]*)?\/\d+$/
const MOST_PEOPLE = 9

function sayPlace(speech: Speech, say: Say, place: string, value: string): string | null {
  switch (place) {
    case 'clause':
    case 'new_clause':
      return CLAUSE.test(value) ? value : null
    case 'classifiers':
      return value === EN.none ? speech.none : value
    case 'band': {
      const [band] = Object.entries(EN.bands).find(([, name]) => name === value) ?? []
      return band === undefined ? null : String(Reflect.get(speech.bands, band))
    }
    case 'phrases': {
      const count = Number.parseInt(value, 10)
      return EN.phrases(count) === value ? speech.phrases(count) : null
    }
    case 'languages':
      return sayList(value, (name) => sayLanguage(speech, name))
    case 'lists':
      return sayList(value, say)
    case 'reviewers':
      return countsUpTo(MOST_PEOPLE, (count) => (EN.people(count) === value ? speech.people(count) : null))
    case 'found':
      return countsUpTo(MOST_PEOPLE, (agreed) =>
        countsUpTo(MOST_PEOPLE, (others) => (EN.found(agreed, others) === value ? speech.found(agreed, others) : null)),
      )
    default:
      return say(value)
  }
}

function countsUpTo(most: number, of: (count: number) => string | null): string | null {
  for (let count = 0; count <= most; count++) {
    const said = of(count)
    if (said !== null) return said
  }
  return null
}

function sayList(value: string, say: (item: string) => string | null): string | null {
  const said = value.split(', ').map(say)
  return said.includes(null) ? null : said.join(', ')
}

/** ISO 639 codes of two letters, and `mul`, by what English calls them. */
let codes: ReadonlyMap<string, string> | null = null

function sayLanguage({ language }: Speech, name: string): string | null {
  codes ??= languageCodes()
  const code = codes.get(name)
  return code === undefined ? null : (new Intl.DisplayNames([language], { type: 'language' }).of(code) ?? null)
}

function languageCodes(): ReadonlyMap<string, string> {
  const english = new Intl.DisplayNames(['en'], { type: 'language' })
  const letters = [...'abcdefghijklmnopqrstuvwxyz']
  const pairs = letters.flatMap((one) => letters.map((other) => one + other))
  return new Map([...pairs, 'mul'].map((code) => [english.of(code) ?? code, code]))
}

/** A statement as it is said in a language; `quoted` names the fields that stand as they were decided. */
export function translated(statement: Statement, { say }: Tongue): { statement: Statement; quoted: string[] } {
  const quoted: string[] = []
  const said = (field: string, sentence: string): string => {
    const translation = say(sentence)
    if (translation === null) quoted.push(field)
    return translation ?? sentence
  }
  const maybe = (field: string, sentence: string | null) => (sentence === null ? null : said(field, sentence))
  const { ground, redress } = statement
  const elsewhere = (redress: { outOfCourt: string; courts: string }) => ({
    outOfCourt: said('redress.out_of_court', redress.outOfCourt),
    courts: said('redress.courts', redress.courts),
  })
  const sayRedress = (): Statement['redress'] => {
    switch (redress.kind) {
      case 'full':
        return { ...redress, appeal: said('redress.appeal', redress.appeal), ...elsewhere(redress) }
      case 'final':
        return { ...redress, text: said('redress.text', redress.text), ...elsewhere(redress) }
      case 'restricted':
      case 'none':
        return { ...redress, text: said('redress.text', redress.text) }
      default:
        return redress satisfies never
    }
  }
  return {
    statement: {
      ...statement,
      categoryName: maybe('category_name', statement.categoryName),
      rule: maybe('rule', statement.rule),
      scope: said('restriction.scope', statement.scope),
      duration: said('restriction.duration', statement.duration),
      facts: said('facts', statement.facts),
      ground: {
        kind: ground.kind,
        text: said('ground.text', ground.text),
        explanation: said('ground.explanation', ground.explanation),
      },
      audience: said('audience', statement.audience),
      redress: sayRedress(),
    },
    quoted,
  }
}
