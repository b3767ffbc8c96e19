// The tray once a generation has ended: pictures with their provenance, or what happened instead and what can be done.

import type { StatementResource } from '../../http/statement-schemas.ts'
import { call, type Generation, type Picture, type Statement } from './api.ts'
import { el, find, plural } from './dom.ts'
import { reasons } from './reasons.ts'
import { failureWords, imageWords } from './words.ts'

export type Actions = {
  again: (generation: Generation, seed: number | null) => void
  edit: () => void
}

export function settled(generation: Generation, prompt: string | undefined, actions: Actions): HTMLElement {
  const { images, outcome, state } = generation
  const shown = images.filter((image) => image.url !== null)
  const title = el('h2', { id: 'tray-title', tabindex: -1 }, titleOf(generation, shown.length))
  const caption = prompt !== undefined && el('p', { class: 'caption', dir: 'auto' }, prompt)
  const node = el('div', { class: 'settled', 'data-outcome': outcome ?? state }, title, caption)

  if (shown.length === 0) {
    const denied = generation.statement ?? images.find((image) => image.statement)?.statement
    if (denied) node.append(refusal(denied))
    else node.append(el('div', { class: 'notice' }, el('p', {}, plainly(generation))))
    node.append(buttons(generation, actions), el('p', { class: 'hint' }, el('code', {}, generation.id)))
    return node
  }
  const prints = images.map((image) =>
    image.url === null ? blank(image, generation, actions) : print(image, generation, actions),
  )
  node.append(el('ul', { class: shown.length === 1 && images.length === 1 ? 'prints single' : 'prints' }, ...prints))
  if (generation.prompt_truncated)
    node.append(
      el('p', { class: 'callout' }, 'The prompt is longer than the model can read; it drew from the beginning of it.'),
    )
  node.append(buttons(generation, actions))
  return node
}

function titleOf({ outcome, state, images }: Generation, shown: number): string {
  if (state === 'refused') return 'This prompt was refused'
  if (state === 'cancelled' || outcome === 'cancelled') return 'Cancelled'
  if (state === 'expired') return 'It waited too long'
  if (shown > 0)
    return shown === images.length ? 'Developed' : `${shown} of ${plural(images.length, 'picture')} released`
  if (outcome === 'held') return 'A person will look at this'
  if (outcome === 'denied') return 'The picture was refused'
  if (outcome === 'published') return 'No longer available'
  return 'It could not be made'
}

function plainly({ outcome, state, failure, images }: Generation): string {
  if (state === 'cancelled' || outcome === 'cancelled')
    return 'Nothing was released. The prompt is still there on the form.'
  if (state === 'expired')
    return 'The request was in the queue for longer than it may be, and was given up. Nothing was drawn.'
  if (outcome === 'held')
    return 'The automatic check could not decide, so a reviewer will look at the picture before it is released or refused. Nobody else can see it meanwhile. It will be in the contact sheet once it is released.'
  if (outcome === 'published') return 'The picture was withdrawn or has expired.'
  return failureWords(failure ?? images.find((image) => image.failure)?.failure ?? null)
}

/** The statement in full; until it is here, or if it cannot be had, the notice that came with the answer. */
function refusal(statement: Statement): HTMLElement {
  const body = el('div', { class: 'notice', 'aria-live': 'polite' }, el('p', { dir: 'auto' }, statement.notice))
  const link = el(
    'a',
    { href: `/statements/${encodeURIComponent(statement.id)}` },
    'Open this statement on a page of its own',
  )
  const closing = el('p', { class: 'hint' }, link)
  body.append(closing)
  call<StatementResource>(`/v1/statements/${encodeURIComponent(statement.id)}`)
    .then((full) => body.replaceChildren(...reasons(full, { link: true }), closing))
    .catch(() => {})
  return body
}

