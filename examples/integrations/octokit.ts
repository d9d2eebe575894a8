/** octokit: its plugins for retries and for throttling off, ours on. */
import { createFetch, type FetchOptions } from 'holdfast';
import { Octokit } from 'octokit';
import { json, startService, unavailable } from './service.ts';

export function octokitClient(baseUrl: string, options: FetchOptions = {}): Octokit {
  const fetch = createFetch(options);
  return new Octokit({
    baseUrl,
    request: { fetch },
    retry: { enabled: false },
    throttle: { enabled: false },
  });
}

export const issue = { number: 1, title: 'It holds' };

if (import.meta.main) {
  await using service = await startService(unavailable, json(issue));
  const octokit = octokitClient(service.url);
  const { data } = await octokit.rest.issues.get({ owner: 'sea', repo: 'kelp', issue_number: 1 });
  console.log(data.title, 'after', service.requests.length, 'requests');
}
