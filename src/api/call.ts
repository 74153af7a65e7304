import type { Request, Response } from 'express';
import type { Recorded } from '../actors/kernel/ports/entities.js';
import type { Access } from './access/auth.js';
import type { Parameters } from './request/parameters.js';

/** Looks for what an earlier, unanswered request with the same `Idempotency-Key` has done to a stream. */
export type EarlierEffect = (stream: string) => Promise<Recorded | undefined>;

/** A request on its way to a handler: authenticated, within its limits, and checked against the contract. */
export interface PublicCall {
  readonly request: Request;
  readonly response: Response;
  readonly requestId: string;
  readonly parameters: Parameters;
  /** As the contract allows it; `undefined` when an optional body is absent. */
  readonly body: unknown;
  /** Media type to answer with; `undefined` where the operation has no body to answer. */
  readonly answer: string | undefined;
  /** Who calls, on operations that ask for no token too when a good one was sent. */
  readonly access: Access | undefined;
  /** Present when the request may be a repeat: what it asks for is done only where this finds nothing. */
  readonly earlier?: EarlierEffect | undefined;
}

export interface Call extends PublicCall {
  readonly access: Access;
}

/** Answers operations that ask for a token, by `operationId`. */
export type Handlers = Readonly<Record<string, (call: Call) => Promise<void> | void>>;
/** Answers operations that ask for none. */
export type PublicHandlers = Readonly<Record<string, (call: PublicCall) => Promise<void> | void>>;

/** @param name of a text parameter that the contract requires or has checked */
export function textParameter(call: PublicCall, name: string): string {
  return (call.parameters as Readonly<Record<string, string>>)[name] ?? '';
}

export function sendJson(call: PublicCall, status: number, body: object): void {
  call.response.status(status).type('application/json').send(JSON.stringify(body));
}
