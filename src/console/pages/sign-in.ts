// Sign-in: a key is exchanged for a cookie by POST /session, or the organisation's own sign-in is asked, where there is one. Works
// without script; with it, errors of the key stay on the page. What went wrong is said in words that the address cannot choose.

import type { Role } from '../../tenant/roles.ts'
import { type Html, html } from '../html.ts'

export type SignIn = {
  /** What the address says went wrong, if anything. */
  failure?: string | undefined
  /** Whether there is an identity provider to ask. */
  provider: boolean
  /** Where it leads, once signed in; `/` leads to the first page of one's role. */
  to: string
  /** Whose keys the page is for; null: whoever has one. */
  roles: readonly Role[] | null
}

const wrongKey = 'That key is not known here. Check that all of it was copied.'

/** By the name that the session's routes give. */
const reasons = new Map([
  ['suspended', 'Your organisation is suspended here. Ask the operator of this service why.'],
  ['unreachable', 'Your organisation’s sign-in does not answer. Try again in a moment, or use a key.'],
  ['declined', 'Your organisation’s sign-in did not let you through. Try again, or ask those who run it.'],
  ['again', 'That sign-in was used already or took too long. Sign in again.'],
  ['expired', 'That sign-in was begun elsewhere or took too long. Sign in again.'],
  [
    'unsound',
    'What your organisation’s sign-in answered cannot be trusted, so nobody was signed in. Tell those who run this service.',
  ],
  ['role', 'You have no role here. Ask an administrator of this service for one.'],
  ['inactive', 'You were deactivated here. Ask an administrator of this service.'],
])

export function signInPage({ failure, provider, to, roles }: SignIn): Html {
  const failed = failure === 'failed'
  const reason = failure === undefined ? undefined : reasons.get(failure)
  return html`<section class="sign-in" aria-labelledby="title">
<h1 id="title">The light is off.<br>Bring your key.</h1>
${reason !== undefined && html`<p class="error" role="alert" id="sign-in-error">${reason}</p>`}
${
  provider &&
  html`<p><a class="button primary" href="/session/oidc/start" id="sign-in-provider">Sign in with your organisation</a></p>`
}
<form method="post" action="/session" class="stack panel" id="sign-in">
<input type="hidden" name="to" value="${to}">
<div class="field">
<label for="key">Key</label>
<input id="key" name="key" type="password" required autocomplete="current-password" spellcheck="false" autocapitalize="off"${!provider && html` autofocus`} aria-describedby="key-help${failed && ' key-error'}"${failed && html` aria-invalid="true"`}>
<p class="error" id="key-error" role="alert"${!failed && html` hidden`}>${wrongKey}</p>
<p class="hint" id="key-help">On a fresh installation the keys are in <code>keys.json</code>, in the data directory (<code>.darkroom/</code> unless it was moved). ${whichKey(roles)}</p>
</div>
<button class="${provider ? '' : 'primary'}">Sign in${provider && ' with the key'}</button>
</form>
<p class="aside">No key? Anyone may <a href="/verify">check a picture</a>.</p>
</section>`
}

/** The keys of that file have the names of their roles. */
function whichKey(roles: readonly Role[] | null): Html {
  if (roles === null) return html`Use <code>client</code>.`
  return html`This page is for ${roles.map((role, index) => html`${index > 0 && ' or '}<code>${role}</code>`)}.`
}
