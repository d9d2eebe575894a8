/** Puts what has been printed into files, each with the imports that it needs. */
import { createHash } from 'node:crypto';
import type { Documents } from './document/documents.ts';
import type { Problems } from './document/problems.ts';
import { wordsOf } from './names.ts';
import type { NamedOperations } from './operations/name-operations.ts';
import { policyOf } from './operations/policy-hints.ts';
import { calling, type NamedOperation } from './operations/print-operation.ts';
import { schemesStatement } from './operations/security.ts';
import { serversStatement } from './operations/servers.ts';
import { lines } from './operations/typed.ts';
import { docComment, literal, prose, quoted } from './print/code.ts';
import { usedIn } from './print/identifiers.ts';
import { braces, print } from './print/layout.ts';
import { type Emit, type Ending, endingsOf, printStatement, type Text } from './print/statement.ts';
import type { Declaration } from './schemas.ts';

/** How every file of ours begins: what does not is left alone. */
export const marker = '// Made by holdfast generate';

/** What the package and zod give, by where they give it. */
const packages: Readonly<Record<string, readonly string[]>> = {
  'holdfast/contract': [
    'type Content as ContentOf',
    'type Endpoint',
    'binary',
    'defineContract',
    'endpoint',
    'eventStream',
    'form',
    'isoDateTime',
    'json',
    'jsonLines',
    'maxCharacters',
    'minCharacters',
    'multipart',
    'schema',
    'stream',
    'text',
  ],
  zod: ['z'],
};

/** What an import is called here: `type Content as ContentOf` is `ContentOf`. */
function localName(imported: string): string {
  return imported.slice(imported.lastIndexOf(' ') + 1);
}

const importable: readonly string[] = Object.values(packages).flat().map(localName);

/** Names that a module has for other things than what the document calls so. */
export const reservedNames: readonly string[] = [
  ...importable,
  'contract',
  'servers',
  // A contract with a `then` would look like a promise.
  'then',
];

export interface Printed {
  readonly documents: Documents;
  readonly problems: Problems;
  readonly declarations: readonly Declaration[];
  readonly operations: NamedOperations;
  /** The code of an operation, by its name. */
  readonly codeOf: ReadonlyMap<string, Text>;
  /** What comes to a server. */
  readonly incoming: readonly Text[];
  readonly emit: Emit;
}

/** The files of the output by their names. */
export type Files = ReadonlyMap<string, string>;

export function oneModule(printed: Printed): Files {
  const { documents, declarations, operations, codeOf, incoming, emit } = printed;
  const statements = [
    ...aboutApi(printed),
    ...declarations.map(({ code }) => code),
    ...operations.all.map(({ name }) => codeOf.get(name) ?? {}),
    printContract(printed),
    ...incoming,
  ];
  return new Map(filesOf('index', indexHeader(documents), statements, new Map(), emit));
}

/** One module for each tag, one for schemas, and one that has all of it. */
export function moduleByTag(printed: Printed): Files {
  const { documents, declarations, codeOf, incoming, emit } = printed;
  const header = `${marker}: what is changed here is lost.`;
  const files = new Map<string, string>();
  const modules: string[] = [];
  const homes = new Map<string, string>();
  const add = (module: string, statements: readonly Text[]): void => {
    for (const [name, text] of filesOf(module, header, statements, homes, emit)) files.set(name, text);
    modules.push(`./${module}.js`);
  };
  if (declarations.length > 0) {
    add(
      'schemas',
      declarations.map(({ code }) => code),
    );
    for (const { name } of declarations) homes.set(name, './schemas.js');
  }
  const operationHomes = new Map<string, string>();
  for (const [module, members] of byTag(printed)) {
    add(
      module,
      members.map(({ name }) => codeOf.get(name) ?? {}),
    );
    for (const { name } of members) operationHomes.set(name, `./${module}.js`);
  }
  if (incoming.length > 0) add('webhooks', incoming);
  const all = modules.map(module => `export * from '${module}';`).join('\n');
  const everyEnding = Object.fromEntries(endingsOf[emit].map(ending => [ending, all]));
  const statements = [...aboutApi(printed), printContract(printed), everyEnding];
  for (const [name, text] of filesOf('index', indexHeader(documents), statements, operationHomes, emit))
    files.set(name, text);
  return files;
}

/** The module that holds examples, which nothing of the contract imports. */
export function examplesModule({ documents, emit }: Printed, code: Text): Files {
  // Stated, and not held against the contract, the type needs none.
  const imports =
    emit === 'ts'
      ? [
          "import type { MockExamples } from 'holdfast/testing/msw';",
          "import type { contract } from './index.js';",
        ]
      : [];
  return new Map(
    endingsOf[emit].map(ending => [
      `examples.${ending}`,
      `${[indexHeader(documents), ...imports].join('\n')}\n\n${code[ending]}\n`,
    ]),
  );
}

