import { sendJson, type PublicCall } from '../call.js';
import { fieldsOf, withFields } from './fields.js';
import { linkNext } from './link.js';

/** Answers with a page of a list, its items as `fields` wants them. @param rest what the page tells beside its items */
export function sendPage(
  call: PublicCall,
  items: readonly object[],
  { next, ...rest }: { readonly next: string | null } & Readonly<Record<string, unknown>> = { next: null },
): void {
  linkNext(call, next);
  const fields = fieldsOf(call);
  sendJson(call, 200, { items: items.map((item) => withFields(item, fields)), next, ...rest });
}
