// What every file says of its origin: the manifest and the XMP from one record, each field where its standard has it, and nothing else.
// Whatever a request holds, nothing of it beyond the image, the system and the model gets there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readConfig } from '../../src/kernel/config.ts'
import { type DisclosureSettings, verifyUrlAt } from '../../src/mark/disclosure.ts'
import { type ManifestSubject, manifestFor } from '../../src/mark/manifest.ts'
import { xmpFor } from '../../src/mark/xmp.ts'

const SETTINGS: DisclosureSettings = {
  providerName: 'Example & Söhne',
  tc260Producer: '001191110102MACQD9K640',
  trainingMining: 'constrained',
  verifyUrl: 'https://pictures.example/verify',
}
const SUBJECT: ManifestSubject = {
  imageId: 'img_7',
  system: { name: 'Darkroom', version: '0.1.0' },
  model: { id: 'storybook', version: '1.2.3' },
  createdAt: new Date('2026-11-01T10:00:00.987Z'),
  parent: null,
  mimeType: 'image/png',
  markId: 0xabcdef,
  epoch: 3,
  development: false,
}

/** The data of an assertion, as JSON would have it. */
function assertionOf(subject: ManifestSubject, label: string) {
  const found = manifestFor(subject).assertions.find((one) => one.label === label)
  return found === undefined ? null : JSON.parse(JSON.stringify(found.data))
}

test('the latent disclosure names provider, system, version, time and identifier, in the manifest and in the XMP', () => {
  const subject = { ...SUBJECT, disclosure: SETTINGS }
  assert.deepEqual(assertionOf(subject, 'org.darkroom.image'), {
    image_id: 'img_7',
    provider: 'Example & Söhne',
    system: 'Darkroom',
    version: '0.1.0',
    model: 'storybook',
    model_version: '1.2.3',
    created_at: '2026-11-01T10:00:00Z',
    verify_at: 'https://pictures.example/verify',
  })
  const xmp = xmpFor(subject)
  for (const said of [
    '<dc:publisher><rdf:Bag><rdf:li>Example &amp; Söhne</rdf:li></rdf:Bag></dc:publisher>',
    '<dc:relation><rdf:Bag><rdf:li>https://pictures.example/verify</rdf:li></rdf:Bag></dc:relation>',
    'xmp:CreatorTool="Darkroom 0.1.0"',
    'xmp:CreateDate="2026-11-01T10:00:00Z"',
    'dc:identifier="img_7"',
    'Iptc4xmpExt:AISystemUsed="storybook"',
    'Iptc4xmpExt:AISystemVersionUsed="1.2.3"',
  ])
    assert.ok(xmp.includes(said), said)
})

test('without settings the provider is called by the name of the system, and neither training, label nor address is spoken of', () => {
  assert.equal(assertionOf(SUBJECT, 'org.darkroom.image').provider, 'Darkroom')
  assert.deepEqual(
    manifestFor(SUBJECT).assertions.map(({ label }) => label),
    ['c2pa.actions.v2', 'c2pa.soft-binding', 'org.darkroom.image'],
  )
  assert.ok(!('verify_at' in assertionOf(SUBJECT, 'org.darkroom.image')))
  assert.doesNotMatch(xmpFor(SUBJECT), /<TC260:|<plus:|<dc:relation/)
})

test('the digital source type tells what was made from a prompt alone from what was made of a picture', () => {
  const edited = { ...SUBJECT, parent: { file: null, imageId: null } }
  for (const [subject, term] of [
    [SUBJECT, 'trainedAlgorithmicMedia'],
    [edited, 'compositeWithTrainedAlgorithmicMedia'],
  ] as const) {
    const uri = `http://cv.iptc.org/newscodes/digitalsourcetype/${term}`
    assert.equal(
      JSON.stringify(assertionOf(subject, 'c2pa.actions.v2')).match(/"digitalSourceType":"([^"]+)"/)?.[1],
      uri,
    )
    assert.ok(xmpFor(subject).includes(`Iptc4xmpExt:DigitalSourceType="${uri}"`))
  }
})

test('the label of GB 45438-2025 names the producer and the image, and leaves to others what is theirs', () => {
  const label = /<TC260:AIGC>(.*)<\/TC260:AIGC>/.exec(xmpFor({ ...SUBJECT, disclosure: SETTINGS }))?.[1] ?? ''
  assert.deepEqual(JSON.parse(label.replaceAll('&quot;', '"')), {
    Label: '1',
    ContentProducer: '001191110102MACQD9K640',
    ProduceID: 'img_7',
    ReservedCode1: '',
    ContentPropagator: '',
    PropagateID: '',
    ReservedCode2: '',
  })
})

