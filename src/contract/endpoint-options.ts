/** What an endpoint is declared with, and nothing that acts. */
import type { CallPolicy } from '../policies/policy-options.ts';
import type { Content } from './content.ts';
import type { Pagination } from './pagination.ts';
import type { ParameterPlace, ParameterStyle } from './parameter-style.ts';
import type { SecurityRequirement } from './security.ts';
import type { Schema } from './standard-schema.ts';
import type { Validation } from './validation.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | 'QUERY';

/**
 * What sending a call twice does.
 *
 * `safe`: it changes nothing. `idempotent`: twice has the effect of once. `key`: the same, since the server honours the
 * `Idempotency-Key` that each call is given. `none`: it must never be repeated.
 */
export type Idempotency = 'safe' | 'idempotent' | 'key' | 'none';

/** A body: a schema (as JSON), a declared content, several to choose from by `content-type`, or null for none. */
export type ResponseBody = Schema | Content | readonly (Schema | Content)[] | null;

/** A response of which more is to be said than its body. */
export interface ResponseDeclaration {
  readonly body?: ResponseBody;
  /** Schema of the headers, named in any case; what is not declared is left out. */
  readonly headers?: Schema;
  readonly description?: string;
}

export type StatusRange = '1xx' | '2xx' | '3xx' | '4xx' | '5xx';

/** By status, by range, or for every status not named. */
export type Responses = {
  readonly [Status in number | StatusRange | 'default']?: ResponseBody | ResponseDeclaration;
};

/** What an endpoint is declared with. */
export interface EndpointOptions {
  readonly method: Method;
  /** Begins with a slash and is appended to the base URL; parameters stand in braces: `/users/{id}`. */
  readonly path: string;
  /** Schema of an object with a member for each parameter of the path. */
  readonly params?: Schema;
  readonly query?: Schema;
  readonly headers?: Schema;
  readonly cookies?: Schema;
  /** A schema for JSON, or a content such as `form(…)`. */
  readonly body?: Schema | Content;
  readonly responses: Responses;
  /** By place and name, where a parameter is not written in the default style of its place. */
  readonly styles?: { readonly [Place in ParameterPlace]?: Readonly<Record<string, ParameterStyle>> };
  /** By default the policy decides by method. */
  readonly idempotency?: Idempotency;
  /** Laid over the policy of the client and of the host, for every call of this endpoint. */
  readonly policy?: CallPolicy;
  readonly validate?: Validation;
  readonly paginate?: Pagination;
  /**
   * The credentials that it asks for, by the names that `auth` of `createApi` has for them: alternatives, each of schemes
   * that go together, with their scopes, which are for documents. `{}` among them: it may go without; `[]`: it does.
   */
  readonly security?: readonly SecurityRequirement[];
  /** A value, or a function that makes one of the error, to stand in when there is no answer. Typed as the success. */
  readonly fallback?: unknown;
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  /** For documents. For a strike through the name where it is called, write `@deprecated` above it in the contract. */
  readonly deprecated?: boolean;
}

/** How an endpoint is called in messages. */
export const titleOf = ({ method, path }: Pick<EndpointOptions, 'method' | 'path'>): string =>
  `${method} ${path}`;
