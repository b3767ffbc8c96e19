// How far two people agree who judged the same item without knowing of each other. Who is first and who second means nothing here, as
// any two of the team may meet, so kappa is the one without fixed raters: chance is taken from both's marginals together, which is
// Scott's pi, and Fleiss' kappa for two ratings. Cohen's, with a marginal for each rater, would change with the order of a pair.
// Beside it Gwet's AC1, which does not collapse where nearly everything falls in one category. Pure.
// Scott, Public Opinion Quarterly 19 (1955); Fleiss, Psychological Bulletin 76 (1971); Gwet, BJMSP 61 (2008), equations 3 and 4.
import { bootstrap, type Share, sayable, shareOf } from './rates.ts'

export const KAPPA = "Scott's pi, which is Fleiss' kappa of two ratings"

export type Pair = readonly [string, string]

export type Agreement = { readonly n: number; readonly raw: Share; readonly kappa: Share; readonly ac1: Share }

type Coefficients = { readonly raw: number; readonly kappa: number | null; readonly ac1: number }

/**
 * `categories`: how many there are to choose from where that is fixed, else as many as occur. Kappa is null where everything fell into
 * one category: it is not defined there. No pairs: null.
 */
export function coefficientsOf(pairs: readonly Pair[], categories?: number): Coefficients | null {
  const { codes, names } = encode(pairs)
  return fromCodes(codes, (index) => index, pairs.length, names, categories)
}

/**
 * With 95 % intervals, as far as n lets anything be said: Wilson's for raw agreement, percentiles over resampled items for the others.
 * Where all agree a resample cannot say how far chance went, and only raw agreement has an interval.
 */
export function agreementOf(pairs: readonly Pair[], seed: number, categories?: number): Agreement {
  const n = pairs.length
  const found = coefficientsOf(pairs, categories)
  const { codes, names } = encode(pairs)
  const say = (of: 'kappa' | 'ac1') =>
    sayable(n, found?.[of] ?? null, () =>
      found?.raw === 1
        ? null
        : bootstrap(seed, (draw) => fromCodes(codes, () => Math.floor(draw() * n), n, names, categories)?.[of] ?? null),
    )
  const agreed = pairs.filter(([one, other]) => one === other).length
  return { n, raw: shareOf(agreed, n), kappa: say('kappa'), ac1: say('ac1') }
}

function encode(pairs: readonly Pair[]): { codes: Int32Array; names: number } {
  const known = new Map<string, number>()
  const codeOf = (name: string) => {
    const code = known.get(name) ?? known.size
    known.set(name, code)
    return code
  }
  return { codes: Int32Array.from(pairs.flat(), codeOf), names: known.size }
}

/** `codes` has a pair's two codes side by side; `pick` says which pair comes at each of n places. */
function fromCodes(
  codes: Int32Array,
  pick: (place: number) => number,
  n: number,
  names: number,
  categories: number | undefined,
): Coefficients | null {
  if (n === 0) return null
  const marginals = new Float64Array(names)
  let agreed = 0
  for (let place = 0; place < n; place++) {
    const at = 2 * pick(place)
    const [one, other] = [codes[at] ?? 0, codes[at + 1] ?? 0]
    if (one === other) agreed++
    marginals[one] = (marginals[one] ?? 0) + 1 / (2 * n)
    marginals[other] = (marginals[other] ?? 0) + 1 / (2 * n)
  }
  const raw = agreed / n
  const used = marginals.filter((share) => share > 0).length
  const byChance = marginals.reduce((sum, share) => sum + share ** 2, 0)
  const spread = marginals.reduce((sum, share) => sum + share * (1 - share), 0)
  const among = categories ?? used
  const gwet = among < 2 ? 0 : spread / (among - 1)
  return { raw, kappa: used < 2 ? null : (raw - byChance) / (1 - byChance), ac1: (raw - gwet) / (1 - gwet) }
}
