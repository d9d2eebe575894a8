import { existsSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import * as chaos from '../src/chaos/index.ts';
import * as check from '../src/check/index.ts';
import * as contract from '../src/contract/index.ts';
import * as generator from '../src/generator/index.ts';
import * as main from '../src/index.ts';
import * as oauth2 from '../src/oauth2/index.ts';
import * as cache from '../src/policies/cache/index.ts';
import * as policyFile from '../src/policy-file/index.ts';
import * as install from '../src/register/install/index.ts';
import * as testing from '../src/testing/index.ts';
import * as testingMsw from '../src/testing/msw/index.ts';
import * as undici from '../src/transport/undici/index.ts';

/** The names that an entry point exports, sorted: types too, which no import at run time shows. */
function exportsOf(entry: string): string[] {
  const source = ts.createSourceFile(entry, readFileSync(entry, 'utf8'), ts.ScriptTarget.Latest);
  const names = source.statements.filter(ts.isExportDeclaration).flatMap(({ exportClause, isTypeOnly }) => {
    if (!exportClause || !ts.isNamedExports(exportClause)) throw new Error(`${entry} exports without names`);
    return exportClause.elements.map(({ name, isTypeOnly: isType }) =>
      isTypeOnly || isType ? `type ${name.text}` : name.text,
    );
  });
  return names.sort();
}

/** Entry points of the package by their door, as the sources they are built from. */
function entries(): Record<string, string> {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
  const modules = Object.entries<{ default?: string }>(exports).filter(([, { default: file }]) => file);
  return Object.fromEntries(
    modules.map(([door, { default: file }]) => [
      door,
      file!.replace('./dist/', 'src/').replace(/\.js$/, '.ts'),
    ]),
  );
}

describe('the exported names of', () => {
  test('holdfast', () => {
    expect(exportsOf('src/index.ts').join('\n')).toMatchInlineSnapshot(`
      "BulkheadFullError
      CircuitOpenError
      ClosedError
      HTTPError
      HoldfastError
      HostPart
      HostPausedError
      MAX_TIMER_MS
      NetworkError
      OverloadedError
      RateLimitedError
      RejectedError
      SchemaValidationError
      ThrottledError
      TimeoutError
      attemptTimeout
      bulkhead
      circuitBreaker
      concurrencyLimit
      createClient
      createFetch
      deadlineFrom
      deadlineHeaders
      definePolicy
      explain
      fetchTransport
      gatewayStatus
      hostPause
      isHTTPError
      pipeline
      rateLimit
      recoveryHeaders
      replaceOption
      responseInfo
      retry
      settle
      standardOrder
      throttle
      totalTimeout
      type Allowance
      type AttemptEndEvent
      type AttemptRecord
      type AttemptStartEvent
      type BackoffOptions
      type BodyEndEvent
      type BulkheadEvent
      type BulkheadOptions
      type BulkheadView
      type CacheEvent
      type CacheOptions
      type CacheRefreshEvent
      type CacheStoreFailedEvent
      type CacheUse
      type Call
      type CallEndEvent
      type CallInit
      type CallPolicy
      type CallRecord
      type CallRequest
      type CallStartEvent
      type ChaosEvent
      type CircuitBreakerOptions
      type CircuitBreakerView
      type CircuitEvent
      type CircuitState
      type Client
      type ClientCallOptions
      type ClientOptions
      type Clock
      type CoalesceOptions
      type CoalescedEvent
      type ConcurrencyLimitOptions
      type ConcurrencyLimitView
      type DeadlineHeadersOptions
      type Emit
      type ErrorCode
      type ErrorOutcome
      type FallbackCall
      type FallbackCode
      type FallbackEvent
      type FallbackFailedEvent
      type FallbackFailure
      type FallbackOptions
      type FetchInput
      type FetchLike
      type FetchOptions
      type Handler
      type HedgeEvent
      type HedgeOptions
      type HedgeRefusal
      type HedgeRefusedEvent
      type HoldfastEvent
      type HoldfastFetch
      type HostCounters
      type HostEndpoints
      type HostPauseEvent
      type HostPauseOptions
      type HostPauseView
      type HostState
      type HostView
      type Hosts
      type HttpCache
      type IncomingDeadline
      type IncomingDeadlineOptions
      type IncomingHeaders
      type LimitAlgorithm
      type LogFields
      type Logger
      type Observer
      type Outcome
      type OutcomeKind
      type OuterCall
      type OuterCallInfo
      type OverloadEvent
      type Phase
      type Place
      type PlacedPolicy
      type Policy
      type PolicyEvent
      type PolicyOptions
      type PolicySet
      type PolicySource
      type Priority
      type Random
      type RateLimitEvent
      type RateLimitOptions
      type RateLimitView
      type ResponseInfo
      type ResponseOutcome
      type RetryBudgetOptions
      type RetryBudgetView
      type RetryEvent
      type RetryInfo
      type RetryOptions
      type RetryReason
      type RetryRefusedEvent
      type Runtime
      type Send
      type Sent
      type SlowCallEvent
      type TelemetryOptions
      type ThrottleOptions
      type TimeoutOptions
      type Timer
      type Transport
      type ValidationEvent
      type WarningEvent
      type WeightedEndpoint
      type WindowCounts
      unwrap
      withDeadline"
    `);
  });

  test('holdfast/chaos', () => {
    expect(exportsOf('src/chaos/index.ts').join('\n')).toMatchInlineSnapshot(`
      "chaos
      type BlackHoleFault
      type Chaos
      type ChaosFault
      type ChaosOptions
      type ChaosRules
      type ChaosScope
      type CorruptFault
      type DnsFault
      type LatencyFault
      type RatedFault
      type RefusedFault
      type ResetFault
      type SlowBodyFault
      type StatusFault
      type TruncateFault"
    `);
  });

  test('holdfast/check', () => {
    expect(exportsOf('src/check/index.ts').join('\n')).toMatchInlineSnapshot(`
      "checkPolicy
      type CheckedPolicy
      type Finding
      type FindingCode
      type OutageFigures
      type PolicyCheck
      type PolicyFigures
      type Severity
      type Traffic
      type TrafficFigures"
    `);
  });

  test('holdfast/contract', () => {
    expect(exportsOf('src/contract/index.ts').join('\n')).toMatchInlineSnapshot(`
      "StatusError
      ValidationError
      apiKey
      basic
      bearer
      binary
      createApi
      defineContract
      endpoint
      eventStream
      form
      isStatusError
      isoDateTime
      json
      jsonLines
      maxCharacters
      minCharacters
      multipart
      schema
      stream
      text
      toOpenAPI
      type Api
      type ApiKeyPlace
      type ApiOptions
      type Auth
      type AuthDraft
      type Bytes
      type Content
      type ContentKind
      type ContentOptions
      type Contract
      type CursorPagination
      type Endpoint
      type EndpointOptions
      type ExpiringToken
      type Failure
      type FieldStyles
      type FormOptions
      type Idempotency
      type InputOf
      type IsoDateTimeOptions
      type Issue
      type ItemOf
      type JsonSchema
      type LinkPagination
      type Method
      type OffsetPagination
      type OpenAPIContact
      type OpenAPIDocument
      type OpenAPIEncoding
      type OpenAPIHeader
      type OpenAPIInfo
      type OpenAPILicense
      type OpenAPIMediaType
      type OpenAPIOperation
      type OpenAPIParameter
      type OpenAPIPathItem
      type OpenAPIRequestBody
      type OpenAPIResponse
      type OpenAPISecurityScheme
      type OpenAPIServer
      type Operation
      type OperationOptions
      type Page
      type PageNumberPagination
      type PageOptions
      type PageToken
      type PagedOperation
      type Pagination
      type ParameterPlace
      type ParameterStyle
      type Part
      type ProblemDetails
      type ResponseBody
      type ResponseDeclaration
      type Responses
      type ResultOf
      type Schema
      type SecurityRequirement
      type ServerSentEvent
      type StatusRange
      type StreamOptions
      type StreamSettings
      type StyleName
      type Substitute
      type Success
      type SuccessOf
      type TokenSource
      type Unanswered
      type Validation
      type ValidationMode"
    `);
  });

  test('holdfast/generator', () => {
    expect(exportsOf('src/generator/index.ts').join('\n')).toMatchInlineSnapshot(`
      "GenerationError
      defineConfig
      diff
      generate
      problemText
      type Change
      type Config
      type DiffOptions
      type DiffResult
      type Disagreement
      type DocumentNode
      type DocumentPath
      type GenerateEntry
      type GenerateOptions
      type GenerateResult
      type Place
      type Position
      type Problem
      type Side
      type SourceFile
      type VerifyResult
      verify"
    `);
  });

  test('holdfast/install', () => {
    expect(exportsOf('src/register/install/index.ts').join('\n')).toMatchInlineSnapshot(`
      "install
      type InstallOptions
      type Installation
      uninstall"
    `);
  });

  test('holdfast/cache', () => {
    expect(exportsOf('src/policies/cache/index.ts').join('\n')).toMatchInlineSnapshot(`
      "httpCache
      type CacheStore
      type HttpCacheOptions"
    `);
  });

  test('holdfast/oauth2', () => {
    expect(exportsOf('src/oauth2/index.ts').join('\n')).toMatchInlineSnapshot(`
      "TokenError
      oauth2ClientCredentials
      type ClientCredentialsOptions"
    `);
  });

  test('holdfast/undici', () => {
    expect(exportsOf('src/transport/undici/index.ts').join('\n')).toMatchInlineSnapshot(`
      "AddressDeniedError
      ProxyRefusedError
      type DnsCacheOptions
      type GuardOptions
      type TlsOptions
      type UndiciOptions
      type UndiciTransport
      undici"
    `);
  });

  test('holdfast/policy-file', () => {
    expect(exportsOf('src/policy-file/index.ts').join('\n')).toMatchInlineSnapshot(`
      "PolicyFileError
      loadPolicy
      type LoadPolicyOptions
      type LoadedPolicy
      type PolicyFileIssue
      type Position"
    `);
  });

  test('holdfast/register, which is for what it does', () => {
    expect(exportsOf('src/register/index.ts')).toEqual([]);
  });

  test('holdfast/testing', () => {
    expect(exportsOf('src/testing/index.ts').join('\n')).toMatchInlineSnapshot(`
      "bodyError
      brokenBody
      expectAttempts
      networkError
      recorder
      scriptedTransport
      seededRandom
      slowBody
      stalledBody
      testFetch
      type Answering
      type Chunk
      type EventOf
      type Expectation
      type ExpectedRequest
      type Recorder
      type ScriptedAttempt
      type ScriptedTransport
      type ScriptedTransportOptions
      type SlowBody
      type TestFetch
      type TestFetchOptions
      type VirtualClock
      type VirtualClockOptions
      virtualClock"
    `);
  });

  test('holdfast/testing/msw', () => {
    expect(exportsOf('src/testing/msw/index.ts').join('\n')).toMatchInlineSnapshot(`
      "faults
      mockHandlers
      type AnswerOf
      type Answering
      type Faults
      type Mismatch
      type Mock
      type MockControl
      type MockEvent
      type MockExamples
      type MockHandlers
      type MockOptions
      type ReceivedRequest
      type RefusedRequest
      type Sequence"
    `);
  });
});

test('the package has these doors and no other', () => {
  expect(entries()).toEqual({
    '.': 'src/index.ts',
    './cache': 'src/policies/cache/index.ts',
    './chaos': 'src/chaos/index.ts',
    './check': 'src/check/index.ts',
    './contract': 'src/contract/index.ts',
    './generator': 'src/generator/index.ts',
    './install': 'src/register/install/index.ts',
    './oauth2': 'src/oauth2/index.ts',
    './policy-file': 'src/policy-file/index.ts',
    './register': 'src/register/index.ts',
    './testing': 'src/testing/index.ts',
    './testing/msw': 'src/testing/msw/index.ts',
    './undici': 'src/transport/undici/index.ts',
  });
  for (const entry of Object.values(entries())) expect(existsSync(entry)).toBe(true);
});

test('a bundler keeps an import that is there for what it does, and no other', () => {
  const { sideEffects } = JSON.parse(readFileSync('package.json', 'utf8'));
  const silent = Object.values(entries()).filter(entry => exportsOf(entry).length === 0);
  const kept = silent.map(entry => entry.replace('src/', './dist/').replace(/\.ts$/, '.js'));
  // And what says that an entry point is closed.
  expect(sideEffects).toEqual([...kept, './dist/unavailable/*.js']);
});

const modules: Record<string, Record<string, unknown>> = {
  'src/index.ts': main,
  'src/chaos/index.ts': chaos,
  'src/check/index.ts': check,
  'src/contract/index.ts': contract,
  'src/generator/index.ts': generator,
  'src/oauth2/index.ts': oauth2,
  'src/policies/cache/index.ts': cache,
  'src/policy-file/index.ts': policyFile,
  'src/register/install/index.ts': install,
  'src/testing/index.ts': testing,
  'src/testing/msw/index.ts': testingMsw,
  'src/transport/undici/index.ts': undici,
};

test.each(
  Object.keys(modules),
)('every name of %s stands for something, and each value is there at run time', entry => {
  const module = modules[entry]!;
  const values = exportsOf(entry).filter(name => !name.startsWith('type '));
  expect(Object.keys(module).sort()).toEqual(values.sort());
  for (const name of values) expect(module[name], name).toBeDefined();
});
