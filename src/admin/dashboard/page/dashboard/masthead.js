/** @import { ProxyStatus } from '../../../api.ts' */
/** @import { Tone } from './endpoint-tone.js' */
import { bytes, span } from './format.js'
import { attribute, byId, say, showIf } from './parts.js'

/** @type {Readonly<Record<ProxyStatus['phase'], string>>} */
const WORDS = {
  starting: 'Starting',
  serving: 'Serving',
  notice: 'Drain announced',
  draining: 'Draining',
  closed: 'Closed',
}

/** @param {ProxyStatus} proxy */
export function showMasthead(proxy) {
  say(byId('version'), proxy.version)
  attribute(byId('phase'), 'data-tone', toneOfPhase(proxy))
  say(byId('phase-word'), phaseText(proxy))
  say(byId('phase-why'), proxy.readiness.reasons.join(', '))
  say(byId('uptime'), span(proxy.now - proxy.startedAt))
  say(byId('memory'), `${bytes(proxy.residentBytes)}, heap ${bytes(proxy.heapUsedBytes)}`)
  say(byId('node'), proxy.node)
  say(byId('pid'), String(proxy.pid))
  say(byId('log-level'), proxy.logLevel)
  showIf(byId('read-only'), proxy.readOnly)
  attribute(document.documentElement, 'data-read-only', String(proxy.readOnly))
}

/** @param {ProxyStatus} proxy */
export function phaseText({ phase, readiness }) {
  return `${WORDS[phase] ?? phase}, ${readiness.ready ? 'ready' : 'not ready'}`
}

/**
 * @param {ProxyStatus} proxy
 * @returns {Tone}
 */
export function toneOfPhase({ phase, readiness }) {
  if (phase === 'serving') return readiness.ready ? 'ok' : 'warn'
  return phase === 'starting' ? 'part' : 'off'
}
