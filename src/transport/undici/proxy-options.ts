/** Which proxy a request goes through. */
import { redactUrl } from '../../http/redact.ts';
import { show } from '../../pipeline/options.ts';

/** URLs of proxies; `noProxy` where it is the environment that says for which hosts there is none. */
export type Proxies =
  | { readonly kind: 'one'; readonly url: string }
  | { readonly kind: 'environment'; readonly http: string; readonly https: string };

/** @throws TypeError for what is no URL of a proxy, credentials redacted. */
export function readProxies(given: string | URL, name: string): Proxies {
  if (given !== 'environment')
    return { kind: 'one', url: proxyUrl(given, `\`${name}\``, ", or 'environment'") };
  const ofVariable = (variable: string): string => {
    const value = process.env[variable.toLowerCase()] ?? process.env[variable] ?? '';
    return value && proxyUrl(value, `${variable}, which \`${name}\` asks for,`);
  };
  return { kind: 'environment', http: ofVariable('HTTP_PROXY'), https: ofVariable('HTTPS_PROXY') };
}

function proxyUrl(value: unknown, name: string, or = ''): string {
  const text = typeof value === 'string' || value instanceof URL ? String(value) : '';
  if (URL.canParse(text)) {
    const { href, protocol, pathname, search, hash } = new URL(text);
    const isProxy = protocol === 'http:' || protocol === 'https:';
    if (isProxy && pathname === '/' && !search && !hash) return href;
  }
  const shown = show(text ? redactUrl(text) : value);
  throw new TypeError(
    `${name} should be the URL of a proxy, such as http://proxy.example:3128${or}, got ${shown}.`,
  );
}
