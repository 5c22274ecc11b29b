/** Every flag of `gatewright new`, for the reader of its arguments. */
export const NEW_FLAGS = {
  config: { type: 'boolean', summary: 'with a gateway.yaml in place of a proxy.ts' },
  gatewright: {
    type: 'string',
    value: 'spec',
    summary: 'the gatewright that it depends on, as npm takes it; default the one that runs',
  },
} as const

/** The same, for usage texts and completion. */
export const NEW_OPTIONS: readonly {
  readonly name: string
  readonly summary: string
  readonly value?: string
}[] = Object.entries(NEW_FLAGS).map(([name, { summary, ...more }]) => ({
  name,
  summary,
  ...('value' in more ? { value: more.value } : {}),
}))
