import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { virtualClock } from '../testing/virtual-clock.ts'
import { importModule } from './import-module.ts'

function urlOf(code: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatewright-import-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'code.mjs'), code)
  return pathToFileURL(join(folder, 'code.mjs')).href
}

it('importModule gives what a module exports, and leaves nothing behind', async () => {
  const clock = virtualClock()
  expect(await importModule(urlOf('export const answer = 42'), clock)).toMatchObject({ answer: 42 })
  expect(clock.pending).toBe(0)
})

it.each([
  ['that waits for ever', 'await new Promise(() => {})'],
  ['that is taken for a promise', 'export function then() {}'],
])('importModule gives up on one %s', async (_, code) => {
  const clock = virtualClock()
  const imported = expect(importModule(urlOf(code), clock)).rejects.toThrow('its code still waits')
  await clock.advance(30_000)
  await imported
  expect(clock.pending).toBe(0)
})
