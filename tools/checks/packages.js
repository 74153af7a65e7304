// What may be installed: a step of `npm run check`.

/** SEC-100, SEC-160: never in the tree, not even through another package. */
const FORBIDDEN = [
  'vm2',
  'isolated-vm',
  'jsonata',
  'expr-eval',
  'multer',
  'lodash.merge',
  'lodash.set',
  'fast-json-patch',
];
/** SEC-160: least versions whose advisories are mended. */
const AT_LEAST = {
  aedes: '1.2.0',
  'mqtt-packet': '9.0.2',
  'aedes-persistence': '11.0.0',
  'node-forge': '1.4.3',
  express: '5.3.0',
  'body-parser': '2.3.0',
  qs: '6.16.0',
  'path-to-regexp': '8.4.0',
  ajv: '8.18.0',
  kafkajs: '2.2.4',
};
const EXACT = { kafkajs: '2.2.4', nact: '7.6.2', aedes: '1.2.0', mqemitter: '7.1.0' };
const EXACT_VERSION = /^\d+\.\d+\.\d+(-[\w.]+)?(\+[\w.]+)?$/;

/**
 * What is wrong with the packages of a lock file, a sentence each.
 * @param {{ packages: Record<string, { version?: string, resolved?: string, integrity?: string, dev?: boolean, hasInstallScript?: boolean }> }} lock
 *   package-lock.json
 * @param {{ allowScripts?: Record<string, boolean> }} manifest package.json
 * @returns {string[]}
 */
export function packageFaults(lock, manifest) {
  const installed = Object.entries(lock.packages).filter(([path]) => path !== '');
  return installed.flatMap(([path, entry]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return [
      ...(FORBIDDEN.includes(name) ? [`${path} is a forbidden package`] : []),
      ...(entry.resolved?.startsWith('http') ? [`${path} carries a download address; see .npmrc`] : []),
      ...(EXACT_VERSION.test(entry.version ?? '') && entry.integrity
        ? []
        : [`${path} is locked neither to a version nor to its hash`]),
      ...(entry.hasInstallScript && typeof manifest.allowScripts?.[name] !== 'boolean'
        ? [`${path} has an install script: say in "allowScripts" of package.json whether it may run`]
        : []),
      // A copy that only development packages use is theirs to mend.
      ...(AT_LEAST[name] && !entry.dev && older(entry.version, AT_LEAST[name])
        ? [`${path} ${entry.version} is older than ${AT_LEAST[name]}`]
        : []),
      ...(EXACT[name] && entry.version !== EXACT[name]
        ? [`${path} ${entry.version} must be exactly ${EXACT[name]}: its internals are used`]
        : []),
    ];
  });
}

function older(version, least) {
  const [a, b] = [version, least].map((text) => text.split('-')[0].split('.').map(Number));
  for (let i = 0; i < 3; i++) if (a[i] !== b[i]) return a[i] < b[i];
  return false;
}
