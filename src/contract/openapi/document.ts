/**
 * An OpenAPI 3.1 document, as far as contracts have something to say in it.
 *
 * @see {@link https://spec.openapis.org/oas/v3.1.1.html | OpenAPI 3.1}
 */
import type { Method } from '../endpoint-options.ts';
import type { Empty } from '../infer.ts';
import type { SecurityRequirement } from '../security.ts';

/** What a contract does not know of the API that it describes. */
export interface OpenAPIInfo {
  readonly title: string;
  /** Of the API, not of OpenAPI. */
  readonly version: string;
  readonly summary?: string;
  /** May be CommonMark. */
  readonly description?: string;
  readonly contact?: OpenAPIContact;
  readonly license?: OpenAPILicense;
  /** The base URLs that paths are appended to. */
  readonly servers?: readonly OpenAPIServer[];
  /** What the schemes are that endpoints name in their `security`. */
  readonly securitySchemes?: Readonly<Record<string, OpenAPISecurityScheme>>;
}

export interface OpenAPIContact {
  readonly name?: string;
  readonly url?: string;
  readonly email?: string;
}

export interface OpenAPILicense {
  readonly name: string;
  /** Of SPDX, such as `MIT`; this or `url`. */
  readonly identifier?: string;
  readonly url?: string;
}

export interface OpenAPIServer {
  readonly url: string;
  readonly description?: string;
}

/** One way to prove who calls. Which members it needs beside its type, OpenAPI says. */
export interface OpenAPISecurityScheme {
  readonly type: 'apiKey' | 'http' | 'mutualTLS' | 'oauth2' | 'openIdConnect';
  readonly description?: string;
  /** Of an API key: what it is called in its place. */
  readonly name?: string;
  readonly in?: 'query' | 'header' | 'cookie';
  /** Of HTTP authentication, such as `bearer`. */
  readonly scheme?: string;
  readonly bearerFormat?: string;
  readonly flows?: object;
  readonly openIdConnectUrl?: string;
}

/** JSON Schema, draft 2020-12. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

export interface OpenAPIDocument {
  readonly openapi: '3.1.0';
  readonly info: Omit<OpenAPIInfo, 'servers' | 'securitySchemes'>;
  readonly servers?: readonly OpenAPIServer[];
  readonly paths: Readonly<Record<string, OpenAPIPathItem>>;
  readonly components?: {
    readonly schemas?: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes?: Readonly<Record<string, OpenAPISecurityScheme>>;
  };
}

export type OpenAPIPathItem = {
  readonly [Name in Lowercase<Exclude<Method, 'QUERY'>>]?: OpenAPIOperation;
} & {
  /** By methods that OpenAPI 3.1 has no place for. */
  readonly 'x-oai-additionalOperations'?: Readonly<Record<string, OpenAPIOperation>>;
};

export interface OpenAPIOperation {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly deprecated?: boolean;
  readonly parameters?: readonly OpenAPIParameter[];
  readonly requestBody?: OpenAPIRequestBody;
  readonly responses: Readonly<Record<string, OpenAPIResponse>>;
  readonly security?: readonly SecurityRequirement[];
}

/** A header of a response. */
export interface OpenAPIHeader {
  readonly description?: string;
  readonly required: boolean;
  readonly deprecated?: boolean;
  readonly schema: JsonSchema;
}

export interface OpenAPIParameter extends Omit<OpenAPIHeader, 'schema'> {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly style?: string;
  readonly explode?: boolean;
  readonly schema?: JsonSchema;
  /** In place of a schema, for a parameter that is one JSON text. */
  readonly content?: Readonly<Record<string, OpenAPIMediaType>>;
}

export interface OpenAPIRequestBody {
  readonly required: boolean;
  readonly content: Readonly<Record<string, OpenAPIMediaType>>;
}

export interface OpenAPIResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, OpenAPIHeader>>;
  readonly content?: Readonly<Record<string, OpenAPIMediaType>>;
}

export interface OpenAPIMediaType {
  readonly schema?: JsonSchema;
  /** By the names of fields. */
  readonly encoding?: Readonly<Record<string, OpenAPIEncoding>>;
}

/** How a field of a form is written. */
export interface OpenAPIEncoding {
  readonly contentType?: string;
  readonly style?: string;
  readonly explode?: boolean;
}

/** What may be left out may be undefined. */
type Sparse<Part> = {
  readonly [Key in keyof Part]: Empty extends Pick<Part, Key> ? Part[Key] | undefined : Part[Key];
};

/** A part of the document without what is undefined: in JSON there is no such thing. */
export const present = <Part extends object>(part: Sparse<Part>): Part =>
  Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as Part;

/** The same, or undefined if nothing is left. */
export const unlessEmpty = <Part extends object>(part: Part): Part | undefined =>
  Object.keys(part).length > 0 ? part : undefined;
