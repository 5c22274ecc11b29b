import { forgetToken, hasToken, useToken } from './api.js'
import { byId, say } from './parts.js'

/** The form that asks for the admin listener's token. */
export class SignIn {
  #input = /** @type {HTMLInputElement} */ (byId('token'))

  /** @param {() => void} given */
  constructor(given) {
    byId('token-form').addEventListener('submit', (event) => {
      event.preventDefault()
      useToken(this.#input.value)
      this.#input.value = ''
      given()
    })
  }

  wanted() {
    const refused = hasToken()
    forgetToken()
    const hidden = byId('sign-in').hidden
    byId('sign-in').hidden = false
    say(byId('token-error'), refused ? 'That token was not accepted.' : '')
    document.documentElement.dataset.connection = 'locked'
    if (hidden || refused) this.#input.focus()
  }

  done() {
    byId('sign-in').hidden = true
  }
}
