import { spawnSync } from 'node:child_process'

/** System tools, all Debian packages, and how each one tells its version. */
const TOOLS = {
  nginx: { debian: 'nginx-light', arguments: ['-v'] },
  haproxy: { debian: 'haproxy', arguments: ['-v'] },
  wrk: { debian: 'wrk', arguments: ['-v'] },
  h2load: { debian: 'nghttp2-client', arguments: ['--version'] },
  varnishd: { debian: 'varnish', arguments: ['-V'] },
  taskset: { debian: 'util-linux', arguments: ['--version'] },
} as const

export type Tool = keyof typeof TOOLS

const answers = new Map<Tool, string | undefined>()

/** The sentence that says how to install it, or undefined when it is there. */
export function missingTool(tool: Tool): string | undefined {
  if (ask(tool) !== undefined) return undefined
  return `${tool} is missing: apt-get install ${TOOLS[tool].debian}`
}

export function versionOf(tool: Tool): string {
  return ask(tool) ?? 'missing'
}

function ask(tool: Tool): string | undefined {
  if (!answers.has(tool)) {
    // wrk ends with 1 after it has told its version, nginx writes it to stderr: only "not found" counts.
    const { error, stdout, stderr } = spawnSync(tool, TOOLS[tool].arguments, { encoding: 'utf8' })
    const said = `${stdout}${stderr}`
    answers.set(tool, error ? undefined : (/\d+\.\d+[\w.+~-]*/.exec(said)?.[0] ?? 'unknown'))
  }
  return answers.get(tool)
}
