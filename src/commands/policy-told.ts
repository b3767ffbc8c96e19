// Explanations and differences of policies as plain text for a terminal. What they say is policy-explain.ts's and policy/diff.ts's.
import type { Change } from '../policy/diff.ts'
import type { ExplainedClause, Explanation } from './policy-explain.ts'

export function tellExplanation({ policy, purpose, matched, contexts, input, output }: Explanation): string {
  const { verdict } = input
  const settings = policy.settings === undefined ? '' : `, with the tenant's settings (sha256 ${policy.settings})`
  const lines = [
    `policy    ${policy.id} ${policy.version}, sha256 ${policy.digest}${settings}`,
    `purpose   ${purpose === 'none' ? 'none was declared' : purpose}`,
    ...listed(
      'matched',
      matched.map(({ id, name, where, phrases, languages }) => {
        const place = where === 'negative' ? ' in the negative prompt' : ''
        return `${name} (${id})${place}: ${phrases} ${phrases === 1 ? 'phrase' : 'phrases'}, ${languages.join(', ')}`
      }),
    ),
    ...listed(
      'contexts',
      contexts.map(({ id, by }) => `${id}, by ${by}`),
    ),
    '',
    'THE PROMPT',
    ...input.categories.flatMap(({ id, ignoresContexts, clauses }) =>
      clauses.length === 0 ? [] : [`  ${id}${ignored(ignoresContexts)}`, ...clauses.flatMap(tellClause)],
    ),
    verdict.verdict === 'refuse'
      ? `=> refused by ${verdict.clause} (${verdict.categories.join(', ')})${verdict.facts.escalate ? ', and a person is called' : ''}`
      : `=> allowed${verdict.hold === null ? '' : `; the picture is held for a person by ${verdict.hold.clause}`}`,
  ]
  if (output !== null) lines.push('', 'THE PICTURE', ...tellPicture(output))
  return `${lines.join('\n')}\n`
}

function tellPicture({ verdict, assumedZero, categories }: NonNullable<Explanation['output']>): string[] {
  return [
    ...(assumedZero.length === 0
      ? []
      : [`  taken as 0, since every picture is scored in it: ${assumedZero.join(', ')}`]),
    ...categories.flatMap(({ id, score, thresholds, ignoresContexts, verdict: own, reason, band, clauses }) => {
      const { hold, deny, margin, context } = thresholds
      const where = context === null ? '' : ` in the context ${context}`
      const denial = deny === null ? 'no score denies' : `deny ${deny}`
      return [
        `  ${id}${ignored(ignoresContexts)}: ${score} is ${band} (hold ${hold}, ${denial}, margin ${margin}${where}) -> ${own}, ${reason}`,
        ...clauses.flatMap(tellClause),
      ]
    }),
    `=> ${verdict.verdict} (${verdict.reason}${verdict.clause === null ? '' : `, ${verdict.clause}`})`,
  ]
}

function tellClause({ id, action, why, when, because }: ExplainedClause): string[] {
  const seen = because.map(({ text, holds }) => `        ${holds ? 'yes' : 'no '} ${text}`)
  return [`    ${id} ${action}: ${why}`, ...(seen.length === 0 ? [`        ${when}`] : seen)]
}

function ignored(ignoresContexts: boolean): string {
  return ignoresContexts ? ' (contexts only make it stricter for this tenant)' : ''
}

function listed(title: string, items: readonly string[]): string[] {
  const [first = 'nothing', ...rest] = items
  return [`${title.padEnd(9)} ${first}`, ...rest.map((item) => `${' '.repeat(10)}${item}`)]
}

export function tellChanges(changes: readonly Change[]): string {
  if (changes.length === 0) return 'the two say the same\n'
  return changes
    .map(({ at, before, after }) => {
      const lines = [...(before === null ? [] : [`  - ${before}`]), ...(after === null ? [] : [`  + ${after}`])]
      return `${at}\n${lines.join('\n')}\n`
    })
    .join('')
}
