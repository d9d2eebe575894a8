/** Texts as the checks of a schema want them. */
import type { Random } from '../../pipeline/clock.ts';
import { textMatching } from './text-matching.ts';

/** What zod's checks say of a text, a number, a list or a date, as far as it is read here. */
export interface CheckDetails {
  readonly check?: string;
  readonly format?: string;
  readonly pattern?: RegExp;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly includes?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly length?: number;
  readonly value?: number | bigint | Date;
  readonly inclusive?: boolean;
  readonly size?: number;
  readonly mime?: readonly string[];
}

export const wholeBetween = (min: number, max: number, random: Random): number =>
  min + Math.floor(random() * (max - min + 1));

export const oneOf = <T>(choices: readonly T[], random: Random): T =>
  choices[Math.floor(random() * choices.length)] as T;

const words = 'kelp rock tide drift shore cove reef gull foam brine shoal surf dune pearl anchor'.split(' ');

export const madeWord = (random: Random): string => oneOf(words, random);

/** 2020 to 2029: in nobody's way, and of a year with four digits. */
export const madeInstant = (random: Random): number =>
  wholeBetween(Date.UTC(2020, 0, 1), Date.UTC(2029, 11, 31), random);

const isoDate = (random: Random): string => new Date(madeInstant(random)).toISOString();

const hex = (length: number, random: Random): string =>
  textMatching(new RegExp(`[0-9a-f]{${length}}`), random);

/**
 * Of formats that have no pattern, or one that is met by what nobody would recognise. What they may be configured to
 * (versions, precision) is in the pattern, which has the last word.
 */
const formats: Readonly<Record<string, (random: Random) => string>> = {
  uuid: random =>
    `${hex(8, random)}-${hex(4, random)}-4${hex(3, random)}-a${hex(3, random)}-${hex(12, random)}`,
  email: random => `${madeWord(random)}@${madeWord(random)}.example`,
  url: random => `https://${madeWord(random)}.example/${madeWord(random)}`,
  hostname: random => `${madeWord(random)}.example`,
  datetime: isoDate,
  date: random => isoDate(random).slice(0, 10),
  time: random => isoDate(random).slice(11, 19),
  duration: random => `P${wholeBetween(1, 30, random)}DT${wholeBetween(1, 23, random)}H`,
  base64: random => btoa(madeWord(random)),
  base64url: random => btoa(madeWord(random)).replaceAll('=', ''),
  emoji: random => oneOf(['🌊', '🪸', '🐚', '🦀'], random),
  jwt: random => `${btoa('{"alg":"HS256","typ":"JWT"}')}.${btoa('{}').replace(/=+$/, '')}.${hex(16, random)}`,
  credit_card: () => '4111111111111111',
  iban: () => 'DE89370400440532013000',
};

/** How long a text may be. */
interface Length {
  readonly min: number;
  readonly max: number;
}

/** How many elements or characters checks ask for. */
export function lengthOf(checks: readonly CheckDetails[], byDefault: Length): Length {
  const exact = checks.find(({ length }) => length !== undefined)?.length;
  const min = exact ?? Math.max(...checks.map(({ minimum }) => minimum ?? -1));
  const max = exact ?? Math.min(...checks.map(({ maximum }) => maximum ?? Number.POSITIVE_INFINITY));
  const least = min >= 0 ? min : Math.min(byDefault.min, max);
  return { min: least, max: Number.isFinite(max) ? max : Math.max(byDefault.max, least + byDefault.max) };
}

/** A text that meets the checks, as far as they can be read. */
export function madeText(checks: readonly CheckDetails[], random: Random): string {
  const parts = checks.filter(({ check }) => check === 'string_format');
  const formatted = parts.find(
    ({ format, pattern }) => isFormat(format) && (pattern || Object.hasOwn(formats, format)),
  );
  if (formatted) return madeFormat(formatted, random);
  const made = [
    ...parts.map(({ prefix }) => prefix ?? ''),
    ...parts.map(({ includes }) => includes ?? ''),
    fitting(lengthOf(checks, { min: 1, max: 24 }), lengthIn(parts), random),
    ...parts.map(({ suffix }) => suffix ?? ''),
  ].join('');
  return parts.some(({ format }) => format === 'uppercase') ? made.toUpperCase() : made;
}

const partFormats = ['starts_with', 'ends_with', 'includes', 'lowercase', 'uppercase'];

const isFormat = (format: string | undefined): format is string =>
  format !== undefined && !partFormats.includes(format);

const lengthIn = (parts: readonly CheckDetails[]): number =>
  parts.map(({ prefix = '', suffix = '', includes = '' }) => prefix + suffix + includes).join('').length;

function madeFormat({ format = '', pattern }: CheckDetails, random: Random): string {
  const usual = Object.hasOwn(formats, format) ? formats[format]?.(random) : undefined;
  if (usual !== undefined && (!pattern || pattern.test(usual))) return usual;
  return pattern ? textMatching(pattern, random) : madeWord(random);
}

/** A word or two, made longer or cut where need be. */
function fitting({ min, max }: Length, taken: number, random: Random): string {
  let text = madeWord(random);
  while (text.length + taken < min) text += ` ${madeWord(random)}`;
  const cut = text.slice(0, Math.max(0, max - taken));
  // A blank at the end would not outlive a schema that trims.
  return cut.endsWith(' ') ? `${cut.slice(0, -1)}s` : cut;
}