test('a word on training is said alike of the four uses that CAWG knows, and in PLUS', () => {
  for (const [trainingMining, plus] of [
    ['notAllowed', 'DMI-PROHIBITED'],
    ['allowed', 'DMI-ALLOWED'],
    ['constrained', 'DMI-PROHIBITED-SEECONSTRAINT'],
  ] as const) {
    const subject = { ...SUBJECT, disclosure: { ...SETTINGS, trainingMining } }
    assert.deepEqual(assertionOf(subject, 'cawg.training-mining'), {
      entries: {
        'cawg.data_mining': { use: trainingMining },
        'cawg.ai_inference': { use: trainingMining },
        'cawg.ai_generative_training': { use: trainingMining },
        'cawg.ai_training': { use: trainingMining },
      },
    })
    assert.ok(xmpFor(subject).includes(`<plus:DataMining>http://ns.useplus.org/ldf/vocab/${plus}</plus:DataMining>`))
  }
})

test('every assertion is the signer’s own, and the claim names its specification as SemVer', () => {
  const manifest = manifestFor({ ...SUBJECT, disclosure: SETTINGS })
  assert.ok(manifest.assertions.every(({ created }) => created))
  assert.deepEqual(manifest.claim_generator_info, [{ name: 'Darkroom', version: '0.1.0', specVersion: '2.4.0' }])
})

const SECRET = fc.stringMatching(/^[a-z0-9]{12,24}$/).map((text) => `secret-${text}`)

test('nothing of a prompt, a tenant, a user or a key is said, whatever the request holds', () => {
  const privately = fc.record({
    prompt: SECRET,
    negative_prompt: SECRET,
    tenant_id: SECRET,
    tenant: fc.record({ id: SECRET, name: SECRET }),
    user: SECRET,
    key: SECRET,
    request_id: SECRET,
    original_key: SECRET,
    seed: SECRET,
  })
  const parents = fc.option(fc.record({ imageId: fc.constant(null), file: fc.constant(null), provenance: SECRET }))
  fc.assert(
    fc.property(privately, parents, fc.boolean(), (row, parent, development) => {
      const subject = { ...SUBJECT, ...row, parent, development, disclosure: { ...SETTINGS, ...row } }
      const said = `${JSON.stringify(manifestFor(subject))}${xmpFor(subject)}`
      assert.doesNotMatch(said, /secret-/)
    }),
  )
})

test('whatever the names are, the XMP stays well formed and says them as they are', () => {
  const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 100 })
  fc.assert(
    fc.property(names, names, (providerName, tc260Producer) => {
      const xmp = xmpFor({ ...SUBJECT, disclosure: { ...SETTINGS, providerName, tc260Producer } })
      const body = xmp.slice(xmp.indexOf('<dc:publisher>'), xmp.indexOf('</rdf:Description>'))
      const told = /<rdf:li>([^<]*)<\/rdf:li>/.exec(body)?.[1] ?? ''
      assert.doesNotMatch(told, /&(?!amp;|lt;|gt;|quot;|apos;)/)
      assert.doesNotMatch(xmp, /[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u)
      const plain = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
      const read = told.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: keyof typeof plain) => plain[name])
      assert.equal(read, providerName.replace(/[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, ''))
    }),
  )
})

test('names that files carry are shown characters alone, and are refused by the variable otherwise', () => {
  const names = ['DARKROOM_PROVIDER_NAME', 'DARKROOM_TC260_PRODUCER'] as const
  for (const name of names) {
    for (const value of ['A', 'x'.repeat(100), 'Beispiel & Söhne “AG”', '示例科技'])
      assert.ok(Object.values(readConfig({ [name]: value }).disclosure).includes(value), value)
    for (const value of ['x'.repeat(101), ' x', 'x ', 'a\nb', 'a\u0000', 'a\u202Eb', 'a\u2028b', '\uD800'])
      assert.throws(() => readConfig({ [name]: value }), new RegExp(`${name}: expected 1 to 100 printable characters`))
  }
  assert.deepEqual(readConfig({}).disclosure, { providerName: null, tc260Producer: null, trainingMining: 'unsaid' })
})

test('where to check is told once it is known where clients find the service', () => {
  assert.equal(verifyUrlAt(null), null)
  for (const origin of ['https://pictures.example', 'https://pictures.example/'])
    assert.equal(verifyUrlAt(origin), 'https://pictures.example/verify')
})
