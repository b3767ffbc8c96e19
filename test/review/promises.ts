// What the service promises of moderation, review and appeals, each as a query for what would break it: no row may ever be found.
import { sql as raw } from 'kysely'

export const PROMISES: Readonly<Record<string, ReturnType<typeof raw>>> = {
  'nobody decides an appeal of their own decision': raw`
    SELECT verdict.id FROM darkroom.review_verdict AS verdict
      JOIN darkroom.review_item AS item ON item.id = verdict.item_id
      JOIN darkroom.appeal ON appeal.id = item.appeal_id
      JOIN darkroom.statement ON statement.id = appeal.statement_id
     WHERE verdict.undone_at IS NULL AND verdict.person_id = ANY (statement.decided_by)`,
  'nobody decides an appeal after judging a sibling': raw`
    SELECT verdict.id FROM darkroom.review_verdict AS verdict
      JOIN darkroom.review_item AS item ON item.id = verdict.item_id AND item.kind = 'appeal'
      JOIN darkroom.review_item AS other ON other.request_id = item.request_id AND other.id <> item.id
      JOIN darkroom.review_verdict AS earlier ON earlier.item_id = other.id AND earlier.person_id = verdict.person_id
       AND earlier.undone_at IS NULL AND earlier.at < verdict.at
     WHERE verdict.undone_at IS NULL`,
  'nothing is public that was not cleared and marked before': raw`
    SELECT image.id FROM darkroom.image
     WHERE image.state = 'published' AND (
       SELECT array_agg(kind ORDER BY move.id) FROM darkroom.move
        WHERE subject_id = image.id AND kind IN ('image.cleared', 'image.marked', 'image.published'))
       <> ARRAY['image.cleared', 'image.marked', 'image.published']`,
  'every refusal has a complete statement': raw`
    SELECT refused.id FROM (
      SELECT id, statement_id FROM darkroom.request WHERE state = 'refused'
      UNION ALL SELECT id, statement_id FROM darkroom.image WHERE state IN ('denied', 'withdrawn')) AS refused
      LEFT JOIN darkroom.statement ON statement.id = refused.statement_id AND statement.subject_id = refused.id
     WHERE statement.id IS NULL
        OR EXISTS (SELECT FROM unnest(ARRAY['clause', 'category', 'rule', 'facts', 'scope', 'duration', 'decidedAt', 'detection',
                                            'decidedBy']) AS field WHERE coalesce(record->>field, '') = '')
        OR coalesce(record->'ground'->>'text', '') = '' OR coalesce(record->'redress'->>'kind', '') = ''`,
  'a denied image is cleared only by an appeal': raw`
    SELECT id FROM darkroom.move WHERE kind = 'image.cleared' AND from_state = 'denied' AND NOT facts ? 'appeal'`,
  'nobody gives two verdicts on one item': raw`
    SELECT item_id FROM darkroom.review_verdict WHERE undone_at IS NULL GROUP BY item_id, person_id HAVING count(*) > 1`,
  'an item is ruled on once': raw`
    SELECT subject_id FROM darkroom.move WHERE kind = 'review.ruled' GROUP BY subject_id HAVING count(*) > 1`,
  'a decision is appealed once, and an appeal that was decided is answered with reasons': raw`
    SELECT id FROM darkroom.appeal
     WHERE state IN ('upheld', 'overturned', 'partial', 'omitted') AND (coalesce(answer->>'text', '') = '' OR decided_at IS NULL)`,
  'an appeal is decided by two people at least, none of whom is software': raw`
    SELECT item.id FROM darkroom.review_item AS item JOIN darkroom.appeal ON appeal.id = item.appeal_id
     WHERE appeal.state IN ('upheld', 'overturned', 'partial')
       AND (SELECT count(DISTINCT person_id) FROM darkroom.review_verdict
             WHERE item_id = item.id AND counted_at IS NOT NULL AND undone_at IS NULL) < 2`,
  'what was held in a severe category is released by two people': raw`
    SELECT image.id FROM darkroom.image JOIN darkroom.review_item AS item ON item.image_id = image.id AND item.kind = 'hold'
      JOIN darkroom.move ON move.subject_id = image.id AND move.kind = 'image.cleared' AND move.from_state = 'held'
     WHERE item.severity >= 75 AND (SELECT count(*) FROM darkroom.review_verdict
                                     WHERE item_id = item.id AND outcome = 'allow' AND counted_at IS NOT NULL) < 2`,
  'an overturned appeal released its picture or admitted its request, and nothing is charged': raw`
    SELECT appeal.id FROM darkroom.appeal
      LEFT JOIN darkroom.image ON image.id = appeal.image_id
      LEFT JOIN darkroom.request ON request.id = appeal.result_request_id
      LEFT JOIN darkroom.charge ON charge.request_id = appeal.result_request_id
     WHERE appeal.state = 'overturned'
       AND (coalesce(image.state NOT IN ('cleared', 'marked', 'published', 'withdrawn'), request.id IS NULL)
            OR charge.images > 0)`,
}
