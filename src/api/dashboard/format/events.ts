import type { JournalEvent } from '../data/live.js';
import { measured } from './numbers.js';

/** How an event looks on the rail, and what it says in one line. */
export interface EventDescription {
  /** `plain` data, `good` a device has come, `bad` something was refused or ended, `accent` somebody changed something. */
  readonly tone: 'plain' | 'good' | 'bad' | 'accent' | 'quiet';
  readonly title: string;
  readonly detail: string;
}

/** An event's one line. Whatever a device has sent stays text. */
export function describeEvent({ type, payload }: Pick<JournalEvent, 'type' | 'payload'>): EventDescription {
  const facts = payload as Readonly<Record<string, unknown>>;
  switch (type) {
    case 'TelemetryRecorded':
      return { tone: 'plain', title: 'telemetry', detail: valuesLine(facts['values']) };
    case 'MessageRejected':
      return { tone: 'bad', title: 'message rejected', detail: rejectionLine(facts) };
    case 'DeviceConnected':
      return {
        tone: 'good',
        title: 'connected',
        detail: `from ${text(facts['address'])}, session ${text(facts['sessionEpoch'])}`,
      };
    case 'DeviceDisconnected':
      return { tone: 'quiet', title: 'disconnected', detail: disconnectWords(text(facts['reason'])) };
    case 'DeviceEventRecorded':
      return { tone: 'plain', title: `device event ${text(facts['name'])}`, detail: brief(facts['body']) };
    case 'CertificateIssued':
    case 'CertificateRevoked':
      return {
        tone: 'accent',
        title: sentence(type),
        detail: shortFingerprint(text(facts['fingerprint'])) + reason(facts),
      };
    case 'CertificateExpiring':
    case 'PlatformCertificateExpiring':
      return {
        tone: 'bad',
        title: sentence(type),
        detail: `${shortFingerprint(text(facts['fingerprint']))}: less than ${text(facts['days'])} days left`,
      };
    case 'TokenIssued':
    case 'TokenRevoked':
      return {
        tone: 'accent',
        title: sentence(type),
        detail: text(facts['label'] ?? facts['tokenId']) + reason(facts),
      };
    case 'DeviceRegistered':
    case 'DeviceUpdated':
      return { tone: 'accent', title: sentence(type), detail: profileLine(facts['profile']) };
    case 'SessionStarted':
    case 'SessionEnded':
    case 'SignInFailed':
    case 'UserRegistered':
    case 'UserRoleChanged':
    case 'UserDisabled':
    case 'UserEnabled':
    case 'UserDeleted':
      return { tone: type === 'SignInFailed' ? 'bad' : 'accent', title: sentence(type), detail: userLine(facts) };
    default:
      return { tone: 'accent', title: sentence(type), detail: brief(payload) };
  }
}

/** `DeviceRegistered` → `device registered`. */
export function sentence(type: string): string {
  return type.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

/** The first eight digits tell certificates apart. */
function shortFingerprint(fingerprint: string): string {
  return fingerprint.slice(0, 8);
}

const DISCONNECTS: Readonly<Record<string, string>> = {
  CLIENT_DISCONNECT: 'said good-bye',
  CONNECTION_LOST: 'connection lost',
  KEEP_ALIVE_TIMEOUT: 'keep-alive missed',
  TAKEN_OVER: 'taken over by another connection',
  CREDENTIAL_REVOKED: 'credential revoked',
  CREDENTIAL_EXPIRED: 'credential expired',
  DEVICE_DISABLED: 'device disabled',
  DEVICE_DELETED: 'device deleted',
  PROTOCOL_ERROR: 'protocol error',
  PACKET_TOO_LARGE: 'packet too large',
  SLOW_CONSUMER: 'read too slowly',
  JOURNAL_STALLED: 'the journal stalled',
  SERVER_STOPPED: 'server stopped',
  SERVER_LOST: 'server lost',
};

/** Why a connection ended, in words. */
export function disconnectWords(reason: string): string {
  return DISCONNECTS[reason] ?? reason;
}

function valuesLine(values: unknown): string {
  if (typeof values !== 'object' || values === null) return '';
  return Object.entries(values)
    .map(([name, value]) => `${name} ${typeof value === 'number' ? measured(value) : brief(value)}`)
    .join(' · ');
}

function rejectionLine(facts: Readonly<Record<string, unknown>>): string {
  const pointer = text(facts['pointer']);
  return `${pointer === '' ? '' : `${pointer} `}${text(facts['detail'])} (${text(facts['code'])})`;
}

function profileLine(profile: unknown): string {
  const { type, name } = (profile ?? {}) as { readonly type?: unknown; readonly name?: unknown };
  return [text(type), text(name)].filter((part) => part !== '').join(', ');
}

/** Who, as what, from where. */
function userLine(facts: Readonly<Record<string, unknown>>): string {
  const { user, name, role, from, to, address } = facts;
  const change = from === undefined ? '' : `${text(from)} → ${text(to)}`;
  const origin = address === undefined ? '' : `from ${text(address)}`;
  return [text(user ?? name), text(role), change, origin].filter((part) => part !== '').join(', ') + reason(facts);
}

function reason(facts: Readonly<Record<string, unknown>>): string {
  return facts['reason'] === undefined ? '' : `: ${text(facts['reason'])}`;
}

const BRIEF = 160;

function brief(value: unknown): string {
  const whole = typeof value === 'string' ? value : ((JSON.stringify(value) as string | undefined) ?? '');
  return whole.length > BRIEF ? `${whole.slice(0, BRIEF)}…` : whole;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
