import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { diskStore } from '../../../src/cache/disk-store.ts'
import { type History, stepText, type Wanted } from './histories.ts'
import { KeptStore } from './kept-store.ts'
import { type Answer, httpDate, type Request } from './messages.ts'
import { ModelCache } from './model-cache.ts'
import { RealCache } from './real-cache.ts'
import { Service } from './service.ts'

const START = Date.UTC(2026, 10, 26, 12)

/** Fields of an answer that have to be the same; the others are passed on without being looked at. */
const COMPARED = [
  'age',
  'cache-control',
  'content-range',
  'content-type',
  'date',
  'etag',
  'last-modified',
  'location',
  'set-cookie',
  'vary',
  'x-answer',
]

/** Plays a history against the model and the real cache; the first difference as readable text, `undefined` where there is none. */
export async function difference(history: History): Promise<string | undefined> {
  const folder = history.store === 'disk' ? await mkdtemp(join(tmpdir(), 'gatewright-model-')) : undefined
  try {
    return await played(history, folder)
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true })
  }
}

async function played({ store, steps }: History, folder: string | undefined): Promise<string | undefined> {
  const ours = new Service(START)
  const theirs = new Service(START)
  const time = { now: START }
  const model = new ModelCache(time, (asked) => {
    time.now += theirs.delayMs(asked.target)
    return theirs.answer(asked, time.now)
  })
  const kept = new KeptStore()
  const stores = folder === undefined ? () => kept : () => diskStore({ path: folder })
  const real = new RealCache(START, ours, store === 'none' ? undefined : stores)
  const last = new Map<string, Answer>()
  const lines = store === 'none' ? [] : [`a cache with a store: ${store}`]
  for (const step of steps) {
    if (step.do !== 'ask') {
      lines.push(stepText(step))
      if (step.do === 'wait') {
        time.now += step.ms
        await real.wait(step.ms)
      }
      if (step.do === 'restart') {
        model.restart(store !== 'none')
        await real.restart()
      }
      for (const service of [ours, theirs]) {
        if (step.do === 'change') service.change(step.target, time.now)
        if (step.do === 'behave') service.behave(step.target, step.manner)
        if (step.do === 'trouble') service.trouble = step.trouble
      }
      continue
    }
    const request = resolved(step.request, last.get(step.request.target), time.now)
    lines.push(stepText({ do: 'ask', request: { ...request, ...dates(request) } as Wanted }))
    const asked = theirs.asked.length
    const expected = { answer: comparable(model.handle(request), store), asked: theirs.asked.slice(asked) }
    const answer = comparable(await real.handle(request), store)
    const got = { answer, asked: ours.asked.slice(asked) }
    if (!isDeepStrictEqual(got, expected) || real.clock.wallTime() !== time.now) {
      await real.close()
      return [...lines, `  the model: ${told(expected)}`, `  the cache: ${told(got)}`].join('\n')
    }
    last.set(request.target, answer)
    // Nobody could say which of two answers of one moment is the newer one.
    time.now++
    await real.wait(1)
  }
  await real.close()
  return undefined
}

function resolved(wanted: Wanted, last: Answer | undefined, now: number): Request {
  const { ifNoneMatch, ifModifiedSince, ifRange, ...rest } = wanted
  const tag = last?.fields.etag
  const date = last?.fields['last-modified']
  const request: Request = { ...rest }
  const none = ifNoneMatch === 'last' ? tag : ifNoneMatch
  if (none !== undefined) request.ifNoneMatch = none
  const since = ifModifiedSince === 'now' ? Math.floor(now / 1_000) * 1_000 : Date.parse(date ?? '')
  if (ifModifiedSince !== undefined && !Number.isNaN(since)) request.ifModifiedSince = since
  const range = ifRange === 'last tag' ? tag : ifRange === 'last date' ? Date.parse(date ?? '') : ifRange
  if (range !== undefined && !Number.isNaN(range)) request.ifRange = range
  return request
}

function dates({ ifModifiedSince, ifRange }: Request) {
  return {
    ...(ifModifiedSince !== undefined && { ifModifiedSince: httpDate(ifModifiedSince) }),
    ...(typeof ifRange === 'number' && { ifRange: httpDate(ifRange) }),
  }
}

function comparable({ status, body, fields }: Answer, store: History['store']): Answer {
  const boundary = /boundary=(\w+)/.exec(fields['content-type'] ?? '')?.[1]
  const plain = (text: string) => (boundary === undefined ? text : text.replaceAll(boundary, 'BOUNDARY'))
  const compared: Record<string, string> = {}
  for (const name of COMPARED) if (fields[name] !== undefined) compared[name] = plain(fields[name])
  const did = toldStatus(fields['cache-status'])
  // With a store behind it, a cache cannot say why nothing matched.
  if (did !== undefined)
    compared['cache-status'] = store === 'none' ? did : did.replace(/(uri|vary)-miss/, 'miss')
  return { status, body: plain(body), fields: compared }
}

/** What `Cache-Status` says, without words of our own, and without what kind of a miss it was. */
function toldStatus(member: string | undefined): string | undefined {
  return member
    ?.split('; ')
    .slice(1)
    .filter((parameter) => /^(hit|stored|(fwd|fwd-status|ttl)=.*)$/.test(parameter))
    .map((parameter) => parameter.replace(/=(uri|vary)-miss$/, '=miss'))
    .join('; ')
}

function told({
  answer: { status, body, fields },
  asked,
}: {
  answer: Answer
  asked: readonly object[]
}): string {
  const text = body.length > 40 ? `${body.slice(0, 25)}... (${body.length})` : body
  const questions =
    asked.length === 0 ? 'without asking' : `asking ${asked.map((it) => JSON.stringify(it)).join(', ')}`
  return `${status} ${JSON.stringify(text)} ${JSON.stringify(fields)}\n    ${questions}`
}
