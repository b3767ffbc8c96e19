// What suites need to run against real services, or to say that they did not. `withPostgres` (postgres.ts), `withRedis`
// (redis.ts) and `chromiumPath` answer a started service or a `Missing` with the reason; where services are required
// (CI=true or DARKROOM_REQUIRE_SERVICES=1) a missing one is an error. `suiteOn` is the short way to write a suite:
//
//   suiteOn('tasks on PostgreSQL', await withPostgres(), (postgres) => {
//     test('a lease is taken once', async () => {
//       await using database = await postgres.database()

import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { after, describe } from 'node:test'

/** A skip reason that begins so is repeated by test/run.ts in a NOT RUN line. */
export const missingPrefix = 'needs '

export interface Missing {
  missing: string
}

/** The value for a service that is not installed; throws where services are required. */
export const missing = (what: string, how: string): Missing => {
  const reason = `${missingPrefix}${what} (${how})`
  const { CI, DARKROOM_REQUIRE_SERVICES } = process.env
  if (CI === 'true' || DARKROOM_REQUIRE_SERVICES === '1')
    throw new Error(`this suite ${reason}, which is required here`)
  return { missing: reason }
}

const isDisposable = (service: object): service is AsyncDisposable => Symbol.asyncDispose in service

/** Describes a suite on a started service and releases it afterwards, or skips the suite saying what is missing. */
export const suiteOn = <S extends object>(name: string, service: S | Missing, body: (service: S) => void): void => {
  if ('missing' in service) {
    describe(name, { skip: service.missing }, () => {})
    return
  }
  describe(name, () => {
    body(service)
    after(async () => {
      if (isDisposable(service)) await service[Symbol.asyncDispose]()
    })
  })
}

/** The browser for playwright-core's `executablePath`; DARKROOM_CHROMIUM names another one. */
export const chromiumPath = (): { path: string } | Missing => {
  const known = ['chromium', 'chromium-browser', 'google-chrome'].map((name) => `/usr/bin/${name}`)
  const path = [process.env.DARKROOM_CHROMIUM ?? '', ...known].find((candidate) => existsSync(candidate))
  return path === undefined ? missing('Chromium', 'apt-get install chromium') : { path }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export const freePort = async (): Promise<number> => {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port')
  return address.port
}

/** The command so run that the kernel ends it when this process dies, even by kill -9 (Linux; elsewhere unchanged). */
export const withDeathSignal = (signal: string, command: string, ...args: string[]): [string, ...string[]] =>
  existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', signal, command, ...args] : [command, ...args]