function blank(image: Picture, generation: Generation, actions: Actions): HTMLElement {
  const why = image.failure === null ? null : failureWords(image.failure)
  const said = image.statement?.notice ?? why ?? (image.state === 'held' ? 'A reviewer will look at it first.' : '')
  const link =
    image.statement &&
    el('a', { href: `/statements/${encodeURIComponent(image.statement.id)}` }, 'Why, and what you can do')
  return el(
    'li',
    { class: 'print', 'data-state': image.state },
    el('div', { class: 'sheet' }, el('span', {}, imageWords(image.state))),
    el('p', { dir: 'auto' }, said),
    link,
    image.state === 'failed' && againButton('Try this one again', image, generation, actions),
  )
}

function print(image: Picture, generation: Generation, actions: Actions): HTMLElement {
  const { url, width, height, format, provenance } = image
  // Small pictures are enlarged by whole pixels, as far as the tray has room; the true size is said beneath.
  const room = Math.floor((find('tray', HTMLElement).clientWidth - 48) / width)
  const scale = width > 192 ? 1 : Math.max(1, Math.min(room, generation.images.length === 1 ? 3 : 2))
  const picture = el('img', {
    src: url ?? '',
    alt: `Picture with the seed ${image.seed}`,
    width: width * scale,
    height: height * scale,
    class: scale > 1 ? 'crisp' : undefined,
  })
  const size = `${width} × ${height} px${scale > 1 ? `, shown ${scale}×` : ''}`
  picture.addEventListener(
    'error',
    () => picture.replaceWith(el('div', { class: 'sheet' }, el('span', {}, 'could not be loaded'))),
    { once: true },
  )
  return el(
    'li',
    { class: 'print', 'data-state': image.state },
    el('div', { class: 'paper' }, picture),
    el('p', { class: 'rebate' }, el('span', {}, size), el('span', {}, `seed ${image.seed}`)),
    el(
      'div',
      { class: 'row' },
      el(
        'a',
        { class: 'button', href: url ?? '', download: `${image.id}.${format === 'jpeg' ? 'jpg' : format}` },
        'Download',
      ),
      el('a', { class: 'button', href: `/verify?image=${encodeURIComponent(image.id)}` }, 'Verify'),
      againButton('Again with this seed', image, generation, actions),
    ),
    provenance && provenancePanel(image, provenance),
  )
}

const againButton = (text: string, image: Picture, generation: Generation, actions: Actions) =>
  el('button', { type: 'button', click: () => actions.again(generation, image.seed) }, text)

function provenancePanel(image: Picture, provenance: NonNullable<Picture['provenance']>): HTMLElement {
  const { validation_state: state, watermark, digests, manifest_id } = provenance
  const line = (name: string, found: boolean, value: Node | string) =>
    el('li', { 'data-found': found ? 'yes' : 'odd' }, el('strong', {}, name), el('span', {}, value))
  return el(
    'details',
    { class: 'provenance', open: true },
    el('summary', {}, 'Provenance'),
    el(
      'ul',
      { class: 'evidence' },
      line('Signature', state === 'Trusted', `${state}, read back from the finished file`),
      line('Watermark', true, `read back with ${watermark.confidence} confidence, ${watermark.psnr_db.toFixed(1)} dB`),
      line('Record', true, el('code', {}, image.id)),
    ),
    el(
      'details',
      { class: 'digests' },
      el('summary', {}, 'Digests and manifest'),
      el(
        'dl',
        {},
        el('dt', {}, 'manifest id'),
        el('dd', {}, el('code', {}, manifest_id)),
        ...Object.entries(digests).flatMap(([of, digest]) => [
          el('dt', {}, `SHA-256 of the ${of}`),
          el('dd', {}, el('code', {}, digest)),
        ]),
      ),
      image.manifest_url !== null && el('p', {}, el('a', { href: image.manifest_url }, 'The manifest as JSON')),
    ),
  )
}

function buttons(generation: Generation, actions: Actions): HTMLElement {
  const made = generation.images.some((image) => image.url !== null)
  const failed = generation.state === 'failed' || generation.outcome === 'failed'
  return el(
    'div',
    { class: 'row' },
    failed && el('button', { type: 'button', click: () => actions.again(generation, generation.seed) }, 'Try again'),
    (made || failed) && el('button', { type: 'button', click: () => actions.again(generation, null) }, 'Another seed'),
    !made && el('button', { type: 'button', click: actions.edit }, 'Change the prompt'),
  )
}
