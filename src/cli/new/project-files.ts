import { PROXY_FILE, SERVICES_FILE, START_FILE, TEST_FILE } from './code-templates.ts'
import { CONFIG_FILE, CONFIG_SERVICES_FILE } from './config-templates.ts'
import { dockerfile } from './dockerfile.ts'
import { readme } from './readme.ts'

/** What a new project is to be. */
export interface Project {
  /** Checked: npm takes it. */
  readonly name: string
  /** Which gatewright it depends on, as npm takes it. */
  readonly gatewright: string
  /** `code`: a `proxy.ts`. `config`: a `gateway.yaml`. */
  readonly kind: 'code' | 'config'
}

/** The files of a new project, by name. */
export function projectFiles(project: Project): ReadonlyMap<string, string> {
  return new Map([
    ['package.json', packageJson(project)],
    ...(project.kind === 'code' ? CODE_FILES : CONFIG_FILES),
    ['Dockerfile', dockerfile(project)],
    ['.dockerignore', 'node_modules\n.git\n.env\n*.test.ts\nREADME.md\n'],
    ['.gitignore', 'node_modules/\n.env\n'],
    ['README.md', readme(project)],
  ])
}

const TSCONFIG = `{
  "compilerOptions": {
    "target": "es2024",
    "lib": ["es2024", "esnext.disposable"],
    "module": "nodenext",
    "types": ["node"],
    "strict": true,
    "skipLibCheck": true,
    "noEmit": true,
    "allowImportingTsExtensions": true,
    "verbatimModuleSyntax": true,
    "erasableSyntaxOnly": true
  },
  "include": ["*.ts"]
}
`

const CODE_FILES: readonly (readonly [name: string, text: string])[] = [
  ['proxy.ts', PROXY_FILE],
  ['services.ts', SERVICES_FILE],
  ['start.ts', START_FILE],
  ['proxy.test.ts', TEST_FILE],
  ['tsconfig.json', TSCONFIG],
]

const CONFIG_FILES: readonly (readonly [name: string, text: string])[] = [
  ['gateway.yaml', CONFIG_FILE],
  ['services.ts', CONFIG_SERVICES_FILE],
]

function packageJson({ name, gatewright, kind }: Project): string {
  const bench = 'gatewright bench http://127.0.0.1:8080/healthz --rate 1000'
  const manifest = {
    name,
    version: '0.0.0',
    private: true,
    type: 'module',
    engines: { node: '>=22.19.0' },
    ...(kind === 'code'
      ? {
          scripts: { start: 'node start.ts', test: 'vitest run', types: 'tsc', bench },
          dependencies: { gatewright },
          devDependencies: { '@types/node': '^24', typescript: '^7', vitest: '^5' },
        }
      : {
          scripts: {
            start: 'gatewright run gateway.yaml',
            test: 'gatewright check gateway.yaml',
            services: 'node services.ts',
            bench,
          },
          dependencies: { gatewright },
        }),
  }
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}
