// The plain reading of a text, for matching only: never shown, stored or sent to a model.
// Policy phrases and prompts go through the same fold, so an accent or a full-width letter never decides a match.
// Scripts whose marks carry meaning (Devanagari, Arabic, Thai, Hangul, ...) keep them. Linear in the length of the text.

const PLAIN_ASCII = /^[ -~\t\n\r]*$/
// Characters that take no room: format controls (zero-width, soft hyphen, bidi, tags) and blank letters.
const INVISIBLE = /[\p{Cf}\u115f\u1160\u2800\u3164\uffa0]+/gu
const DECORATED = /([\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Common}])[\p{Mn}\p{Me}]+/gu
const LATIN_EXTRA = /[ßæœøđðħıłŧþɑɡɩʀᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꜱᴛᴜᴠᴡʏᴢ]/g
const LATIN: Readonly<Record<string, string>> = {
  ...{
    ß: 'ss',
    æ: 'ae',
    œ: 'oe',
    ø: 'o',
    đ: 'd',
    ð: 'd',
    ħ: 'h',
    ı: 'i',
    ł: 'l',
    ŧ: 't',
    þ: 'th',
    ɑ: 'a',
    ɡ: 'g',
    ɩ: 'i',
  },
  ...{ ʀ: 'r', ᴀ: 'a', ʙ: 'b', ᴄ: 'c', ᴅ: 'd', ᴇ: 'e', ꜰ: 'f', ɢ: 'g', ʜ: 'h', ɪ: 'i', ᴊ: 'j', ᴋ: 'k', ʟ: 'l', ᴍ: 'm' },
  ...{ ɴ: 'n', ᴏ: 'o', ᴘ: 'p', ꜱ: 's', ᴛ: 't', ᴜ: 'u', ᴠ: 'v', ᴡ: 'w', ʏ: 'y', ᴢ: 'z' },
}
// Letters in circles and squares, and flag letters, that NFKC leaves alone.
const BADGES = /[\u{1f150}-\u{1f169}\u{1f170}-\u{1f189}\u{1f1e6}-\u{1f1ff}]/gu

function badgeLetter(badge: string): string {
  const point = badge.codePointAt(0) ?? 0
  const first = point >= 0x1f1e6 ? 0x1f1e6 : point >= 0x1f170 ? 0x1f170 : 0x1f150
  return String.fromCharCode(97 + point - first)
}

/** NFKC without invisible characters, without marks on Latin, Greek and Cyrillic, in lower case. */
export function foldText(text: string): string {
  if (PLAIN_ASCII.test(text)) return text.toLowerCase()
  return text
    .replace(INVISIBLE, '')
    .normalize('NFKD')
    .replace(INVISIBLE, '')
    .replace(DECORATED, '$1')
    .replace(BADGES, badgeLetter)
    .toLowerCase()
    .normalize('NFC')
    .replace(LATIN_EXTRA, (letter) => LATIN[letter] ?? letter)
}

/** Every run of one letter shortened to a single one: `goooore` and `gore` both give `gore`. */
export function withoutRepeats(word: string): string {
  return word.replace(/(.)\1+/gsu, '$1')
}
