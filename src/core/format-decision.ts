import type {
  AttemptRecord,
  CacheRecord,
  CandidateRecord,
  DecisionPhase,
  DecisionRecord,
  EndedBy,
  EndRecord,
  HedgeRecord,
  LeftOutRecord,
  PickRecord,
  RetryRecord,
} from './decision-record.ts'

/**
 * Why an exchange went where it went, and what happened there, as lines of text: the route, the candidates of each pick and why
 * others were none, the attempts, and who ended it.
 *
 * @example exchange.onComplete(({ error }) => error !== undefined && console.log(formatDecision(record)))
 */
export function formatDecision(record: DecisionRecord): string {
  const { method, host, path, route } = record
  const lines = [`${method} ${host}${path}`]
  if (route !== undefined) {
    lines.push(`  route      ${route.match}`)
    for (const [name, value] of Object.entries(route.params))
      lines.push(`  param      ${name} = ${JSON.stringify(value)}`)
  }
  return [...lines.map(printable), ...happenedLines(record)].join('\n')
}

/** What `formatDecision` has behind the route: what happened, in order, each with the time since the beginning. */
export function happenedLines(record: DecisionRecord): string[] {
  const { startedAtMs, ended } = record
  const lines = ['  happened']
  for (const { atMs, text } of eventsOf(record)) {
    const [first, ...more] = text
    lines.push(`${`+${(atMs - startedAtMs).toFixed(3)} ms`.padStart(14)}  ${first}`)
    for (const line of more) lines.push(`${MARGIN}  ${line}`)
  }
  if (ended === undefined) lines.push(`${MARGIN}has not ended`)
  return lines.map(printable)
}

/** As wide as a time and what stands around it. */
const MARGIN = ' '.repeat(16)

interface Event {
  readonly atMs: number
  readonly text: readonly string[]
}

/**
 * By time. What happened at one time stays in the order in which it is put together here, causes before what follows from
 * them: on a virtual clock, much takes no time at all.
 */
function eventsOf(record: DecisionRecord): Event[] {
  const { picks, attempts, retries, hedges, waits, refusals, passedOver, caches, ended } = record
  const events: Event[] = []
  const add = (atMs: number | undefined, ...text: string[]): void => {
    if (atMs !== undefined) events.push({ atMs, text })
  }
  const addRetries = (after: number | undefined): void => {
    for (const retry of retries) if (retry.after === after) add(retry.atMs, retryText(retry))
  }
  const addAttempts = (ofPick: number | undefined): void => {
    for (const attempt of attempts) {
      if (attempt.pick !== ofPick) continue
      addAttempt(attempt, add)
      addRetries(attempt.number)
    }
  }
  const addPassedOver = (ofPick: number | undefined): void => {
    for (const { pick, endpoint, atMs, code } of passedOver)
      if (pick === ofPick) add(atMs, `passed over ${endpoint}: ${code}`)
  }
  for (const { filter, fromMs, untilMs, admitted } of waits) {
    add(fromMs, `waits in ${filter}`)
    add(untilMs, `${admitted ? 'let through' : 'not let through'} by ${filter}`)
  }
  for (const hedge of hedges) add(hedge.atMs, hedgeText(hedge))
  addAttempts(undefined)
  addPassedOver(undefined)
  for (const pick of picks) {
    add(pick.atMs, ...pickText(pick))
    addAttempts(pick.number)
    addPassedOver(pick.number)
  }
  addRetries(undefined)
  for (const { filter, atMs, code, detail } of refusals)
    add(atMs, `turned away by ${filter}: ${code}, ${detail}`)
  for (const cache of caches) add(cache.atMs, cacheText(cache))
  if (ended !== undefined) add(ended.atMs, ...endText(ended))
  return events.sort((one, other) => one.atMs - other.atMs)
}

function addAttempt(
  attempt: AttemptRecord,
  add: (atMs: number | undefined, ...text: string[]) => void,
): void {
  const { number, kind, endpoint, connection, status, error, detail, cause, endedBy, phase } = attempt
  const name = `attempt ${number}`
  const stale = attempt.staleConnections
  add(attempt.startedAtMs, `${name}${kind === 'first' ? '' : ` (${kind})`} to ${endpoint}`)
  add(attempt.queuedAtMs, `${name} waits for a connection`)
  add(attempt.connectingAtMs, `${name} connects`)
  add(
    attempt.connectedAtMs,
    `${name} has a ${connection === 'reused' ? 'kept' : 'new'} connection${stale === 0 ? '' : `, after ${stale} that was closed`}`,
  )
  add(attempt.requestSentAtMs, `${name}: the request is sent`)
  add(attempt.respondedAtMs, `${name}: ${status}`)
  if (error === undefined) add(attempt.endedAtMs, `${name} ended`)
  else add(attempt.endedAtMs, `${name} failed: ${error}`, ...whyText(endedBy, phase, detail, cause))
}

/** Candidates and others that are shown of each pick: the record may have 64 of both. */
const SHOWN = 10

