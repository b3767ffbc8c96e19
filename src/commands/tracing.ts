// Starts tracing when OpenTelemetry's own variables ask for it (OTEL_EXPORTER_OTLP_ENDPOINT or _TRACES_ENDPOINT): spans go out in
// batches by OTLP over HTTP. OTEL_TRACES_SAMPLER_ARG is the share of traces kept (1 unless said); a caller's own choice counts first.
import { context, DiagLogLevel, diag, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { Fault } from '../kernel/fault.ts'
import type { Log } from '../kernel/log.ts'
import { SYSTEM } from '../kernel/version.ts'

type Environment = Record<string, string | undefined>

/** `role`: what this process is, as its service instance says. Fault: config_invalid. */
export function startTracing(env: Environment, role: string, log: Log): AsyncDisposable {
  if (!env.OTEL_EXPORTER_OTLP_ENDPOINT && !env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)
    return { [Symbol.asyncDispose]: async () => undefined }
  const share = Number(env.OTEL_TRACES_SAMPLER_ARG ?? '1')
  if (!(share >= 0 && share <= 1))
    throw new Fault('config_invalid', {
      field: 'OTEL_TRACES_SAMPLER_ARG',
      detail: 'OTEL_TRACES_SAMPLER_ARG: expected a number from 0 to 1',
    })
  const say = (message: string) => log.warn({ message }, 'tracing reports a problem')
  const quiet = () => undefined
  diag.setLogger(
    { error: say, warn: say, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': env.OTEL_SERVICE_NAME ?? 'darkroom',
        'service.version': SYSTEM.version,
        'darkroom.role': role,
      }),
    ),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  })
  trace.setGlobalTracerProvider(provider)
  return {
    [Symbol.asyncDispose]: async () => {
      await provider.shutdown().catch((error: unknown) => log.warn({ error }, 'the last spans were lost'))
    },
  }
}
