// A service that translates prompts for reviewers, off unless DARKROOM_TRANSLATE_URL is set: it speaks LibreTranslate's POST /translate.
// What is sent there leaves this service, so nothing is by default.
import type { Reader } from './reader.ts'

const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z]{2,8})?$/

export function readTranslation({ url, optional, list, integer, problems }: Reader) {
  const address = url('DARKROOM_TRANSLATE_URL', ['http:', 'https:'])
  if (address !== null && /[?#@]/.test(address))
    problems.push('DARKROOM_TRANSLATE_URL: expected an origin and a path, without a query or a name')
  const keyFile = optional('DARKROOM_TRANSLATE_KEY_FILE')
  if (keyFile !== null && address === null)
    problems.push('DARKROOM_TRANSLATE_KEY_FILE: needs DARKROOM_TRANSLATE_URL too')
  const to = list('DARKROOM_TRANSLATE_TO')
  for (const one of to)
    if (!LANGUAGE.test(one)) problems.push(`DARKROOM_TRANSLATE_TO: '${one}' is no language, such as en or pt-BR`)
  return {
    url: address,
    /** Holds the key that it asks for; null: it asks for none. */
    keyFile,
    /** Into what it may be asked to translate. */
    to: to.length === 0 ? ['en'] : to,
    timeoutMs: integer('DARKROOM_TRANSLATE_TIMEOUT_MS', 10_000, 100, 120_000),
  }
}
