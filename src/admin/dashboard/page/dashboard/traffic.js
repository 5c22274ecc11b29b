/** @import { TrafficStatus } from '../../../api.ts' */
import { bytes, count, percent, quantity, took } from './format.js'
import { KeyedChildren } from './keyed-children.js'
import { byId, copyOf, part, say, showIf } from './parts.js'
import { Sparkline } from './sparkline.js'

const CLASSES = /** @type {const} */ (['1xx', '2xx', '3xx', '4xx', '5xx'])
const MOST_REASONS = 6
const SECONDS = 60
/** So many seconds make what is shown as the throughput of now: one alone jumps about. */
const RECENT = 5

/** The figures of the last minute. */
export class Traffic {
  #throughput = new Sparkline(byId('throughput-line'), (value) => `${quantity(value)} a second`, 'Throughput')
  #latency = new Sparkline(byId('latency-line'), took, 'Latency, 99th percentile,')
  #failures = new Sparkline(byId('failure-line'), (value) => `${quantity(value)} a second`, 'Failures')
  #inFlight = new Sparkline(byId('in-flight-line'), count, 'In flight')
  /** The proxy keeps no history of it, so this page does. @type {(number | undefined)[]} */
  #inFlightSeen = Array(SECONDS).fill(undefined)
  /** @type {KeyedChildren<Reason, ReasonView>} */
  #reasons = new KeyedChildren(byId('reasons'), () => new ReasonView())

  /** @param {TrafficStatus} traffic */
  show(traffic) {
    const { seconds } = traffic
    const recent = seconds.slice(-RECENT)
    const perSecond = (/** @type {'exchanges' | 'bytesSent' | 'bytesReceived'} */ of) =>
      recent.length === 0 ? 0 : sum(recent.map((second) => second[of])) / recent.length
    say(byId('throughput'), quantity(perSecond('exchanges')))
    say(byId('total'), count(traffic.total))
    this.#throughput.show(seconds.map(({ exchanges }) => exchanges))

    say(byId('p50'), took(traffic.latency?.p50))
    say(byId('p90'), took(traffic.latency?.p90))
    say(byId('p99'), took(traffic.latency?.p99))
    say(byId('latency-max'), took(traffic.latency?.max))
    this.#latency.show(seconds.map(({ p99 }) => p99 ?? undefined))

    const failed = sum(seconds.map(({ failures }) => failures))
    say(byId('error-rate'), percent(failed, sum(seconds.map(({ exchanges }) => exchanges))))
    say(byId('failure-total'), count(traffic.failures))
    this.#failures.show(seconds.map(({ failures }) => failures))

    this.#inFlightSeen = [...this.#inFlightSeen.slice(1), traffic.inFlight]
    say(byId('in-flight'), count(traffic.inFlight))
    say(byId('sent'), `${bytes(perSecond('bytesSent'))}/s`)
    say(byId('received'), `${bytes(perSecond('bytesReceived'))}/s`)
    this.#inFlight.show(this.#inFlightSeen)

    showStatuses(traffic.statuses)
    this.#showReasons(traffic.reasons)
  }

  /** @param {TrafficStatus['reasons']} reasons */
  #showReasons(reasons) {
    const all = Object.entries(reasons)
      .map(([name, value]) => ({ name, value }))
      .sort((a, b) => b.value - a.value)
    const most = all[0]?.value ?? 1
    const shown = all.slice(0, MOST_REASONS)
    const others = sum(all.slice(MOST_REASONS).map(({ value }) => value))
    if (others > 0) shown.push({ name: 'others', value: others })
    this.#reasons.show(
      shown.map((reason) => ({ ...reason, share: Math.min(1, reason.value / most) })),
      ({ name }) => name,
    )
    showIf(byId('no-reasons'), shown.length === 0)
  }
}

/** @typedef {{ name: string, value: number, share: number }} Reason */

class ReasonView {
  element = copyOf('reason-template')

  /** @param {Reason} reason */
  show({ name, value, share }) {
    say(part(this.element, 'name'), name)
    say(part(this.element, 'value'), count(value))
    part(this.element, 'bar').style.setProperty('--share', share.toFixed(3))
  }
}

/** @param {TrafficStatus['statuses']} statuses */
function showStatuses(statuses) {
  const all = sum(CLASSES.map((name) => statuses[name]))
  CLASSES.forEach((name, index) => {
    const figure = document.querySelector(`#statuses [data-status="${name}"]`)
    const bar = byId('status-mix').children[index]
    if (figure !== null)
      say(figure, all === 0 ? '0' : `${count(statuses[name])} (${percent(statuses[name], all)})`)
    if (bar instanceof HTMLElement) bar.style.setProperty('flex-grow', String(statuses[name]))
  })
}

/** @param {readonly number[]} values */
function sum(values) {
  return values.reduce((total, value) => total + value, 0)
}
