import type { Request, Response } from 'express';

/** 32 random bytes in base64url. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/**
 * The session cookie (SEC-76): `__Host-fleetlog` is bound by the browser to this host, this path and to HTTPS. Browsers take no
 * `Secure` cookie over plain HTTP, so on loopback without TLS its name is `fleetlog`.
 */
export interface SessionCookie {
  /** The secret that the request carries. */
  read(request: Request): string | undefined;
  set(response: Response, secret: string, lifeMs: number): void;
  clear(response: Response): void;
}

/** @param loopback whether the server listens on loopback alone */
export function createSessionCookie(loopback: boolean): SessionCookie {
  const styleOf = (request: Request): { readonly name: string; readonly secure: boolean } =>
    loopback && !request.secure ? { name: 'fleetlog', secure: false } : { name: '__Host-fleetlog', secure: true };
  const write = (response: Response, secret: string, maxAge: number): void => {
    const { name, secure } = styleOf(response.req);
    response.cookie(name, secret, { path: '/', httpOnly: true, sameSite: 'strict', secure, maxAge });
  };
  return {
    read(request) {
      const { name } = styleOf(request);
      const found = (request.headers.cookie ?? '')
        .split(';')
        .map((pair) => pair.trim())
        .filter((pair) => pair.startsWith(`${name}=`));
      const [secret] = found.map((pair) => pair.slice(name.length + 1));
      // Two of one name are the mark of a cookie that somebody else has set: neither counts.
      return found.length === 1 && secret !== undefined && SECRET.test(secret) ? secret : undefined;
    },
    set: (response, secret, lifeMs) => write(response, secret, lifeMs),
    clear: (response) => write(response, '', 0),
  };
}
