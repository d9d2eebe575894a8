/** Too long for what is held, and not what its coding says: by itself, since the `fetch` of Node 24 does not survive it. */
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { createFetch } from '../../../src/index.ts';
import { undici } from '../../../src/transport/undici/index.ts';
import { rejection } from '../../support/rejection.ts';

test.each(['gzip', 'br', 'zstd'])('a long body that is no %s breaks off with a TypeError', async coding => {
  const server = createServer((_, response) => {
    response.setHeader('Content-Encoding', coding);
    response.end(Buffer.alloc(200_000, 'this is not what it says'));
  }).listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await using fetch = createFetch({ transport: undici() });
  const response = await fetch(`http://127.0.0.1:${port}/`);
  const error = await rejection(TypeError, response.text());
  expect(error).toMatchObject({ message: 'terminated', cause: { code: expect.any(String) } });
  server.close();
});
