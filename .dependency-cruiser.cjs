// Who may import whom: docs/explanation/architecture.md tells why. `npm run check` fails on the first arrow that is not here.
const only = (name, from, to, comment) => ({ name, comment, severity: 'error', from, to });

/** An npm package that one folder alone may import: the adapter that knows its traps. */
const adapter = (packageName, folder) =>
  only(
    `${packageName}-behind-its-adapter`,
    { path: '^src/', pathNot: `^src/${folder}` },
    { path: `^node_modules/${packageName}/` },
    `only src/${folder} imports ${packageName}`,
  );

module.exports = {
  forbidden: [
    only('no-cycles', {}, { circular: true }, 'a cycle hides who owns what'),
    only(
      'no-orphans',
      { orphan: true, path: '^src/', pathNot: '^src/main\\.ts$|\\.d\\.ts$' },
      {},
      'nothing imports it',
    ),
    only(
      'actors-know-no-outside',
      { path: '^src/actors/' },
      { path: '^src/(persistence|transport|api|edge|main|process|config|observability)' },
      'the domain knows no Postgres, Kafka, MQTT or HTTP',
    ),
    only(
      'kernel-knows-no-concept',
      { path: '^src/actors/kernel/' },
      { path: '^src/actors/(?!kernel/)' },
      'concepts stand on the kernel',
    ),
    only(
      'concepts-share-events-only',
      { path: '^src/actors/(?!kernel/)([^/]+)/' },
      { path: '^src/actors/(?!kernel/)', pathNot: ['^src/actors/$1/', '/events\\.ts$'] },
      "a concept imports another's events, never its actor",
    ),
    only(
      'persistence-stands-alone',
      { path: '^src/persistence/' },
      { path: '^src/(transport|api|edge|main|process|config|observability)' },
      'ports only',
    ),
    only(
      'transport-stands-alone',
      { path: '^src/transport/' },
      { path: '^src/(persistence|api|edge|main|process|config|observability)' },
      'ports only',
    ),
    only(
      'adapters-see-types-of-concepts',
      { path: '^src/(persistence|transport)/' },
      { path: '^src/actors/(?!kernel/)', dependencyTypesNot: ['type-only'] },
      'types of commands and events, no behaviour',
    ),
    only(
      'api-speaks-ports',
      { path: '^src/api/' },
      { path: '^src/(persistence|transport|main|config)' },
      'the composition root wires them',
    ),
    only(
      'dashboard-speaks-rest',
      { path: '^src/api/dashboard/' },
      { path: '^src/(?!api/dashboard/)' },
      'a browser has REST and nothing else',
    ),
    only(
      'clients-speak-protocols',
      { path: '^src/(api/cli|edge)/' },
      { path: '^src/(?!api/cli/|edge/)' },
      'REST and MQTT only',
    ),
    only(
      'servers-know-no-client',
      { path: '^src/(?!api/(cli|dashboard)/|edge/)' },
      { path: '^src/(api/(cli|dashboard)|edge)/' },
      'clients stand outside',
    ),
    adapter('nact', 'actors/kernel/'),
    adapter('@marcbachmann/cel-js', 'actors/kernel/'),
    ...['aedes', 'aedes-persistence', 'mqemitter', 'mqtt-packet', 'ws'].map((name) => adapter(name, 'transport/mqtt/')),
    adapter('kafkajs', 'transport/kafka/'),
    adapter('pg', 'persistence/'),
    adapter('node-forge', 'transport/pki/'),
    only(
      'no-development-package-in-source',
      { path: '^src/', pathNot: '^src/api/dashboard/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: '^node_modules/@types/' },
      'declare it',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
