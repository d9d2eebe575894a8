/** What a `Content-Encoding` says was done to a body, undone (RFC 9110 §8.4, RFC 8878, RFC 9659). */
import { pipeline, type Readable, type Transform } from 'node:stream';
import zlib from 'node:zlib';

type Bytes = AsyncIterable<Uint8Array>;
type Decoder = Transform | ((source: Bytes) => Bytes);

// Servers send what is slightly wrong, such as a stream without its end, and browsers and curl take it.
const lenient = { flush: zlib.constants.Z_SYNC_FLUSH, finishFlush: zlib.constants.Z_SYNC_FLUSH };
const { BROTLI_OPERATION_FLUSH, ZSTD_e_continue, ZSTD_e_end, ZSTD_d_windowLogMax } = zlib.constants;

const gunzip = () => zlib.createGunzip(lenient);

const decoders: Readonly<Record<string, () => Decoder>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: () => inflate,
  br: () =>
    zlib.createBrotliDecompress({ flush: BROTLI_OPERATION_FLUSH, finishFlush: BROTLI_OPERATION_FLUSH }),
  // RFC 9659 §3: no window above 8 MiB.
  zstd: () =>
    zlib.createZstdDecompress({
      flush: ZSTD_e_continue,
      finishFlush: ZSTD_e_end,
      params: { [ZSTD_d_windowLogMax]: 23 },
    }),
};

const none: readonly string[] = [];

/** A response that was wrapped more often is an attack (as with curl's CVE-2022-32206). */
const maxCodings = 5;

/**
 * The codings of a body, in the order in which they were applied. Empty where there are none, or one that we do not
 * know: then the reader gets the bytes as they are, as with `fetch`.
 *
 * @throws Error for too many.
 */
export function readCodings(contentEncoding: string | readonly string[] | undefined): readonly string[] {
  if (!contentEncoding) return none;
  const codings = String(contentEncoding)
    .toLowerCase()
    .split(',')
    .map(coding => coding.trim());
  if (codings.length > maxCodings)
    throw new Error(`A response should have at most ${maxCodings} content-encodings, got ${codings.length}.`);
  return codings.every(coding => Object.hasOwn(decoders, coding)) ? codings : none;
}

/** Ends with an error where the bytes are not what the codings say. */
export function decode(source: Bytes, codings: readonly string[]): Bytes {
  const stages = codings.toReversed().map(coding => (decoders[coding] as () => Decoder)());
  // Whoever iterates hears of an error there.
  return pipeline([source, ...stages] as unknown as [Readable, Transform], () => {}) as unknown as Bytes;
}

/** Some servers send deflate as it is (RFC 9110 §8.4.1.2), and not in zlib's wrapping, which begins with an 8. */
async function* inflate(source: Bytes): Bytes {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return;
  const isWrapped = ((first.value[0] ?? 0) & 0x0f) === 8;
  const whole = async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => chunks };
  };
  yield* pipeline(whole, isWrapped ? zlib.createInflate(lenient) : zlib.createInflateRaw(lenient), () => {});
}
