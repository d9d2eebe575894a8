/**
 * The unreliable service: a process of its own with a real socket, started by `ServiceProcess`.
 * It serves `GET /items/<call>` and `POST /orders/<call>`, and is told over IPC what to suffer from.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { answers } from './answers.ts';
import { Ledger } from './ledger.ts';
import { fromArguments, type Play, type Report } from './protocol.ts';

const options = fromArguments(process.argv.slice(2));
const ledger = new Ledger(options.ledgerPath);
const visits = new Map<number, number>();
let fault = options.fault;
let phaseStartedAt = performance.now();

const report = (event: Report): boolean => process.connected && process.send!(event);

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const call = Number(request.url?.split('/').at(-1));
  const visit = (visits.get(call) ?? 0) + 1;
  visits.set(call, visit);
  report({ type: 'request', call });
  await text(request);
  const idempotencyKey = request.headers['idempotency-key'] as string | undefined;
  const phaseMs = performance.now() - phaseStartedAt;
  answers[fault]({ call, visit, idempotencyKey, response, ledger, phaseMs });
}

const server = createServer((request, response) => {
  // A client that hangs up while its request is being read is its own business.
  serve(request, response).catch(() => response.destroy());
});
// Longer than the demo: no connection dies of idleness, so every fault seen is one from the script.
server.keepAliveTimeout = 120_000;
server.on('error', error => {
  report({ type: 'failed', message: error.message });
  process.exitCode = 1;
  process.disconnect();
});
server.listen(options.port, '127.0.0.1', () => {
  report({ type: 'listening', port: (server.address() as AddressInfo).port });
});

process.on('message', (play: Play) => {
  fault = play.fault;
  phaseStartedAt = performance.now();
});
// Ctrl-C reaches every process of the terminal; the demo itself ends this one. And when the demo is gone, so are we.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
