// What of the log's health is not well, first what keeps others from work: by the name, the words and the remedy of the alert that stands
// in deploy/alerts for it. A test holds the two against each other.
import type { LogHealth } from './health.ts'

export type HealthProblem = {
  /** The name of the alert. */
  readonly alert: AlertName
  readonly summary: string
  readonly action: string
}

/** `{witness}` stands for its name. */
export const ALERTS = {
  DarkroomLogStandsStill: {
    summary: 'The transparency log does not grow, and pictures wait for it',
    action:
      'Look in the dispatchers\' log for the loop "sequence" (docs/operations.md, The log). Nothing is lost; pictures come once it grows.',
  },
  DarkroomLogSplitView: {
    summary: 'Witness {witness} has seen another tree of the transparency log',
    action:
      "Stop the dispatchers and change nothing else (docs/operations.md, Who vouches for the log). The log's key signed two trees, or records were set back.",
  },
  DarkroomExportContradictsLog: {
    summary: 'An export of the transparency log was given up, since the records are not what the log signed',
    action:
      'Somebody changed the records, or a disk did (docs/operations.md, Exports of the log). Take the export away once that is settled.',
  },
  DarkroomReleasedPictureDiffers: {
    summary: 'A released picture is not what was released, or is gone from the store',
    action:
      'Find "a released picture is not what was released" in the finish workers\' log and go on by its problems (docs/operations.md, Rechecks).',
  },
  DarkroomLogContradictsPicture: {
    summary: 'The transparency log does not agree with a released picture',
    action:
      'Find "the log does not agree with a released picture" in the finish workers\' log and go on by its problems (docs/operations.md, Rechecks).',
  },
  DarkroomLogNotCosigned: {
    summary: 'Witness {witness} has not cosigned the transparency log for an hour',
    action:
      'Look for "a witness does not cosign the log" in the dispatchers\' log; its problem says why (docs/operations.md, Who vouches for the log).',
  },
  DarkroomLogNotDated: {
    summary: 'No checkpoint of the transparency log has been dated for three hours',
    action:
      'Look for "a checkpoint of the log could not be dated" in the dispatchers\' log, and at DARKROOM_TIMESTAMP_URL from a dispatcher.',
  },
} as const
export type AlertName = keyof typeof ALERTS

const STILL_SECONDS = 30
const HOUR_MS = 3_600_000
const UNCOSIGNED_MS = HOUR_MS
const UNDATED_MS = 3 * HOUR_MS

export function problemsOf(health: LogHealth): HealthProblem[] {
  const { at, unsigned, witnesses, timestamps, failedExports, recheck } = health
  const since = (moment: Date | null) => (moment === null ? 0 : at.getTime() - moment.getTime())
  const found = (...results: string[]) => recheck.found.some(({ result }) => results.includes(result))
  const split = witnesses.filter(({ failure }) => failure === 'split_view')
  const late = witnesses.filter((one) => !split.includes(one) && since(one.behindSince) > UNCOSIGNED_MS)
  return [
    ...(unsigned.oldestSeconds > STILL_SECONDS ? [problem('DarkroomLogStandsStill')] : []),
    ...split.map(({ name }) => problem('DarkroomLogSplitView', name)),
    ...(failedExports.some(({ failure }) => failure === 'log_inconsistent')
      ? [problem('DarkroomExportContradictsLog')]
      : []),
    ...(found('mismatch', 'missing') ? [problem('DarkroomReleasedPictureDiffers')] : []),
    ...(found('log_mismatch') ? [problem('DarkroomLogContradictsPicture')] : []),
    ...late.map(({ name }) => problem('DarkroomLogNotCosigned', name)),
    ...(timestamps !== null && since(timestamps.behindSince) > UNDATED_MS ? [problem('DarkroomLogNotDated')] : []),
  ]
}

function problem(alert: AlertName, witness = ''): HealthProblem {
  const { summary, action } = ALERTS[alert]
  return { alert, summary: summary.replace('{witness}', witness), action }
}
