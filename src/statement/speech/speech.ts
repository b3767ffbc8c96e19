// How statements, answers and their page speak one language: every word that is the service's own, the policy's excepted. One language
// is one file of this shape, named in languages.ts; the compiler says what it lacks. Words in braces are places. `reasons` and
// `appeal` go to the page's modules as they are, so they are plain text.
import type { OwnSentences } from '../own-words.ts'
import type { Band, Detection, Restriction } from '../statement.ts'

export type Speech = {
  /** As BCP 47 names it. */
  readonly language: string
  /** As its speakers call it. */
  readonly name: string
  readonly own: OwnSentences
  readonly bands: Readonly<Record<Band, string>>
  /** How many phrases of a list matched. */
  readonly phrases: (count: number) => string
  /** Where no classifier took part. */
  readonly none: string
  /** Who decided an appeal, and by how many to how many. A split is told as one. */
  readonly people: (count: number) => string
  readonly found: (agreed: number, others: number) => string
  readonly notice: NoticeWords
  readonly frame: FrameWords
  readonly page: PageWords
  readonly reasons: ReasonsWords
  readonly appeal: AppealWords
}

export type NoticeWords = {
  readonly titles: Readonly<Record<'prompt' | 'upload' | 'withheld' | 'withdrawn', string>>
  /** `id` of the request or the picture. */
  readonly happened: Readonly<
    Record<'prompt' | 'upload' | 'withheld' | 'withdrawn' | 'takenBack', (id: string) => string>
  >
  /** The rule by which it was decided. */
  readonly rule: (clause: string, category: string, rule: string) => string
  /** By a person, by what found it. */
  readonly decided: Readonly<Record<Detection, string>>
  readonly bySoftware: string
  readonly notCharged: string
  /** `until`: an ISO date. */
  readonly until: (appeal: string, until: string) => string
  readonly quote: (id: string) => string
}

/** Around every page. */
export type FrameWords = Readonly<
  Record<'skip' | 'main' | 'playground' | 'verify' | 'reference' | 'promise' | 'check', string>
>

/** What the server draws of the statement's page. */
export type PageWords = Readonly<
  Record<
    | 'title'
    | 'loading'
    | 'languages'
    | 'binding'
    | 'bindingLink'
    | 'noScript'
    | 'appeal'
    | 'intro'
    | 'why'
    | 'purpose'
    | 'noPurpose'
    | 'send',
    string
  >
>

export type ReasonsWords = {
  readonly restricted: Readonly<Record<Restriction, string>>
  readonly rows: Readonly<
    Record<
      | 'decision'
      | 'decidedOn'
      | 'about'
      | 'found'
      | 'why'
      | 'score'
      | 'decidedBy'
      | 'reach'
      | 'where'
      | 'ground'
      | 'policy'
      | 'software'
      | 'madeOn'
      | 'charged'
      | 'request'
      | 'image'
      | 'statement',
      string
    >
  >
  readonly bands: Readonly<Record<Exclude<Band, 'matched'>, string>>
  readonly deciders: Readonly<Record<'owner' | 'bySoftware' | Detection, string>>
} & Readonly<
  Record<
    | 'band'
    | 'where'
    | 'rule'
    | 'since'
    | 'paid'
    | 'nothing'
    | 'inFinished'
    | 'inPrompt'
    | 'inUpload'
    | 'remedies'
    | 'until'
    | 'wayToAppeal'
    | 'appealed'
    | 'quoted'
    | 'economicArea'
    | 'atFirst'
    | 'fallen',
    string
  >
>

export type AppealWords = {
  readonly states: Readonly<
    Record<'open' | 'reviewing' | 'upheld' | 'overturned' | 'partial' | 'omitted' | 'withdrawn', string>
  >
} & Readonly<
  Record<
    | 'received'
    | 'looking'
    | 'lookers'
    | 'decided'
    | 'takenBack'
    | 'closed'
    | 'due'
    | 'late'
    | 'answer'
    | 'newRequest'
    | 'released'
    | 'releasing'
    | 'unavailable'
    | 'openResult'
    | 'elsewhere'
    | 'replaced'
    | 'readReplacing'
    | 'withdraw'
    | 'sure'
    | 'yes'
    | 'no'
    | 'left'
    | 'tooMany'
    | 'sayWhy'
    | 'tooLong'
    | 'odd'
    | 'oddPurpose'
    | 'already'
    | 'tooLate'
    | 'gone'
    | 'unreachable'
    | 'tooOften'
    | 'failed'
    | 'notDone'
    | 'over'
    | 'noSuch'
    | 'noSuchWhy'
    | 'wholeLink'
    | 'incomplete'
    | 'incompleteWhy'
    | 'askAgain'
    | 'notLoaded'
    | 'tryAgain'
    | 'asJson'
    | 'handOn',
    string
  >
>
