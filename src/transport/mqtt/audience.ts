import { watchSubscribers } from './aedes-internals.js';
import type { Route } from './routes.js';
import type { Aedes } from 'aedes';

/** Who might hear a message. Almost all telemetry is heard by nobody but the journal. */
export interface Audience {
  /** `false` only when surely nobody has subscribed: then neither fan-out nor offline queues need to be asked (bench `ingest`). */
  hears(route: Route): boolean;
  /** Stored subscriptions have changed. */
  changed(): void;
}

/**
 * Verdicts are kept in the routes, each with the version of all subscriptions that it was found at; any change makes all of
 * them void. A SUBACK goes out after the change, so that a device misses nothing that comes behind it.
 *
 * @param stored sessions that would get a message on this topic, sleeping ones included
 */
export function createAudience(stored: (topic: string) => Promise<readonly unknown[]>): Audience & {
  /** From then on live subscribers are known. */
  attach(broker: Aedes): void;
} {
  let version = 0;
  let isLive: (topic: string) => boolean = () => true;
  const changed = (): void => void (version += 1);

  return {
    changed,
    attach(broker) {
      isLive = watchSubscribers(broker, changed);
    },
    hears(route) {
      if (route.heardAsOf === version) return route.heard;
      const asOf = version;
      route.heardAsOf = asOf;
      // Until the opposite is known.
      route.heard = true;
      if (!isLive(route.internalTopic)) {
        stored(route.internalTopic).then(
          (sessions) => {
            if (route.heardAsOf === asOf && sessions.length === 0) route.heard = false;
          },
          () => undefined,
        );
      }
      return true;
    },
  };
}
