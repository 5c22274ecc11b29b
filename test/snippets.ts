import { globSync, readFileSync } from 'node:fs'
import { ROOT } from './source-scan.ts'

export interface Snippet {
  /** `docs/guides/filters.md:12`: the line of its fence. */
  readonly name: string
  /** The program, on the lines that it has on the page. */
  readonly code: string
}

export const PAGES: readonly string[] = [
  'README.md',
  ...globSync('docs/{guides,balancers,filters}/*.md', { cwd: ROOT }).sort(),
]

/**
 * The TypeScript snippets of a page: what stands in a fence marked `ts`. What readers can guess (imports, stand-ins for
 * their own services) may stand in a comment `<!-- ts ... -->` right before the fence, which is part of the program.
 */
export function snippetsOf(page: string, text: string = readFileSync(ROOT + page, 'utf8')): Snippet[] {
  const snippets: Snippet[] = []
  let where: 'text' | 'other fence' | 'preamble' | 'snippet' = 'text'
  let lines: string[] = []
  let from = 0
  for (const [at, line] of text.split('\n').entries()) {
    let code = ''
    switch (where) {
      case 'text':
        if (line === '<!-- ts') where = 'preamble'
        else if (line === '```ts') {
          where = 'snippet'
          from = at + 1
        } else if (line.startsWith('```')) where = 'other fence'
        else if (line.trim() !== '') lines = lines.map(() => '')
        break
      case 'preamble':
        if (line === '-->') where = 'text'
        else code = line
        break
      case 'snippet':
        if (line !== '```') code = line
        else {
          where = 'text'
          snippets.push({ name: `${page}:${from}`, code: onFreePort(`${lines.join('\n')}\n`) })
          lines = lines.map(() => '')
        }
        break
      case 'other fence':
        if (line === '```') where = 'text'
    }
    lines.push(code)
  }
  if (where !== 'text') throw new Error(`${page}: the ${where} at its end is not closed`)
  return snippets
}

/** The whole configurations of a page: what stands in a fence marked `yaml` and begins with `proxy:` or `include:`. */
export function configurationsOf(page: string, text: string = readFileSync(ROOT + page, 'utf8')): Snippet[] {
  return [...text.matchAll(/^```yaml\n((?:proxy|include):[\s\S]*?\n)```$/gm)].map(({ index, 1: code }) => ({
    name: `${page}:${text.slice(0, index).split('\n').length}`,
    code: code!,
  }))
}

/** Readers are shown ports 8080 and 8443; here, whatever is free. */
function onFreePort(code: string): string {
  return code.replace(/\.listen\(8080\)/g, '.listen(0)').replace(/\bport: (?:8080|8443)\b/g, 'port: 0')
}
