// Restricted cases (child safety and what else the policy calls so) in reports: a request, its images, appeals and review items count as
// the case. They are in totals alone, never in a row by which one could be told from others.
import { sql as raw } from 'kysely'

/** Ids of their requests, as a subquery. */
export const RESTRICTED_REQUESTS = raw`(
  SELECT coalesce(image.request_id, statement.subject_id) AS id
    FROM darkroom.statement AS statement LEFT JOIN darkroom.image AS image ON image.id = statement.subject_id
   WHERE statement.record -> 'redress' ->> 'kind' = 'restricted'
   UNION SELECT request_id FROM darkroom.review_item WHERE restricted)`
