/** How servers prove who they are, and we. */
import { createSecureContext, type SecureContext } from 'node:tls';
import { boolean, type Check, type Checks, readOptions, show } from '../../pipeline/options.ts';

/** Certificates and keys are PEM, as text or bytes. */
export interface TlsOptions {
  /** Authorities to trust in place of those that come with Node. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** The client's own certificate, for servers that ask for one. */
  readonly cert?: string | Uint8Array;
  /** The private key of `cert`. */
  readonly key?: string | Uint8Array;
  /** What `key` is encrypted with. */
  readonly passphrase?: string;
  /** The name that the server's certificate has to bear, where it is not that of the URL. */
  readonly servername?: string;
  /**
   * Whether a server has to prove who it is.
   * @defaultValue true
   */
  readonly rejectUnauthorized?: boolean;
}

/** In the form in which a connection takes it. */
export interface Tls {
  /** Read once: to read hundreds of authorities takes longer than to connect. */
  readonly secureContext: SecureContext;
  /** The authorities alone, for a proxy. Undefined for those that come with Node. */
  readonly trusted: SecureContext | undefined;
  readonly servername: string | undefined;
  readonly rejectUnauthorized: boolean;
}

/** Of a key nothing is shown, and of a certificate nothing can be learnt from it. */
const kindOf = (value: unknown): string =>
  typeof value === 'string'
    ? 'text without it'
    : value instanceof Uint8Array
      ? 'bytes without it'
      : show(value);

const pem =
  (label: RegExp, what: string): Check =>
  (value, name) => {
    const isBytes = value instanceof Uint8Array;
    const text = isBytes ? Buffer.from(value).toString('latin1') : value;
    if (typeof text !== 'string' || !label.test(text))
      throw new TypeError(`\`${name}\` should be ${what} in PEM, as text or bytes, got ${kindOf(value)}.`);
  };

const certificate = pem(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/, 'a certificate');

const checks: Checks<TlsOptions> = {
  ca: (value, name) => {
    if (!Array.isArray(value)) certificate(value, name);
    else for (const [index, each] of value.entries()) certificate(each, `${name}[${index}]`);
  },
  cert: certificate,
  key: pem(/-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'a private key'),
  passphrase: (value, name) => {
    if (typeof value !== 'string') throw new TypeError(`\`${name}\` should be text, got a ${typeof value}.`);
  },
  servername: (value, name) => {
    if (typeof value !== 'string' || value === '')
      throw new TypeError(`\`${name}\` should be the name of a host, got ${show(value)}.`);
  },
  rejectUnauthorized: boolean,
};

/** @throws TypeError for what will not do, certificates and keys that do not fit each other included. */
export function readTls(given: TlsOptions, name: string): Tls {
  const { ca, cert, key, passphrase, servername, rejectUnauthorized } = readOptions(name, given, checks, {
    rejectUnauthorized: true,
  });
  if ((cert === undefined) !== (key === undefined))
    throw new TypeError(`\`${name}.cert\` and \`${name}.key\` belong together: give both or neither.`);
  if (passphrase !== undefined && key === undefined)
    throw new TypeError(`\`${name}.passphrase\` is that of \`${name}.key\`, which is missing.`);
  const parts = Object.entries({ ca, cert, key, passphrase }).filter(([, value]) => value !== undefined);
  try {
    const secureContext = createSecureContext(Object.fromEntries(parts));
    const trusted = ca === undefined ? undefined : createSecureContext(Object.fromEntries(parts.slice(0, 1)));
    return { secureContext, trusted, servername, rejectUnauthorized };
  } catch (cause) {
    const { message } = cause as Error;
    throw new TypeError(
      `\`${name}\` should have a certificate and its key, and they do not load: ${message}.`,
      {
        cause,
      },
    );
  }
}
