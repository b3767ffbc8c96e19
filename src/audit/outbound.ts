// One question over HTTP to somebody who vouches for the log, within limits of time and size; no redirect is followed. That nothing came
// back is a value: it says nothing of the log.

export type Question = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array<ArrayBuffer> | string
}

export type Limits = {
  readonly timeoutMs: number
  readonly mostBytes: number
  /** Aborts when the process stops. */
  readonly stopping: AbortSignal
}

/** `type`: the media type, without its parameters. */
export type Answer = { readonly status: number; readonly type: string; readonly body: Buffer }

/** `detail` is one line for the log. */
export type NoAnswer = { readonly problem: 'timeout' | 'unreachable' | 'wrong_answer'; readonly detail: string }

/** Asked once more where the connection broke, which one that was kept open may at any time. Rejects only when the process stops. */
export async function ask(question: Question, limits: Limits): Promise<Answer | NoAnswer> {
  const timeout = AbortSignal.timeout(limits.timeoutMs)
  const signal = AbortSignal.any([timeout, limits.stopping])
  const askOnce = async (): Promise<Answer | NoAnswer> => {
    try {
      return await post(question, limits.mostBytes, signal)
    } catch (error) {
      if (limits.stopping.aborted) throw error
      if (timeout.aborted) return { problem: 'timeout', detail: `no answer within ${limits.timeoutMs} ms` }
      return { problem: 'unreachable', detail: reasonOf(error) }
    }
  }
  const first = await askOnce()
  return 'problem' in first && first.problem === 'unreachable' ? askOnce() : first
}

async function post(
  { url, headers, body }: Question,
  mostBytes: number,
  signal: AbortSignal,
): Promise<Answer | NoAnswer> {
  const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    if (size > mostBytes) return { problem: 'wrong_answer', detail: `the answer is longer than ${mostBytes} bytes` }
    parts.push(part)
  }
  const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
  return { status: response.status, type, body: Buffer.concat(parts) }
}

/** fetch says of each failure the same, and why in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  return 'code' in cause ? String(cause.code) : cause.message
}
