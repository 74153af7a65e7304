import { rm } from 'node:fs/promises';

export default async function teardown() {
  const services = globalThis.fleetlogServices;
  if (!services) return;
  globalThis.fleetlogServices = undefined;
  for (const stop of services.stops.reverse()) await stop();
  await rm(services.folder, { recursive: true, force: true });
}
