/**
 * How far an attempt has got, where the transport tells: waiting for a free connection, looking up the name, connecting,
 * negotiating TLS, sending, waiting for the first byte of the answer, receiving its body.
 */
export type Phase = 'queue' | 'dns' | 'connect' | 'tls' | 'send' | 'wait' | 'body';
