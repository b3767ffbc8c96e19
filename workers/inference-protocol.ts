// What the inference child and its device say to each other, over Node's IPC with advanced serialisation.
// One command is in flight at a time; every answer carries its number. `cancel` may follow a `generate`.
import type { ImageClassification } from '../models/classifiers/classifier.ts'
import type { ModelErrorCode } from '../models/runtime/error.ts'
import type { PackManifest } from '../models/runtime/manifest.ts'
import type { Provider, ProviderChoice } from '../models/runtime/sessions.ts'
import type { Picture, Rgb, SampleRequest } from '../models/runtime/stepper.ts'

export type PackKind = PackManifest['kind']

export type LoadedPack = {
  manifest: PackManifest
  digest: string
  /** Derived from a folder without pack.json. */
  adopted: boolean
  /** What a model's denoiser computes with; null for a classifier. */
  dtype: string | null
}

/** A pack that does not serve, and why. */
export type Refused = { dir: string; id: string; failure: FailureReport }

/** What one classifier said of a preview, and which it was. */
export type PreviewScore = { id: string; version: string; digest: string; categories: Readonly<Record<string, number>> }

/** How many models may be open at a time. Absent: all of them, for as long as the child lives. */
export type ModelMemory = {
  budgetBytes?: number
  /** A model that nobody used for so long is closed. */
  idleMs?: number
  /** Ids of models that stay open. */
  pinned?: readonly string[]
}

/** An open model, with the memory that opening it took. */
export type Resident = { id: string; bytes: number }

export type Command =
  | {
      type: 'load'
      command: number
      packsDir: string
      provider: Provider | 'auto'
      threads: number
      deviceId: number
      /** Absent: every kind. */
      kinds?: readonly PackKind[] | undefined
      memory?: ModelMemory | undefined
      /** Rows of every call of a denoiser; absent: as many as there are. */
      slotRows?: number | undefined
    }
  | {
      type: 'generate'
      command: number
      packId: string
      samples: readonly SampleRequest[]
      /** Previews have half a picture's size, but no side under this; a picture that is smaller itself has none. */
      previewSide: number
    }
  | { type: 'classify'; command: number; packId: string; picture: Rgb }
  | { type: 'classify_text'; command: number; packId: string; text: string }
  | { type: 'cancel'; command: number }

/** A ModelError, or any other error as model_error: what may cross, and be logged. */
export type FailureReport = {
  code: ModelErrorCode
  message: string
  file?: string | undefined
  field?: string | undefined
  digest?: string | undefined
  expectedDigest?: string | undefined
}

export type Spent = {
  /** Milliseconds inside session.run, and in all. */
  runMs: number
  totalMs: number
}

export type Answer =
  | {
      type: 'loaded'
      command: number
      provider: ProviderChoice
      runtime: string
      packs: readonly LoadedPack[]
      refused: readonly Refused[]
      resident: readonly Resident[]
    }
  | { type: 'step'; command: number; sampleId: string; index: number; total: number }
  | { type: 'picture'; command: number; picture: Picture }
  /** `scores` null: the model names no classifier. */
  | {
      type: 'preview'
      command: number
      sampleId: string
      index: number
      picture: Rgb
      scores: readonly PreviewScore[] | null
    }
  | { type: 'preview_failed'; command: number; sampleId: string; failure: FailureReport }
  | { type: 'sample_failed'; command: number; sampleId: string; failure: FailureReport }
  | ({ type: 'generated'; command: number; resident: readonly Resident[] } & Spent)
  | ({ type: 'classified'; command: number; classification: ImageClassification } & Spent)
  | { type: 'cancelled'; command: number }
  | { type: 'failed'; command: number; failure: FailureReport }

const ON_THE_WAY = ['step', 'picture', 'preview', 'preview_failed', 'sample_failed'] as const
/** An answer that more follow. */
export type AnswerOnTheWay = Extract<Answer, { type: (typeof ON_THE_WAY)[number] }>
/** The last answer to a command. */
export type FinalAnswer = Exclude<Answer, AnswerOnTheWay>

export function isOnTheWay(answer: Answer): answer is AnswerOnTheWay {
  return ON_THE_WAY.some((type) => type === answer.type)
}
