// The language of a prompt as far as its letters tell it, so that it reaches somebody who reads it. Scripts that one language mostly
// uses name that language; Latin letters name one only by letters or small words that are its own. Null: anybody may take it.

const SCRIPTS: readonly (readonly [RegExp, string])[] = [
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/u, 'ja'],
  [/\p{Script=Hangul}/u, 'ko'],
  [/\p{Script=Han}/u, 'zh'],
  [/\p{Script=Cyrillic}/u, 'ru'],
  [/\p{Script=Arabic}/u, 'ar'],
  [/\p{Script=Devanagari}/u, 'hi'],
  [/\p{Script=Hebrew}/u, 'he'],
  [/\p{Script=Thai}/u, 'th'],
  [/\p{Script=Greek}/u, 'el'],
]

const SMALL_WORDS: readonly (readonly [string, readonly string[]])[] = [
  ['en', ['the', 'of', 'and', 'with', 'in', 'on', 'at', 'an', 'a', 'is', 'for']],
  ['de', ['der', 'die', 'das', 'und', 'mit', 'ein', 'eine', 'einem', 'im', 'auf', 'von', 'für']],
  ['fr', ['le', 'la', 'les', 'des', 'une', 'un', 'avec', 'dans', 'sur', 'et', 'du', 'pour']],
  ['es', ['el', 'los', 'las', 'una', 'un', 'con', 'en', 'y', 'del', 'para', 'sobre']],
  ['pt', ['o', 'os', 'uma', 'um', 'com', 'em', 'no', 'na', 'e', 'do', 'da', 'para']],
  ['it', ['il', 'lo', 'gli', 'una', 'un', 'con', 'di', 'nel', 'della', 'e', 'per', 'su']],
  ['nl', ['de', 'het', 'een', 'met', 'van', 'op', 'en', 'voor', 'naar']],
  ['pl', ['w', 'na', 'z', 'i', 'do', 'dla', 'przez', 'nad', 'pod']],
  ['tr', ['bir', 've', 'ile', 'için', 'üzerinde', 'olan']],
]

/** All that `languageOf` can tell. */
export const LANGUAGES: readonly string[] = [
  ...SCRIPTS.map(([, language]) => language),
  ...SMALL_WORDS.map(([language]) => language),
]

export function languageOf(text: string): string | null {
  for (const [script, language] of SCRIPTS) if (script.test(text)) return language
  const words = new Set(text.toLowerCase().match(/\p{L}+/gu) ?? [])
  const scored = SMALL_WORDS.map(([language, small]) => ({ language, hits: small.filter((w) => words.has(w)).length }))
  scored.sort((a, b) => b.hits - a.hits)
  const [best, next] = scored
  return best !== undefined && best.hits > 0 && best.hits > (next?.hits ?? 0) ? best.language : null
}
