// The tokens that stand outside a tokenizer's own splitting: start, end, padding, sentinels, and any that a pack adds.
// They are found in the text before it is normalised (or after, where marked so), the longest first, as transformers finds
// them: an end token that is written in a prompt is one, and so is "!" where a pack pads with it (SD 2.x, SDXL's second).
import { readFile } from 'node:fs/promises'
import { type Fields, parseJson, readFields } from '../runtime/fields.ts'
import { type Pack, packFileIf } from '../runtime/pack.ts'

export type SpecialToken = {
  content: string
  id: number
  /** Only where no letter stands beside it. */
  singleWord: boolean
  /** Found in the normalised text, by its own normalised form. */
  normalized: boolean
}

export type SpecialTokens = {
  tokens: readonly SpecialToken[]
  /** The id of a named token. ModelError pack_corrupt with the field where the vocabulary lacks it. */
  idOf(name: NamedToken): number
  largestId: number
}

const NAMED = ['bos_token', 'eos_token', 'unk_token', 'pad_token', 'sep_token', 'cls_token', 'mask_token'] as const
export type NamedToken = (typeof NAMED)[number]
const LISTS = ['extra_special_tokens', 'additional_special_tokens'] as const

type Written = Omit<SpecialToken, 'id'> & { fields: Fields; field: string; declaredId?: number }

/**
 * Reads the special tokens of <part>/: tokenizer_config.json's added_tokens_decoder, or where it has none
 * special_tokens_map.json, added_tokens.json and tokenizer.json's added_tokens. `defaults` and `also` are the tokenizer
 * class's own. ModelError pack_corrupt: a field, or a token that the vocabulary lacks.
 */
export async function readSpecialTokens(
  pack: Pack,
  part: string,
  vocabulary: ReadonlyMap<string, number>,
  defaults: Partial<Record<NamedToken, string>>,
  also: readonly string[] = [],
): Promise<SpecialTokens> {
  const optional = async (name: string) => {
    const file = packFileIf(pack, `${part}/${name}`)
    return readFields(file === null ? {} : parseJson(await readFile(file, 'utf8'), file), `${part}/${name}`)
  }
  const config = await optional('tokenizer_config.json')
  const decoder = config.has('added_tokens_decoder') ? config.child('added_tokens_decoder') : null
  const map = decoder === null ? await optional('special_tokens_map.json') : null
  const named = new Map<NamedToken, Written>()
  for (const name of NAMED) {
    const source = map?.has(name) ? map : config
    const content = source.has(name) ? undefined : defaults[name]
    if (content !== undefined) named.set(name, plain(content, config, name))
    else if (source.has(name)) named.set(name, readNamed(source, name))
  }
  const extra = [
    ...LISTS.flatMap((name) => texts(map?.has(name) ? map : config, name)),
    ...also.map((content) => plain(content, config, content)),
  ]
  const special = new Set([...named.values(), ...extra].map(({ content }) => content))
  const written = decoder
    ? decoder.names().map((id) => ({ ...readToken(decoder.child(id)), declaredId: Number(id) }))
    : [...declared(await optional('added_tokens.json'), special), ...(await listed(pack, part))]
  const tokens = new Map<string, SpecialToken>()
  for (const { fields, field, declaredId, ...token } of [...written, ...named.values(), ...extra]) {
    const id = vocabulary.get(token.content) ?? declaredId
    if (id === undefined || !(Number.isInteger(id) && id >= 0)) throw fields.bad(field, 'a token of the vocabulary')
    if (token.content !== '' && !tokens.has(token.content)) tokens.set(token.content, { ...token, id })
  }
  return {
    tokens: [...tokens.values()],
    idOf(name) {
      const id = tokens.get(named.get(name)?.content ?? '')?.id
      if (id === undefined) throw config.bad(name, 'a token of the vocabulary')
      return id
    },
    largestId: [...tokens.values()].reduce((most, { id }) => Math.max(most, id), 0),
  }
}

/** A named token is written as its text, or as an object with `content`. */
function readNamed(fields: Fields, name: string): Written {
  const content = textIf(fields, name)
  return content === undefined
    ? { ...readToken(fields.child(name)), fields, field: name }
    : plain(content, fields, name)
}

function readToken(fields: Fields): Written {
  return {
    content: fields.text('content'),
    singleWord: fields.flagIf('single_word') ?? false,
    // What is special is not normalised, unless the pack says so. `lstrip` and `rstrip` say who has the white space beside a
    // token, which CLIP and T5 drop in any case.
    normalized: fields.flagIf('normalized') ?? !(fields.flagIf('special') ?? true),
    fields,
    field: 'content',
  }
}

function plain(content: string, fields: Fields, field: string): Written {
  return { content, singleWord: false, normalized: false, fields, field }
}

function listIf(fields: Fields, name: string): readonly unknown[] | undefined {
  try {
    return fields.listIf(name) ?? []
  } catch {
    return undefined
  }
}

function textIf(fields: Fields, name: string): string | undefined {
  try {
    return fields.textIf(name)
  } catch {
    return undefined
  }
}

/** A list of tokens, or an object from names to tokens. */
function texts(fields: Fields, name: string): Written[] {
  const found = listIf(fields, name)
  if (found === undefined)
    return fields
      .child(name)
      .names()
      .map((key) => readNamed(fields.child(name), key))
  return found.map((item, i) =>
    typeof item === 'string'
      ? plain(item, fields, name)
      : { ...readToken(readFields(item, fields.file, `${name}[${i}].`)), fields, field: name },
  )
}

/** added_tokens.json: tokens that are no special ones are found in the normalised text. */
function declared(fields: Fields, special: ReadonlySet<string>): Written[] {
  return fields.names().map((content) => ({
    ...plain(content, fields, content),
    normalized: !special.has(content),
    declaredId: fields.integer(content, 0, 10_000_000),
  }))
}

async function listed(pack: Pack, part: string): Promise<Written[]> {
  const file = packFileIf(pack, `${part}/tokenizer.json`)
  if (file === null) return []
  const fields = readFields(parseJson(await readFile(file, 'utf8'), file), `${part}/tokenizer.json`)
  return (fields.listIf('added_tokens') ?? []).map((item, i) => {
    const token = readFields(item, fields.file, `added_tokens[${i}].`)
    return { ...readToken(token), declaredId: token.integer('id', 0, 10_000_000) }
  })
}
