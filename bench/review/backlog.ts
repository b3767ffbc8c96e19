// A backlog as a large service has it: 100,000 open items of eight tenants over three days, in every category of the policy, three in ten
// with a language, one in five with somebody excluded, three in a hundred appeals of what was decided before; and 200 reviewers, half
// of whom get everything and half of whom are kept to some categories or languages.
import { sql as raw } from 'kysely'
import type { Sql } from '../../src/kernel/database.ts'
import { newId } from '../../src/kernel/ids.ts'
import type { ModerationPolicy } from '../../src/policy/policy.ts'
import type { ReviewRules } from '../../src/policy/review-rules.ts'
import type { Reviewer } from '../../src/review/reviewer.ts'

export const TENANTS = 8
const HEAD = '0'.repeat(64)

/** Fills empty records and ANALYZEs them; returns the people. */
export async function fillBacklog(
  sql: Sql,
  policy: ModerationPolicy,
  rules: ReviewRules,
  size: { items: number; reviewers: number },
): Promise<Reviewer[]> {
  await raw`
    INSERT INTO darkroom.tenant (id, name, operator, pseudonym, head)
    SELECT CASE WHEN i = 0 THEN 'ten_operator' ELSE 'ten_' || i END, 'a tenant', i = 0, lpad(to_hex(i), 32, '0'), ${HEAD}
      FROM generate_series(0, ${TENANTS}::int) AS i`.execute(sql)
  await raw`
    INSERT INTO darkroom.person (id, tenant_id, name, roles)
    SELECT 'per_' || i, 'ten_' || i, 'a customer', '{client}' FROM generate_series(1, ${TENANTS}::int) AS i`.execute(
    sql,
  )
  const people = await addPeople(sql, policy, size.reviewers)
  await addRequests(sql, size.items)
  await addItems(sql, policy, rules, size.items)
  await addAppeals(sql, people)
  await raw`
    INSERT INTO darkroom.review_exclusion (item_id, person_id, reason)
    SELECT item.id, (${people.map(({ personId }) => personId)}::text[])[1 + floor(random() * ${people.length})::int], 'sibling'
      FROM darkroom.review_item AS item WHERE random() < 0.2`.execute(sql)
  await raw`ANALYZE`.execute(sql)
  return people
}

async function addPeople(sql: Sql, policy: ModerationPolicy, count: number): Promise<Reviewer[]> {
  const people = Array.from({ length: count }, (_, index) => ({ personId: newId('per'), lead: index % 20 === 0 }))
  const categories = policy.categories.map(({ id }) => id)
  await sql
    .insertInto('darkroom.person')
    .values(
      people.map(({ personId, lead }) => ({
        id: personId,
        tenant_id: 'ten_operator',
        name: 'somebody',
        roles: lead ? ['reviewer', 'lead'] : ['reviewer'],
      })),
    )
    .execute()
  await sql
    .insertInto('darkroom.reviewer')
    .values(
      people.map(({ personId }, index) => ({
        person_id: personId,
        restricted: index % 10 === 0,
        categories: index % 4 === 1 ? categories.slice(-5) : null,
        languages: index % 4 === 3 ? ['en', 'de', 'fr'] : null,
        conflicts: index % 25 === 2 ? ['ten_1'] : [],
      })),
    )
    .execute()
  return people
}

async function addRequests(sql: Sql, count: number): Promise<void> {
  await raw`
    INSERT INTO darkroom.request (id, tenant_id, person_id, state, salt, prompt, model, model_version, pack_digest, width, height, steps,
                                  guidance_scale, scheduler, quality, output_format, n, seed, cost, policy_digest)
    SELECT 'req_' || lpad(i::text, 26, '0'), 'ten_' || 1 + i % ${TENANTS}::int, 'per_' || 1 + i % ${TENANTS}::int, 'done', '\\x00', 'a red boat on the sea', 'storybook',
           '1.0.0', 'a', 128, 128, 20, 4, 'DDIMScheduler', 'medium', 'png', 1, 1, 1, 'b'
      FROM generate_series(1, ${count}::int) AS i`.execute(sql)
}

async function addItems(sql: Sql, policy: ModerationPolicy, rules: ReviewRules, count: number): Promise<void> {
  const categories = policy.categories
  const languages = ['en', 'en', 'en', 'de', 'fr', 'es', 'ja', 'zh', 'ru', 'ar']
  await raw`
    WITH drawn AS (
      SELECT i, 1 + floor(random() * ${categories.length})::int AS category, random() AS language, random() AS age
        FROM generate_series(1, ${count}::int) AS i),
    known AS (
      SELECT drawn.*, (${categories.map(({ id }) => id)}::text[])[category] AS name,
             (${categories.map(({ severity }) => severity)}::int[])[category] AS severity,
             darkroom.now() - age * interval '3 days' AS came
        FROM drawn)
    INSERT INTO darkroom.review_item (id, tenant_id, kind, request_id, restricted, category, clause, severity, language,
                                      content_digest, rank_at, deadline_at, needs, created_at)
    SELECT 'rvw_' || lpad(i::text, 26, '0'), 'ten_' || 1 + i % ${TENANTS}::int, 'hold', 'req_' || lpad(i::text, 26, '0'),
           name = 'sexual/minors', name, name || '/1', severity,
           CASE WHEN language < 0.3
                THEN (${languages}::text[])[1 + floor(language / 0.3 * ${languages.length})::int] END,
           md5(i::text), came - severity * ${rules.headStartMsPerSeverity} * interval '1 millisecond', came + interval '4 days', 1, came
      FROM known`.execute(sql)
}

/** Three in a hundred become appeals, each of a decision that one of the people gave. */
async function addAppeals(sql: Sql, people: readonly Reviewer[]): Promise<void> {
  await raw`CREATE TEMPORARY TABLE contested ON COMMIT PRESERVE ROWS AS SELECT id, tenant_id, request_id FROM darkroom.review_item WHERE random() < 0.03`.execute(
    sql,
  )
  await raw`
    INSERT INTO darkroom.statement (id, tenant_id, subject, subject_id, record, appeal_until, created_at)
    SELECT 'sor' || id, tenant_id, 'request', request_id, '{}', darkroom.now(), darkroom.now() FROM contested`.execute(
    sql,
  )
  await raw`
    INSERT INTO darkroom.appeal (id, tenant_id, statement_id, state, request_id)
    SELECT 'apl' || id, tenant_id, 'sor' || id, 'open', request_id FROM contested`.execute(sql)
  await raw`
    UPDATE darkroom.review_item AS item SET kind = 'appeal', appeal_id = 'apl' || item.id, needs = 2
      FROM contested WHERE contested.id = item.id`.execute(sql)
  await raw`
    INSERT INTO darkroom.review_item (id, tenant_id, kind, state, closed_at, request_id, severity, rank_at, deadline_at, needs)
    SELECT 'old' || id, tenant_id, 'hold', 'closed', darkroom.now(), request_id, 50, darkroom.now(), darkroom.now(), 1
      FROM contested`.execute(sql)
  await raw`
    INSERT INTO darkroom.review_verdict (id, item_id, person_id, outcome, clause, blind, took_ms, counted_at)
    SELECT 'vrd' || id, 'old' || id, (${people.map(({ personId }) => personId)}::text[])[1 + floor(random() * ${people.length})::int],
           'deny', 'violence/1', true, 1, darkroom.now() FROM contested`.execute(sql)
}
