/**
 * Typed clients for internal APIs: a contract written down once, and a function for each of its endpoints.
 *
 * @module holdfast/contract
 */
export {
  type ApiKeyPlace,
  type Auth,
  type AuthDraft,
  apiKey,
  basic,
  bearer,
} from './auth.ts';
export { maxCharacters, minCharacters } from './characters.ts';
export {
  binary,
  type Content,
  type ContentKind,
  type ContentOptions,
  eventStream,
  type FieldStyles,
  type FormOptions,
  form,
  json,
  jsonLines,
  multipart,
  type StreamOptions,
  type StreamSettings,
  stream,
  text,
} from './content.ts';
export { type Contract, defineContract } from './contract.ts';
export { type Api, type ApiOptions, createApi, type Operation, type PagedOperation } from './create-api.ts';
export { type IsoDateTimeOptions, isoDateTime } from './date-time.ts';
export { type Endpoint, endpoint } from './endpoint.ts';
export type {
  EndpointOptions,
  Idempotency,
  Method,
  ResponseBody,
  ResponseDeclaration,
  Responses,
  StatusRange,
} from './endpoint-options.ts';
export { isStatusError, type Part, StatusError, ValidationError } from './errors.ts';
export type {
  Bytes,
  Failure,
  InputOf,
  ItemOf,
  ResultOf,
  ServerSentEvent,
  Substitute,
  Success,
  SuccessOf,
  Unanswered,
} from './infer.ts';
export { schema } from './lazy-schema.ts';
export type {
  JsonSchema,
  OpenAPIContact,
  OpenAPIDocument,
  OpenAPIEncoding,
  OpenAPIHeader,
  OpenAPIInfo,
  OpenAPILicense,
  OpenAPIMediaType,
  OpenAPIOperation,
  OpenAPIParameter,
  OpenAPIPathItem,
  OpenAPIRequestBody,
  OpenAPIResponse,
  OpenAPISecurityScheme,
  OpenAPIServer,
} from './openapi/document.ts';
export type { OperationOptions } from './operation-options.ts';
export type { Page, PageOptions, PageToken } from './pages.ts';
export type {
  CursorPagination,
  LinkPagination,
  OffsetPagination,
  PageNumberPagination,
  Pagination,
} from './pagination.ts';
export type { ParameterPlace, ParameterStyle, StyleName } from './parameter-style.ts';
export type { ProblemDetails } from './problem-details.ts';
export type { SecurityRequirement } from './security.ts';
export type { Issue, Schema } from './standard-schema.ts';
export { toOpenAPI } from './to-openapi.ts';
export type { ExpiringToken, TokenSource } from './tokens.ts';
export type { Validation, ValidationMode } from './validation.ts';
