// The machine's own Chromium, driven by playwright-core. Every page that it opens keeps a list of what went wrong on it: errors,
// failed loads, violations of the content security policy. `complaints` must be empty at the end of a test.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, type ConsoleMessage, chromium, type Page } from 'playwright-core'
import sharp from 'sharp'
import { chromiumPath, type Missing } from '../support/services.ts'

export type Tab = { page: Page; complaints: string[]; [Symbol.asyncDispose]: () => Promise<void> }
export type Chromium = Awaited<ReturnType<typeof open>>

const flags = ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage']

export async function startChromium(): Promise<Chromium | Missing> {
  const found = chromiumPath()
  if ('missing' in found) return found
  return open(await chromium.launch({ executablePath: found.path, args: flags }))
}

async function open(browser: Browser) {
  return {
    /** A tab with a session of its own; wide and dark unless told otherwise. */
    async tab(options: BrowserContextOptions = {}): Promise<Tab> {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 900 },
        colorScheme: 'dark',
        reducedMotion: 'reduce',
        ...options,
      })
      context.setDefaultTimeout(30_000)
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        if (message.type() === 'error' && !isRefusal(message)) complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('dialog', (dialog) => {
        complaints.push(`dialog: ${dialog.message()}`)
        void dialog.dismiss()
      })
      return { page, complaints, [Symbol.asyncDispose]: () => context.close() }
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

/** The API saying no is an answer, which the browser reports all the same. */
const isRefusal = (message: ConsoleMessage): boolean =>
  /^Failed to load resource: .*(status of 4|net::ERR_FAILED)/.test(message.text()) &&
  /\/(v1|session|verify)\b/.test(message.location().url)

const folder = join(import.meta.dirname, '../../docs/screenshots')

/** Writes the page's picture for the documents, only when UPDATE_SCREENSHOTS=1. */
export async function screenshot(page: Page, name: string, fullPage = true): Promise<void> {
  if (process.env.UPDATE_SCREENSHOTS !== '1') return
  await mkdir(folder, { recursive: true })
  await page.evaluate(() => scrollTo(0, 0))
  const picture = sharp(await page.screenshot({ fullPage }))
  await picture.webp({ quality: 80, effort: 6 }).toFile(join(folder, `${name}.webp`))
}
