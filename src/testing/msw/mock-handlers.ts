/** Stands in for a service: handlers of msw, made of its contract. */
import { HttpHandler, HttpResponse } from 'msw/http';
import { readBaseUrl } from '../../contract/base-url.ts';
import { type Contract, endpointsOf } from '../../contract/contract.ts';
import type { Endpoint } from '../../contract/endpoint.ts';
import {
  type Check,
  type Checks,
  integer,
  oneOf,
  readOptions,
  requireObject,
} from '../../pipeline/options.ts';
import { issuesText } from './answer-encoder.ts';
import type { NamesIn, OptionsAt } from './endpoint-names.ts';
import type { MockExamples, OperationExamples } from './examples.ts';
import type { Mock } from './mock.ts';
import { MockedEndpoint, type MockedService, problem, type RefusedRequest } from './mocked-endpoint.ts';
import { compareTemplates } from './path-matcher.ts';

export interface MockOptions<Definition = object> {
  /** Where the service would be: the one that `createApi` is given. Requests to any other place are left alone. */
  readonly baseUrl: string | URL;
  /**
   * What chance made data come from: a whole number. The same one makes the same data, whatever else is asked for.
   * @defaultValue 1
   */
  readonly seed?: number;
  /**
   * What comes of a request that is not what the contract says. `problem`: it is answered with 400 and problem details
   * that say what is wrong, as a service would; no client repeats it. `error`: it fails as the network fails, and the
   * console says why, for code that takes a 400 for an answer like any other. Either way it stands in `refused`.
   * @defaultValue 'problem'
   */
  readonly onInvalid?: 'problem' | 'error';
  /**
   * Answers to give instead of made ones. Where they are given, an operation without one is not answered until a test
   * says how, and the problem that is sent says so.
   */
  readonly examples?: MockExamples<Definition, string | number>;
}

/** How a test talks to a mocked service. */
export interface MockControl<Definition> {
  /**
   * The mock of an endpoint, which scripts its answers and remembers its requests.
   *
   * @throws TypeError for one that is not of the contract.
   */
  on<Options extends object>(endpoint: Endpoint<Options>): Mock<Options>;
  on<const Name extends NamesIn<Definition>>(name: Name): Mock<OptionsAt<Definition, Name>>;
  /** Requests so far that were not what the contract says, oldest first. A test may well expect none. */
  readonly refused: readonly RefusedRequest[];
  /** Forgets all requests and all that was scripted. */
  reset(): void;
}

/** Handlers for `setupServer(...mocks)` or `server.use(...mocks)`, one for each endpoint. */
export type MockHandlers<Definition> = readonly HttpHandler[] & MockControl<Definition>;

const anything: Check = () => {};

const checks: Checks<MockOptions> = {
  baseUrl: anything,
  seed: integer({ min: Number.MIN_SAFE_INTEGER }),
  onInvalid: oneOf('problem', 'error'),
  examples: requireObject,
};

/**
 * Makes a service of its contract, for tests of code that calls it: requests are held against the contract, and
 * answered as it says, with data made from the schemas until a test says otherwise.
 *
 * A request that no endpoint declares is not handled: what becomes of it is for msw's `onUnhandledFrame` to say.
 *
 * @throws TypeError or RangeError if an option will not do.
 * @example
 * const mocks = mockHandlers(users, { baseUrl: 'https://users.internal' });
 * const server = setupServer(...mocks);
 * mocks.on(users.getUser).failOnce().reply(404, { title: 'No such user' });
 */
export function mockHandlers<const Definition extends Contract>(
  contract: Definition,
  options: MockOptions<NoInfer<Definition>>,
): MockHandlers<Definition> {
  const refused: RefusedRequest[] = [];
  const service = serviceOf(options, refused);
  const examples = options.examples as Readonly<Record<string, OperationExamples>> | undefined;
  const mocked = endpointsOf(contract).map(({ path, endpoint }) => {
    const name = path.join('.');
    const own = examples && (Object.hasOwn(examples, name) ? examples[name] : {});
    return { endpoint, mock: new MockedEndpoint(name, endpoint.options, service, own) };
  });
  for (const name in examples) mockNamed(mocked, name, 'examples: ');
  const handlers = mocked
    .map(({ mock }) => mock)
    .sort((one, other) => compareTemplates(one.options.path, other.options.path))
    .map(handlerOf);
  // The types of the contract were lost where its endpoints became a list.
  return Object.assign(handlers, controlOf(mocked, refused)) as unknown as MockHandlers<Definition>;
}

function serviceOf(options: MockOptions<never>, refused: RefusedRequest[]): MockedService {
  const { baseUrl, seed, onInvalid } = readOptions('', options, checks, { seed: 1, onInvalid: 'problem' });
  const networkError = () => HttpResponse.error();
  return {
    base: readBaseUrl(baseUrl),
    seed,
    networkError,
    refuse(request, title) {
      refused.push(request);
      if (onInvalid === 'problem') return refusal(request, title);
      console.error(
        `holdfast: a request to ${named(request, title)} is not what the contract says, and fails: ${explained(request)}`,
      );
      return networkError();
    },
  };
}

interface Mocked {
  readonly endpoint: Endpoint;
  readonly mock: MockedEndpoint;
}

function controlOf(mocked: readonly Mocked[], refused: RefusedRequest[]): object {
  return {
    refused,
    on: (wanted: unknown) => mockNamed(mocked, wanted),
    reset(): void {
      refused.length = 0;
      for (const { mock } of mocked) mock.reset();
    },
  };
}

function mockNamed(mocked: readonly Mocked[], wanted: unknown, where = ''): MockedEndpoint {
  const found = mocked.find(({ mock, endpoint }) => mock.name === wanted || endpoint === wanted);
  if (found) return found.mock;
  const known = mocked.map(({ mock }) => mock.name).join(', ');
  throw new TypeError(`${where}${whatIs(wanted)} is no endpoint of this contract, which has: ${known}.`);
}

const whatIs = (wanted: unknown): string =>
  typeof wanted === 'string' ? JSON.stringify(wanted) : 'What was given';

/** By the class, since the functions of msw leave out the method QUERY. */
const handlerOf = (mock: MockedEndpoint): HttpHandler =>
  new HttpHandler(
    mock.options.method,
    ({ request }) => mock.matches(request.url),
    ({ request }) => mock.answer(request),
  );

const named = ({ operation }: RefusedRequest, title: string): string => `${operation} (${title})`;

const explained = ({ mismatches }: RefusedRequest): string =>
  mismatches.map(({ part, issues }) => `${part}: ${issuesText(issues)}`).join('; ');

function refusal(refused: RefusedRequest, title: string): Response {
  const { operation, mismatches } = refused;
  const detail = `${named(refused, title)}: ${explained(refused)}`;
  return problem(400, 'The request is not what the contract says', detail, {
    operation,
    mismatches: mismatches.map(({ part, issues }) => ({
      part,
      issues: issues.map(({ path, message }) => ({ path: path.map(String), message })),
    })),
  });
}
