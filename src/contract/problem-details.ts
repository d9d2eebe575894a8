import { excerptOf } from './excerpt.ts';

/**
 * Problem details of a response.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457 | RFC 9457}
 */
export interface ProblemDetails {
  /** A URI that names the kind of problem. */
  readonly type: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  /** A URI that names this occurrence. */
  readonly instance?: string;
  /** Members that the kind of problem adds. */
  readonly [extension: string]: unknown;
}

const members = { title: 'string', status: 'number', detail: 'string', instance: 'string' } as const;

/** Members of a wrong type are ignored, as RFC 9457 §3.1 asks. */
export function readProblem(essence: string, body: unknown): ProblemDetails | undefined {
  if (essence !== 'application/problem+json') return undefined;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const problem: Record<string, unknown> = { ...body };
  for (const [name, type] of Object.entries(members)) if (typeof problem[name] !== type) delete problem[name];
  return { ...problem, type: typeof problem.type === 'string' ? problem.type : 'about:blank' };
}

/** The registered members of a problem (RFC 9457 §3.1), fit for a log; what a service adds to them may be anything. */
export function problemExcerpt(problem: ProblemDetails): Partial<ProblemDetails> {
  const { type, title, status, detail, instance } = problem;
  return Object.fromEntries(
    Object.entries({ type, title, status, detail, instance }).map(([name, member]) => [
      name,
      typeof member === 'string' ? excerptOf(member) : member,
    ]),
  );
}
