import { availableParallelism } from 'node:os';

// Three levels, told apart by the suffix of the file. Unit tests need nothing outside the process; integration and
// end-to-end tests share one real Postgres and one real Kafka, started by the global set-up and stopped by the tear-down.
const shared = {
  rootDir: import.meta.dirname,
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: 'test/tsconfig.json', diagnostics: false }],
  },
  testEnvironment: '<rootDir>/test/support/leak-environment.js',
};
const withServices = {
  globalSetup: './test/support/global-setup.js',
  globalTeardown: './test/support/global-teardown.js',
};

export default {
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/test/**/*.unit.test.ts'] },
    { ...shared, ...withServices, displayName: 'int', testMatch: ['<rootDir>/test/**/*.int.test.ts'] },
    { ...shared, ...withServices, displayName: 'e2e', testMatch: ['<rootDir>/test/**/*.e2e.test.ts'] },
  ],
  testTimeout: 30_000,
  // Most of the time is spent in waiting for servers and browsers, so that two files at once suit even two cores.
  maxWorkers: Math.max(2, availableParallelism() - 1),
};
