/**
 * The line of a stack that called into the kit: where a person would look. The stack is written out only when this is
 * asked.
 */
export function askedFrom({ stack }: Error): string {
  const lines = stack?.split('\n').slice(1) ?? []
  return lines.find((line) => !INSIDE.test(line))?.trim() ?? 'by the testing kit itself'
}

const INSIDE = /[/\\](?:src[/\\]testing|gatewright[/\\]dist)[/\\](?!.*\.test\.)|node:|<anonymous>/
