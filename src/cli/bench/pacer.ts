/** Calls once, after so many milliseconds, and never before. What it gives back takes the call back. */
export type Pacer = (ms: number, callback: () => void) => () => void

/** So long before its time a timer of Node's is left: it counts in whole milliseconds, and may be one late. */
const TIMER_MS = 2

/**
 * Waits to within some microseconds: with a timer, then turn by turn of the event loop. The turns keep a core busy, as soon
 * as there are some hundred calls a second; a timer alone would be up to a millisecond late for each, and every latency
 * with it.
 */
export const precisePacer: Pacer = (ms, callback) => {
  const at = performance.now() + ms
  let timer: NodeJS.Timeout | undefined
  let turn: NodeJS.Immediate | undefined
  const look = (): void => {
    if (performance.now() >= at) callback()
    else turn = setImmediate(look)
  }
  if (ms > TIMER_MS) timer = setTimeout(look, Math.floor(ms - TIMER_MS))
  else turn = setImmediate(look)
  return () => {
    clearTimeout(timer)
    clearImmediate(turn)
  }
}
