/** What the events of a comparison did to those who came before, during and after them. */
export interface Disturbance {
  /** The 99th percentile of the requests that came and were answered before it. `undefined` when none were. */
  readonly p99BeforeMs: number | undefined
  /** The same of those that came from its begin until a second after its end. */
  readonly p99Ms: number | undefined
  /**
   * How long after its end all is well again: from then on, those who come within one second have a 99th percentile of at
   * most 1.5 times the one before, and not 1 % more of them see an error. 0 when that is so at once; `undefined` when it was not so
   * before the load's end, or nothing came before the disturbance. In steps of 100 ms.
   *
   * An event that is for good counts as over when it begins: this is then how long the balancer takes to live with it.
   */
  readonly recoveryMs: number | undefined
}

/** Those who came within one second of a load. */
export interface LoadSecond {
  /** Since the begin of the load. */
  readonly atMs: number
  readonly count: number
  /** `undefined` when nobody came. */
  readonly p99Ms: number | undefined
  readonly errorRate: number
}

/** @internal One exchange of a load. */
export interface LoadPoint {
  /** When it came, since the begin of the load. */
  readonly atMs: number
  readonly durationMs: number
  readonly failed: boolean
}

const WINDOW_MS = 1_000
const STEP_MS = 100
const TOLERATED = 1.5
const TOLERATED_ERRORS = 0.01

/** @internal */
export function disturbanceOf(
  points: readonly LoadPoint[],
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Disturbance {
  // Not those who were caught by it half-way.
  const before = summaryOf(
    points.filter(({ atMs, durationMs }) => atMs + durationMs <= fromMs),
    0,
    fromMs,
  )
  const p99Ms = summaryOf(points, fromMs, untilMs + WINDOW_MS).p99Ms
  return { p99BeforeMs: before.p99Ms, p99Ms, recoveryMs: recoveryMs(points, before, untilMs) }
}

/** @internal The whole seconds that a load lasted, and the rest of the last one. */
export function secondsOf(points: readonly LoadPoint[], lastsMs: number): LoadSecond[] {
  const seconds: LoadSecond[] = []
  for (let atMs = 0; atMs < lastsMs; atMs += WINDOW_MS)
    seconds.push({ atMs, ...summaryOf(points, atMs, atMs + WINDOW_MS) })
  return seconds
}

interface Summary {
  readonly count: number
  readonly p99Ms: number | undefined
  readonly errorRate: number
}

function recoveryMs(points: readonly LoadPoint[], before: Summary, untilMs: number): number | undefined {
  if (before.p99Ms === undefined) return undefined
  // A second that the load did not fill proves nothing.
  const lastMs = (points.at(-1)?.atMs ?? 0) - WINDOW_MS
  for (let atMs = untilMs; atMs <= lastMs; atMs += STEP_MS) {
    const { p99Ms, errorRate } = summaryOf(points, atMs, atMs + WINDOW_MS)
    if (p99Ms === undefined || p99Ms > TOLERATED * before.p99Ms) continue
    if (errorRate <= before.errorRate + TOLERATED_ERRORS) return atMs - untilMs
  }
  return undefined
}

/** Points are in the order in which they came. */
function summaryOf(points: readonly LoadPoint[], fromMs: number, untilMs: number): Summary {
  const some = points.slice(firstFrom(points, fromMs), firstFrom(points, untilMs))
  const { length } = some
  if (length === 0) return { count: 0, p99Ms: undefined, errorRate: 0 }
  const durations = Float64Array.from(some, ({ durationMs }) => durationMs).sort()
  return {
    count: length,
    p99Ms: durations[Math.ceil(0.99 * length) - 1]!,
    errorRate: some.reduce((sum, { failed }) => sum + (failed ? 1 : 0), 0) / length,
  }
}

function firstFrom(points: readonly LoadPoint[], ms: number): number {
  let low = 0
  let high = points.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (points[middle]!.atMs < ms) low = middle + 1
    else high = middle
  }
  return low
}
