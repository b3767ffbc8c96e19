// What the stub answers with, in the very shapes that the server declares: one model, one statement, one picture's life.

import type { Picture, Statement } from '../../src/console/modules/api.ts'
import type { StatementResource } from '../../src/http/statement-schemas.ts'
import type { ModelCard } from '../../src/kernel/model.ts'
import type { Provenance } from '../../src/mark/verify.ts'

export const scene = `<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128"><rect width="128" height="80" fill="#f6a25f"/>
<circle cx="92" cy="62" r="16" fill="#ffe08a"/><rect y="76" width="128" height="30" fill="#3f7fa6"/>
<rect y="102" width="128" height="26" fill="#e8c98c"/><path d="M30 84h56l-10 14H40z" fill="#c62f2b"/>
<path d="M56 40v42h4V40zM62 44l22 34H62z" fill="#f7f2ea"/></svg>`

export const storybook: ModelCard = {
  id: 'storybook',
  version: '1.0.0',
  digest: 'a'.repeat(64),
  licence: 'Apache-2.0',
  sizes: { default: { width: 128, height: 128 }, supported: [{ width: 128, height: 128 }], factor: 8 },
  quality: { low: { steps: 10 }, medium: { steps: 20 }, high: { steps: 30 } },
  guidanceScale: 4,
  scheduler: 'dpmpp_2m',
  schedulers: ['ddim', 'euler', 'dpmpp_2m'],
  promptTokens: 77,
  promptSyntaxes: ['plain', 'weighted'],
  negativePrompt: true,
  guidanceRescale: true,
  trueGuidance: false,
  refusePlan: () => null,
  operations: ['generate', 'edit', 'inpaint'],
  classifiers: ['storybook-safety'],
  createdAt: new Date(0),
}

/** Of the link to the statement. */
export const SECRET = 'c3R1Yi1zZWNyZXQtMTI4Yg'

export const statement: Statement = {
  id: 'sor_01stub',
  category: 'violence/graphic',
  categories: ['violence/graphic'],
  stage: 'input',
  notice: 'Your request was refused before anything was generated. An automated check of the text matched 1 phrase(s).',
  ...{ url: '/v1/statements/sor_01stub', appeal_url: `/statements/sor_01stub#${SECRET}` },
}

export const fullStatement: StatementResource = {
  ...{ id: statement.id, object: 'statement', stage: 'input', input_kind: 'prompt' },
  subject: { kind: 'request', id: 'req_1' },
  decided_at: new Date().toISOString(),
  ...{ content_date: null, source: 'own_initiative', detection: 'automated', decided_by: 'automated' },
  ...{ appeal_url: `/statements/sor_01stub#${SECRET}`, appeal: null, replaced_by: null, replaced_by_url: null },
  ...{ language: 'en', translated: false, quoted: [] },
  ...{ category: 'violence/graphic', category_name: 'graphic violence', categories: ['violence/graphic'] },
  clause: 'violence/graphic/1',
  rule: 'Injury and death may not be shown in gory detail for its own sake.',
  band: 'matched',
  restriction: {
    kind: 'request_refused',
    scope: 'This request or this image alone; your account and your other images are not affected.',
    duration: 'The refusal applies to this request for good, unless an appeal overturns it.',
  },
  facts: 'An automated check of the text matched 1 phrase(s) of the list: graver gore (en).',
  ground: {
    kind: 'policy',
    text: 'Moderation policy, violence/graphic, clause 1, which is part of the terms of service.',
    explanation:
      'The clause applies because the text asks for gore as the point of the picture, which no context changes.',
  },
  ...{ automated_detection: true, automated_decision: true },
  policy: { id: 'moderation', version: '1.0.0', digest: 'e'.repeat(64), effective: '2026-01-01' },
  ...{ classifiers: [], audience: 'general', territory: ['EU'], charged: false },
  redress: {
    kind: 'full',
    appeal: 'You can appeal once, free of charge, and a person who did not take this decision will look at it.',
    appeal_until: new Date(Date.now() + 180 * 86_400_000).toISOString(),
    out_of_court: 'You can also turn to an out-of-court dispute settlement body that is certified for this service.',
    courts: 'You can go to court at any time.',
  },
  notice: { title: 'This prompt was not accepted', sentences: [statement.notice] },
}

export const picture = (id: string, index: number, seed: number): Picture => ({
  ...{
    id: `${id.replace('req', 'img')}_${index}`,
    object: 'image',
    request_id: id,
    state: 'planned',
    seed,
    failure: null,
    statement: null,
  },
  ...{ url: null, manifest_url: null, width: 128, height: 128, format: 'png', provenance: null, recipe: null },
  created_at: new Date().toISOString(),
})

export function release(image: Picture): void {
  image.url = `/v1/images/${image.id}/content`
  image.manifest_url = `/v1/images/${image.id}/manifest`
  image.provenance = {
    manifest_id: 'urn:c2pa:3f0c9a52-0000-4000-8000-0123456789ab',
    validation_state: 'Trusted',
    watermark: { psnr_db: 41.23, confidence: 'high' },
    digests: { file: 'b'.repeat(64), manifest: 'c'.repeat(64), pixels: 'd'.repeat(64) },
    label: null,
  }
}

export const provenance = (ours: boolean): Provenance => ({
  verdict: ours ? 'ours' : 'none_found',
  manifest: {
    found: ours,
    state: ours ? 'Trusted' : null,
    signed_by: null,
    generator: null,
    problems: [],
    recovered: null,
  },
  watermark: { found: ours, confidence: ours ? 'high' : 'none', read: ours, copy: null, trustmark: null },
  fingerprint: {
    algorithm: 'iscc-image-v0',
    bits: 256,
    code: `ISCC:EED${'A'.repeat(52)}`,
    weak: false,
    compared: ours,
    distance: ours ? 0 : null,
    match: ours ? 'close' : null,
  },
  record: ours
    ? {
        image_id: 'img_1_0',
        created_at: new Date().toISOString(),
        system: 'Darkroom',
        version: '0.1.0',
        log_index: null,
      }
    : null,
  notes: ours
    ? [
        'Our watermark was read and leads to a record.',
        'Manifest, watermark and registry name the same image: this file is as we released it.',
      ]
    : [
        'The file has no C2PA manifest; most sites remove it.',
        'Nothing of ours was found. That does not prove that the picture was not made here, or by other AI.',
      ],
  grounds: {
    named: ours ? 'mark' : null,
    likeness: ours ? 'close' : null,
    samePixels: ours ? true : null,
    turned: false,
    alike: false,
    cutShort: false,
  },
})
