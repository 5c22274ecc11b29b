import type { Project } from './project-files.ts'

/** What a new project says of itself. */
export function readme(project: Project): string {
  const { name, kind, gatewright } = project
  const local = gatewright.startsWith('file:')
    ? `\nThe package comes from \`${gatewright}\`, which an image cannot see: put a version that a registry has into \`package.json\` first.\n`
    : ''
  return `# ${name}

A gateway by [Gatewright](https://www.npmjs.com/package/gatewright).

\`\`\`sh
npm install
npm test
${kind === 'code' ? '' : 'npm run services &   # stand-ins for services of yours\n'}npm start
curl -i http://127.0.0.1:8080/users/42
\`\`\`

${kind === 'code' ? CODE : CONFIG}
## In a container

\`\`\`sh
docker build -t ${name} .
docker run --rm --read-only -p 8080:8080 ${kind === 'code' ? '-e SERVICES=http://users-1:8080,http://users-2:8080' : '-e USERS_1=users-1:8080 -e USERS_2=users-2:8080'} ${name}
\`\`\`
${local}`
}

const CODE = `| | |
|---|---|
| \`proxy.ts\` | the gateway: its routes, its filters, its services |
| \`proxy.test.ts\` | its tests, with services in memory and virtual time |
| \`services.ts\` | stand-ins for services of yours; \`SERVICES=http://users-1:8080,http://users-2:8080 npm start\` has real ones |
| \`start.ts\` | starts both |

\`HOST\`, \`PORT\`, \`SERVICES\` and \`LOG\` (\`off\`) are read from the environment. \`npm run types\` checks the types, \`npm run bench\` puts a load on the
gateway that runs, and \`npx gatewright routes proxy.ts\` shows its routes.
`

const CONFIG = `| | |
|---|---|
| \`gateway.yaml\` | the gateway: its routes, its filters, its services. \`npm test\` checks it |
| \`services.ts\` | stand-ins for services of yours: \`npm run services\`, beside the gateway |

\`HOST\`, \`PORT\`, \`USERS_1\` and \`USERS_2\` are read from the environment. While it runs, the gateway follows \`gateway.yaml\`.
\`npm run bench\` puts a load on it.
`