function byTag({ operations, problems, emit }: Printed): Map<string, NamedOperation[]> {
  const files = new Map<string, string>();
  const byFile = new Map<string, NamedOperation[]>();
  for (const operation of operations.all) {
    const tag = operation.tags[0] ?? 'other';
    const file = files.get(tag) ?? freeModuleName(tag, byFile, problems, endingsOf[emit][0]);
    files.set(tag, file);
    byFile.set(file, [...(byFile.get(file) ?? []), operation]);
  }
  return byFile;
}

/** Files that have a meaning here, or to Windows. */
const takenFiles = /^(?:index|schemas|examples|webhooks|con|prn|aux|nul|com\d|lpt\d)$/;

function freeModuleName(
  tag: string,
  used: ReadonlyMap<string, unknown>,
  problems: Problems,
  ending: Ending | undefined,
): string {
  const words = wordsOf(tag.normalize('NFKD')).map(word => word.toLowerCase().replace(/[^a-z0-9]/g, ''));
  const wanted = words.filter(Boolean).join('-').slice(0, 60) || 'tag';
  let name = wanted;
  for (let count = 2; used.has(name) || takenFiles.test(name); count++) name = `${wanted}-${count}`;
  if (name !== wanted)
    problems.warn(
      `The file ${wanted}.${ending} is taken already.`,
      `The tag ${JSON.stringify(tag)} is in ${name}.${ending}.`,
    );
  return name;
}

/** What stands above everything: of the API as a whole. */
const aboutApi = ({ documents, emit }: Printed): Text[] =>
  [serversStatement(documents), schemesStatement(documents)].flatMap(statement =>
    statement === undefined ? [] : [printStatement(statement, emit)],
  );

/** What the document asks of all calls, which is for the client to give. */
function policyNote({ root }: Documents, problems: Problems): string | undefined {
  const policy = policyOf(root, problems);
  if (!policy) return undefined;
  const options = print(['createFetch(', literal(policy), ')']).replaceAll(/\s+/g, ' ');
  return `The document asks for this with all calls: \`${options}\``;
}

function printContract({ documents, operations: { inContract }, problems, emit }: Printed): Text {
  const name = 'contract';
  if (inContract.length === 0)
    return printStatement(
      { name, type: 'Record<never, never>', value: head => [head, ' /* @__PURE__ */ defineContract({})'] },
      emit,
    );
  const members = inContract.map(operation => operation.name);
  const title = prose(documents.root.get('info')?.text('title'));
  return printStatement(
    {
      name,
      docs: docComment(title, policyNote(documents, problems)),
      type: lines(
        members.map(member => `${member}: typeof ${member}`),
        ';',
      ),
      value: calling('defineContract', members),
    },
    emit,
  );
}

/** The document by its name and a hash of its texts: the same of both is the same output. */
function indexHeader({ root, texts }: Documents): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  const name = root.file.name.replace(/[^\P{C}]/gu, '');
  return `${marker} from ${name} (SHA-256 ${hash.digest('hex').slice(0, 32)}): what is changed here is lost.`;
}

/** The files of one module, each with what it imports itself. */
const filesOf = (
  module: string,
  header: string,
  statements: readonly Text[],
  homes: ReadonlyMap<string, string>,
  emit: Emit,
): [name: string, text: string][] =>
  endingsOf[emit].map(ending => {
    const texts = statements.flatMap(statement => statement[ending] || []);
    const imports = importsFor(usedIn(texts, [...importable, ...homes.keys()]), homes, ending);
    const body = texts.join('\n\n');
    return [`${module}.${ending}`, `${[header, ...imports].join('\n')}\n\n${body}\n`];
  });

function importsFor(used: ReadonlySet<string>, homes: ReadonlyMap<string, string>, ending: Ending): string[] {
  const byModule = new Map<string, string[]>();
  const add = (module: string, name: string) => byModule.set(module, [...(byModule.get(module) ?? []), name]);
  for (const [module, names] of Object.entries(packages))
    for (const name of names) if (used.has(localName(name))) add(module, name);
  const local = [...homes].filter(([name]) => used.has(name));
  for (const [name, module] of local.sort(([, one], [, other]) => (one < other ? -1 : one > other ? 1 : 0)))
    add(module, name);
  return [...byModule].map(([module, names]) => {
    const sorted = names.sort((one, other) => natural(localName(one), localName(other)));
    // Declarations are types altogether.
    const [keyword, imported] =
      ending === 'd.ts'
        ? ['import type ', sorted.map(name => name.replace(/^type /, ''))]
        : ['import ', sorted];
    return print([keyword, braces(imported), ` from ${quoted(module)};`]);
  });
}

const natural = (one: string, other: string): number =>
  one.localeCompare(other, 'en', { numeric: true, sensitivity: 'base' }) || (one < other ? -1 : 1);
