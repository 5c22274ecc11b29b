/** @import { ProxyStatus } from '../../../api.ts' */
import { span } from './format.js'
import { byId, say, showIf } from './parts.js'

const MOST_LINES = 12

/** @param {ProxyStatus} proxy */
export function showConfigurationFailure({ configuration, now }) {
  const failure = configuration?.failure
  showIf(byId('configuration-failure'), failure !== undefined)
  if (failure === undefined) return
  say(byId('configuration-failure-since'), `for ${span(now - failure.at)}; what was served before goes on`)
  const lines = failure.message.split('\n')
  const more = lines.length > MOST_LINES ? [`and ${lines.length - MOST_LINES} more`] : []
  say(byId('configuration-failure-why'), [...lines.slice(0, MOST_LINES), ...more].join('\n'))
}
