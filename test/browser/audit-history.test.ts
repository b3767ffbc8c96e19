// What happened to pictures, as compliance reads it: an appeal that was won, a withdrawal, an erasure, a restricted case; and the proof of
// a row, checked in the browser, which finds out an answer that was changed.

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { restrict } from '../audit/restrict.ts'
import type { Publishing } from '../mark/publishing.ts'
import { openVoices, UNDO_SECONDS } from '../review/voices.ts'
import { growLog } from '../support/log-rounds.ts'
import { accessible, fits } from './axe.ts'
import { screenshot } from './chromium.ts'
import { onAudit } from './on-audit.ts'

const LIGHT = { colorScheme: 'light' } as const
const PHONE = { viewport: { width: 360, height: 780 } }
const ids = { overturned: '', request: '', withdrawn: '', erased: '', restricted: '' }

const says = (page: Page) => page.locator('.move .says strong').allInnerTexts()

/** The proof of the release, opened in place. */
async function openProof(page: Page): Promise<void> {
  const move = page.locator('.move', { hasText: 'Released' })
  await move.locator('.place summary').click()
  await move.locator('[data-proof]').waitFor()
}

/** What a check in the browser says, line by line. */
async function checked(page: Page): Promise<string[]> {
  await page.click('[data-check]')
  await page.waitForFunction(() => document.querySelectorAll('.checks li').length > 1)
  return page.locator('.checks li').allInnerTexts()
}

await onAudit('what happened to pictures', tell, (named) => {
  named(
    'an appeal that was won is told from the order to the release, in order, each move with its place',
    async ({ open }) => {
      const page = await open(`/audit/history/${ids.overturned}`)
      const told = await says(page)
      const inOrder = [
        'Ordered',
        'Drawn',
        'Refused',
        'Appealed',
        'A reviewer judged',
        'Allowed',
        'Appeal decided: the decision is overturned',
        'Marked, signed and read back',
        'Released',
      ]
      const places = inOrder.map((one) => told.indexOf(one))
      assert.ok(!places.includes(-1), `${told}`)
      assert.deepEqual(
        places,
        places.toSorted((a, b) => a - b),
      )
      const refused = page.locator('.move', { hasText: 'Refused' })
      assert.equal(await refused.getAttribute('data-tone'), 'bad')
      assert.match(await refused.innerText(), /by software, policy .*clause violence\/graphic\/3/s)
      assert.equal(await page.locator('.move').count(), await page.locator('.place').count())
      // The log has the verdict that decided an appeal behind the decision: the page says so, on both.
      const decision = await page.locator('.move', { hasText: 'Appeal decided' }).first().innerText()
      assert.match(decision, /Decided by 2 verdicts of \w+: allow, given at [\d:]{8}; \w+: allow, given at/)
      const last = page.locator('.move', { hasText: 'A reviewer judged' }).last()
      assert.match(await last.innerText(), /Given at ([\d:]{8}), counts from (?!\1)[\d:]{8}\. It led to .* before it/)
      await last.locator('.hint a').click()
      assert.match(await page.locator('.move:target .says').innerText(), /^Allowed/)
      await page.locator('.card', { hasText: 'Image withheld' }).waitFor()
      const ofStatement = page.locator(`.move a[href^="#sor_"]`)
      const id = (await ofStatement.first().getAttribute('href')) ?? ''
      assert.match(
        await page.locator(`[id="${id.slice(1)}"]`).innerText(),
        /Decided by\s+software.*Rule\s+violence\/graphic\/3/s,
      )
      // The appeal's text is nobody's here, nor a reviewer's name, nor the prompt.
      assert.doesNotMatch(await page.content(), /textbook of surgery|Ada|Ben|rowing|lighthouse/)
      await accessible(page, 'a history')
      await screenshot(page, 'audit-history-dark')
      const phone = await open(`/audit/history/${ids.request}`, { ...LIGHT, ...PHONE })
      await fits(phone, 'a history on a phone')
      await accessible(phone, 'a history on a phone')
      await screenshot(phone, 'audit-history-360')
    },
  )

  named('a proof opens in place, and every part of it holds when the browser computes it', async ({ open }) => {
    const page = await open(`/audit/history/${ids.overturned}`, LIGHT)
    await openProof(page)
    const steps = await checked(page)
    assert.equal(steps.filter((step) => step.startsWith('Holds')).length, 4, steps.join('\n'))
    assert.match(steps.at(-1) ?? '', /came from the service too/)
    await accessible(page, 'a proof')
    const index = await page.locator('[data-proof]').getAttribute('data-proof')
    const row = await open(`/audit/rows/${index}`, LIGHT)
    await checked(row)
    await accessible(row, 'a row')
    await screenshot(row, 'audit-proof-light')
  })

  named('an answer that was changed anywhere does not hold, and the page says where', async ({ open }) => {
    const at = await open(`/audit/history/${ids.overturned}`)
    const index = await at.locator('.move', { hasText: 'Released' }).locator('.place').getAttribute('data-row')
    const changes: [string, (told: Told) => Told, RegExp][] = [
      ['a fact', (told) => withRow(told, { opened: { ...told.row.opened, to: 'held' } }), /not hold: What is opened/],
      [
        'the entry',
        (told) => withRow(told, { entry: { ...told.row.entry, sequence: '7' } }),
        /not hold: The entry has/,
      ],
      ['the index', (told) => withRow(told, { index: 0 }), /not hold: The entry has/],
      ['the path', (told) => ({ ...told, proof: told.proof.map(changed) }), /not hold: The leaf at index/],
      ['the path’s length', (told) => ({ ...told, proof: told.proof.slice(1) }), /not hold: The leaf at index/],
      ['the root', (told) => ({ ...told, checkpoint: changedLine(told.checkpoint, 2) }), /not hold: The key of/],
      ['the signature', (told) => ({ ...told, checkpoint: changedLine(told.checkpoint, 4) }), /not hold: The key of/],
    ]
    const page = await open(`/audit/rows/${index}`)
    assert.equal((await checked(page)).filter((step) => step.startsWith('Holds')).length, 4)
    for (const [what, change, said] of changes) {
      await page.reload()
      await page.route('**/v1/audit/rows/*', async (route) => {
        const answer = await route.fetch()
        await route.fulfill({ response: answer, json: change(await answer.json()) })
      })
      const steps = await checked(page)
      assert.ok(
        steps.some((step) => said.test(step)),
        `${what}: ${steps.join('\n')}`,
      )
      assert.match(steps.at(-1) ?? '', /not to be relied on/)
      await page.unroute('**/v1/audit/rows/*')
    }
  })

  named('without script the proof is a page, and its receipt a file', async ({ open }) => {
    const page = await open(`/audit/history/${ids.overturned}`, { javaScriptEnabled: false })
    const move = page.locator('.move', { hasText: 'Released' })
    await move.locator('.place summary').click()
    await move.locator('.place a').click()
    await page.waitForURL('**/audit/rows/*')
    assert.match(await page.innerText('[aria-label=Entry]'), /"kind": "image.published"/)
    assert.equal(await page.locator('[data-check]').isVisible(), false)
    const [receipt] = await Promise.all([page.waitForEvent('download'), page.click('a[download]')])
    assert.match(receipt.suggestedFilename(), /^row-\d+\.tlog-proof$/)
    await fits(page, 'a row')
  })

  named('what was withdrawn and what was erased say so, and their histories stand', async ({ open }) => {
    const back = await open(`/audit/history/${ids.withdrawn}`)
    assert.match(await back.locator('.move', { hasText: 'Withdrawn' }).innerText(), /by its owner/)
    assert.match(await back.innerText('.card h3'), /withdrawn/)
    const first = await back.innerText('.traits > div:first-child')
    assert.match(first, /^State\s+withdrawn$/, 'the image’s own, not its request’s')
    assert.match(await back.innerText('.traits'), /Withdrawn\s.*Of the request/s)
    // What is allowed broke no clause.
    assert.doesNotMatch(await back.locator('.move', { hasText: 'Allowed' }).innerText(), /clause/)
    const gone = await open(`/audit/history/${ids.erased}`)
    assert.match(await gone.innerText('.history > .callout'), /was erased .*stands/)
    const told = await says(gone)
    assert.ok(told.includes('Released') && told.at(-1) === 'Erased', `${told}`)
  })

  named('a restricted case is told as that, wherever one comes to it', async ({ open, expected }) => {
    expected.push(/status of 403/)
    const found = await open(`/audit?q=${ids.restricted}`)
    assert.match(await found.innerText('.record'), /A restricted case/)
    assert.equal(await found.locator('.record a').count(), 0)
    const history = await open(`/audit/history/${ids.restricted}`)
    assert.match(await history.innerText('#answer'), /restricted team alone/)
    assert.equal(await history.locator('.move').count(), 0)
  })
})

