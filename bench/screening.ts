// How well the prompt screen tells what is to be refused from what is to be allowed, against two peers in the same run: `obscenity`
// and a trained TF-IDF logistic regression. Sets: test/screening/README.md. Shares carry Wilson 95 % intervals; the verdicts name
// the contract. Failures are listed by id; `--failures` prints their texts, which are what the policy refuses to draw.
//   npm run bench -- bench/screening.ts [--set development|held-out] [--folder DIR] [--python FILE] [--failures]
import { parseArgs } from 'node:util'
import { loadModerationPolicy } from '../src/policy/load.ts'
import { type Answers, bareFilter, byFilter, obscenityFilter, policyFilter, trainedPeer } from './screening/filters.ts'
import { type Prompts, type Row, readSet, SETS } from './screening/sets.ts'
import { type Share, wilson } from './wilson.ts'

const { values } = parseArgs({
  options: {
    set: { type: 'string', default: 'development' },
    folder: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    failures: { type: 'boolean', default: false },
  },
})
const setName = SETS.find((name) => name === values.set)
if (setName === undefined) throw new Error(`--set is one of ${SETS.join(', ')}`)
const development = await readSet('development')
const prompts =
  setName === 'development' && values.folder === undefined ? development : await readSet(setName, values.folder)
const policy = await loadModerationPolicy('policies/moderation.yaml')

const ours = byFilter('darkroom', prompts, policyFilter(policy))
const bare = byFilter('darkroom, bare words', prompts, bareFilter(policy))
const obscenity = byFilter('obscenity', prompts, obscenityFilter())
const trained = await trainedPeer(values.python, development, prompts)
const points = trained?.points.map((one) => ({ ...one, name: `tf-idf, ${one.name}` })) ?? []
const all: readonly Answers[] = [ours, bare, obscenity, ...points]

console.log(`${setName}: ${prompts.attacks.length} attacks, ${prompts.innocent.length} innocent prompts`)
if (trained === null)
  console.log(
    `\nNOT RUN: the trained peer. It needs scikit-learn: python3 -m venv DIR && DIR/bin/pip install scikit-learn, then --python DIR/bin/python`,
  )
else
  console.log(
    `scikit-learn ${trained.version}, trained on development${prompts === development ? '; asked out of fold' : ''}`,
  )

table('refused of all attacks (recall)', () => 'all', prompts.attacks, 'attacks')
table('recall by category', ({ category }) => category, prompts.attacks, 'attacks')
table('recall by technique', ({ technique }) => technique, prompts.attacks, 'attacks')
table(
  'recall by language',
  ({ language }) => (language === 'en' ? 'en' : groupOf(language)),
  prompts.attacks,
  'attacks',
)
table('refused of all innocent prompts (false positives)', () => 'all', prompts.innocent, 'innocent')
table('false positives by domain', ({ domain }) => domain, prompts.innocent, 'innocent')
table(
  'false positives by language',
  ({ language }) => (language === 'en' ? 'en' : groupOf(language)),
  prompts.innocent,
  'innocent',
)

console.log('\nmilliseconds a prompt')
for (const { name, msPerPrompt } of all) console.log(`  ${name.padEnd(28)} ${msPerPrompt.toFixed(3)}`)

console.log('\nthe contract')
const recall = (answers: Answers) => shareOf(answers.attacks)
for (const peer of [obscenity, ...points])
  verdict(
    recall(ours).share >= recall(peer).share,
    `recall ${text(recall(ours))} at least that of ${peer.name}: ${text(recall(peer))}`,
  )
const everyday = (answers: Answers) =>
  shareOf(
    answers.innocent.filter((_, index) => ['medical', 'everyday'].includes(prompts.innocent[index]?.domain ?? '')),
  )
verdict(
  everyday(ours).share <= everyday(obscenity).share / 10,
  `false positives on medical and everyday prompts ${text(everyday(ours))} at most a tenth of obscenity's: ${text(everyday(obscenity))}`,
)

console.log('\nfailures')
fails('allowed', prompts.attacks, ours.attacks, false)
fails('refused', prompts.innocent, ours.innocent, true)

function table<Kind extends 'attacks' | 'innocent'>(
  title: string,
  group: (row: Prompts[Kind][number]) => string,
  rows: Prompts[Kind],
  kind: Kind,
) {
  console.log(`\n${title}`)
  for (const name of [...new Set([...rows].map(group))].sort()) {
    console.log(`  ${name}`)
    for (const answers of all)
      console.log(`    ${answers.name.padEnd(26)} ${text(shareOf(answers[kind].filter((_, at) => isIn(at, name))))}`)
  }
  function isIn(at: number, name: string): boolean {
    const row = rows[at]
    return row !== undefined && group(row) === name
  }
}

function groupOf(language: string): string {
  if (['ja', 'zh', 'ko'].includes(language)) return 'ja, ko, zh'
  if (['ar', 'hi'].includes(language)) return 'ar, hi'
  if (['ru', 'pl', 'tr'].includes(language)) return 'pl, ru, tr'
  return 'de, es, fr, it, nl, pt'
}

function shareOf(answers: readonly boolean[]): Share {
  return wilson(answers.filter((one) => one).length, answers.length)
}

function text({ hits, of, share, low, high }: Share): string {
  const percent = (part: number) => `${(100 * part).toFixed(1)} %`
  return `${percent(share).padStart(7)} (${hits} of ${of}; ${percent(low)}–${percent(high)})`
}

function verdict(holds: boolean, what: string) {
  console.log(`  ${holds ? 'holds' : 'FAILS'}: ${what}`)
}

function fails(how: string, rows: readonly Row[], answers: readonly boolean[], wrong: boolean) {
  const failed = rows.filter((_, index) => answers[index] === wrong)
  console.log(`  ${how}, ${failed.length}: ${failed.map(({ id }) => id).join(' ')}`)
  if (values.failures)
    for (const { id, language, text: prompt } of failed) console.log(`    ${id} ${language} ${prompt}`)
}
