// What one request may ask for, what strangers may ask for, and how much the service takes on before it says no. What a tenant may
// ask for is its plan's (policies/quotas.yaml). A limit holds at its edge: what equals it passes.
import { isIP } from 'node:net'
import type { Reader } from './reader.ts'

/** Of one request: bodies, pixels, words, time. */
export function readLimits({ integer }: Reader) {
  return {
    bodyBytes: integer('DARKROOM_BODY_LIMIT_BYTES', 1_048_576, 1024, 268_435_456),
    uploadBytes: integer('DARKROOM_UPLOAD_LIMIT_BYTES', 26_214_400, 1024, 1_073_741_824),
    uploadPixels: integer('DARKROOM_UPLOAD_LIMIT_PIXELS', 50_000_000, 4096, 1_000_000_000),
    verificationsAtOnce: integer('DARKROOM_VERIFICATIONS_AT_ONCE', 4, 1, 1024),
    promptCharacters: integer('DARKROOM_PROMPT_MAX_CHARACTERS', 32_000, 1, 1_000_000),
    imagesPerRequest: integer('DARKROOM_MAX_IMAGES_PER_REQUEST', 10, 1, 10),
    steps: integer('DARKROOM_MAX_STEPS', 150, 1, 1000),
    appealCharacters: integer('DARKROOM_APPEAL_MAX_CHARACTERS', 2000, 1, 100_000),
    waitMs: integer('DARKROOM_WAIT_MS', 120_000, 1000, 3_600_000),
  }
}

/** Of one client address, in this process: strangers have no plan. Each bucket holds a minute's worth. */
export function readStrangers(reader: Reader) {
  const { integer } = reader
  return {
    publicPerMinute: integer('DARKROOM_PUBLIC_REQUESTS_PER_MINUTE', 120, 1, 1_000_000),
    logPerMinute: integer('DARKROOM_LOG_REQUESTS_PER_MINUTE', 1200, 1, 1_000_000),
    loginsPerMinute: integer('DARKROOM_LOGINS_PER_MINUTE', 60, 1, 1_000_000),
    failedKeysPerMinute: integer('DARKROOM_FAILED_KEYS_PER_MINUTE', 600, 1, 1_000_000),
    /** Addresses that are remembered; the one that was quiet longest is forgotten first. */
    addresses: integer('DARKROOM_ADDRESSES_REMEMBERED', 20_000, 100, 10_000_000),
    /** Whose X-Forwarded-* headers are believed: addresses or networks. None: the connection's own address counts. */
    trustedProxies: readNetworks(reader, 'DARKROOM_TRUSTED_PROXIES'),
  }
}

/** Of everybody together: beyond it the answer is 503 with the time after which it is worth asking again. */
export function readPressure({ integer }: Reader) {
  return {
    backlogTasks: integer('DARKROOM_BACKLOG_LIMIT_TASKS', 20_000, 1, 10_000_000),
    backlogSeconds: integer('DARKROOM_BACKLOG_LIMIT_SECONDS', 3600, 1, 604_800),
    eventLoopDelayMs: integer('DARKROOM_EVENT_LOOP_DELAY_LIMIT_MS', 2000, 10, 60_000),
    databaseWaiting: integer('DARKROOM_DATABASE_WAITING_LIMIT', 500, 1, 100_000),
    /** Of one tenant, in this process: admitted at once, and waiting for that. */
    admissions: {
      atOnce: integer('DARKROOM_ADMISSIONS_AT_ONCE_PER_TENANT', 3, 1, 1000),
      waiting: integer('DARKROOM_ADMISSIONS_WAITING_PER_TENANT', 500, 0, 100_000),
    },
  }
}

/** How much the devices are handed at once. */
export function readDispatch({ integer, optional }: Reader) {
  const DISPATCH_SLOTS = 'DARKROOM_DISPATCH_SLOTS'
  return {
    /** Tasks in the hands of all devices together. Null: what the devices that are alive offer. */
    slots: optional(DISPATCH_SLOTS) === null ? null : integer(DISPATCH_SLOTS, 2, 1, 1024),
    /** What one device offers: the request it renders, and those that wait at its door so that it never idles. */
    deviceSlots: integer('DARKROOM_DEVICE_SLOTS', 2, 1, 64),
    /** Until it was measured: milliseconds of a device for a million pixel steps. */
    msPerCost: integer('DARKROOM_DEVICE_MS_PER_COST', 1000, 1, 10_000_000),
  }
}

function readNetworks({ list, problems }: Reader, name: string): string[] {
  const networks = list(name)
  for (const network of networks) {
    const [address = '', bits, ...rest] = network.split('/')
    const width = isIP(address) === 6 ? 128 : 32
    const wrong = bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= width)
    if (isIP(address) === 0 || wrong || rest.length > 0)
      problems.push(`${name}: '${network}' is no address or network, such as 10.0.0.0/8`)
  }
  return networks
}
