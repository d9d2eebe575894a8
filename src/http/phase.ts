/**
 * How far an attempt has got, where the transport tells: waiting for a free connection, looking up the name, connecting,
 * negotiating TLS, sending, waiting for the first byte of the answer, receiving its body.
 */
export type Phase = 'queue' | 'dns' | 'connect' | 'tls' | 'send' | 'wait' | 'body';

const phrases: Readonly<Record<Phase, string>> = {
  queue: 'waiting for a free connection',
  dns: 'looking up the name',
  connect: 'connecting',
  tls: 'negotiating TLS',
  send: 'sending the request',
  wait: 'waiting for the answer',
  body: 'receiving the body',
};

/** For the middle of a sentence; empty if nobody knows. */
export const during = (phase: Phase | undefined): string => (phase ? ` while ${phrases[phase]}` : '');
