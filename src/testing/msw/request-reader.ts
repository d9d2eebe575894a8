/** From a request to what the contract says of it: the inverse of `contract/request-encoder.ts`. */
import type { BaseUrl } from '../../contract/base-url.ts';
import { type Content, isContent, json } from '../../contract/content.ts';
import type { EndpointOptions } from '../../contract/endpoint-options.ts';
import type { Part } from '../../contract/errors.ts';
import { type ParameterPlace, resolveStyle } from '../../contract/parameter-style.ts';
import { decoderOf } from '../../contract/schema.ts';
import type { Checked, Issue } from '../../contract/standard-schema.ts';
import {
  type ParameterReader,
  parameterReader,
  type RawParameters,
  type StyleOf,
} from './parameter-reader.ts';
import { type PathMatcher, pathMatcher } from './path-matcher.ts';
import { hasContentType, readBody } from './read-body.ts';
import { cookiePairs, queryPairs, Unreadable } from './read-parameters.ts';

/** What of a request is not what the contract says. */
export interface Mismatch {
  readonly part: Part;
  readonly issues: readonly Issue[];
}

/** The groups of an input, decoded; only those that are declared. */
export type ReadGroups = { readonly [Group in ParameterPlace | 'body']?: unknown };

export type Reading =
  | { readonly groups: ReadGroups; readonly mismatches?: undefined }
  | { readonly mismatches: readonly Mismatch[]; readonly groups?: undefined };

const places: readonly ParameterPlace[] = ['params', 'query', 'headers', 'cookies'];

export class RequestReader {
  readonly #base: BaseUrl;
  readonly #matchPath: PathMatcher;
  readonly #readers: readonly (readonly [ParameterPlace, ParameterReader])[];
  readonly #content: Content | undefined;

  constructor(options: EndpointOptions, base: BaseUrl) {
    this.#base = base;
    this.#matchPath = pathMatcher(options.path, stylesIn('params', options));
    this.#readers = places.flatMap(place => {
      const schema = options[place];
      return schema ? [[place, parameterReader(place, schema, stylesIn(place, options))] as const] : [];
    });
    this.#content = options.body && (isContent(options.body) ? options.body : json(options.body));
  }

  /** Whether a request goes to this endpoint, as far as its URL says. */
  matches(url: URL): boolean {
    return this.#paramsIn(url) !== undefined;
  }

  async read(request: Request): Promise<Reading> {
    const url = new URL(request.url);
    const raw: RawParameters = {
      params: this.#paramsIn(url) ?? {},
      query: queryPairs(url.search.slice(1)),
      headers: request.headers,
      cookies: cookiePairs(request.headers.get('cookie') ?? ''),
    };
    const parts = this.#readers.map(([place, read]) => readPart(place, () => read(raw)));
    return collected(await Promise.all([...parts, this.#body(request)]));
  }

  #paramsIn({ origin, pathname }: URL): ReturnType<PathMatcher> {
    const { origin: own, path } = this.#base;
    if (origin !== own || !pathname.startsWith(`${path}/`)) return undefined;
    return this.#matchPath(pathname.slice(path.length));
  }

  async #body(request: Request): Promise<ReadPart | undefined> {
    const content = this.#content;
    if (!content) return undefined;
    if (content.schema && (await isEmpty(request))) {
      const nothing = await decoderOf(content.schema)(undefined);
      if (!nothing.issues) return { part: 'body', value: nothing.value };
    }
    if (hasContentType(request, content)) return readPart('body', () => readBody(request, content));
    const given = JSON.stringify(request.headers.get('content-type'));
    return {
      part: 'content-type',
      issues: [{ message: `should be ${content.type}, got ${given}`, path: [] }],
    };
  }
}

/** A request without a body may come with an empty one. */
const isEmpty = async (request: Request): Promise<boolean> =>
  request.headers.get('content-type') === null && (await request.clone().arrayBuffer()).byteLength === 0;

/** One part of a request: its value, or what is wrong with it. */
type ReadPart =
  | { readonly part: ParameterPlace | 'body'; readonly value: unknown; readonly issues?: undefined }
  | (Mismatch & { readonly value?: undefined });

async function readPart(
  part: ParameterPlace | 'body',
  read: () => Checked | Promise<Checked>,
): Promise<ReadPart> {
  try {
    return { part, ...(await read()) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { part, issues: [{ message: error.message, path: error.path }] };
  }
}

/** All that is wrong, so that a test need not be run again for each mistake. */
function collected(parts: readonly (ReadPart | undefined)[]): Reading {
  const mismatches = parts.filter((part): part is Mismatch & ReadPart => part?.issues !== undefined);
  if (mismatches.length > 0) return { mismatches: mismatches.map(({ part, issues }) => ({ part, issues })) };
  return { groups: Object.fromEntries(parts.flatMap(part => (part ? [[part.part, part.value]] : []))) };
}

function stylesIn(place: ParameterPlace, { styles }: EndpointOptions): StyleOf {
  const own = styles?.[place];
  return name => resolveStyle(place, own && Object.hasOwn(own, name) ? own[name] : undefined);
}
