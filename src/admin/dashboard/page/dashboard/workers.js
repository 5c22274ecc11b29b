/** @import { WorkerProcess } from '../../../api.ts' */
/** @import { Tone } from './endpoint-tone.js' */
import { bytes, count, NONE, span } from './format.js'
import { KeyedChildren } from './keyed-children.js'
import { attribute, byId, copyOf, part, say, showIf } from './parts.js'

/** @type {Readonly<Record<WorkerProcess['phase'], Tone>>} */
const TONES = { starting: 'part', serving: 'ok', draining: 'off' }

/** @typedef {{ worker: WorkerProcess, now: number }} WorkerEntry */

/** The processes that serve, where there are several. */
export class Workers {
  /** @type {KeyedChildren<WorkerEntry, WorkerRow>} */
  #rows = new KeyedChildren(byId('worker-rows'), () => new WorkerRow())

  /**
   * @param {readonly WorkerProcess[]} workers
   * @param {number} now
   */
  show(workers, now) {
    showIf(byId('workers'), workers.length > 0)
    this.#rows.show(
      workers.map((worker) => ({ worker, now })),
      // During a roll, two have one number.
      ({ worker }) => `${worker.number} ${worker.pid}`,
    )
  }
}

class WorkerRow {
  element = copyOf('worker-template')

  /** @param {WorkerEntry} entry */
  show({ worker, now }) {
    const { number, pid, phase, startedAt, restarts, answers, connections, residentBytes } = worker
    const hangs = !answers && phase !== 'starting'
    say(part(this.element, 'number'), String(number))
    attribute(part(this.element, 'state'), 'data-tone', hangs ? 'bad' : (TONES[phase] ?? 'unknown'))
    say(part(this.element, 'word'), phase)
    say(part(this.element, 'why'), hangs ? 'does not answer' : '')
    say(part(this.element, 'pid'), String(pid))
    say(part(this.element, 'up'), span(now - startedAt))
    say(part(this.element, 'restarts'), count(restarts))
    // JSON has no undefined: what is not there is left out.
    say(part(this.element, 'connections'), connections == null ? NONE : count(connections))
    say(part(this.element, 'memory'), residentBytes == null ? NONE : bytes(residentBytes))
  }
}
