import got from 'got';
import type { Payments } from '../payments.ts';

export function payments(baseUrl: string): Payments {
  const client = got.extend({ prefixUrl: baseUrl, timeout: { response: 500 } });
  return {
    charge: id => client.get(`charges/${id}`).json(),
    pay: amount => client.post('charges', { json: { amount } }).json(),
  };
}
