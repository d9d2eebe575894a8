/** Which credentials an endpoint asks for, and which of those that a client was given go with its calls. */
import { type Check, callback, listOf, nearest, show, text } from '../pipeline/options.ts';
import type { Auth } from './auth.ts';

/**
 * Schemes that go together, each with the scopes that it has to have.
 *
 * @see {@link https://spec.openapis.org/oas/v3.1.1.html#security-requirement-object | Security Requirement Object}
 */
export interface SecurityRequirement {
  readonly [scheme: string]: readonly string[];
}

const scopes: Check = listOf(text(/^/, 'a text'));

const requirement: Check = (value, name) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(
      `\`${name}\` should be an object with the scopes of each scheme, such as { bearerAuth: [] }, got ${show(value)}.`,
    );
  for (const [scheme, needed] of Object.entries(value)) scopes(needed, `${name}.${scheme}`);
};

export const checkSecurity: Check = listOf(requirement);

type Security = readonly SecurityRequirement[] | undefined;

/** The alternatives in which schemes are named. */
const waysIn = (security: Security = []): string[][] =>
  security.map(way => Object.keys(way)).filter(way => way.length > 0);

/** All schemes that are named. */
export const schemesIn = (security: Security): string[] => waysIn(security).flat();

/** What goes with the calls of an endpoint; or, as a part of a sentence, why none of them can be sent. */
export interface Choice {
  readonly auth?: Auth;
  readonly missing?: string;
}

/** The credentials of a client, for an endpoint that asks for this. */
export type Credentials = (security: Security) => Choice;

/**
 * Whether all have what they need is for the call to find out: of a large contract, a program uses little, and has the
 * credentials for that.
 *
 * @param auth - one for all, or one for each scheme.
 * @param asked - the schemes that endpoints ask for.
 * @throws TypeError for what is neither, and for a scheme that no endpoint asks for.
 */
export function readCredentials(auth: object | undefined, asked: ReadonlySet<string>): Credentials {
  if (auth === undefined) return () => ({});
  if (isAuth(auth)) return security => (goesWithout(security) ? {} : { auth });
  const entries = Object.entries(auth);
  if (asked.size === 0 && !entries.some(([, one]) => isAuth(one)))
    callback((auth as Auth).authorize, 'auth.authorize');
  const given = new Map<string, Auth>();
  for (const [scheme, one] of entries) {
    if (!asked.has(scheme)) throw unknownScheme(scheme, [...asked]);
    if (one !== undefined) given.set(scheme, requireAuth(one, scheme));
  }
  return security => choose(security, given);
}

const isAuth = (value: unknown): value is Auth =>
  typeof value === 'object' && value !== null && typeof (value as Auth).authorize === 'function';

/** The message does not quote what it got, which may be the token itself. */
function requireAuth(value: unknown, scheme: string): Auth {
  if (isAuth(value)) return value;
  throw new TypeError(
    `\`auth.${scheme}\` should be an Auth, such as bearer(token), or another object with \`authorize\`.`,
  );
}

function unknownScheme(scheme: string, asked: readonly string[]): TypeError {
  const near = nearest(scheme.toLowerCase(), asked);
  const hint = near === undefined ? '' : ` Did you mean ${show(near)}?`;
  const known =
    asked.length > 0
      ? `They ask for ${asked.map(show).join(', ')}.`
      : 'None of them says `security`: give one Auth for all of them.';
  return new TypeError(`\`auth\` has ${show(scheme)}, which no endpoint asks for.${hint} ${known}`);
}

const goesWithout = (security: Security): boolean => security !== undefined && waysIn(security).length === 0;

/** To go without is the last choice, wherever it stands: who has credentials gives them. */
function choose(security: Security, given: ReadonlyMap<string, Auth>): Choice {
  const ways = waysIn(security);
  const chosen = ways.find(way => way.every(scheme => given.has(scheme)));
  if (chosen) return { auth: together(chosen.map(scheme => given.get(scheme) as Auth)) };
  if (ways.length === (security?.length ?? 0))
    return ways.length > 0 ? { missing: missing(ways, given) } : {};
  return {};
}

const missing = (ways: readonly string[][], given: ReadonlyMap<string, Auth>): string =>
  `asks for ${ways.map(way => way.map(show).join(' with ')).join(', or ')}, and \`auth\` has ` +
  `${[...given.keys()].map(show).join(', ') || 'nothing'}. Give what is missing to createApi; nothing was sent.`;

/** One behind the other, so that one that signs a request sees what those before it have added. */
function together(auths: readonly Auth[]): Auth {
  const [first] = auths;
  if (first && auths.length === 1) return first;
  const all: Auth = {
    async authorize(draft, clock) {
      for (const auth of auths) await auth.authorize(draft, clock);
    },
  };
  if (!auths.some(({ renew }) => renew)) return all;
  return {
    ...all,
    async renew(draft, refused, clock) {
      let isRenewed = false;
      for (const auth of auths) {
        // Nobody knows which of them was refused: what cannot do better goes along as it was.
        if (await auth.renew?.(draft, refused, clock)) isRenewed = true;
        else await auth.authorize(draft, clock);
      }
      return isRenewed;
    },
  };
}
