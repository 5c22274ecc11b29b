import { describe, expect, test } from 'vitest'
import { pool } from '../pool/pool.ts'
import type { Compilable, Compiled } from '../transport/runtime.ts'
import type { CompiledTarget } from './compiled-targets.ts'
import { predecessors } from './predecessors.ts'

/** A pool `name` with endpoints of these hosts. */
function named(name: string, hosts = 'a'): Compilable {
  return pool(
    hosts.split(' ').map((host) => `http://${host}`),
    { name },
  )
}

/** Which of `served` each of `targets` goes on with, by their places: `0>1` is the first with the second. */
function found(served: readonly Compilable[], targets: readonly Compilable[]): string {
  const running = served.map(
    (target): CompiledTarget => ({ target, compiled: {} as Compiled, before: undefined, users: 1 }),
  )
  return [...predecessors(new Set(targets), running)]
    .map(([target, before]) => `${targets.indexOf(target)}>${running.indexOf(before)}`)
    .join(' ')
}

describe('predecessors', () => {
  const kept = named('users')

  test.each<[string, Compilable[], Compilable[], string]>([
    ['the one of its name', [named('a'), named('b')], [named('b'), named('a')], '0>1 1>0'],
    ['the one of its name, whatever its endpoints', [named('a', 'x y')], [named('a', 'y z')], '0>0'],
    ['none of another name', [named('a')], [named('b')], ''],
    ['none where two have the name now', [named('a')], [named('a', 'x'), named('a', 'y')], ''],
    ['none where two had the name', [named('a', 'x'), named('a', 'y')], [named('a', 'z')], ''],
    [
      'the one of its endpoints too, in whatever order, where several have the name',
      [named('a', 'x y'), named('a', 'z')],
      [named('a', 'z'), named('a', 'y x'), named('a', 'x')],
      '0>1 1>0',
    ],
    [
      'none where several have the name and the endpoints',
      [named('a', 'x'), named('a', 'x')],
      [named('a', 'x'), named('a', 'x')],
      '',
    ],
    ['none for one that is the same object', [kept], [kept], ''],
    ['none that goes on as the same object', [kept], [kept, named('users')], ''],
    [
      'none that goes on as the same object, by endpoints',
      [kept, named('users', 'z')],
      [kept, named('users')],
      '',
    ],
  ])('finds %s', (_, served, targets, expected) => {
    expect(found(served, targets)).toBe(expected)
  })

  test('finds those of sources by their names', () => {
    const source = () => pool(async function* () {}, { name: 's' })
    expect(found([source(), named('t')], [named('t'), source()])).toBe('0>1 1>0')
  })
})
