/** What an operation is called. */
import type { Node } from '../document/node.ts';
import { camelCase } from '../names.ts';

/** Extensions by which a document says what its operations should be called in clients. */
const nameExtensions = ['x-operation-name', 'x-speakeasy-name-override'];

/** The name that an operation asks for: its own, else one made of method and path. */
export function nameOf(operation: Node, method: string, path: string): string {
  for (const extension of nameExtensions) {
    const name = operation.text(extension);
    if (name?.trim()) return camelCase(name);
  }
  const id = operation.text('operationId')?.trim();
  return camelCase(id ? withoutRoute(id, method, path) : fromRoute(method, path));
}

/** FastAPI's ids are the name of a function with path and method behind it; what the endpoint says anyway is cut off. */
function withoutRoute(id: string, method: string, path: string): string {
  const suffix = `${path.replace(/\W/g, '_')}_${method.toLowerCase()}`;
  return id.endsWith(suffix) && id.length > suffix.length ? id.slice(0, -suffix.length) : id;
}

/** `GET /users/{id}/posts` is `get users by id posts`. */
function fromRoute(method: string, path: string): string {
  const route = path.replaceAll(/\{([^{}]*)\}/g, ' by $1 ');
  return `${method.toLowerCase()} ${route}`;
}
