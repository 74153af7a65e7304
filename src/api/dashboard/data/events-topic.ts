import { useEffect } from 'preact/hooks';
import { signal } from '@preact/signals';
import { get } from './client.js';

/** It stays the same as long as the server runs. */
const topic = signal<string | undefined>(undefined);

/** Kafka's topic of the events, once it is known. */
export function useEventsTopic(): string | undefined {
  useEffect(() => {
    if (topic.peek() !== undefined) return;
    // Who can not be told the name still sees partition and position.
    get('/api/v1/system/status').then(
      ({ relay }) => (topic.value = relay.topic),
      () => undefined,
    );
  }, []);
  return topic.value;
}
