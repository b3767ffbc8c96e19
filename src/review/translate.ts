// The one way to whoever translates: LibreTranslate's POST /translate. Texts go there and back and nowhere else, neither into a log nor into
// an error. What takes too long, is too large or is not what was asked for is no translation.
import { readFile } from 'node:fs/promises'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { Config } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'

const MOST_ANSWER_BYTES = 1_048_576
const MOST_CHARACTERS = 32_000

const Translated = Compile(
  Type.Object({
    translatedText: Type.String(),
    detectedLanguage: Type.Optional(Type.Object({ language: Type.String() })),
  }),
)

export type Translation = { readonly from: string | null; readonly text: string }
export type Translator = {
  readonly to: readonly string[]
  /** Faults: translation_failed, too_large. */
  readonly translate: (text: string, to: string) => Promise<Translation>
}

/** Null where no translation is set up. */
export function openTranslator({ url, keyFile, to, timeoutMs }: Config['translation']): Translator | null {
  if (url === null) return null
  return {
    to,
    translate: async (text, target) => {
      if (text.length > MOST_CHARACTERS)
        throw new Fault('too_large', { detail: `a text of more than ${MOST_CHARACTERS} characters is not translated` })
      const key = keyFile === null ? null : await readKey(keyFile)
      const asked = { q: text, source: 'auto', target, format: 'text' }
      const body = JSON.stringify(key === null ? asked : { ...asked, api_key: key })
      const answer = await ask(url, body, timeoutMs)
      if (!Translated.Check(answer)) throw failed('it answered with something else')
      return { from: languageIn(answer.detectedLanguage?.language), text: answer.translatedText }
    },
  }
}

/** Null: it names no language, as BCP 47 would have it, that a page could say. */
function languageIn(tag = ''): string | null {
  try {
    return new Intl.Locale(tag).baseName
  } catch {
    return null
  }
}

async function readKey(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw failed('the file of its key cannot be read', cause)
  })
  return text.trim()
}

async function ask(url: string, body: string, timeoutMs: number): Promise<unknown> {
  let bytes: Buffer
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw failed(`it answered ${response.status}`)
    }
    bytes = await readBounded(response)
  } catch (cause) {
    throw cause instanceof Fault ? cause : failed('it cannot be reached, or took too long', cause)
  }
  try {
    return JSON.parse(bytes.toString())
  } catch {
    // What cannot be parsed may be a text, which an error's message would quote.
    throw failed('it answered with something else')
  }
}

async function readBounded({ body }: Response): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  for await (const part of body ?? []) {
    sizeBytes += part.length
    if (sizeBytes > MOST_ANSWER_BYTES) throw failed('its answer is too large')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function failed(why: string, cause?: unknown): Fault {
  return new Fault('translation_failed', {
    detail: `the translation failed: ${why}`,
    ...(cause === undefined ? {} : { cause }),
  })
}
