// Reads an event stream as it comes, as a client would.
export type ServerEvent = { name: string; id: string | null; data: { [name: string]: unknown } }

/** Yields events until the stream ends; comments and hints are left out. */
export async function* eventsOf(response: Response): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = new Map<string, string>()
      for (const line of text.slice(0, end).split('\n')) {
        const [, name = '', value = ''] = /^(\w*): (.*)$/.exec(line) ?? []
        fields.set(name, value)
      }
      text = text.slice(end + 2)
      const [name, data] = [fields.get('event'), fields.get('data')]
      if (name !== undefined && data !== undefined) yield { name, id: fields.get('id') ?? null, data: JSON.parse(data) }
    }
  }
}

export async function allEvents(response: Response): Promise<ServerEvent[]> {
  const events: ServerEvent[] = []
  for await (const event of eventsOf(response)) events.push(event)
  return events
}