type Told = {
  row: { entry: Record<string, string>; index: number; opened: Record<string, unknown> }
  proof: string[]
  checkpoint: string
}

const withRow = (told: Told, row: Partial<Told['row']>): Told => ({ ...told, row: { ...told.row, ...row } })

/** With another letter in the place of the sixth from its end. */
function changed(text: string): string {
  const place = text.length - 6
  return `${text.slice(0, place)}${text[place] === 'A' ? 'B' : 'A'}${text.slice(place + 1)}`
}

/** A note with one of its lines changed, by its number from 0. */
function changedLine(note: string, number: number): string {
  return note
    .split('\n')
    .map((line, at) => (at === number ? changed(line) : line))
    .join('\n')
}

/** A picture refused by software, let go by two people on appeal; one taken back; one erased; one restricted. */
async function tell(publishing: Publishing): Promise<void> {
  const { court, service, sql } = publishing
  const { denied, appealOf, judge, call } = openVoices(court)
  const refused = await denied()
  assert.equal((await appealOf(refused.statement.id)).status, 201)
  for (const who of ['ada', 'ben'] as const) {
    await judge(who, 'allow', 'violence/graphic/3')
    await court.pass(UNDO_SECONDS)
  }
  await court.finish()
  const requestOf = async (id: string) =>
    (await sql.selectFrom('darkroom.image').select('request_id').where('id', '=', id).executeTakeFirstOrThrow())
      .request_id
  const [back, gone, shut] = [await publishing.publish(), await publishing.publish(), await publishing.publish()]
  assert.equal((await call('client', `/v1/images/${back.id}/withdraw`, { method: 'POST' })).status, 200)
  const erased = await service.call(`/v1/generations/${await requestOf(gone.id)}`, { method: 'DELETE' })
  assert.equal(erased.status, 204)
  await restrict(sql, await requestOf(shut.id), shut.id)
  await growLog(service.ground.database, service.transparency)
  const { imageId: overturned, requestId: request } = refused
  Object.assign(ids, { overturned, request, withdrawn: back.id, erased: gone.id, restricted: shut.id })
}
