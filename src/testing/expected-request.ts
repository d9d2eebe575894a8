/** What a test expects of a request, and how a request differs from it. */
import { type Check, type Checks, readOptions, requireObject, show } from '../pipeline/options.ts';
import { type Difference, written } from './assertion.ts';

/** What is left out is not looked at. */
export interface ExpectedRequest {
  readonly method?: string;
  /** The whole URL; from `/` on, its path and query; or a pattern for the whole URL. */
  readonly url?: string | URL | RegExp;
  /** Their values; `false` for one that must not be there. Others may be there too. */
  readonly headers?: Readonly<Record<string, string | RegExp | false>>;
  /** Text, a pattern for it, or anything else for the JSON that it has to be. */
  readonly body?: unknown;
}

const method: Check = (value, name) => {
  if (typeof value !== 'string') throw new TypeError(`\`${name}\` should be a text, got ${show(value)}.`);
};

const url: Check = (value, name) => {
  if (value instanceof URL || value instanceof RegExp) return;
  if (typeof value === 'string' && (value.startsWith('/') || URL.canParse(value))) return;
  throw new TypeError(
    `\`${name}\` should be a whole URL, a path from \`/\` on, or a pattern, got ${show(value)}.`,
  );
};

const headers: Check = (value, name) => {
  requireObject(value, name);
  for (const [header, expected] of Object.entries(value as object))
    if (typeof expected !== 'string' && !(expected instanceof RegExp) && expected !== false)
      throw new TypeError(
        `\`${name}.${header}\` should be a text, a pattern or \`false\`, got ${show(expected)}.`,
      );
};

const checks: Checks<ExpectedRequest> = { method, url, headers, body: () => {} };

/** @throws TypeError if no request could ever be it, or something of it would never be looked at. */
export const readExpected = (expected: ExpectedRequest): ExpectedRequest =>
  readOptions('expected', expected, checks, {});

export const describeExpected = ({ method, url }: ExpectedRequest): string =>
  `${method?.toUpperCase() ?? 'any method'} ${url === undefined ? 'of any URL' : shown(url)}`;

export const describeRequest = ({ method, url }: Request): string => `${method} ${url}`;

/** The body is read of a copy. */
export async function differences(request: Request, expected: ExpectedRequest): Promise<Difference[]> {
  const { method, url, headers = {}, body } = expected;
  const found: (Difference | undefined)[] = [
    method === undefined ? undefined : compare('method', method.toUpperCase(), request.method),
    url === undefined ? undefined : compareUrl(url, request.url),
    ...Object.entries(headers).map(([name, value]) => compareHeader(name, value, request.headers.get(name))),
  ];
  if (body !== undefined) found.push(compareBody(body, await request.clone().text()));
  return found.filter(difference => difference !== undefined);
}

function compareUrl(expected: string | URL | RegExp, actual: string): Difference | undefined {
  if (expected instanceof RegExp) return compare('url', expected, actual);
  const wanted = String(expected);
  if (!wanted.startsWith('/')) return compare('url', new URL(wanted).href, actual);
  const { pathname, search } = new URL(actual);
  return compare('url', wanted, pathname + search);
}

function compareHeader(
  name: string,
  expected: string | RegExp | false,
  actual: string | null,
): Difference | undefined {
  const of = `headers.${name}`;
  if (expected !== false)
    return actual === null
      ? { of, expected: shown(expected), actual: 'no such header' }
      : compare(of, expected, actual);
  return actual === null ? undefined : { of, expected: 'no such header', actual: shown(actual) };
}

function compareBody(expected: unknown, actual: string): Difference | undefined {
  if (typeof expected === 'string' || expected instanceof RegExp) return compare('body', expected, actual);
  return compare('body', written(expected), writtenAgain(actual), String);
}

/** JSON as {@link written} has it; anything else as it is. */
function writtenAgain(text: string): string {
  try {
    return written(JSON.parse(text));
  } catch {
    return shown(text);
  }
}

function compare(
  of: string,
  expected: string | RegExp,
  actual: string,
  show: (value: string | RegExp) => string = shown,
): Difference | undefined {
  const isSame = expected instanceof RegExp ? actual.search(expected) !== -1 : actual === expected;
  return isSame ? undefined : { of, expected: show(expected), actual: show(actual) };
}

function shown(value: string | URL | RegExp): string {
  const text = String(value);
  return typeof value === 'string' && !/^[\w/:?=&.%*-]+$/.test(text) ? JSON.stringify(text) : text;
}
