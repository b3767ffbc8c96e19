// Every payload in every name, rule and address that the server draws pages of: shown as it is, made into nothing, asked for by nobody.
// That the payloads would act is shown first. What scripts draw is hostile-typed.test.ts's.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import type { Page } from 'playwright-core'
import { newId } from '../../src/kernel/ids.ts'
import type { Desk } from '../review/desk.ts'
import { CONTEXTS, payloads } from './hostile.ts'
import { HARMLESS, lines, madeOf, onHostile, same, textsOf } from './on-hostile.ts'

const NAMES = lines(200)
const RULES = lines(80)
const LEADS = NAMES.filter((_, at) => at % 2 === 0)
/** A form names so many customers at most. */
const CUSTOMERS = NAMES.slice(-480)
const ALL = payloads.map(({ text }) => text)
const sqlOf = (desk: Desk) => desk.service.ground.database.sql

await onHostile('hostile names', { typed: NAMES }, ({ named, chromium }) => {
  test('there are more than five hundred payloads, each of its own', () => {
    assert.ok(new Set(ALL).size === ALL.length && ALL.length > 500, String(ALL.length))
    assert.ok(NAMES.length > 500 && RULES.length > 450)
  })

  test('each breaks out of the markup that it was made for, and some run where nobody forbids it', async () => {
    await using tab = await chromium.tab()
    const { page } = tab
    const judged = payloads.filter(({ disguised }) => !disguised)
    await page.route('http://unguarded.invalid/**', (route) => route.fulfill({ contentType: 'text/html', body: 'x' }))
    await page.goto('http://unguarded.invalid/')
    const inert = await page.evaluate(
      ([all, contexts]) => {
        // What a page goes on with: it closes what was left dangling.
        const parsed = (markup: string) => new DOMParser().parseFromString(`${markup}<p title='x'>y</p>`, 'text/html')
        const skeleton = (markup: string) =>
          [...parsed(markup).querySelectorAll('*')]
            .map((node) => [node.localName, ...node.getAttributeNames(), node.getAttribute('srcdoc')].join())
            .join()
        const leads = (markup: string) => {
          const to = URL.parse(parsed(markup).querySelector('a')?.getAttribute('href') ?? '', location.href)
          return to !== null && (to.protocol !== 'http:' || to.host !== location.host)
        }
        return all.filter(({ text, context }) => {
          const [head, tail] = contexts[context]
          const made = `${head}${text}${tail}`
          if (context === 'address') return !leads(made)
          return skeleton(made) === skeleton(`${head}harmless${tail}`)
        })
      },
      [judged, CONTEXTS] as const,
    )
    assert.deepEqual(inert, [])
    let ran = 0
    await page.exposeFunction('ran', () => void ran++)
    const body = judged.map(({ text, context }) => (context === 'text' ? `<div>${text}</div>` : '')).join('')
    await page.route('**/all', (route) => route.fulfill({ contentType: 'text/html', body }))
    await page.goto('http://unguarded.invalid/all', { waitUntil: 'commit' })
    await page.waitForFunction(() => document.querySelectorAll('img').length > 3)
    for (let tries = 0; ran < 5 && tries < 100; tries++) await page.waitForTimeout(20)
    assert.ok(ran >= 5, `${ran} ran`)
  })

  named('people and customers by hostile names, wherever leads meet them', async ({ desk, open }) => {
    const sql = sqlOf(desk)
    await populate(desk)
    const item = await desk.make('hold')
    await desk.as(`/v1/review/items/${item.id}/assign`, 'lead', { body: { to: desk.id('bea') } })
    const page = await open('lead', '/review/people')
    const drawn = async () => ({
      people: await read(page, `/review/people`, '.person h2 bdi'),
      form: await read(page, `/review/people?edit=${desk.id('ada')}`, '[name=conflicts] label bdi'),
      leads: await read(page, `/review/people?edit=${desk.id('ada')}`, '#lead_id option'),
      queue: await read(page, '/review/queue', '.scrolls tbody bdi'),
      offered: await read(page, '/review/queue', `#to-${item.id} option`),
      led: await read(page, '/review/quality', '[aria-labelledby=led] h3'),
      routing: await rule(page),
    })
    const hostile = await drawn()
    await raw`UPDATE darkroom.person SET name = ${HARMLESS} WHERE name = ANY(${NAMES})`.execute(sql)
    await raw`UPDATE darkroom.tenant SET name = ${HARMLESS} WHERE name = ANY(${NAMES})`.execute(sql)
    const harmless = await drawn()
    for (const [where, { made, texts }] of Object.entries(hostile)) {
      same(made, Reflect.get(harmless, where).made, where)
      const shown = texts.map((text) => text.replace(/ \(reviews no more\)$/, ''))
      const all = where === 'leads' ? LEADS : where === 'form' ? CUSTOMERS : NAMES
      assert.deepEqual(
        all.filter((name) => !shown.includes(name)),
        [],
        where,
      )
    }
  })

  named('the signed-in customer is named in the masthead', async ({ desk, cookieOf, open }) => {
    const sql = sqlOf(desk)
    const cookie = await cookieOf('client')
    const named = async (name: string) => {
      await sql.updateTable('darkroom.tenant').set({ name }).where('id', '=', desk.clientTenant).execute()
      return (await fetch(`${desk.service.url}/verify`, { headers: { cookie } })).text()
    }
    const page = await open(null, '/verify')
    const pages: string[] = []
    for (const name of NAMES) pages.push(await named(name))
    const [expected = ''] = await madeOfAll(page, [await named(HARMLESS)], '.tenant bdi')
    const found = await madeOfAll(page, pages, '.tenant bdi')
    assert.deepEqual(
      found,
      NAMES.map((name) => expected.replace(HARMLESS, () => name)),
    )
  })

  named('rules by hostile names: in force, in the form, tried, and where somebody else was first', async (given) => {
    const { desk, open } = given
    const page = await open('lead', '/review/routing')
    await desk.make('hold')
    const put = async (names: readonly string[]) => {
      const { version } = (await desk.as('/v1/review/routing', 'lead')).body
      // biome-ignore lint/suspicious/noThenProperty: the word of the rules.
      const rules = names.map((name) => ({ name, when: { kinds: ['report'] }, then: { verdicts: 5 } }))
      const { status, body } = await desk.as('/v1/review/routing', 'lead', { method: 'PUT', body: { version, rules } })
      assert.equal(status, 200, JSON.stringify(body))
    }
    const names = '.rule h2 bdi'
    await put(Array(50).fill(HARMLESS))
    const { made: harmless } = await read(page, '/review/routing', names)
    for (let at = 0; at + 50 <= RULES.length; at += 50) {
      await put(RULES.slice(at, at + 50))
      const { made, texts } = await read(page, '/review/routing', names)
      assert.deepEqual(texts, RULES.slice(at, at + 50))
      same(made, harmless, 'routing')
    }
    const [last = '', ...others] = RULES.slice(0, 50)
    await put([...others, last])
    await page.goto(`${desk.service.url}/review/routing`)
    await page.click('[value=try]')
    await page.waitForSelector('#tried')
    assert.deepEqual((await textsOf(page, '#tried ~ table:first-of-type th bdi')).slice(0, 50), [...others, last])
    await page.click('[value="edit.49"]')
    assert.equal(await page.inputValue('#rule-name'), last)
    await page.fill('#rule-name', RULES[60] ?? '')
    await page.click('button.primary')
    await put(others)
    await page.click('[value=save]')
    await page.waitForSelector('.theirs')
    assert.deepEqual(await textsOf(page, '.theirs > li > b > bdi'), others)
  })

  named('every parameter of every page, in its path too, is a word and nothing else', async (given) => {
    const { desk, open, cookieOf } = given
    const { url } = desk.service
    const keys = ['signin', 'lang', 'generation', 'image', 'state', 'about', 'after', 'from', 'to', 'edit', 'to[]', 'x']
    const page = await open(null, '/verify')
    const addresses: [string, string | null][] = [
      ['/', null],
      ['/', 'client'],
      ['/verify', null],
      ['/statements/sor_1', null],
      ['/decisions', 'client'],
      ['/review', 'ada'],
      ['/appeals', 'ada'],
      ['/review/queue', 'lead'],
      ['/review/quality', 'lead'],
      ['/review/people', 'ada'],
      ['/review/people', 'lead'],
      ['/review/routing', 'lead'],
      ['/audit', 'compliance'],
      ['/audit/exports', 'compliance'],
      ['/audit/log', 'compliance'],
    ]
    for (const [index, [path, who]] of addresses.entries()) {
      const headers: Record<string, string> = who === null ? {} : { cookie: await cookieOf(who) }
      const fetched = async (text: string) => {
        const query = new URLSearchParams(keys.map((key) => [key, text]))
        const response = await fetch(`${url}${path}?${query}`, { headers, redirect: 'manual' })
        assert.ok(response.status < 400 || response.status === 403, `${response.status} for ${path} ${text}`)
        return response.text()
      }
      // Each page that reads much is asked with another part of them.
      const part = path.startsWith('/review/') ? 40 : who === null ? 1 : 12
      const some = ALL.filter((_, at) => at % part === index % part)
      const [expected] = await madeOfAll(page, [await fetched(HARMLESS)])
      const pages: string[] = []
      for (const text of some) pages.push(await fetched(text))
      const found = await madeOfAll(page, pages)
      assert.deepEqual([...new Set(found)], [expected], `${path} of ${who}`)
    }
  })

  named('a search for anything stands in its field; what is no text at all breaks nothing', async (given) => {
    const { desk, open, cookieOf } = given
    const page = await open('client', '/decisions')
    for (const text of NAMES.filter((name, at) => at % 20 === 0 && name.length <= 100)) {
      await page.fill('#about', text)
      await page.click('#show')
      await page.waitForURL((address) => address.searchParams.get('about') === text)
      assert.equal(await page.inputValue('#about'), text.trim())
    }
    const odd = ['%00', '%ED%A0%80', '%FF', '%', '%u003c', '%0d%0aset-cookie:x=1', '&about=<b>', '[]=1']
    const cookies = { client: await cookieOf('client'), lead: await cookieOf('lead') }
    const asked = ['/decisions?about=', '/decisions?after=', '/decisions?state=', '/review/queue?after=']
    for (const path of [...asked, '/review/people?edit=', '/review/quality?from=', '/?signin=', '/statements/'])
      for (const text of [...odd, ...odd.map((one) => `sor_${one}`)]) {
        const cookie = cookies[path.startsWith('/review') ? 'lead' : 'client']
        const response = await fetch(`${desk.service.url}${path}${text}`, { headers: { cookie }, redirect: 'manual' })
        assert.ok(response.status < 500, `${response.status} for ${path}${text}`)
        assert.equal(response.headers.get('set-cookie'), null)
      }
  })

  named('a statement’s id in the path is a text, and what is no page is no markup', async ({ desk, open }) => {
    const { url } = desk.service
    const page = await open(null, '/verify')
    const pages: string[] = []
    const ids: string[] = []
    for (const text of ALL) {
      const response = await fetch(`${url}/statements/${encodeURIComponent(text)}`)
      const type = response.headers.get('content-type') ?? ''
      if (type.startsWith('text/html')) {
        ids.push(text)
        pages.push(await response.text())
      } else assert.match(type, /^application\/problem\+json/)
    }
    assert.ok(ids.length > 400, String(ids.length))
    const code = '#statement .lead code'
    const harmless = await (await fetch(`${url}/statements/${HARMLESS}`)).text()
    const [expected = ''] = await madeOfAll(page, [harmless], code)
    assert.deepEqual(
      await madeOfAll(page, pages, code),
      ids.map((id) => expected.replace(HARMLESS, () => id)),
    )
    for (const id of ids.filter((_, at) => at % 40 === 0)) {
      await page.goto(`${url}/statements/${encodeURIComponent(id)}#${encodeURIComponent(id)}`)
      await page.waitForFunction(() => document.getElementById('reasons')?.childElementCount)
      assert.equal(await page.locator('#statement .lead code').textContent(), id)
    }
  })
})

