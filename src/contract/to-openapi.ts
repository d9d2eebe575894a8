/** From a contract to a document that others can read, generate from and publish. */
import {
  type Check,
  type Checks,
  copyOption,
  listOf,
  oneOf,
  readOptions,
  requireObject,
  show,
  text,
} from '../pipeline/options.ts';
import { type Contract, defineContract, endpointsOf, type NamedEndpoint } from './contract.ts';
import type { EndpointOptions, Method } from './endpoint-options.ts';
import { Components } from './openapi/components.ts';
import { requestBodyOf, responsesOf } from './openapi/contents.ts';
import {
  type OpenAPIContact,
  type OpenAPIDocument,
  type OpenAPIInfo,
  type OpenAPILicense,
  type OpenAPIOperation,
  type OpenAPIPathItem,
  type OpenAPISecurityScheme,
  type OpenAPIServer,
  present,
  unlessEmpty,
} from './openapi/document.ts';
import { type PathName, parametersOf } from './openapi/parameters.ts';
import { parseTemplate } from './path-template.ts';
import { schemesIn } from './security.ts';

const string: Check = text(/^/, 'a text');
const filled: Check = text(/\S/, 'a text that is not empty');

const contactChecks: Checks<OpenAPIContact> = { name: string, url: filled, email: filled };
const licenseChecks: Checks<OpenAPILicense> = { name: filled, identifier: filled, url: filled };
const serverChecks: Checks<OpenAPIServer> = { url: filled, description: string };
const schemeChecks: Checks<OpenAPISecurityScheme> = {
  type: oneOf('apiKey', 'http', 'mutualTLS', 'oauth2', 'openIdConnect'),
  description: string,
  name: filled,
  in: oneOf('query', 'header', 'cookie'),
  scheme: filled,
  bearerFormat: string,
  flows: requireObject,
  openIdConnectUrl: filled,
};

const infoChecks: Checks<OpenAPIInfo> = {
  title: filled,
  version: filled,
  summary: string,
  description: string,
  contact: objectOf(contactChecks),
  license: objectOf(licenseChecks, 'name'),
  servers: listOf(objectOf(serverChecks, 'url')),
  securitySchemes: (value, name) => {
    requireObject(value, name);
    for (const [scheme, one] of Object.entries(value as object))
      objectOf(schemeChecks, 'type')(one, `${name}.${scheme}`);
  },
};

/** An object of which some members must be there. */
function objectOf<Options extends object>(
  checks: Checks<Options>,
  ...required: (keyof Options & string)[]
): Check {
  return (value, name) => {
    const given = readOptions<Options, object>(name, value as Options, checks, {});
    for (const key of required) checks[key](given[key], `${name}.${key}`);
  };
}

/**
 * Describes a contract as an OpenAPI 3.1 document: one operation per endpoint, all of it about the wire. The same
 * contract always comes to the same text.
 *
 * @throws TypeError for what is no contract, for a missing `title` or `version`, for two schemas with the same id, and for a
 * scheme that an endpoint names and `securitySchemes` does not.
 * @example
 * await writeFile('openapi.json', JSON.stringify(toOpenAPI(users, { title: 'Users', version: '1.4.0' }), null, 2));
 */
export function toOpenAPI(contract: Contract, info: OpenAPIInfo): OpenAPIDocument {
  // Nobody is bound to have put the endpoints together with it, and what it refuses, no document can say.
  const endpoints = endpointsOf(defineContract(contract));
  objectOf(infoChecks, 'title', 'version')(info, 'info');
  const { servers, securitySchemes, ...about } = copyOption(info);
  if (securitySchemes) requireSchemes(endpoints, securitySchemes);
  const components = new Components();
  const paths = pathsOf(endpoints, components);
  return present<OpenAPIDocument>({
    openapi: '3.1.0',
    info: present<OpenAPIDocument['info']>(about),
    servers,
    paths,
    components: unlessEmpty(
      present<NonNullable<OpenAPIDocument['components']>>({
        schemas: unlessEmpty(components.schemas),
        securitySchemes: securitySchemes && unlessEmpty(securitySchemes),
      }),
    ),
  });
}

