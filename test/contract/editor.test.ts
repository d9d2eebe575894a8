import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';

/** What somebody writes who has a contract, with a mark where the cursor is. */
const source = `
import { createApi, defineContract, endpoint } from '../../src/contract/index.ts';
import { z } from 'zod';

const User = z.object({ id: z.uuid(), name: z.string() });
const Problem = z.object({ title: z.string() });
const users = defineContract({
  /** Gets a user. */
  getUser: endpoint({
    method: 'GET',
    path: '/users/{id}',
    params: z.object({ id: z.uuid() }),
    query: z.object({ fields: z.array(z.string()).optional() }),
    responses: { 200: User, 404: Problem },
  }),
  /** @deprecated Use getUser. */
  readUser: endpoint({ method: 'GET', path: '/user', responses: { 200: User } }),
  saveUser: endpoint({ method: 'PUT', path: '/user', responses: { 200: User, 202: z.string() } }),
});
const api = createApi(users, { baseUrl: 'https://users.internal' });

const user = await api./*call*/getUser({ params: { id: '1' } });
const result = await api.getUser./*safe*/safe({ params: { id: '1' } });
/*user*/user;
/*result*/result;
api./*deprecated*/readUser();
api./*either*/saveUser();
`;

const file = `${import.meta.dirname}/in-the-editor.ts`;
/** The compiler reads the types of zod, on a machine that may be busy. */
const LIMIT_MS = 120_000;

let service: ts.LanguageService;
beforeAll(() => {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(
    { ...config, include: [], files: [] },
    ts.sys,
    process.cwd(),
  );
  service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot(name) {
      const text = name === file ? source : ts.sys.readFile(name);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => process.cwd(),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: name => name === file || ts.sys.fileExists(name),
    readFile: name => (name === file ? source : ts.sys.readFile(name)),
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  });
}, LIMIT_MS);

const after = (mark: string): number => source.indexOf(`/*${mark}*/`) + mark.length + 4;

/** What the editor shows when one points at the word after a mark. */
function hover(mark: string): { readonly text: string; readonly docs: string } {
  const info = service.getQuickInfoAtPosition(file, after(mark));
  return {
    text: ts.displayPartsToString(info?.displayParts),
    docs: ts.displayPartsToString(info?.documentation),
  };
}

describe('in the editor', { timeout: LIMIT_MS }, () => {
  test('the program has no mistake', () => {
    expect(service.getSemanticDiagnostics(file).map(({ messageText }) => messageText)).toEqual([]);
  });

  test('a call shows plain types, and what stands above it in the contract', () => {
    const { text, docs } = hover('call');
    expect(text).toContain('id: string');
    expect(text).toContain('name: string');
    expect(text).not.toMatch(/Zod|infer|\$strip|InputOf|SuccessOf/);
    expect(docs).toContain('Gets a user.');
    expect(hover('either').text).not.toContain('SuccessOf');
  });

  test('so do its results', () => {
    expect(hover('user').text.replace(/\s+/g, ' ')).toBe('const user: { id: string; name: string; }');
    const { text } = hover('result');
    expect(text).not.toMatch(/Zod|infer|\$strip|ResultOf/);
    expect(text).toContain('Success<200,');
    expect(text).toContain('Failure<404,');
  });

  test('an endpoint that is deprecated in the contract is struck through where it is called', () => {
    const struck = service
      .getSuggestionDiagnostics(file)
      .filter(({ reportsDeprecated }) => reportsDeprecated);
    expect(struck.map(({ start }) => start)).toEqual([after('deprecated')]);
  });
});
