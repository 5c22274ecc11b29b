import { AnsweringProxy, type AnsweringProxyOptions } from './answering-proxy.ts'
import { median } from './median.ts'

/**
 * The CPU time of an exchange through each of these proxies, in microseconds. They take turns, so that what the machine does
 * besides falls on all of them; the median of the rounds counts.
 */
export async function costsInTurns(
  variants: Readonly<Record<string, () => AnsweringProxyOptions>>,
  { exchanges, rounds }: { exchanges: number; rounds: number },
): Promise<ReadonlyMap<string, number>> {
  const worlds = await Promise.all(
    Object.entries(variants).map(async ([name, make]) => ({
      name,
      world: await AnsweringProxy.start(make()),
    })),
  )
  const costs = new Map<string, number[]>(worlds.map(({ name }) => [name, []]))
  try {
    for (const { world } of worlds) await world.cpuUsPerExchange(exchanges)
    for (let round = 0; round < rounds; round++)
      for (const { name, world } of worlds) costs.get(name)!.push(await world.cpuUsPerExchange(exchanges))
  } finally {
    for (const { world } of worlds) await world.close()
  }
  return new Map(Array.from(costs, ([name, all]) => [name, median(all)]))
}
