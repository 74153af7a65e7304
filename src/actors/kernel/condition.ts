import { Environment, type ASTNode } from '@marcbachmann/cel-js';
import { nearestName } from './nearest-name.js';

/** CEL types of the members of what a condition is about. Numbers from JSON are `double`, whole ones too. */
export type ConditionMembers = Readonly<
  Record<string, 'string' | 'double' | 'bool' | 'list<string>' | 'map' | 'google.protobuf.Timestamp'>
>;

/** A CEL condition that was checked once and may be asked often. */
export interface Condition {
  /** What can not be evaluated (a member that is not there, a value of another type) does not match. */
  matches(subject: Readonly<Record<string, unknown>>): boolean;
}

export type CompiledCondition =
  { readonly ok: true; readonly condition: Condition } | { readonly ok: false; readonly detail: string };

const MAX_TEXT = 4 * 1024;
const MAX_LIST = 100;
const MAX_STRING = 1024;
/** The library's own limits are of the text; what a condition costs is bounded by `refusedPart` and `isSmall` (SEC-103). */
const LIMITS = {
  maxAstNodes: 100,
  maxDepth: 20,
  maxListElements: MAX_LIST,
  maxMapEntries: MAX_LIST,
  maxCallArguments: 8,
};

const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter', 'bind']);
/** `matches` is JavaScript's backtracking RegExp, which can block for minutes; the others make lists beyond every limit (SEC-102). */
const REFUSED: ReadonlySet<string> = new Set(['matches', 'split', 'join', 'json', 'format', 'replace']);

/**
 * Checks and compiles a condition: names, types, and a bound of what it can cost before it runs, since a running one can not
 * be stopped (SEC-100 to SEC-103).
 * @param subject name by which the condition speaks of it: `device`, `event`
 */
export function createConditionCompiler(
  subject: string,
  members: ConditionMembers,
): (text: string) => CompiledCondition {
  const environment = new Environment({ limits: LIMITS }).registerVariable({ name: subject, schema: { ...members } });
  return (text) => {
    if (text.length > MAX_TEXT) return refused(`A condition has at most ${MAX_TEXT} characters.`);
    try {
      const check = environment.check(text);
      if (!check.valid) return refused(sentenceOf(check.error, subject, Object.keys(members)) + columnOf(check.error));
      if (check.type !== 'bool' && check.type !== 'dyn') return refused('A condition is true or false.');
      const program = environment.parse(text);
      const part = refusedPart(program.ast, false);
      if (part !== undefined) return refused(part);
      return { ok: true, condition: { matches: (value) => holds(program, subject, value) } };
    } catch (error) {
      return refused(sentenceOf(error, subject, Object.keys(members)) + columnOf(error));
    }
  };
}

function holds(
  program: (values: Record<string, unknown>) => unknown,
  subject: string,
  value: Readonly<Record<string, unknown>>,
): boolean {
  if (!isSmall(value)) return false;
  try {
    return program({ [subject]: value }) === true;
  } catch {
    return false; // a member that is missing, or of another type
  }
}

/** The first part that may not stand in a condition, as a sentence. */
function refusedPart(node: ASTNode, inMacro: boolean): string | undefined {
  const { op, args } = node as { readonly op: string; readonly args: unknown };
  const name = (op === 'call' || op === 'rcall') && Array.isArray(args) ? String(args[0]) : undefined;
  if (name !== undefined && REFUSED.has(name)) return `The function ${name} may not be used.`;
  const isMacro = op === 'rcall' && name !== undefined && MACROS.has(name);
  if (isMacro && inMacro) return `${name} may not stand within another macro.`;
  if (op === '+' && inMacro) return '+ may not stand within a macro.';
  return firstOf(args, (child) => refusedPart(child, inMacro || isMacro));
}

function firstOf(value: unknown, look: (node: ASTNode) => string | undefined): string | undefined {
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = firstOf(item, look);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return typeof value === 'object' && value !== null && 'op' in value ? look(value as ASTNode) : undefined;
}

/** Whether no list and no string is so long that reading it takes long. */
function isSmall(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= MAX_STRING;
  if (typeof value !== 'object' || value === null || value instanceof Date) return true;
  if (Array.isArray(value) && value.length > MAX_LIST) return false;
  return Object.values(value).every(isSmall);
}

/** The library's first line, with the nearest name for one that is unknown. */
function sentenceOf(error: unknown, subject: string, members: readonly string[]): string {
  const [line = ''] = (error instanceof Error ? error.message : '').split('\n');
  const variable = /^Unknown variable: (\w{1,64})$/.exec(line)?.[1];
  if (variable !== undefined) {
    const meant = members.includes(variable) ? `${subject}.${variable}` : subject;
    return `There is no ${variable}; did you mean ${meant}?`;
  }
  const member = /^No such key: (\w{1,64})$/.exec(line)?.[1];
  if (member === undefined) return `${line.slice(0, 200)}.`;
  const nearest = nearestName(member, members);
  return `There is no ${subject}.${member}${nearest === undefined ? '.' : `; did you mean ${subject}.${nearest}?`}`;
}

/** ` (column 7)`: where the library has found the fault, counted from 1 in the whole text. */
function columnOf(error: unknown): string {
  const { range } = error as { readonly range?: { readonly start: number } };
  return range === undefined ? '' : ` (column ${range.start + 1})`;
}

function refused(detail: string): CompiledCondition {
  return { ok: false, detail };
}
