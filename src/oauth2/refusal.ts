/** What it means that there is no token, in errors of ours. */
import { OperationProcessingError, ResponseBodyError } from 'oauth4webapi';
import { TokenError } from '../contract/errors.ts';
import { excerptOf } from '../contract/excerpt.ts';
import { HoldfastError, NetworkError } from '../errors.ts';
import { recordOf } from '../explain.ts';
import type { Inside } from '../fetch.ts';
import { discard } from '../http/drain.ts';
import { readBodyFailure } from '../http/failure.ts';
import { REDACTED } from '../http/redact.ts';

/** What was asked, and what must not be shown. */
interface Asked {
  readonly url: URL;
  readonly secret: string;
  readonly inside: Inside;
}

/** What an endpoint says of a refusal (RFC 6749 §5.2). */
interface Said {
  readonly error?: unknown;
  readonly error_description?: unknown;
}

/**
 * The error for a response that could not be made a token of.
 *
 * @param error - of oauth4webapi. It hangs on to the response and its body, and so is not handed on.
 */
export async function failureOf(error: unknown, response: Response, asked: Asked): Promise<unknown> {
  const record = recordOf(response) ?? asked.inside.newRecord('POST', asked.url);
  const { cause } = error as Error;
  if (cause instanceof HoldfastError) return cause;
  const failure = readBodyFailure(cause, response);
  if (failure) return new NetworkError(record, { ...failure, sent: 'yes' }, cause);
  const { status } = response;
  const said = await saidBy(error, response);
  const reason = shown(said.error, asked.secret);
  const description = shown(said.error_description, asked.secret);
  const obstacle = reason === undefined ? obstacleOf(error, status) : undefined;
  return new TokenError(record, { status, reason, description, obstacle });
}

/** Wherever it has ended up: a challenge in a header comes before a body that says more, and a 200 may refuse as well. */
async function saidBy(error: unknown, response: Response): Promise<Said> {
  if (error instanceof ResponseBodyError) return error.cause as Said;
  if (error instanceof OperationProcessingError && isBodied(error.cause)) return error.cause.body;
  if (response.bodyUsed) return {};
  if (/^application\/(?:[\w.+-]+\+)?json\b/i.test(response.headers.get('content-type') ?? ''))
    return response.json().then(asSaid, () => ({}));
  discard(response);
  return {};
}

const isBodied = (cause: unknown): cause is { readonly body: Said } =>
  typeof cause === 'object' && cause !== null && 'body' in cause && asSaid(cause.body) === cause.body;

const asSaid = (body: unknown): Said => (typeof body === 'object' && body !== null ? body : {});

/** A text of the endpoint's, without the secret that it was sent, and without what could start a line of its own. */
function shown(value: unknown, secret: string): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return excerptOf(value.replaceAll(secret, REDACTED).replaceAll(/\p{Cc}+/gu, ' '));
}

function obstacleOf(error: unknown, status: number): string | undefined {
  if (status >= 300 && status < 400) return 'a redirect, which is not followed: the secret would go along';
  return status === 200 ? (error as Error).message : undefined;
}
