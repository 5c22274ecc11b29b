/** The proxy wants a token, or another one. */
export class TokenWanted extends Error {}

const KEY = 'gatewright.admin.token'

/** @param {string} token of this tab, until it is closed */
export function useToken(token) {
  sessionStorage.setItem(KEY, token)
}

export function hasToken() {
  return sessionStorage.getItem(KEY) !== null
}

export function forgetToken() {
  sessionStorage.removeItem(KEY)
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<Response>} one that has succeeded
 */
export async function ask(path, init = {}) {
  const headers = new Headers(init.headers)
  const token = sessionStorage.getItem(KEY)
  // Fields carry bytes: what is typed beyond Latin 1 cannot be sent, and fetch would throw a riddle.
  if (token !== null) headers.set('authorization', `Bearer ${token.replace(/[^\x20-\x7e]/g, '?')}`)
  const response = await fetch(path, { ...init, headers, cache: 'no-store' }).catch(unreachable)
  if (response.status === 401) throw new TokenWanted('a token is wanted')
  if (!response.ok) throw new Error(await reasonOf(response))
  return response
}

/**
 * @param {string} path
 * @param {unknown} body
 */
export async function post(path, body) {
  await ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  })
}

/**
 * What is wrong, in words for people: of the problem document, where it is one.
 * @param {Response} response
 */
async function reasonOf(response) {
  const text = await response.text()
  const status = `${response.status} ${response.statusText}`.trim()
  try {
    const { detail, title } = JSON.parse(text)
    return String(detail ?? title ?? status)
  } catch {
    return status
  }
}

/**
 * @param {unknown} error
 * @returns {never}
 */
function unreachable(error) {
  throw error instanceof TypeError ? new Error('the proxy cannot be reached', { cause: error }) : error
}

/**
 * A failure as it is shown to people.
 * @param {unknown} error
 */
export function messageOf(error) {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'no answer in time'
  return error instanceof Error ? error.message : String(error)
}
