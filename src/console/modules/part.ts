// A form's answer without leaving the page: what the server draws for it, of which one part is taken.

/** The part of the page that the server answers a form with; throws its own words where it answers otherwise. */
export async function partOf(path: string, body: FormData | URLSearchParams, id: string): Promise<HTMLElement> {
  const response = await fetch(path, { method: 'POST', body }).catch(() => {
    throw new Error('The server cannot be reached. Try again in a moment.')
  })
  const text = await response.text()
  const page = new DOMParser().parseFromString(text, 'text/html')
  const part = page.getElementById(id)
  if (part !== null) return part
  if (page.getElementById('sign-in') !== null)
    throw new Error('You are signed out by now. Load the page again to sign in.')
  let said = page.querySelector('#failure p')?.textContent
  try {
    said ??= Object(JSON.parse(text)).detail
  } catch {
    // No problem document either.
  }
  throw new Error(typeof said === 'string' ? said : `The server answered ${response.status}.`)
}
