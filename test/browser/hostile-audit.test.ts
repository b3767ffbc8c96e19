// Every payload where somebody may have typed it and an audit meets it: a customer's name in what is found and in a history, and what is
// looked for, in the field and in the path.

import assert from 'node:assert/strict'
import { growLog } from '../support/log-rounds.ts'
import { payloads } from './hostile.ts'
import { HARMLESS, lines, madeOf, onHostile, same, textsOf } from './on-hostile.ts'

const NAMES = lines(200)
const TEXTS = payloads.map(({ text }) => text).filter((text) => text.trim() !== '' && !text.includes('\0'))

await onHostile('hostile texts in an audit', { typed: [] }, ({ named }) => {
  named('a customer by any name is a text in what is found and in its history', async ({ desk, open }) => {
    const { imageIds } = await desk.pictures(['denied'])
    await growLog(desk.service.ground.database, desk.service.transparency)
    const sql = desk.service.ground.database.sql
    const page = await open('compliance', '/audit')
    const drawn = async (name: string, path: string) => {
      await sql.updateTable('darkroom.tenant').set({ name }).where('id', '=', desk.clientTenant).execute()
      await page.goto(`${desk.service.url}${path}`)
      return { made: await madeOf(page), texts: await textsOf(page, '.traits bdi') }
    }
    for (const [part, path] of [`/audit?q=${imageIds[0]}`, `/audit/history/${imageIds[0]}`].entries()) {
      const harmless = await drawn(HARMLESS, path)
      for (const name of NAMES.filter((_, at) => at % 16 === part)) {
        const { made, texts } = await drawn(name, path)
        assert.deepEqual(texts, [name])
        same(made, harmless.made, path)
      }
    }
  })

  named(
    'what is looked for is a text in its field and nothing else, whatever it is',
    async ({ desk, open, cookieOf }) => {
      const page = await open('compliance', '/audit')
      const headers = { cookie: await cookieOf('compliance') }
      const fetched = async (path: string) => {
        const response = await fetch(`${desk.service.url}${path}`, { headers, redirect: 'manual' })
        return { status: response.status, text: await response.text() }
      }
      const told = async (path: string) => {
        const { status, text } = await fetched(path)
        assert.ok(status === 400 || status === 404 || status === 414, `${status} for ${path}`)
        return page.evaluate((markup) => {
          const parsed = new DOMParser().parseFromString(markup, 'text/html')
          const field = parsed.querySelector<HTMLInputElement>('#q')
          const made = [...parsed.querySelectorAll('*')].map((node) => `${node.localName}[${node.getAttributeNames()}]`)
          return { value: field?.value ?? null, made: made.join(' ') }
        }, text)
      }
      const harmless = await told(`/audit?q=${HARMLESS}`)
      for (const text of TEXTS) {
        const { value, made } = await told(`/audit?q=${encodeURIComponent(text)}`)
        // A field has one line.
        assert.equal(value, text.replace(/[\r\n]/g, ''))
        assert.equal(made, harmless.made, text)
      }
      const missing = await told(`/audit/history/${HARMLESS}`)
      for (const text of TEXTS.filter(({ length }) => length < 100))
        assert.equal((await told(`/audit/history/${encodeURIComponent(text)}`)).made, missing.made, text)
    },
  )
})
