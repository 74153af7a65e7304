import { Refusal } from '../problem.js';
import type { PublicCall } from '../call.js';

/** The members of items that the caller has asked for, as the contract has checked them; `undefined` = all. */
export function fieldsOf(call: PublicCall): readonly string[] | undefined {
  return (call.parameters as { readonly fields?: readonly string[] }).fields;
}

/** The item with nothing but these members, in this order; a member that it does not have stays absent. */
export function withFields(item: object, fields: readonly string[] | undefined): object {
  if (fields === undefined) return item;
  const members = item as Readonly<Record<string, unknown>>;
  return Object.fromEntries(fields.flatMap((name) => (name in members ? [[name, members[name]]] : [])));
}

/** A table has its own columns. @throws Refusal `PARAMETER_INVALID` when a table is asked for with `fields` */
export function refuseFieldsOfTable(call: PublicCall): void {
  if (call.answer !== 'text/csv' || fieldsOf(call) === undefined) return;
  throw new Refusal('PARAMETER_INVALID', 'The parameter fields is for JSON; a table has all its columns.');
}