function pickText(pick: PickRecord): string[] {
  const { number, kind, pool, balancer, chosen, candidates, candidateCount, leftOut, leftOutCount } = pick
  const first = `pick ${number}${kind === 'first' ? '' : ` (${kind})`} of ${pool} by ${balancer}: ${chosen ?? 'none'}`
  // The chosen one is shown, however many there are.
  const shownOnes = candidates.filter(({ id }, i) => i < SHOWN || id === chosen)
  const width = Math.max(...[...shownOnes, ...leftOut].map(({ id }) => id.length))
  return [
    pick.panic ? `${first}, in a panic` : first,
    ...shownOnes.map((it) => `${it.id === chosen ? '>' : ' '} ${it.id.padEnd(width)}  ${candidateText(it)}`),
    ...andMore(candidateCount - shownOnes.length, 'candidates'),
    ...(pick.scoreError === undefined ? [] : [`no scores: ${pick.scoreError}`]),
    ...leftOut.slice(0, SHOWN).map((it) => `- ${it.id.padEnd(width)}  ${leftOutText(it, pick.atMs)}`),
    ...andMore(leftOutCount - Math.min(SHOWN, leftOut.length), 'left out'),
  ]
}

function candidateText({ weight, zone, inFlight, responseTimeMs, health, score }: CandidateRecord): string {
  const parts = [`weight ${shown(weight)}`, `${inFlight} in flight`, `${shown(responseTimeMs)} ms`]
  if (score !== undefined) parts.unshift(`score ${shown(score)}`)
  if (zone !== undefined) parts.push(`zone ${zone}`)
  if (health === 'unhealthy') parts.push(health)
  return parts.join(', ')
}

function leftOutText({ reason, detail, untilMs }: LeftOutRecord, atMs: number): string {
  const why = detail === undefined ? reason : `${reason}: ${detail}`
  return untilMs === undefined ? why : `${why}, for another ${shown(untilMs - atMs)} ms`
}

function andMore(count: number, what: string): string[] {
  return count > 0 ? [`  and ${count} more ${what}`] : []
}

function retryText({ failure, refused, delayMs = 0 }: RetryRecord): string {
  if (refused === undefined) return `retried after ${shown(delayMs)} ms: ${failure}`
  return `not retried, ${REFUSED[refused]}: ${failure}`
}

const REFUSED: Readonly<Record<NonNullable<RetryRecord['refused']>, string>> = {
  attempts: 'all attempts were made',
  'not repeatable': 'the request may not be sent twice',
  body: 'the body cannot be sent again',
  condition: 'this is not retried',
  'retry-after': 'the endpoint asks for a longer wait',
  budget: 'the budget is spent',
}

function hedgeText({ delayMs, refused }: HedgeRecord): string {
  return `${refused === undefined ? 'hedged' : 'not hedged, the budget is spent'}: no answer for ${shown(delayMs)} ms`
}

function cacheText(record: CacheRecord): string {
  const { cache, result, level, reason, stored, notStored, collapsed, ttlMs } = record
  const parts = [`cache ${cache}: ${result}${level === undefined ? '' : ` from ${level}`}, ${reason}`]
  if (ttlMs !== undefined) parts.push(`fresh for another ${shown(ttlMs)} ms`)
  if (collapsed) parts.push('waited for the answer to another request')
  else if (stored) parts.push('stored')
  if (notStored !== undefined) parts.push(`not stored: ${notStored}`)
  return parts.join(', ')
}

function endText({ result, status, grpcStatus, error, by, phase, detail, cause }: EndRecord): string[] {
  const grpc = grpcStatus === undefined ? '' : ` (grpc ${grpcStatus})`
  const what = `${result}${status === undefined ? '' : ` with ${status}`}${grpc}`
  return error === undefined ? [what] : [`${what}: ${error}`, ...whyText(by, phase, detail, cause)]
}

function whyText(
  by: EndedBy | undefined,
  phase: DecisionPhase | undefined,
  ...more: readonly (string | undefined)[]
): string[] {
  if (by === undefined || phase === undefined) return []
  return [[`by the ${by}, ${DURING[phase]}`, ...more.filter((it) => it !== undefined)].join(': ')]
}

const DURING: Readonly<Record<DecisionPhase, string>> = {
  filters: 'in the filters',
  limit: 'in the queue of a filter',
  queue: 'in the queue for a connection',
  connect: 'while connecting',
  request: 'while the request was sent',
  head: 'while its answer was awaited',
  backoff: 'before a retry',
  body: 'in the response',
  tunnel: 'in the tunnel',
}

/** Without the digits that say nothing. */
function shown(value: number): number {
  return Math.round(value * 1_000) / 1_000
}

/** One line, and nothing that a terminal obeys: parameters are the client's, and texts of errors may quote anyone. */
function printable(line: string): string {
  return line.replace(/\p{C}/gu, (it) => `\\u{${it.codePointAt(0)!.toString(16)}}`)
}
