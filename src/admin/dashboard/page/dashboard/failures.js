/** @import { FailureStatus } from '../../../api.ts' */
import { NONE, timeOfDay, took } from './format.js'
import { KeyedChildren } from './keyed-children.js'
import { byId, copyOf, part, say, showIf } from './parts.js'
import { showStatus } from './status-code.js'

/** What has failed last. */
export class Failures {
  /** @type {KeyedChildren<FailureStatus, FailureRow>} */
  #rows = new KeyedChildren(byId('failure-rows'), () => new FailureRow())

  /** @param {readonly FailureStatus[]} failures */
  show(failures) {
    this.#rows.show(failures, ({ at, id, reason }) => `${at} ${id} ${reason}`)
    say(byId('failures-count'), failures.length === 0 ? '' : `the last ${failures.length}`)
    showIf(byId('no-failures'), failures.length === 0)
  }
}

class FailureRow {
  element = copyOf('failure-template')

  /** @param {FailureStatus} failure */
  show({ at, reason, status, method, path, route, endpoint, durationMs, id }) {
    /** @type {(name: string, text: string) => void} */
    const show = (name, text) => say(part(this.element, name), text)
    show('time', timeOfDay(at))
    show('reason', reason)
    showStatus(part(this.element, 'status'), status)
    show('method', method ?? '')
    show('path', path ?? NONE)
    show('route', route ?? NONE)
    show('endpoint', endpoint ?? NONE)
    show('took', took(durationMs))
    show('id', id ?? NONE)
  }
}
