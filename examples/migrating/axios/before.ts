import axios from 'axios';
import axiosRetry, { exponentialDelay } from 'axios-retry';
import type { Payments } from '../payments.ts';

export function payments(baseUrl: string): Payments {
  const client = axios.create({ baseURL: baseUrl, timeout: 500 });
  axiosRetry(client, { retries: 3, retryDelay: exponentialDelay });
  return {
    charge: async id => (await client.get(`/charges/${id}`)).data,
    pay: async amount => (await client.post('/charges', { amount })).data,
  };
}
