import express, { type Request, type RequestHandler, type Response } from 'express';
import { FleetlogError } from '../../actors/kernel/errors.js';
import { readJson } from '../../actors/kernel/json.js';
import { checkBody, type RequestBody } from '../contract.js';
import { Refusal } from '../problem.js';

/** Bytes of a JSON body (security.md §1). */
const MAX_BODY_BYTES = 1024 * 1024;

const readRaw: RequestHandler = express.raw({ type: () => true, limit: MAX_BODY_BYTES, inflate: false });

/**
 * Reads the body of a request by what its operation declares.
 * @returns `undefined` when an optional body is absent
 * @throws FleetlogError `MEDIA_TYPE_UNSUPPORTED`, `PAYLOAD_TOO_LARGE`, `PAYLOAD_INVALID`
 */
export async function readBody(body: RequestBody | undefined, request: Request, response: Response): Promise<unknown> {
  if (!announcesBody(request)) {
    if (body?.required === true) refuseInvalid('The request has no body.', '');
    return undefined;
  }
  if (body === undefined) {
    throw new FleetlogError('MEDIA_TYPE_UNSUPPORTED', 'This address takes no body with this method.');
  }
  if (!isOneOf(request.get('content-type') ?? '', body.mediaTypes)) {
    throw new FleetlogError('MEDIA_TYPE_UNSUPPORTED', `The body must be ${body.mediaTypes.join(' or ')}.`);
  }
  await new Promise<void>((resolve, reject) => {
    void readRaw(request, response, (error: unknown) => {
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
  const bytes: unknown = request.body;
  const reading = readJson(Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0), { maxBytes: MAX_BODY_BYTES });
  if (!reading.ok) {
    if (reading.code === 'PAYLOAD_INVALID') refuseInvalid(reading.detail, reading.pointer ?? '');
    throw new FleetlogError(reading.code, reading.detail);
  }
  checkBody(body, reading.value);
  return reading.value;
}

function announcesBody(request: Request): boolean {
  const length = request.get('content-length');
  return request.get('transfer-encoding') !== undefined || (length !== undefined && length !== '0');
}

/** Compares without parameters; a `charset` other than UTF-8 is another type. */
function isOneOf(contentType: string, mediaTypes: readonly string[]): boolean {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith('charset='));
  return mediaTypes.includes(type.trim()) && (charset === undefined || /^charset="?utf-8"?$/.test(charset));
}

function refuseInvalid(message: string, pointer: string): never {
  throw new Refusal('PAYLOAD_INVALID', message, { errors: [{ pointer, code: 'PAYLOAD_INVALID', message }] });
}
