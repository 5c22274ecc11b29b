import type {
  Asked,
  CacheCase,
  CaseOptions,
  CaseRequest,
  Expected,
  Fields,
  Origin,
  RequestStep,
  Step,
} from './case.ts'

/** Runs of one requirement, by the ids of their cases. */
type Runs = Readonly<Record<string, readonly Step[] | Run>>

interface Run {
  readonly options?: CaseOptions
  readonly until?: string
  readonly steps: readonly Step[]
}

/** The cases of one requirement. */
export function requirement(
  rfc: string,
  level: CacheCase['level'],
  requires: string,
  runs: Runs,
): readonly CacheCase[] {
  return Object.entries(runs).map(([id, run]) => ({
    id,
    rfc,
    requires,
    level,
    ...('steps' in run ? run : { steps: run }),
  }))
}

/** Makes cases one by one. Their ids begin with `prefix`. */
export const rows =
  (prefix: string) =>
  (
    id: string,
    rfc: string,
    level: CacheCase['level'],
    requires: string,
    steps: CacheCase['steps'],
    options?: CaseOptions,
  ): CacheCase => ({
    id: `${prefix}${id}`,
    rfc,
    requires,
    level,
    steps,
    ...(options === undefined ? {} : { options }),
  })

/** A request that the service is asked for; it answers with these fields. */
export function answered(headers: Fields, request: CaseRequest = {}, expect: Expected = {}): RequestStep {
  return { request, origin: { headers }, expect: { asked: true, ...expect } }
}

/** A request that is answered from the store. */
export function hit(request: CaseRequest = {}, expect: Expected = {}): RequestStep {
  return { request, expect: { asked: false, ...expect } }
}

/** A request that the service is asked for. */
export function miss(
  request: CaseRequest = {},
  { origin, asked = true, ...expect }: Expected & { origin?: Origin; asked?: Asked } = {},
): RequestStep {
  return { request, ...(origin === undefined ? {} : { origin }), expect: { asked, ...expect } }
}

/** A response with these fields is fresh for so many seconds, and not a second longer. */
export function freshFor(seconds: number, headers: Fields): readonly Step[] {
  return [answered(headers), { advance: (seconds - 1) * 1_000 }, hit(), { advance: 1_000 }, miss()]
}

/** A response with these fields answers one more request at once. */
export function reused(headers: Fields): readonly Step[] {
  return [answered(headers), hit()]
}

/** A response with these fields answers no other request. */
export function notReused(headers: Fields, request: CaseRequest = {}): readonly Step[] {
  return [answered(headers, request), miss(request)]
}

/** A `Cache-Control`. */
export function control(...lines: readonly string[]): Fields {
  return { 'Cache-Control': lines }
}

/** A request with this `Cache-Control`. */
export function asking(...lines: readonly string[]): CaseRequest {
  return { headers: control(...lines) }
}
