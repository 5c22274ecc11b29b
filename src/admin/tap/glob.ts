import type { Characters } from './characters.ts'

interface Part {
  readonly text: string
  /** Of each begin of the text: how long the longest begin is that it ends with, itself aside. */
  readonly overlaps: readonly number[]
}

/**
 * A pattern in which `*` stands for any text, also for none, and nothing else is special. A match reads each character at most
 * once (Knuth, Morris and Pratt, 1977), whatever the pattern and the text: one comes from whoever looks, the other one from
 * clients.
 */
export class Glob {
  readonly pattern: string
  readonly #first: string
  /** Behind the last `*`; `undefined` where there is none. */
  readonly #last: string | undefined
  readonly #between: readonly Part[]

  constructor(pattern: string) {
    const texts = pattern.split('*')
    this.pattern = pattern
    this.#first = texts[0]!
    this.#last = texts.length === 1 ? undefined : texts.at(-1)!
    this.#between = texts
      .slice(1, -1)
      .filter((text) => text !== '')
      .map((text) => ({ text, overlaps: overlapsOf(text) }))
  }

  matches(text: Pick<Characters, 'length' | 'charCodeAt'>): boolean {
    const first = this.#first
    const last = this.#last
    if (last === undefined) return text.length === first.length && standsAt(text, first, 0)
    const to = text.length - last.length
    if (to < first.length || !standsAt(text, first, 0) || !standsAt(text, last, to)) return false
    let from = first.length
    for (const part of this.#between) {
      from = endOf(part, text, from, to)
      if (from < 0) return false
    }
    return true
  }
}

function standsAt(text: Pick<Characters, 'charCodeAt'>, part: string, at: number): boolean {
  for (let i = 0; i < part.length; i++) if (text.charCodeAt(at + i) !== part.charCodeAt(i)) return false
  return true
}

/** Where the first of a part ends; -1 where there is none. */
function endOf(
  { text: part, overlaps }: Part,
  text: Pick<Characters, 'charCodeAt'>,
  from: number,
  to: number,
): number {
  let matched = 0
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    while (matched > 0 && part.charCodeAt(matched) !== code) matched = overlaps[matched - 1]!
    if (part.charCodeAt(matched) === code) matched++
    if (matched === part.length) return i + 1
  }
  return -1
}

function overlapsOf(text: string): readonly number[] {
  const overlaps = [0]
  let matched = 0
  for (let i = 1; i < text.length; i++) {
    while (matched > 0 && text[matched] !== text[i]) matched = overlaps[matched - 1]!
    if (text[matched] === text[i]) matched++
    overlaps.push(matched)
  }
  return overlaps
}
