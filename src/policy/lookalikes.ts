// Letters that look like Latin ones (after Unicode TR39's confusables, by script), and letters of other shapes that stand for them.
// `LOOKALIKES` are letters of scripts with words of their own: they count as Latin only in a word that can be read so throughout.
// `SHAPES` have no other life than as a shape of a Latin letter, or lose nothing by it for matching; the fold replaces them always.

/** A row a Latin reading: then the letters that look like it. */
function table(rows: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(rows).flatMap(([latin, others]) => [...others].map((other) => [other, latin] as const)))
}

export const LOOKALIKES: ReadonlyMap<string, string> = table({
  // Cyrillic, Greek (and Coptic), Armenian, Georgian, Hebrew, Lisu and Cherokee after lower-casing, in this order.
  a: 'аαɑꭺ',
  b: 'вьβꮟᏼᏸ',
  c: 'сϲⲥꮯ',
  d: 'ԁժꭰꮷ',
  e: 'еєεҽꭼ',
  f: 'ғϝքẝ',
  g: 'ԍցɢꮐꮆ',
  h: 'һнհꮋԋ',
  i: 'іιꭵӏו',
  j: 'јյϳꭻ',
  k: 'кκќҝꮶ',
  l: 'լⳑꮮ',
  m: 'мϻꮇ',
  n: 'пηոռ',
  o: 'оοօσөѳסჿഠ०੦٥〇',
  p: 'рρթꮲ',
  q: 'ԛգզ',
  r: 'гꭱꮢᴦ',
  s: 'ѕꮪꮥտ',
  t: 'тτեꭲ',
  u: 'υսцμ',
  v: 'ѵνꮩ',
  w: 'ԝѡωաꮃ',
  x: 'хχ×ⲭ',
  y: 'уүγყꭹ',
  z: 'ᴢꮓ',
  '3': 'зӡ',
})

export const SHAPES: ReadonlyMap<string, string> = table({
  a: 'ᴀɐⱥ',
  ae: 'æᴁ',
  b: 'ʙƀɓƃ',
  c: 'ᴄȼƈↄ',
  d: 'ᴅđðɖɗƌ',
  e: 'ᴇɇǝəɛɘ',
  f: 'ꜰƒ',
  g: 'ɢɡǥɠ',
  h: 'ʜħɦⱨ',
  i: 'ıɪɩɨ',
  j: 'ᴊɉȷ',
  k: 'ᴋƙⱪ',
  l: 'łʟɫɬⱡƚ',
  m: 'ᴍɱ',
  n: 'ɴŋɲƞ',
  o: 'øᴏɵɔ',
  oe: 'œɶ',
  p: 'ᴘƥᵽ',
  q: 'ꞯɋʠ',
  r: 'ʀɍɾɹɼ',
  s: 'ꜱʂȿ',
  ss: 'ß',
  t: 'ᴛŧƭʈ',
  th: 'þ',
  u: 'ᴜʉ',
  v: 'ᴠʋ',
  w: 'ᴡɯⱳ',
  x: 'ꭓ',
  y: 'ʏɏƴ',
  z: 'ᴢƶȥʐ',
})

/** What one hand writes and another does not: Arabic hamza and endings, chandrabindu, Han that mainland China simplified. */
export const SPELLINGS: ReadonlyMap<string, string> = table({
  ا: 'أإآٱ',
  ي: 'ىیئ',
  ك: 'ک',
  ه: 'ة',
  و: 'ؤ',
  '\u0902': '\u0901',
  ...pairs('殺杀屍尸彈弹槍枪腸肠頭头體体腦脑斬斩斷断藥药納纳猶犹滅灭強强姦奸劍剑製制證证護护鈔钞偽伪僞伪處处綁绑'),
  ...pairs('愛爱陰阴莖茎麼么絞绞撐撑國国亞亚豬猪蟲虫黨党歲岁學学藝艺術术畫画醫医療疗歷历館馆紀纪'),
})

/** Two characters a pair: as it may be written, as it is read. */
function pairs(text: string): Record<string, string> {
  const rows: Record<string, string> = {}
  for (let at = 0; at + 1 < text.length; at += 2) {
    const reading = text.charAt(at + 1)
    rows[reading] = `${rows[reading] ?? ''}${text.charAt(at)}`
  }
  return rows
}
