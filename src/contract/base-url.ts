import { redactUrl } from '../http/redact.ts';
import { show } from '../pipeline/options.ts';
import { httpUrl } from '../request.ts';

/** What all paths of an API are appended to. */
export interface BaseUrl {
  readonly origin: string;
  /** Without a slash at its end; empty for the root. */
  readonly path: string;
}

/** @throws TypeError for anything but an HTTP URL without credentials, query and fragment. */
export function readBaseUrl(given: unknown): BaseUrl {
  const url = typeof given === 'string' || given instanceof URL ? httpUrl(given) : undefined;
  const wrong = url ? obstacleIn(url) : 'should be an absolute URL of http or https';
  if (wrong) throw new TypeError(`\`baseUrl\` ${wrong}, got ${show(redactUrl(String(given)))}.`);
  const { origin, pathname } = url as URL;
  return { origin, path: pathname.replace(/\/+$/, '') };
}

function obstacleIn({ username, password, search, hash }: URL): string | undefined {
  if (username || password) return 'should have no credentials in it: use `auth`';
  return search || hash ? 'should have neither a query nor a fragment' : undefined;
}
