/** Mocks one host for all of the process, and refuses its first request. */
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';

globalThis.mocked = 0;
const server = setupServer(
  http.get('http://mocked.example/', () => {
    globalThis.mocked++;
    return globalThis.mocked === 1 ? new HttpResponse('busy', { status: 503 }) : HttpResponse.text('mocked');
  }),
);
server.listen({ onUnhandledFrame: 'bypass' });
