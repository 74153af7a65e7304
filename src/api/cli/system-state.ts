/** How far behind the journal a reader is in one shard. */
interface Lag {
  readonly shard: number;
  readonly lagEvents: number;
  readonly lagSeconds: number;
}

/** `GET /system/status`, as far as the command line looks into it. */
export interface SystemStatus {
  readonly version: string;
  readonly parts: Readonly<Record<string, Part>>;
  readonly waiting: {
    readonly commitGate: { readonly publishes: number; readonly oldestSeconds: number };
    readonly journal: { readonly events: number };
    readonly devices: { readonly recovering: number; readonly recoveriesWaiting: number };
    readonly connections: { readonly open: number; readonly unread: Readonly<Record<string, number>> };
  };
  readonly shards: readonly (Lag & { readonly head: number; readonly relayed: number })[];
  readonly relay: { readonly state: string; readonly reason?: string };
  readonly subscriptions: readonly {
    readonly name: string;
    readonly state: string;
    readonly reason?: string;
    readonly shards: readonly Lag[];
  }[];
  readonly quarantined: readonly { readonly stream: string; readonly detail: string }[];
  readonly storage: { readonly postgres: string; readonly schema: number; readonly latencySeconds: number };
}

/** Of `/readyz` and `/system/status`. */
export interface Part {
  readonly state: 'ok' | 'degraded' | 'down';
  readonly reason?: string;
}

/** `GET /system/activity`. */
export interface SystemActivity {
  readonly events: readonly number[];
  readonly commitGate: { readonly p50Seconds: number; readonly p99Seconds: number; readonly publishes: number } | null;
  readonly devices: Readonly<Record<'total' | 'online' | 'offline' | 'neverSeen' | 'disabled', number>>;
  readonly rejections: readonly { readonly device: string; readonly count: number; readonly detail: string }[];
  readonly disconnections: readonly { readonly reason: string; readonly count: number }[];
}