/** Who gives none means to add them to the document. */
function requireSchemes(endpoints: readonly NamedEndpoint[], schemes: object): void {
  for (const { path, endpoint } of endpoints)
    for (const scheme of schemesIn(endpoint.options.security))
      if (!Object.hasOwn(schemes, scheme))
        throw new TypeError(
          `\`${path.join('.')}\` asks for ${show(scheme)}, which \`info.securitySchemes\` does not have.`,
        );
}

/** The endpoints of one path. */
interface PathEntry {
  readonly template: string;
  /** The first endpoint that has it. */
  readonly operation: string;
  item: OpenAPIPathItem;
}

function pathsOf(endpoints: readonly NamedEndpoint[], components: Components): OpenAPIDocument['paths'] {
  const entries = new Map<string, PathEntry>();
  for (const named of endpoints) {
    const { path: template, method } = named.endpoint.options;
    const operation = named.path.join('.');
    const shape = template.replaceAll(/\{[^}]+\}/g, '{}');
    const entry = entries.get(shape) ?? { template, operation, item: {} };
    entries.set(shape, entry);
    entry.item = withOperation(entry.item, method, operationOf(named, entry, components));
  }
  return Object.fromEntries([...entries.values()].map(({ template, item }) => [template, item]));
}

/**
 * OpenAPI 3.1 has no place for QUERY, and an extension registered for what it has no place for.
 *
 * @see {@link https://spec.openapis.org/registry/extension/x-oai-additionalOperations | x-oai-additionalOperations}
 */
const withOperation = (
  item: OpenAPIPathItem,
  method: Method,
  operation: OpenAPIOperation,
): OpenAPIPathItem =>
  method === 'QUERY'
    ? { ...item, 'x-oai-additionalOperations': { [method]: operation } }
    : { ...item, [method.toLowerCase()]: operation };

function operationOf(
  { path, endpoint: { options } }: NamedEndpoint,
  entry: PathEntry,
  components: Components,
): OpenAPIOperation {
  const name = path.join('.');
  const group = path.slice(0, -1).join('.');
  const { operationId = name, summary, description, deprecated } = options;
  const parameters = parametersOf(options, pathNamesOf(name, options, entry), components, name);
  return present<OpenAPIOperation>({
    operationId,
    summary,
    description,
    tags: options.tags ?? (group === '' ? undefined : [group]),
    deprecated,
    parameters: parameters.length > 0 ? parameters : undefined,
    requestBody: requestBodyOf(options, components, name),
    responses: responsesOf(options, components, name),
    security: options.security && copyOption(options.security),
  });
}

const namesIn = (template: string): string[] => parseTemplate(template).flatMap(({ name }) => name ?? []);

/**
 * OpenAPI takes `/users/{id}` and `/users/{userId}` for one path, in which a parameter has one name: the one that the
 * first endpoint gives it. Of most parameters, that name is not on the wire.
 */
function pathNamesOf(operation: string, options: EndpointOptions, entry: PathEntry): PathName[] {
  const published = namesIn(entry.template);
  return namesIn(options.path).map((name, index) => {
    const pair = { name, published: published[index] as string };
    if (pair.published !== name && options.styles?.params?.[name]?.style === 'matrix')
      throw otherName(operation, pair, entry);
    return pair;
  });
}

const otherName = (operation: string, { name, published }: PathName, entry: PathEntry): TypeError =>
  new TypeError(
    `\`${operation}\` calls a parameter {${name}} that \`${entry.operation}\` calls {${published}}, and to OpenAPI their ` +
      'paths are the same. In the style matrix the name is sent: use one name, or two documents.',
  );
