/** Reads what a contract declares for a status: a body alone, or an object that says more. */
import { type Content, isContent, json } from './content.ts';
import type { EndpointOptions, ResponseBody, ResponseDeclaration } from './endpoint-options.ts';
import { isSchema } from './standard-schema.ts';

/** Whether a declaration is nothing but a body. */
export const isBody = (declared: unknown): declared is Exclude<ResponseBody, null> =>
  isSchema(declared) || isContent(declared) || Array.isArray(declared);

/** The same in the longer form. */
export const declarationOf = (declared: ResponseBody | ResponseDeclaration): ResponseDeclaration =>
  declared === null || isBody(declared) ? { body: declared } : (declared as ResponseDeclaration);

/** The contents that a body may have. */
export function bodiesOf(body: Exclude<ResponseBody, null>): readonly Content[] {
  const bodies = Array.isArray(body) ? body : [body];
  return bodies.map(one => (isContent(one) ? one : json(one)));
}

/** All contents that may come back, in the order in which they are declared. */
export const contentsOf = ({ responses }: Pick<EndpointOptions, 'responses'>): readonly Content[] =>
  Object.values(responses).flatMap(declared => {
    const { body } = declarationOf(declared ?? null);
    return body ? bodiesOf(body) : [];
  });

/** Whether responses of a status never have a body (RFC 9110 §6.4.1; for 205 §15.3.6). */
export const hasNoBody = (status: number): boolean => status === 204 || status === 205 || status === 304;
