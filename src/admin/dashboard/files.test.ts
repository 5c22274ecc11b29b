import { describe, expect, it } from 'vitest'
import { dashboardFile, dashboardPaths } from './files.ts'

const textOf = (path: string) => dashboardFile(path)!.bytes.toString()
const scripts = dashboardPaths().filter((path) => path.endsWith('.js'))

describe('dashboardFile', () => {
  it.each([
    ['/', 'text/html; charset=utf-8', '<!doctype html>'],
    ['/dashboard.css', 'text/css; charset=utf-8', 'color-scheme'],
    ['/dashboard.js', 'text/javascript; charset=utf-8', 'import'],
  ])('has %s', (path, contentType, text) => {
    expect(dashboardFile(path)!.contentType).toBe(contentType)
    expect(textOf(path)).toContain(text)
  })

  it.each(['', '/dashboard.html', '/dashboard/', '/../files.ts', '/tsconfig.json', '/constructor', '//'])(
    'has no %j',
    (path) => {
      expect(dashboardFile(path)).toBeUndefined()
    },
  )

  it('has whatever its files import', () => {
    expect(scripts.length).toBeGreaterThan(20)
    const missing = scripts.flatMap((path) =>
      [...textOf(path).matchAll(/^import .* from '(.*)'$/gm)]
        .map(([, specifier]) => new URL(specifier!, `http://a${path}`).pathname)
        .filter((target) => dashboardFile(target) === undefined)
        .map((target) => `${path} imports ${target}`),
    )
    expect(missing).toEqual([])
  })

  it('asks nobody else for anything, and has nothing inline', () => {
    for (const path of dashboardPaths())
      expect(textOf(path).match(/\b(?:https?:)?\/\/(?!www\.w3\.org\/)[\w-]+\.\w/)).toBeNull()
    expect(textOf('/')).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:/i)
  })

  it('puts text into the page as text alone', () => {
    for (const path of scripts)
      expect(textOf(path)).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/)
  })
})
