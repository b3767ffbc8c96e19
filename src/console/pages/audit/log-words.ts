// What results of rechecks and failures of witnesses and authorities are called.

/** By results of darkroom_recheck_total. */
export const RECHECKS: Readonly<Record<string, string>> = {
  ok: 'a picture was as it was released',
  lapsed: 'a picture was as it was released; its certificate is over',
  moved_on: 'a picture was withdrawn or erased meanwhile',
  mismatch: 'a picture is not what was released',
  missing: 'a released picture is gone',
  log_mismatch: 'the log does not agree with a picture',
  log_waits: 'a picture’s leaf is in no signed tree yet',
  log_unreachable: 'the log could not be asked',
  unreachable: 'the picture could not be fetched',
}

const FAILURES: Readonly<Record<string, string>> = {
  timeout: 'took too long',
  unreachable: 'could not be asked',
  refused: 'was refused',
  wrong_answer: 'was answered otherwise than the standard has it',
  split_view: 'it has seen another tree',
}

export function failureWords(failure: string): string {
  return FAILURES[failure] ?? failure
}
