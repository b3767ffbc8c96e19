import assert from 'node:assert/strict'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { looksLikePicture } from '../../src/kernel/picture-files.ts'

test('every raster format that is read begins as a picture', async () => {
  const picture = sharp({ create: { width: 16, height: 16, channels: 3, background: '#888' } })
  for (const format of ['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const)
    assert.equal(looksLikePicture(await picture.clone().toFormat(format).toBuffer()), true, format)
})

test('a drawing, a document and nothing at all never reach a parser', () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
  const wav = Buffer.from('RIFF\0\0\0\0WAVE')
  for (const bytes of [
    svg,
    Buffer.from(` \n<?xml version="1.0"?>${svg}`),
    gzipSync(svg),
    wav,
    Buffer.from('%PDF-1.7'),
    Buffer.alloc(0),
  ])
    assert.equal(looksLikePicture(bytes), false)
})
