/** One method and path of an API, with the schemas of what goes in and what comes out. */
import { checkEndpoint } from './check-endpoint.ts';
import type { EndpointOptions, StatusRange } from './endpoint-options.ts';
import type { Decoded, Empty, PathNames, ResponsesOf, SuccessOf } from './infer.ts';

/** Marks an endpoint, also one that another copy of the package made. */
const brand = Symbol.for('holdfast.endpoint');

/** An endpoint as declared. */
export interface Endpoint<Options extends object = object> {
  readonly options: Options;
}

export const isEndpoint = (value: unknown): value is Endpoint<EndpointOptions> =>
  typeof value === 'object' && value !== null && brand in value;

/** What is wrong with options, found by the compiler: an unknown one, or a path that says other than `params`. */
type Mistakes<Options> = {
  readonly [Key in Exclude<keyof Options, keyof EndpointOptions>]: never;
} & PathMistake<Options> & {
    readonly responses: {
      readonly [Key in Exclude<
        keyof ResponsesOf<Options>,
        number | StatusRange | 'default'
      >]: 'A status, a range such as 5xx, or default';
    };
  };

/** A path that is only known when the program runs is looked at then. */
type PathMistake<Options> = Options extends { readonly path: infer Path extends string }
  ? Empty extends Record<Path, unknown>
    ? unknown
    : Options extends { readonly params: infer Params }
      ? SameNames<PathNames<Path>, keyof Decoded<Params> & string>
      : [PathNames<Path>] extends [never]
        ? unknown
        : { readonly params: `The path names {${PathNames<Path>}}, so there must be params` }
  : unknown;

/** Of an object that is open for further members, the compiler cannot tell. */
type SameNames<InPath extends string, InParams extends string> = string extends InParams
  ? unknown
  : [Exclude<InPath, InParams>, Exclude<InParams, InPath>] extends [never, never]
    ? unknown
    : [Exclude<InPath, InParams>] extends [never]
      ? { readonly params: `The path does not name {${Exclude<InParams, InPath>}}` }
      : { readonly params: `The path names {${Exclude<InPath, InParams>}}, which is missing here` };

/**
 * What the compiler is shown of the options. Schemas are no more than objects here: comparing each with the whole of
 * Standard Schema would take it long, and `endpoint()` looks at them anyway.
 */
interface Outline
  extends Omit<EndpointOptions, 'params' | 'query' | 'headers' | 'cookies' | 'body' | 'responses'> {
  readonly params?: object;
  readonly query?: object;
  readonly headers?: object;
  readonly cookies?: object;
  readonly body?: object;
  readonly responses: { readonly [Status in number | StatusRange | 'default']?: object | null };
}

/** Its type depends on the others', and so it is checked after them. */
interface FallbackOf<Options> {
  readonly fallback?: SuccessOf<Options> | ((error: Error) => SuccessOf<Options>);
}

/**
 * Declares an endpoint.
 *
 * @throws TypeError for a path that disagrees with `params`, a parameter that its style cannot write, a body that its
 * content cannot hold, and for any other mistake; the message begins with method and path.
 * @example
 * const getUser = endpoint({
 *   method: 'GET',
 *   path: '/users/{id}',
 *   params: z.object({ id: z.uuid() }),
 *   responses: { 200: User, 404: Problem },
 * });
 */
export function endpoint<const Options extends Outline>(
  options: Options & Mistakes<Options> & FallbackOf<Options>,
): Endpoint<Options> {
  checkEndpoint(options);
  return Object.freeze({ options: Object.freeze({ ...options }), [brand]: true });
}