/** Reviewers and customers, each of a name of its own; all are led by this desk’s lead. */
async function populate(desk: Desk): Promise<void> {
  const sql = sqlOf(desk)
  const people = NAMES.map((name) => ({
    ...{ id: newId('per'), tenant_id: desk.operatorId, name },
    roles: LEADS.includes(name) ? ['reviewer', 'lead'] : ['reviewer'],
  }))
  await sql.insertInto('darkroom.person').values(people).execute()
  await sql
    .insertInto('darkroom.reviewer')
    .values(people.map(({ id }) => ({ person_id: id, lead_id: desk.id('lead') })))
    .execute()
  const tenants = CUSTOMERS.map((name) => ({
    ...{ id: newId('ten'), name, pseudonym: newId('ten'), head: '0'.repeat(64) },
  }))
  await sql.insertInto('darkroom.tenant').values(tenants).execute()
}

/** What a page is made of, and the texts of some of it. */
async function read(page: Page, path: string, selector: string) {
  await page.goto(new URL(path, page.url()).href)
  await page.waitForSelector(selector, { state: 'attached' })
  return { made: await madeOf(page), texts: await textsOf(page, selector) }
}

/** A new rule's form, which names everybody and every customer. */
async function rule(page: Page) {
  await page.goto(new URL('/review/routing', page.url()).href)
  await page.click('[value=add]')
  await page.waitForSelector('#rule-name')
  return { made: await madeOf(page), texts: await textsOf(page, '.box bdi') }
}

/** The same of pages as they were served, without opening each; with the text of one element, if asked. */
const madeOfAll = (page: Page, pages: readonly string[], selector?: string): Promise<string[]> =>
  page.evaluate(
    ([all, of]) =>
      all.map((markup) => {
        const drawn = new DOMParser().parseFromString(markup, 'text/html')
        const made = [...drawn.querySelectorAll('*')].map((node) => `${node.localName}[${node.getAttributeNames()}]`)
        return [...made, of && drawn.querySelector(of)?.textContent].join(' ')
      }),
    [pages, selector] as const,
  )
