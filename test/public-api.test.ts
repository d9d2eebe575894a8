import { existsSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import * as main from '../src/index.ts';
import * as policyFile from '../src/policy-file/index.ts';
import * as testing from '../src/testing/index.ts';

/** The names that an entry point exports, in its order: types too, which no import at run time shows. */
function exportsOf(entry: string): string[] {
  const source = ts.createSourceFile(entry, readFileSync(entry, 'utf8'), ts.ScriptTarget.Latest);
  return source.statements.filter(ts.isExportDeclaration).flatMap(({ exportClause, isTypeOnly }) => {
    if (!exportClause || !ts.isNamedExports(exportClause)) throw new Error(`${entry} exports without names`);
    return exportClause.elements.map(({ name, isTypeOnly: isType }) =>
      isTypeOnly || isType ? `type ${name.text}` : name.text,
    );
  });
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
      "type AttemptRecord
      type CallRecord
      type OutcomeKind
      type RetryReason
      type Client
      type ClientCallOptions
      type ClientOptions
      createClient
      HTTPError
      isHTTPError
      replaceOption
      SchemaValidationError
      CircuitOpenError
      ClosedError
      type ErrorCode
      HoldfastError
      HostPausedError
      NetworkError
      RejectedError
      TimeoutError
      explain
      type ResponseInfo
      recoveryHeaders
      responseInfo
      createFetch
      type FetchOptions
      type HoldfastFetch
      type PlacedPolicy
      type PolicySource
      type CircuitBreakerView
      type HostPauseView
      type Hosts
      type HostView
      type RetryBudgetView
      type HostCounters
      type Sent
      type Call
      type CallRequest
      type Runtime
      type Clock
      type Random
      type Timer
      type CircuitState
      type HoldfastEvent
      type Observer
      type ErrorOutcome
      type Outcome
      type ResponseOutcome
      settle
      unwrap
      type Handler
      type Policy
      pipeline
      circuitBreaker
      type WindowCounts
      type CircuitBreakerOptions
      type HostPauseOptions
      hostPause
      type PolicyOptions
      type BackoffOptions
      type RetryBudgetOptions
      type RetryInfo
      type RetryOptions
      retry
      attemptTimeout
      type TimeoutOptions
      totalTimeout
      definePolicy
      type PolicySet
      type CallInit
      type FetchInput
      type Place
      standardOrder
      type FetchLike
      fetchTransport"
    `);
  });

  test('holdfast/policy-file', () => {
    expect(exportsOf('src/policy-file/index.ts').join('\n')).toMatchInlineSnapshot(`
      "type LoadedPolicy
      type LoadPolicyOptions
      loadPolicy
      PolicyFileError
      type PolicyFileIssue
      type Position"
    `);
  });

  test('holdfast/testing', () => {
    expect(exportsOf('src/testing/index.ts').join('\n')).toMatchInlineSnapshot(`
      "brokenBody
      type SlowBody
      slowBody
      stalledBody
      networkError
      type ScriptedAttempt
      type ScriptedTransport
      type ScriptedTransportOptions
      scriptedTransport
      seededRandom
      type VirtualClock
      type VirtualClockOptions
      virtualClock"
    `);
  });
});

test('the package has these doors and no other', () => {
  expect(entries()).toEqual({
    '.': 'src/index.ts',
    './policy-file': 'src/policy-file/index.ts',
    './testing': 'src/testing/index.ts',
  });
  for (const entry of Object.values(entries())) expect(existsSync(entry)).toBe(true);
});

const modules: Record<string, Record<string, unknown>> = {
  'src/index.ts': main,
  'src/policy-file/index.ts': policyFile,
  'src/testing/index.ts': testing,
};

test.each(
  Object.keys(modules),
)('every name of %s stands for something, and each value is there at run time', entry => {
  const module = modules[entry]!;
  const values = exportsOf(entry).filter(name => !name.startsWith('type '));
  expect(Object.keys(module).sort()).toEqual(values.sort());
  for (const name of values) expect(module[name], name).toBeDefined();
});
