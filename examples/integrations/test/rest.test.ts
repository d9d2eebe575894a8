import { type AxiosError, AxiosError as AxiosErrorClass, isCancel } from 'axios';
import { CircuitOpenError, createFetch, NetworkError, TimeoutError } from 'holdfast';
import { Octokit, RequestError } from 'octokit';
import { describe, expect, test } from 'vitest';
import { axiosClient } from '../axios.ts';
import { heyApiClient } from '../hey-api.ts';
import { issue, octokitClient } from '../octokit.ts';
import { openapiClient } from '../openapi-fetch.ts';
import { buffering } from '../request-body.ts';
import { json, reset, silence, startService, unavailable } from '../service.ts';
import { fragile, impatient, rejection, transports } from './support.ts';

const where = { owner: 'sea', repo: 'kelp' };
const order = { id: '1' };
const key = { 'Idempotency-Key': 'order-7' };

describe.each(transports)('octokit over %s', (_, transport) => {
  test('reads are repeated, and what is created without a key is not', async () => {
    await using service = await startService(unavailable, reset, json(issue));
    const { data } = await octokitClient(service.url, transport()).rest.issues.get({
      ...where,
      issue_number: 1,
    });
    expect(data).toEqual(issue);
    expect(service.requests).toHaveLength(3);
    await using other = await startService(unavailable);
    const error = await rejection(
      octokitClient(other.url, transport()).rest.issues.create({ ...where, title: 'It' }),
    );
    expect(error).toBeInstanceOf(RequestError);
    expect(error.status).toBe(503);
    expect(other.requests).toHaveLength(1);
  });

  test('our errors are the cause of its own', async () => {
    await using service = await startService(reset);
    const octokit = octokitClient(service.url, { ...transport(), ...fragile });
    const lost = await rejection(octokit.rest.meta.get());
    expect(lost).toBeInstanceOf(RequestError);
    expect(lost.status).toBe(500);
    expect(lost.cause).toBeInstanceOf(NetworkError);
    const refused = await rejection(octokit.rest.meta.get());
    expect(refused).toBeInstanceOf(RequestError);
    expect(refused.cause).toBeInstanceOf(CircuitOpenError);
    expect(service.requests).toHaveLength(1);
  });

  test('its signal aborts', async () => {
    await using service = await startService(silence);
    const abort = new AbortController();
    const asked = rejection(
      octokitClient(service.url, transport()).request('GET /meta', { request: { signal: abort.signal } }),
    );
    await service.request(1);
    abort.abort();
    expect((await asked).name).toBe('AbortError');
    await service.requests[0]?.lost;
  });
});

test('octokit with its own retries left on: they multiply', async () => {
  await using service = await startService(unavailable);
  const fetch = createFetch({ retry: { baseDelayMs: 0 } });
  const octokit = new Octokit({
    baseUrl: service.url,
    request: { fetch },
    retry: { retryAfterBaseValue: 1 },
    throttle: { enabled: false },
  });
  await rejection(octokit.rest.meta.get());
  expect(service.requests).toHaveLength(12);
});

describe.each(transports)('openapi-fetch over %s', (_, transport) => {
  test('reads are repeated, and a POST only with a key', async () => {
    await using service = await startService(unavailable, reset, json(order));
    const { data } = await openapiClient(service.url, transport()).GET('/orders/{id}', {
      params: { path: order },
    });
    expect(data).toEqual(order);
    expect(service.requests).toHaveLength(3);

    await using once = await startService(unavailable);
    const { response } = await openapiClient(once.url, transport()).POST('/orders', {
      body: { sku: 'bolt' },
    });
    expect(response.status).toBe(503);
    expect(once.requests).toHaveLength(1);

    await using twice = await startService(reset, json(order, 201));
    await openapiClient(twice.url, transport()).POST('/orders', {
      body: { sku: 'bolt' },
      params: { header: key },
    });
    expect(twice.requests.map(({ body }) => body)).toEqual(['{"sku":"bolt"}', '{"sku":"bolt"}']);
  });

  test('our errors come as they are, and its signal aborts with your own reason', async () => {
    await using service = await startService(silence);
    const api = openapiClient(service.url, { ...transport(), ...impatient });
    const late = api.GET('/orders/{id}', { params: { path: order } });
    expect(await rejection(late)).toBeInstanceOf(TimeoutError);

    const abort = new AbortController();
    const patient = openapiClient(service.url, transport());
    const asked = rejection(patient.GET('/orders/{id}', { params: { path: order }, signal: abort.signal }));
    await service.request(2);
    const reason = new Error('The user left.');
    abort.abort(reason);
    expect(await asked).toBe(reason);
    await service.requests[1]?.lost;
  });

  test('a form is sent again whole', async () => {
    await using service = await startService(reset, json(order, 201));
    const form = new FormData();
    form.set('file', new File(['kelp'], 'kelp.txt'));
    const bodySerializer = () => form;
    await openapiClient(service.url, transport()).POST('/orders', {
      body: { sku: '' },
      bodySerializer,
      params: { header: key },
    });
    expect(service.requests.map(({ body }) => body.includes('kelp\r\n'))).toEqual([true, true]);
  });
});

