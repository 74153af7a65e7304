import { loadContract, type Operation } from '../../../src/api/contract.js';
import { PASSWORD, type ApiUnderTest } from './api-under-test.js';

export const { operations, document } = loadContract();

interface Content {
  readonly examples?: Readonly<Record<string, { readonly value: object }>>;
}
interface DocumentedOperation {
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
}

/** The examples of an operation's body, in the order of the contract. */
export function examplesOf(operation: Operation): readonly { readonly name: string; readonly value: object }[] {
  const { paths } = document as { readonly paths: Record<string, Record<string, DocumentedOperation>> };
  const content = paths[operation.path]?.[operation.method]?.requestBody?.content ?? {};
  return Object.values(content).flatMap(({ examples = {} }) =>
    Object.entries(examples).map(([name, { value }]) => ({ name, value })),
  );
}

/** The examples of an operation's query parameters, as texts of a query. */
export function parameterExamplesOf(
  operation: Operation,
): readonly { readonly name: string; readonly value: string }[] {
  return operation.parameters.flatMap(({ name, in: place, example }) =>
    example === undefined || place !== 'query' ? [] : [{ name, value: [example].flat().join(',') }],
  );
}

/** Makes what the path of an operation names, under a device of its own, and answers the path. */
export async function preparePath(under: ApiUnderTest, operation: Operation, device: string): Promise<string> {
  const parts: Record<string, string> = { deviceId: device, code: 'DEVICE_NOT_FOUND', file: 'start.js' };
  const atDevice = operation.path.includes('{deviceId}');
  if (atDevice) await under.admin.post('/api/v1/devices', { id: device, attributes: { site: 'north' } });
  if (operation.path.includes('{fingerprint}')) {
    const issued = await under.admin.post(`/api/v1/devices/${device}/certificates`, { generateKey: true });
    parts['fingerprint'] = issued.body.fingerprint;
  }
  if (operation.path.includes('{tokenId}')) {
    const created = atDevice
      ? await under.admin.post(`/api/v1/devices/${device}/tokens`, {})
      : await under.admin.post('/api/v1/tokens', { role: 'viewer' });
    parts['tokenId'] = created.body.id;
  }
  if (operation.path.includes('{userName}')) {
    parts['userName'] = device.toLowerCase();
    const user = { name: parts['userName'], role: 'viewer', password: PASSWORD };
    await under.admin.post('/api/v1/users', user);
  }
  if (operation.path.includes('{sessionId}')) {
    const cookie = await under.signIn(device.toLowerCase(), 'viewer');
    parts['sessionId'] = (await under.asPage(cookie).get('/api/v1/sessions/current')).body.id;
  }
  return operation.path.replaceAll(/\{([A-Za-z]+)\}/g, (_all, name: string) => parts[name]!);
}
