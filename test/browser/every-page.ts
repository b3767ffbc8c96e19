// Every page of the console with something on it, for what holds of all of them.

import type { Page } from 'playwright-core'
import { growLog } from '../support/log-rounds.ts'
import { judging, press } from './on-desk.ts'
import type { OnHostile } from './on-hostile.ts'

type Opened = { name: string; who: string | null; at: string; ready?: (page: Page) => Promise<unknown> }
export const PAGES: readonly Opened[] = [
  { name: 'sign-in', who: null, at: '/' },
  { name: 'verify', who: null, at: '/verify' },
  { name: 'the playground', who: 'client', at: '/', ready: (page) => page.click('.more summary') },
  {
    name: 'a statement',
    who: 'client',
    at: 'statement',
    ready: (page) => page.waitForSelector('#appeal-form:not([hidden])'),
  },
  { name: 'decisions', who: 'client', at: '/decisions' },
  { name: 'the desk', who: 'ada', at: '/review', ready: denying },
  { name: 'second looks', who: 'ada', at: '/appeals', ready: (page) => page.waitForSelector('#desk[data-view=rest]') },
  { name: 'the queue', who: 'lead', at: '/review/queue' },
  { name: 'routing', who: 'lead', at: '/review/routing', ready: (page) => page.click('[value=add]') },
  { name: 'quality', who: 'lead', at: '/review/quality' },
  { name: 'people', who: 'lead', at: 'edit' },
  { name: 'finding a picture', who: 'compliance', at: '/audit' },
  {
    name: 'a history',
    who: 'compliance',
    at: 'history',
    ready: (page) => page.locator('.move summary').first().click(),
  },
  { name: 'a row of the log', who: 'compliance', at: 'row' },
  { name: 'exports', who: 'compliance', at: '/audit/exports' },
  { name: 'reports', who: 'compliance', at: '/audit/reports' },
  { name: 'the log', who: 'compliance', at: '/audit/log' },
  { name: 'a page for others', who: 'client', at: '/review' },
]

async function denying(page: Page): Promise<void> {
  await judging(page)
  await page.waitForSelector('#picture img')
  await press(page, 'd')
  await page.locator('[name=clause]').first().click()
  await page.waitForSelector('[data-finding]')
  await page.waitForFunction(() => document.getElementById('counts')?.textContent)
}

/** One of them with something on it, opened by whoever it is for. */
export async function opened({ desk, open }: OnHostile, { who, at, ready }: Opened, options: object): Promise<Page> {
  await desk.clear()
  await desk.make('hold')
  await desk.make('report')
  const { imageIds } = await desk.pictures(['denied'])
  const { body } = await desk.as(`/v1/images/${imageIds[0]}`, 'client')
  await growLog(desk.service.ground.database, desk.service.transparency)
  const paths: Record<string, string> = {
    statement: `/statements/${body.statement.id}`,
    edit: `/review/people?edit=${desk.id('ada')}`,
    history: `/audit/history/${imageIds[0]}`,
    row: '/audit/rows/0',
  }
  const page = await open(who, paths[at] ?? at, options)
  await ready?.(page)
  await page.waitForTimeout(150)
  return page
}
