// Sign-in: a key is exchanged for a cookie by POST /session. Works without script; with it, errors stay on the page.

import { type Html, html } from '../html.ts'

export function signInPage(failed: boolean): Html {
  return html`<section class="sign-in" aria-labelledby="title">
<h1 id="title">The light is off.<br>Bring your key.</h1>
<form method="post" action="/session" class="stack panel" id="sign-in">
<div class="field">
<label for="key">Key</label>
<input id="key" name="key" type="password" required autocomplete="current-password" spellcheck="false" autocapitalize="off" autofocus aria-describedby="key-help${failed && ' key-error'}"${failed && html` aria-invalid="true"`}>
<p class="error" id="key-error" role="alert"${!failed && html` hidden`}>That key is not known here. Check that all of it was copied.</p>
<p class="hint" id="key-help">On a fresh installation the keys are in <code>keys.json</code>, in the data directory (<code>.darkroom/</code> unless it was moved). Use <code>client</code>.</p>
</div>
<button class="primary">Sign in</button>
</form>
<p class="aside">No key? Anyone may <a href="/verify">check a picture</a>.</p>
</section>`
}
