/** What an endpoint declares of idempotency, time and policies, as the policy of its calls. */
import type { Inside } from '../fetch.ts';
import { overlay, type PolicyOptions } from '../policies/policy-options.ts';
import { isStreamed } from './content.ts';
import { contentsOf } from './declared-response.ts';
import type { EndpointOptions } from './endpoint-options.ts';

/** The life of a stream is no measure of its health; its silence is. */
const lasting: PolicyOptions = { totalTimeoutMs: false };
const never: PolicyOptions = { retry: false, idempotencyKey: false };
const idempotent: PolicyOptions = { retry: { idempotent: true } };

/** A body that comes all at once has so long where streams may last, in milliseconds. */
export const maxBodyMs = 30_000;

export class OperationPolicy {
  readonly #declared: Pick<EndpointOptions, 'method' | 'idempotency'>;
  /** What holds for all calls. */
  readonly #common: PolicyOptions | undefined;
  /** Each layer over each policy that came from elsewhere: one that is used again is compiled once. */
  readonly #laid = new Map<PolicyOptions, WeakMap<PolicyOptions, PolicyOptions>>();
  /** Whether nothing but silence ends a call, so that bodies which are no streams need a limit of their own. */
  readonly isUnbounded: boolean;

  constructor(options: EndpointOptions) {
    const { policy } = options;
    const isStreaming = contentsOf(options).some(isStreamed);
    this.#declared = options;
    this.isUnbounded = isStreaming && policy?.totalTimeoutMs === undefined;
    this.#common = isStreaming && policy ? overlay(lasting, policy) : isStreaming ? lasting : policy;
  }

  /** Whether a call may be sent again from the start. */
  get isRepeatable(): boolean {
    const { method, idempotency } = this.#declared;
    if (idempotency === undefined) return method === 'GET' || method === 'HEAD';
    return idempotency !== 'none';
  }

  /** The policy of one call, to be laid over those of the host and the client. */
  forCall(inside: Inside, target: string, own: PolicyOptions | undefined): PolicyOptions | undefined {
    const explicit = own && this.#common ? this.#lay(own, this.#common) : (own ?? this.#common);
    const { idempotency } = this.#declared;
    if (idempotency === 'none') return explicit ? this.#lay(never, explicit) : never;
    if (idempotency !== 'safe' && idempotency !== 'idempotent') return explicit;
    // Who retries nothing is not made to by what a contract says.
    if (inside.policyFor(target, explicit).retry === false) return explicit;
    return explicit ? this.#lay(explicit, idempotent) : idempotent;
  }

  #lay(over: PolicyOptions, base: PolicyOptions): PolicyOptions {
    // Of the two, the one that is always the same leads to the many.
    const [fixed, other] = over === never ? [over, base] : [base, over];
    const known = this.#laid.get(fixed) ?? new WeakMap<PolicyOptions, PolicyOptions>();
    this.#laid.set(fixed, known);
    let laid = known.get(other);
    if (!laid) {
      laid = overlay(base, over);
      known.set(other, laid);
    }
    return laid;
  }
}