describe.each(transports)('@hey-api/client-fetch over %s', (_, transport) => {
  test('reads are repeated, and a POST only with a key', async () => {
    await using service = await startService(unavailable, reset, json(order));
    const { data } = await heyApiClient(service.url, transport()).get({ url: '/orders/{id}', path: order });
    expect(data).toEqual(order);
    expect(service.requests).toHaveLength(3);

    await using once = await startService(unavailable);
    const refused = await heyApiClient(once.url, transport()).post({ url: '/orders', body: { sku: 'bolt' } });
    expect(refused.response.status).toBe(503);
    expect(once.requests).toHaveLength(1);

    await using twice = await startService(reset, json(order, 201));
    await heyApiClient(twice.url, transport()).post({ url: '/orders', body: { sku: 'bolt' }, headers: key });
    expect(twice.requests.map(({ body }) => body)).toEqual(['{"sku":"bolt"}', '{"sku":"bolt"}']);
  });

  test('our errors are thrown as they are, and its signal aborts', async () => {
    await using service = await startService(silence);
    const late = heyApiClient(service.url, { ...transport(), ...impatient }).get({ url: '/orders' });
    expect(await rejection(late)).toBeInstanceOf(TimeoutError);
    const abort = new AbortController();
    const asked = rejection(
      heyApiClient(service.url, transport()).get({ url: '/orders', signal: abort.signal }),
    );
    await service.request(2);
    abort.abort();
    expect((await asked).name).toBe('AbortError');
    await service.requests[1]?.lost;
  });
});

describe.each(transports)('axios over %s', (_, transport) => {
  test('reads are repeated, and a POST only with a key', async () => {
    await using service = await startService(unavailable, reset, json(order));
    expect((await axiosClient(service.url, transport()).get('/orders/1')).data).toEqual(order);
    expect(service.requests).toHaveLength(3);

    await using once = await startService(unavailable);
    const error = await rejection(axiosClient(once.url, transport()).post('/orders', { sku: 'bolt' }));
    expect(error).toBeInstanceOf(AxiosErrorClass);
    expect((error as unknown as AxiosError).response?.status).toBe(503);
    expect(once.requests).toHaveLength(1);

    await using twice = await startService(reset, json(order, 201));
    await axiosClient(twice.url, transport()).post('/orders', { sku: 'bolt' }, { headers: key });
    expect(twice.requests.map(({ body }) => body)).toEqual(['{"sku":"bolt"}', '{"sku":"bolt"}']);
  });

  test('our errors are the cause of an AxiosError with our code', async () => {
    await using service = await startService(reset);
    const client = axiosClient(service.url, { ...transport(), ...fragile });
    const lost = await rejection(client.get('/'));
    expect(lost).toBeInstanceOf(AxiosErrorClass);
    expect(lost).toMatchObject({ code: 'NETWORK' });
    expect(lost.cause).toBeInstanceOf(NetworkError);
    const refused = await rejection(client.get('/'));
    expect(refused).toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(refused.cause).toBeInstanceOf(CircuitOpenError);
    expect(service.requests).toHaveLength(1);
  });

  test('its timeout and its signal end the whole call', async () => {
    await using service = await startService(unavailable, silence);
    const client = axiosClient(service.url, transport());
    expect(await rejection(client.get('/', { timeout: 1_000 }))).toMatchObject({ code: 'ETIMEDOUT' });
    expect(service.requests).toHaveLength(2);
    const abort = new AbortController();
    const asked = rejection(client.get('/', { signal: abort.signal }));
    await service.request(3);
    abort.abort();
    expect(isCancel(await asked)).toBe(true);
    await service.requests[2]?.lost;
  });

  test('a form is sent again whole, also with its progress watched', async () => {
    const seen: number[] = [];
    for (const watch of [{}, { onUploadProgress: ({ loaded }: { loaded: number }) => seen.push(loaded) }]) {
      await using service = await startService(unavailable, json(order));
      const form = new FormData();
      form.set('file', new File(['kelp'], 'kelp.txt'));
      await axiosClient(service.url, transport()).post('/files', form, { headers: key, ...watch });
      expect(service.requests.map(({ body }) => body.includes('kelp\r\n'))).toEqual([true, true]);
    }
    expect(seen.length).toBeGreaterThan(0);
  });

  test('a response is streamed', async () => {
    await using service = await startService((response: { end(text: string): unknown }) =>
      response.end('kelp'),
    );
    const { data } = await axiosClient(service.url, transport()).get('/', { responseType: 'stream' });
    expect(await new Response(data).text()).toBe('kelp');
  });
});

test.each(
  transports,
)('over %s the body of a Request goes once as it is, and again once it is read into memory', async (_, transport) => {
  const post = (url: string) => new Request(url, { method: 'POST', body: 'kelp', headers: key });
  await using service = await startService(unavailable, unavailable, json(order));
  expect((await createFetch(transport())(post(service.url))).status).toBe(503);
  expect(service.requests).toHaveLength(1);
  expect((await createFetch(buffering(transport()))(post(service.url))).status).toBe(200);
  expect(service.requests.map(({ body }) => body)).toEqual(['kelp', 'kelp', 'kelp']);
});
