// Fleetlog's REST as a benchmark uses it: by the first admin's token, patient with its limits.

const AT_ONCE = 16;

/** @param ready message of a started Fleetlog @returns a function that answers the response, or throws unless it is a success */
export function restOf(ready) {
  return async function call(method, path, body, accept = 'application/json') {
    for (;;) {
      const response = await fetch(`${ready.url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${ready.token}`,
          accept,
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      if (response.ok) return response;
      const text = await response.text();
      if (response.status !== 429) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 1000 * Number(response.headers.get('retry-after') ?? 1)));
    }
  };
}

/** Registers `count` devices with a token each. @returns {Promise<{ clientId, topic, username, password }[]>} for the generator */
export async function registerDevices(call, count, prefix = 'bench') {
  const devices = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const number = next++;
      const id = `${prefix}-${number}`;
      await call('POST', '/devices', { id });
      const { token } = await (await call('POST', `/devices/${id}/tokens`, {})).json();
      devices[number] = { clientId: id, topic: `devices/${id}/telemetry`, username: id, password: token };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return devices;
}

/** Events of the journal that are not in Kafka yet, over all shards. */
export async function relayLag(call) {
  const status = await (await call('GET', '/system/status')).json();
  return status.shards.reduce((sum, { lagEvents }) => sum + lagEvents, 0);
}
