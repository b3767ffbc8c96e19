// A place where a file says that its manifest is kept, and which counts who comes for it: nobody should.
import { once } from 'node:events'
import { createServer } from 'node:http'

export async function openElsewhere() {
  let visits = 0
  const server = createServer((_request, response) => {
    visits++
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('a listening server has an address')
  const { port } = address
  return {
    /** Names the place as C2PA has it (dcterms:provenance). */
    xmp: `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="http://127.0.0.1:${port}/m.c2pa"/></rdf:RDF></x:xmpmeta>`,
    visits: () => visits,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}
