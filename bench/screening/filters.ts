// What bench/screening.ts compares: the policy's prompt screen, the same without its normalisation, and two peers.
// `obscenity` with its English preset and recommended transformers; TF-IDF with logistic regression by scikit-learn (peers/tfidf.py).
import { spawn } from 'node:child_process'
import { englishDataset, englishRecommendedTransformers, RegExpMatcher } from 'obscenity'
import { screenPrompt } from '../../src/admit/screen.ts'
import { contextKey, listKey, type ModerationPolicy } from '../../src/policy/policy.ts'
import type { Prompts } from './sets.ts'

/** Whether each prompt is refused, attacks first, and how long one took. */
export type Answers = { name: string; attacks: boolean[]; innocent: boolean[]; msPerPrompt: number }
type Trained = { name: string; refused: boolean[]; cv: { recall: number; falsePositives: number } }

export function byFilter(name: string, prompts: Prompts, refuses: (text: string) => boolean): Answers {
  const run = () => ({
    attacks: prompts.attacks.map(({ text }) => refuses(text)),
    innocent: prompts.innocent.map(({ text }) => refuses(text)),
  })
  run()
  const started = performance.now()
  const answers = run()
  const prompted = prompts.attacks.length + prompts.innocent.length
  return { name, ...answers, msPerPrompt: (performance.now() - started) / prompted }
}

export function policyFilter(policy: ModerationPolicy): (text: string) => boolean {
  return (prompt) => screenPrompt(policy, { prompt, tenant: 'bench' }).verdict === 'refuse'
}

/** The policy's lists and rules on words cut at everything that is no letter, and nothing undone. */
export function bareFilter(policy: ModerationPolicy): (text: string) => boolean {
  return (prompt) => {
    const words = prompt
      .toLowerCase()
      .match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{M}\p{N}]+/gu)
    const found = policy.phrases.find([words ?? []])
    const features = {
      prompt: {
        matches: [...policy.listNames.keys()].filter((id) => found.has(listKey(id))),
        contexts: [...policy.contexts.keys()].filter((id) => found.has(contextKey(id))),
      },
      negative: { matches: [] },
      tenant: 'bench',
      purpose: 'none',
    }
    return policy.categories.some(({ clauses }) => {
      const first = clauses.find(({ input }) => input?.when.evaluate(features))
      return first !== undefined && first.input?.action !== 'allow'
    })
  }
}

export function obscenityFilter(): (text: string) => boolean {
  const matcher = new RegExpMatcher({ ...englishDataset.build(), ...englishRecommendedTransformers })
  return (text) => matcher.hasMatch(text)
}

/**
 * The trained peer at each of its operating points. Asked about the set it was trained on, it answers out of fold.
 * Null when `python` is not there or has no scikit-learn; the reason goes to standard error.
 */
export async function trainedPeer(
  python: string,
  train: Prompts,
  prompts: Prompts,
): Promise<{ version: string; points: (Answers & Pick<Trained, 'cv'>)[] } | null> {
  const asked = {
    train: [
      ...train.attacks.map(({ text }) => ({ text, attack: true })),
      ...train.innocent.map(({ text }) => ({ text, attack: false })),
    ],
    test: train === prompts ? null : [...prompts.attacks, ...prompts.innocent].map(({ text }) => text),
  }
  const written = await runPython(python, JSON.stringify(asked))
  if (written === null) return null
  const answer: { version: string; msPerPrompt: number; points: Trained[] } = JSON.parse(written)
  const { length } = prompts.attacks
  return {
    version: answer.version,
    points: answer.points.map(({ name, refused, cv }) => ({
      name,
      cv,
      attacks: refused.slice(0, length),
      innocent: refused.slice(length),
      msPerPrompt: answer.msPerPrompt,
    })),
  }
}

function runPython(python: string, input: string): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>()
  const child = spawn(python, ['bench/peers/tfidf.py'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const parts: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => parts.push(part))
  child.on('error', () => resolve(null))
  child.on('close', (code) => resolve(code === 0 ? Buffer.concat(parts).toString() : null))
  child.stdin.on('error', () => resolve(null))
  child.stdin.end(input)
  return promise
}
