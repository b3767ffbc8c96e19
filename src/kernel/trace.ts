// Traces, from a request to its release, through processes: the W3C context travels on the task row, so whoever claims the task goes
// on with the trace of whoever wrote it. Without a tracing SDK (commands/tracing.ts starts it) all of this does nothing.
// Attributes are ids, stages, sizes and codes: never prompts, keys or pixels.
import { type Attributes, context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { isFault } from './fault.ts'

const tracer = () => trace.getTracer('darkroom')

type Options = {
  attributes?: Attributes
  kind?: 'server' | 'consumer' | 'client' | 'internal'
  /** A W3C traceparent that this span continues; absent: the span it runs in. */
  parent?: string | null
}

const KINDS = {
  server: SpanKind.SERVER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
} as const

/** Runs `work` in a span of its own. What it throws is noted by its code alone and thrown on. */
export async function inSpan<T>(name: string, options: Options, work: () => Promise<T>): Promise<T> {
  const { attributes = {}, kind = 'internal', parent } = options
  const from = parent ? propagation.extract(context.active(), { traceparent: parent }) : context.active()
  return tracer().startActiveSpan(name, { attributes, kind: KINDS[kind] }, from, async (span) => {
    try {
      return await work()
    } catch (error) {
      const code = isFault(error) ? error.code : error instanceof Error ? error.name : 'unknown'
      span.setStatus({ code: SpanStatusCode.ERROR, message: code })
      span.setAttribute('error.type', code)
      throw error
    } finally {
      span.end()
    }
  })
}

export type ServerSpan = {
  /** Runs what follows inside the span. */
  run: (next: () => void) => void
  end: (status: number, attributes: Attributes) => void
}

/** The span of an HTTP request, which goes on with the caller's trace. It ends when its answer has gone. */
export function serverSpan(name: string, parent: string | null): ServerSpan {
  const from = parent === null ? context.active() : propagation.extract(context.active(), { traceparent: parent })
  const span = tracer().startSpan(name, { kind: SpanKind.SERVER }, from)
  return {
    run: (next) => context.with(trace.setSpan(from, span), next),
    end: (status, attributes) => {
      span.setAttributes(attributes)
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    },
  }
}

/** The same function, which will run in the span that runs now, whoever calls it: a message from a child has no span. */
export function keepSpan<Args extends unknown[], Result>(work: (...args: Args) => Result): (...args: Args) => Result {
  return context.bind(context.active(), work)
}

/** The running span as a W3C traceparent; null where nothing is traced. */
export function currentTraceparent(): string | null {
  const carrier: { traceparent?: string } = {}
  propagation.inject(context.active(), carrier)
  return carrier.traceparent ?? null
}

/** The running trace's id, for log lines; undefined where nothing is traced. */
export function currentTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId
}
