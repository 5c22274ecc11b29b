import type { Clock } from '../core/clock.ts'
import type { EndpointOptions } from '../pool/endpoint-spec.ts'
import { boundedAsk } from './bounded-ask.ts'
import type { DnsSettings } from './dns-options.ts'
import { endpointUrl, isAddress, isHostName, isPort } from './endpoint-url.ts'
import type { AddressRecord, NameService, ServiceRecord } from './name-service.ts'

/** So many questions are under way at a time. */
const AT_ONCE = 16

/** More than any pool takes: what leads to more fills no memory. */
const MAX_ADDRESSES = 20_000

/** What one look has found. */
export interface DnsLook {
  readonly endpoints: readonly EndpointOptions[]
  /** How long it holds; `undefined` where no record tells. */
  readonly ttlMs: number | undefined
  /** What was not answered: the last answer to it counts on. */
  readonly unanswered: Error | undefined
}

/** Where a name leads to: one of its services, or the host itself. */
interface Place {
  readonly host: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

/** Asks what the options say, and remembers what was answered to each question, for when it is not. */
export class DnsAnswers {
  readonly #settings: DnsSettings
  readonly #clock: Clock
  readonly #signal: AbortSignal
  /** By name and family. Those that the last look has asked for. */
  #known = new Map<string, readonly AddressRecord[]>()

  constructor(settings: DnsSettings, signal: AbortSignal, clock: Clock) {
    this.#settings = settings
    this.#signal = signal
    this.#clock = clock
  }

  /** Rejects where nothing is answered at all. */
  async look(): Promise<DnsLook> {
    const { subject, families } = this.#settings
    const times: number[] = []
    const note = ({ ttlMs }: { readonly ttlMs?: number | undefined }): void => {
      if (ttlMs !== undefined && ttlMs >= 0) times.push(ttlMs)
    }
    let places: readonly Place[]
    if (subject.kind === 'host') places = [{ host: subject.host, port: subject.port, priority: 0, weight: 1 }]
    else {
      const records = await this.#ask(subject.name, (it, signal) => it.services(subject.name, signal))
      records.forEach(note)
      places = records.filter(({ host }) => host !== '.' && host !== '').map(placeOf)
    }
    // 1. Each name once, however many places are there.
    const names = [...new Set(places.map(({ host }) => host))]
    const questions = names.flatMap((name) => families.map((family) => ({ name, family })))
    const known = new Map<string, readonly AddressRecord[]>()
    let unanswered: Error | undefined
    let answered = 0
    let addressCount = 0
    await eachOf(questions, async ({ name, family }) => {
      const key = `${family} ${name}`
      try {
        const records = await this.#ask(name, (it, signal) => it.addresses(name, family, signal))
        for (const { address } of records) checkAddress(name, address, family)
        records.forEach(note)
        addressCount += records.length
        if (addressCount <= MAX_ADDRESSES) known.set(key, records)
        answered++
      } catch (error) {
        unanswered ??= error as Error
        const before = this.#known.get(key)
        if (before !== undefined) known.set(key, before)
      }
    })
    if (addressCount > MAX_ADDRESSES) throw tooMany()
    if (unanswered !== undefined && answered === 0) throw unanswered
    this.#known = known
    // 2. What the places come to.
    const endpoints = new Map<string, EndpointOptions>()
    for (const place of places) {
      const addresses = families.flatMap((family) => known.get(`${family} ${place.host}`) ?? [])
      for (const { address } of addresses)
        this.#add(endpoints, place, address, place.weight / addresses.length)
      if (endpoints.size > MAX_ADDRESSES) throw tooMany()
    }
    const ttlMs = times.length === 0 ? undefined : Math.min(...times)
    return { endpoints: [...endpoints.values()], ttlMs, unanswered }
  }

  /** An address that several names lead to is one endpoint, with what all of them give it in the first tier that it is of. */
  #add(
    endpoints: Map<string, EndpointOptions>,
    { port, priority }: Place,
    address: string,
    weight: number,
  ): void {
    const url = endpointUrl(this.#settings.scheme, address, port)
    const before = endpoints.get(url)
    if (before === undefined || priority < before.priority!) endpoints.set(url, { url, weight, priority })
    else if (priority === before.priority)
      endpoints.set(url, { url, weight: before.weight! + weight, priority })
  }

  #ask<T>(
    name: string,
    ask: (names: NameService, signal: AbortSignal) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const { names, timeoutMs } = this.#settings
    return boundedAsk((signal) => ask(names, signal), name, timeoutMs, this.#signal, this.#clock)
  }
}

/** RFC 2782: what weighs nothing is still to get a little, beside those that weigh something. */
const LEAST_WEIGHT = 0.1

function placeOf({ host, port, priority, weight }: ServiceRecord): Place {
  const name = typeof host === 'string' ? host.replace(/\.$/, '') : host
  const fine = isHostName(name) && isPort(port) && isUint16(priority) && isUint16(weight)
  if (!fine) throw new Error('a service record makes no sense')
  return { host: name, port, priority, weight: weight === 0 ? LEAST_WEIGHT : weight }
}

function isUint16(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535
}

function checkAddress(name: string, address: string, family: 4 | 6): void {
  if (!isAddress(address, family)) throw new Error(`an address of ${name} is none`)
}

function tooMany(): Error {
  return new Error(`the name leads to more than ${MAX_ADDRESSES} addresses`)
}

async function eachOf<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE) await Promise.all(items.slice(at, at + AT_ONCE).map(run))
}
