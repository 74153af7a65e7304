import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { Response } from 'express';
import { FleetlogError } from '../../actors/kernel/errors.js';
import type { IdempotencyStore, KeyedRequest } from '../../actors/kernel/ports/idempotency.js';
import type { Journal } from '../../actors/kernel/ports/journal.js';
import type { Logger } from '../../actors/kernel/ports/surroundings.js';
import type { EarlierEffect, PublicCall } from '../call.js';
import { findEffect } from './journaled-effect.js';
import { Refusal } from '../problem.js';
import type { SessionCookie } from '../access/session-cookie.js';

export interface IdempotencyOptions {
  readonly idempotency: IdempotencyStore;
  readonly journal: Pick<Journal, 'readStream'>;
  readonly cookie: Pick<SessionCookie, 'read'>;
  readonly logger: Logger;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Headers that belong to an answer and not to the way that it went. */
const KEPT_HEADERS = ['Content-Type', 'Location', 'ETag', 'Fleetlog-Sequence', 'Fleetlog-Position'] as const;

/**
 * Runs a POST with an `Idempotency-Key` once (SEC-84): the answer is stored before it is sent, a repeat gets it again, and a
 * repeat of one that ended without an answer is run with the means to find out what that one has done. What is stored can be
 * read with the caller's credential alone, because answers hold tokens.
 * @throws FleetlogError `IDEMPOTENCY_KEY_REUSED`, Refusal `IDEMPOTENCY_IN_PROGRESS`
 */
export async function runOnce(
  options: IdempotencyOptions,
  call: PublicCall,
  key: string,
  run: (call: PublicCall) => Promise<void> | void,
): Promise<void> {
  const { request, response, access } = call;
  if (access === undefined) return run(call);
  const name = `${request.method} ${request.path} ${key}`;
  const seal = sealOf(request.get('authorization') ?? options.cookie.read(request) ?? '', name);
  const { tenant, principal } = access.origin;
  const keyed: KeyedRequest = {
    ...{ tenant, principal, request: createHash('sha256').update(name).digest('hex') },
    bodyTag: createHmac('sha256', seal)
      .update(JSON.stringify(call.body ?? null))
      .digest('hex'),
  };
  const state = await options.idempotency.begin(keyed);
  switch (state.kind) {
    case 'running':
      throw new Refusal('IDEMPOTENCY_IN_PROGRESS', 'The first request with this key is still running.', {
        headers: { 'Retry-After': '1' },
      });
    case 'reused':
      throw new FleetlogError(
        'IDEMPOTENCY_KEY_REUSED',
        'The key came with another body, or under another credential.',
        {
          pointer: 'Idempotency-Key',
        },
      );
    case 'answered':
      replay(response, unsealed(seal, state.answer));
      return;
    case 'new':
    case 'unknown': {
      keepAnswer(response, async (answer) => {
        // A fault says nothing about the effect: a repeat has to find out.
        const kept = answer.status >= 500 || answer.status === 429 ? undefined : sealed(seal, answer);
        await options.idempotency.finish(keyed, kept).catch((error: unknown) => {
          options.logger.warn({ requestId: call.requestId, err: error }, 'An answer could not be kept for a repeat');
        });
      });
      const origin = { ...access.origin, idempotencyKey: name };
      const earlier: EarlierEffect | undefined =
        state.kind === 'new' ? undefined : (stream) => findEffect(options.journal, stream, name, state.startedAt);
      try {
        await run({ ...call, access: { ...access, origin }, earlier });
      } catch (error) {
        if (response.headersSent) await options.idempotency.finish(keyed, undefined); // it breaks off, and never ends
        throw error;
      }
    }
  }
}

/** Lets the answer go when `keep` has it. Every answer of the API ends with one `end`. */
function keepAnswer(response: Response, keep: (answer: Answer) => Promise<void>): void {
  const end = response.end.bind(response) as (chunk?: unknown, encoding?: unknown) => Response;
  const keepAndEnd = (chunk?: unknown, encoding?: unknown): Response => {
    const headers = KEPT_HEADERS.flatMap((name) => {
      const value = response.get(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    const body = typeof chunk === 'string' || Buffer.isBuffer(chunk) ? chunk.toString() : '';
    void keep({ status: response.statusCode, headers: Object.fromEntries(headers), body }).then(() =>
      end(chunk, encoding),
    );
    return response;
  };
  response.end = keepAndEnd as Response['end'];
}

function replay(response: Response, { status, headers, body }: Answer): void {
  response.status(status).set(headers).set('Idempotency-Replayed', 'true').end(body);
}

/** The credential is no secret to its holder and nowhere on the server but as a hash of another kind. */
function sealOf(credential: string, name: string): Buffer {
  return Buffer.from(hkdfSync('sha256', credential, '', `fleetlog idempotency ${name}`, 32));
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM: nonce, tag, text. */
function sealed(seal: Buffer, answer: Answer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', seal, nonce);
  const text = Buffer.concat([cipher.update(JSON.stringify(answer), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

function unsealed(seal: Buffer, bytes: Buffer): Answer {
  const decipher = createDecipheriv('aes-256-gcm', seal, bytes.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  return JSON.parse(text.toString()) as Answer;
}
