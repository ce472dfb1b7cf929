import { newComposeValues } from './compose-values.ts'

/** `npm run compose:env --silent > .env`: passwords and keys for docker-compose.yml, new each time. */
const lines = Object.entries(newComposeValues()).map(([name, value]) => `${name}=${value}\n`)
process.stdout.write(lines.join(''))
